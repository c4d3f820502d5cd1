"""Generated requests over the whole OpenAPI document, as four roles: no fault, nothing undocumented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from dossier.asgi import create_app
from dossier.db.login_tables import LoginSession
from dossier.db.tables import User
from dossier.services.door import Arrival
from dossier.services.sessions import Login, open_session
from dossier.web import CSRF_HEADER, SESSION_COOKIE
from tests.support_seeded import EAST, SETUP, Seeded, seeded_archive

ROLES = ("admin", "archivist", "agent", "auditor")
EXAMPLES = 10
"""Of each operation and role; what is wrong with a parameter shows in the first few."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_archive(tmp_path_factory.mktemp("openapi") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def app(archive: Seeded) -> FastAPI:
    return create_app(archive.context)


@pytest.fixture(scope="module")
def operations(app: FastAPI) -> list[Any]:
    api = schemathesis.openapi.from_asgi("/openapi.json", app)
    return [each.ok() for each in api.get_all_operations()]


def test_each_operation_names_the_credentials_that_it_takes(app: FastAPI) -> None:
    document = app.openapi()
    schemes = document["components"]["securitySchemes"]
    token, cookie, form = "bearerToken", "sessionCookie", "csrfToken"
    assert schemes[token]["scheme"] == "bearer"
    assert (schemes[cookie]["in"], schemes[cookie]["name"]) == ("cookie", SESSION_COOKIE)
    assert (schemes[form]["in"], schemes[form]["name"]) == ("header", CSRF_HEADER)
    taken = {
        f"{method} {path}": [set(one) for one in operation["security"]]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert taken["get /healthz"] == []
    assert taken["get /api/v1/search"] == [{token}, {cookie}]
    assert taken["post /api/v1/documents"] == [{token}, {cookie, form}]
    assert taken["post /api/v1/tokens"] == [{cookie, form}], "a token makes no tokens"
    open_to_all = {label for label, alternatives in taken.items() if not alternatives}
    assert open_to_all == {"get /healthz", "get /readyz", "get /metrics"}


def login_of(archive: Seeded, name: str) -> Login:
    context = archive.context
    with context.writing(SETUP) as session:
        user = session.query(User).filter_by(name=name).one()
        session.query(LoginSession).filter_by(user_id=user.id).delete()
        return open_session(context, session, user, Arrival())


@pytest.mark.parametrize("role", ROLES)
def test_no_request_is_a_fault_or_answered_by_what_is_not_documented(
    role: str, archive: Seeded, operations: list[Any]
) -> None:
    """By a browser's session, so that what tokens may not do is tried too."""
    login = login_of(archive, role)
    headers = {"Cookie": f"{SESSION_COOKIE}={login.secret}", CSRF_HEADER: login.csrf}
    wrong = [found for each in operations for found in _wrong_answers(each, headers, archive)]
    assert wrong == [], "\n".join(wrong)
    assert len(operations) > 20


def _wrong_answers(operation: Any, headers: dict[str, str], archive: Seeded) -> list[str]:
    """The first thing that is wrong with the operation's answers, as small as it could be made."""

    @settings(
        derandomize=True,
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def tried(case: Any) -> None:
        _aim(case, archive)
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        tried()
    except FailureGroup as found:
        return [f"{operation.label}: {each}" for each in found.exceptions]
    except Exception as fault:  # what would be a 500 comes through the test's door as it is
        return [f"{operation.label}: {type(fault).__name__}: {fault}"]
    return []


def _aim(case: Any, archive: Seeded) -> None:
    """Half of the requests name something that is there, so that they get past the first check."""
    there = {
        "document_id": archive.documents["东1"],
        "customer_no": EAST.customer_no,
        "number": 1,
    }
    given = case.path_parameters or {}
    if sum(map(len, map(str, given.values()))) % 2:
        for name in given.keys() & there.keys():
            given[name] = there[name]
