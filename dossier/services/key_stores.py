"""Everything that is kept under the secret key, and how a row of it comes under another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from dossier.db.anomaly_tables import WatchedName
from dossier.db.approval_tables import ApprovalRequest
from dossier.db.case_tables import EventInbox
from dossier.db.login_tables import SecondFactor
from dossier.db.tables import DocumentField, Identifier, KeptSearch
from dossier.db.verification_tables import BankMandate, Difference
from dossier.search.analysis import keyword
from dossier.services.keys import Keyring
from dossier.services.register_lookup import normal_id


@dataclass(frozen=True, slots=True)
class Store:
    """A table with an encrypted column, and hashes that are worked out from its clear value.

    Attributes:
        name: of the table.
        table: its class.
        key: its primary key, which orders the way through it.
        body: the encrypted column.
        hashes: from the keyring and the clear value: the other columns to set.
    """

    name: str
    table: Any
    key: str
    body: str
    hashes: Callable[[Keyring, str], Mapping[str, str]]


def watched_key(keyring: Keyring, name: str) -> str:
    """The keyed hash of a name as the register folds it (``Customer.name_key``)."""
    return keyring.hash(f"watched name {keyword(name) or name}")


def search_key(keyring: Keyring, q: str, filters: Mapping[str, Any]) -> str:
    """The keyed hash of a kept search: the same words and filters are kept once."""
    return keyring.hash(orjson.dumps([q, filters]).decode())


def list_key(keyring: Keyring, q: str, filters: Mapping[str, Any], *, clear: bool) -> str:
    """The keyed hash of a list that somebody wants as a file: an approval is for this very one."""
    return keyring.hash(orjson.dumps(["list", q, filters, clear]).decode())


def _number(keyring: Keyring, clear: str) -> Mapping[str, str]:
    return {"hmac": keyring.hash(normal_id(clear))}


def _watched(keyring: Keyring, clear: str) -> Mapping[str, str]:
    return {"key": watched_key(keyring, clear)}


def _search(keyring: Keyring, clear: str) -> Mapping[str, str]:
    _, q, filters = orjson.loads(clear)
    return {"key": search_key(keyring, q, filters)}


def _list(keyring: Keyring, clear: str) -> Mapping[str, str]:
    q, filters, unmasked = orjson.loads(clear)
    return {"thing": list_key(keyring, q, filters, clear=unmasked)}


def difference_key(keyring: Keyring, body: str) -> str:
    """The keyed hash of a difference: the same two values of the same fact."""
    return keyring.hash(f"difference {body}")


def _difference(keyring: Keyring, clear: str) -> Mapping[str, str]:
    return {"key": difference_key(keyring, clear)}


def _nothing(_keyring: Keyring, _clear: str) -> Mapping[str, str]:
    return {}


STORES = (
    Store("identifier", Identifier, "id", "encrypted", _number),
    Store("document_field", DocumentField, "id", "encrypted", _number),
    Store("watched_name", WatchedName, "id", "name", _watched),
    Store("kept_search", KeptSearch, "id", "body", _search),
    Store("approval_request", ApprovalRequest, "id", "body", _list),
    Store("event_inbox", EventInbox, "id", "body", _nothing),
    Store("bank_mandate", BankMandate, "id", "account", _number),
    Store("difference", Difference, "id", "body", _difference),
    Store("second_factor", SecondFactor, "user_id", "secret", _nothing),
)
