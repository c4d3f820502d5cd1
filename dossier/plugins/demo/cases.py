"""Invents cases of the marketing system, as the events by which it would tell of them.

They are few and lie in the last weeks, so that each state of a case can be seen: done, under way,
held and cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dossier.plugins.demo import names
from dossier.plugins.demo.customers import InventedCustomer

SOURCE = "/demo/marketing"


@dataclass(frozen=True, slots=True)
class _Script:
    """What happens in a case.

    Attributes:
        categories: of customers, the first of whom gets it.
        begins: so many days ago.
        nodes: code and days after the beginning.
        then: another kind of event and days after the beginning.
    """

    business: str
    categories: frozenset[str]
    begins: int
    nodes: tuple[tuple[str, int], ...]
    then: tuple[tuple[str, int], ...] = ()


_LOW, _HIGH = frozenset({"LR", "LN"}), frozenset({"HV", "IM"})
_SCRIPTS = (
    _Script("transfer", _LOW, 40, (("accept", 0), ("contract", 3))),
    _Script("relocate", _LOW, 12, (("accept", 0), ("survey", 4))),
    _Script("increase", _HIGH, 25, (("accept", 0), ("survey", 3), ("plan", 9))),
    _Script("retariff", _LOW, 20, (("accept", 0),), (("case.held", 2),)),
    _Script("close", _LOW, 30, (("accept", 0),), (("case.cancelled", 5),)),
    _Script("suspend", _HIGH, 15, (("accept", 0), ("execute", 6))),
    _Script("rename", _LOW, 4, (("accept", 0),)),
)


def invent_events(customers: Iterable[InventedCustomer], now: datetime) -> Iterator[dict[str, Any]]:
    """CloudEvents of a case for each script whose kind of customer there is.

    Args:
        customers: in the register's order; none gets two cases while there are enough.
        now: aware; the cases lie before it.
    """
    left = [one for one in customers if one.status == "在用"]
    for number, script in enumerate(_SCRIPTS, 1):
        fitting = next((one for one in left if one.category in script.categories), None)
        if fitting is None:
            continue
        left.remove(fitting)
        yield from _told(script, fitting, now, number)


def _told(
    script: _Script, customer: InventedCustomer, now: datetime, number: int
) -> Sequence[dict[str, Any]]:
    begin = now - timedelta(days=script.begins)
    case = {"case_no": f"{begin:%y%m%d}{number:06d}", "unit": customer.unit}
    whose = {"customer_no": customer.customer_no, "business": script.business}
    told = [_event("case.opened", begin, {**case, **whose}, "0")]
    for code, days in script.nodes:
        at = begin + timedelta(days=days, hours=number)
        handler = names.STAFF[(number + days) % len(names.STAFF)]
        data = {**case, "node": code, "completed_at": at.isoformat(), "handler": handler}
        told.append(_event("node.completed", at, data, code))
    told += [_event(kind, begin + timedelta(days=days), case, kind) for kind, days in script.then]
    return told


def _event(kind: str, at: datetime, data: dict[str, Any], what: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{data['case_no']}-{what}",
        "source": SOURCE,
        "type": f"dossier.{kind}",
        "time": at.isoformat(),
        "data": data,
    }
