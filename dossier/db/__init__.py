"""The records: tables, engines, and the one session that knows who is looking."""

from dossier.db import (  # noqa: F401 - so that all tables are known
    anomaly_tables,
    approval_tables,
    case_tables,
    correction_tables,
    custody_tables,
    dossier_tables,
    learning_tables,
    list_tables,
    loan_tables,
    login_tables,
    notice_tables,
    organisation_tables,
    role_tables,
    shelving_tables,
    stock_tables,
)
from dossier.db.engines import Database, create_database
from dossier.db.session import ScopeError, scope_of, session_for

__all__ = ["Database", "ScopeError", "create_database", "scope_of", "session_for"]
