"""Who approves what, and for how long: ``rulebook/approvals.yaml`` (domain.md §5, §6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from dossier.errors import ConfigurationError
from dossier.rules import rulebook
from dossier.rules.role_words import Words, load_words

FILE = "approvals"


class Thing(StrEnum):
    """What a request is about."""

    CUSTOMER = "customer"
    DOCUMENT = "document"
    LIST = "list"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Approving:
    """How an action is approved.

    Attributes:
        things: what it may be asked for.
        by: codes of the roles that approve it.
    """

    things: frozenset[Thing]
    by: frozenset[str]
    source: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The rule file.

    Attributes:
        terms_hours: terms that may be asked for, the shortest first.
        lapses_after_days: when a request that nobody decided is over.
        most_waiting: requests of one person that wait at a time.
        actions: by the action's code.
        sensitive: codes of roles that wait for an approval.
        for_roles: how those are approved.
    """

    terms_hours: tuple[int, ...]
    lapses_after_days: int
    most_waiting: int
    actions: Mapping[str, Approving]
    sensitive: frozenset[str]
    for_roles: Approving

    def of(self, kind: str, action: str) -> Approving | None:
        """How a request is approved; None: by nobody, as the rules are now."""
        return self.for_roles if kind == Thing.ROLE else self.actions.get(action)


@cache
def load() -> ApprovalRules:
    """The rules.

    Raises:
        ConfigurationError: an unknown word, or an approver that breaks the separation.
    """
    return read(rulebook.load(FILE), load_words())


def read(body: Mapping[str, Any], words: Words) -> ApprovalRules:
    """The rules of a file's content.

    Raises:
        ConfigurationError: an unknown word, or an approver that breaks the separation.
    """
    try:
        rules = ApprovalRules(
            terms_hours=tuple(sorted(map(int, body["terms_hours"]))),
            lapses_after_days=int(body["lapses_after_days"]),
            most_waiting=int(body["most_waiting"]),
            actions={code: _approving(entry) for code, entry in body["actions"].items()},
            sensitive=frozenset(body["sensitive_roles"]["roles"]),
            for_roles=Approving(
                frozenset({Thing.ROLE}),
                frozenset(body["sensitive_roles"]["by"]),
                str(body["sensitive_roles"].get("source", "")),
            ),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise _wrong(f"{type(err).__name__}: {err}") from err
    _check(rules, words)
    return rules


def _approving(entry: Mapping[str, Any]) -> Approving:
    things, by = frozenset(map(Thing, entry["things"])), frozenset(entry["by"])
    return Approving(things, by, str(entry.get("source", "")))


def _check(rules: ApprovalRules, words: Words) -> None:
    numbers = (*rules.terms_hours[:1], rules.lapses_after_days, rules.most_waiting)
    if not rules.terms_hours or min(numbers) <= 0:
        raise _wrong("terms_hours, lapses_after_days and most_waiting are above zero")
    _check_known("action", rules.actions, words.actions)
    everybody = rules.sensitive.union(
        rules.for_roles.by, *(one.by for one in rules.actions.values())
    )
    _check_known("role", everybody, words.roles)
    for code, approving in rules.actions.items():
        for role in sorted(approving.by):
            if words.roles[role].is_separated:
                raise _wrong(f"{role} is separated and cannot approve {code}")


def _check_known(what: str, used: Iterable[str], known: Mapping[str, Any]) -> None:
    for code in sorted(used):
        if code not in known:
            raise _wrong(f"unknown {what} '{code}'; the known ones are in rulebook/actions.yaml")


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"rulebook/{FILE}.yaml: {reason}")
