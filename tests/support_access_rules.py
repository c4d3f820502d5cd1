"""What the rulebook lets each role do: a plain reading, apart from the code that is tried with it.

The routes' table is ``tests/integration/access_routes.txt``, the roles are ``roles.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).parent / "integration" / "access_routes.txt"
RULEBOOK = Path(__file__).parents[1] / "dossier" / "rulebook"
ANYONE, USER, SESSION = "anyone", "user", "session"
SOME = "some"
"""What everybody has whose role gives any permission; a token needs one."""
WHOLE = "whole"
"""What a role gives that is held for the whole company."""
NOBODY = "nobody"
"""Who asks without being logged in."""
EAST_ONLY = "@east"
"""Ending of the name of a user whose scope is the eastern station alone."""
SCOPED = frozenset({"customer", "document", "page", "waiting", "intake", "anomaly"})
"""What belongs to a station, so that it is own or foreign."""
COUNTS_FOR = {"company": ("everything", "own"), "unit": ("everything", "own")}
"""How a role is held, and the scope words of the matrix that count there."""
OWNED = frozenset({"token", "login", "kept"})
"""What belongs to one person."""


OF_ALL = frozenset({"west", "pool", "pool_west", "anothers"})
"""What tells of a user with the whole company as scope that nothing is foreign."""


@dataclass(frozen=True)
class Route:
    """A line of the table."""

    method: str
    path: str
    sent: str
    needs: frozenset[str]
    of: str
    right: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_json(self) -> bool:
        return self.path.startswith("/api/") or self.path in ("/healthz", "/readyz", "/metrics")

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    def status(self, may: frozenset[str]) -> int:
        """The status where it is right: ``200``, or ``200?search:303`` (303 for who lacks it)."""
        right = self.right
        while "?" in right:
            with_it, _, rest = right.partition("?")
            permission, _, without = rest.partition(":")
            right = with_it if permission in may else without
        return int(right)

    def targets(self, user: str) -> tuple[str, ...]:
        """What the address may name, of whose; everything is in a whole company's scope."""
        everything = self._targets
        if user == NOBODY or user.endswith(EAST_ONLY):
            return everything
        return tuple(target for target in everything if target in OF_ALL)

    @property
    def _targets(self) -> tuple[str, ...]:
        if self.of in ("document", "page", "intake"):
            return ("east", "west", "pool", "absent")
        if self.of == "waiting":
            return ("pool_east", "pool_west", "pool", "absent")
        if self.of in SCOPED:
            return ("east", "west", "absent")
        if self.of in OWNED:
            return ("mine", "anothers", "absent")
        return ("present", "absent") if self.of == "watched" else ("-",)


def routes() -> list[Route]:
    """The table."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            method, path, sent, needs, of, right = line.split()
            found.append(Route(method, path, sent, frozenset(needs.split(",")), of, right))
    return found


@cache
def _read(name: str) -> dict[str, Any]:
    """A file of the rulebook; half of its users have none of them."""
    file = RULEBOOK / f"{name}.yaml"
    body: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    return body


@cache
def roles() -> dict[str, dict[str, frozenset[str]]]:
    """Role → how it is held (company, unit) → permissions, as the rulebook's file says."""
    body = _read("roles")
    if "roles" in body:
        flat = {code: frozenset(entry["permissions"]) for code, entry in body["roles"].items()}
        return {code: dict.fromkeys(COUNTS_FOR, found) for code, found in flat.items()}
    return {
        code: {held: _given(code, held) for held in COUNTS_FOR}
        for code in _read("actions")["roles"]
    }


def _given(role: str, held: str) -> frozenset[str]:
    """What the cells of a role give where it is held so; what waits for an approval gives nothing."""
    found: set[str] = set()
    for action, cells in _read("roles")["matrix"].items():
        for way in _ways(cells.get(role, "")):
            if way[0] in COUNTS_FOR[held] and not {"approval", "aggregates"} & set(way):
                gives = "by_click" if "click" in way else "gives"
                found |= set(_read("actions")["actions"][action].get(gives, ()))
    return frozenset(found)


def _ways(cell: Any) -> list[list[str]]:
    """The ways of a cell in force: each a scope word and its conditions."""
    texts = [cell] if isinstance(cell, str) else [one["may"] for one in cell if _in_force(one)]
    return [way.split() for text in texts for way in text.split("|") if way.strip()]


def _in_force(cell: dict[str, Any]) -> bool:
    today = date.today()
    return cell.get("from", today) <= today <= cell.get("to", today)


def users() -> dict[str, tuple[str, str | None]]:
    """Each role twice: with the whole company as its scope, and with the eastern station."""
    from tests.support_seeded import EAST

    whole: dict[str, tuple[str, str | None]] = {role: (role, None) for role in roles()}
    return whole | {f"{role}{EAST_ONLY}": (role, EAST.unit) for role in roles()}


@cache
def permissions(user: str) -> frozenset[str]:
    """What a user of the tests may do; only what is anyone's for nobody."""
    if user == NOBODY:
        return frozenset({ANYONE})
    held = "unit" if user.endswith(EAST_ONLY) else "company"
    given = roles()[user.removesuffix(EAST_ONLY)][held]
    always = {ANYONE, USER, SESSION} | ({WHOLE} if held == "company" else set())
    return given | always | ({SOME} if given else set())


def reaches(user: str, target: str) -> bool:
    """Whether something of the target's owner is in the user's scope."""
    if target in ("absent", "anothers"):
        return False
    if target.startswith("pool") and "see_pool" not in permissions(user):
        return False
    return not (target.endswith("west") and user.endswith(EAST_ONLY))


def expected(route: Route, user: str, target: str, *, by_token: bool = False) -> int:
    """The status that the rulebook wants."""
    may = permissions(user)
    if ANYONE in route.needs:
        return route.status(may)
    if user == NOBODY:
        return 401 if route.is_json or route.changes else 303
    if not route.needs <= may or (by_token and SESSION in route.needs):
        return 403
    administers = target == "anothers" and route.of != "kept" and "manage_users" in may
    return route.status(may) if administers or reaches(user, target) else 404
