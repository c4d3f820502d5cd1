"""Values read on pages that are ID numbers or bank accounts: encrypted, with a keyed hash.

What the page itself says stays in the page's text: that is the paper, masked for who sees masked.
"""

from __future__ import annotations

from typing import Any

from dossier.db.tables import DocumentField
from dossier.rules import identifiers
from dossier.services.keys import Keyring
from dossier.services.register_lookup import normal_id

SEALED = frozenset({"id_no", "bank_account"})


def is_sealed(name: str, value: str) -> bool:
    """Whether a value must not lie in clear; an ID number under any name."""
    return bool(value) and (name in SEALED or identifiers.is_id_no(identifiers.compact(value)))


def columns(keyring: Keyring, name: str, value: str) -> dict[str, Any]:
    """The columns that keep a value."""
    if not is_sealed(name, value):
        return {"value": value}
    return {
        "value": "",
        "encrypted": keyring.encrypt(value),
        "hmac": keyring.hash(normal_id(value)),
    }


def clear(keyring: Keyring, row: DocumentField) -> str:
    """The value; call only on behalf of a viewer who may see it, or to mask it."""
    return row.value if row.encrypted is None else keyring.decrypt(row.encrypted)
