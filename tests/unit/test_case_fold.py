"""A case is what its events say, whatever the order in which they came (domain.md S1-04, S1-18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dossier.errors import InvalidInputError
from dossier.plugins.completeness import events, requirements
from dossier.plugins.completeness.cases import (
    APPLIED,
    CaseState,
    EventType,
    Folded,
    Outcome,
    Reason,
    Told,
    fold,
)

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
BUSINESSES = requirements.load().businesses


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def folded(*told: Told) -> Folded:
    return fold(told, BUSINESSES)


OPENED = Told(EventType.OPENED, at(0), "4200000001", "transfer", unit="东山供电所")


def node(code: str, days: float, **more: str) -> Told:
    return Told(EventType.COMPLETED, at(days), node=code, handler="zhao", **more)


def test_a_case_is_done_with_its_last_node_on_the_day_of_the_latest() -> None:
    found = folded(OPENED, node("contract", 5), node("accept", 9)).case
    assert found is not None
    assert (found.state, found.ended_at) == (CaseState.DONE, at(9))
    assert {one.node: one.at for one in found.nodes.values()} == {
        "contract": at(5),
        "accept": at(9),
    }


def test_a_node_that_comes_before_its_case_waits_and_then_counts() -> None:
    early = folded(node("accept", 1))
    assert early.case is None
    assert early.verdicts == ((Outcome.WAITING, Reason.NOT_OPENED),)
    later = folded(node("accept", 1), OPENED)
    assert later.verdicts == (APPLIED, APPLIED)
    assert later.case is not None
    assert list(later.case.nodes) == ["accept"]


def test_a_node_that_says_whose_it_is_needs_no_opening() -> None:
    whole = node("accept", 1, customer_no="4200000001", business="transfer")
    found = folded(whole).case
    assert found is not None
    assert (found.customer_no, found.opened_at) == ("4200000001", None)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (node("accept", 1, customer_no="4300000002"), Reason.OTHER_CUSTOMER),
        (node("accept", 1, business="close"), Reason.OTHER_BUSINESS),
        (node("energise", 1), Reason.NO_SUCH_NODE),
        (Told(EventType.RESUMED, at(1)), Reason.NOT_HELD),
    ],
)
def test_what_cannot_be_of_this_case_is_refused_with_the_reason(
    event: Told, reason: Reason
) -> None:
    found = folded(event, OPENED)
    assert found.verdicts == ((Outcome.REFUSED, reason), APPLIED)
    assert found.case == folded(OPENED).case


def test_a_case_is_held_and_resumed_and_what_was_cancelled_stays_so() -> None:
    held, resumed = Told(EventType.HELD, at(2)), Told(EventType.RESUMED, at(4))
    going = folded(OPENED, resumed, held).case
    assert going is not None
    assert (going.state, going.holds) == (CaseState.OPEN, ((at(2), at(4)),))
    over = folded(OPENED, Told(EventType.CANCELLED, at(3)), Told(EventType.HELD, at(5)))
    assert over.case is not None
    assert (over.case.state, over.case.ended_at) == (CaseState.CANCELLED, at(3))
    assert over.verdicts[2] == (Outcome.REFUSED, Reason.CANCELLED_BEFORE)


EVENTS = st.lists(
    st.builds(
        Told,
        type=st.sampled_from(EventType),
        at=st.integers(0, 6).map(at),
        customer_no=st.sampled_from(["", "4200000001", "4300000002"]),
        business=st.sampled_from(["", "transfer", "close"]),
        node=st.sampled_from(["accept", "contract", "meter"]),
        handler=st.sampled_from(["zhao", "qian"]),
        facts=st.sampled_from([{}, {"agent": True}, {"agent": False}]),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(told: list[Told], rng: st.RandomClass) -> None:
    shuffled = list(told)
    rng.shuffle(shuffled)
    assert fold(told, BUSINESSES).case == fold(shuffled, BUSINESSES).case


def test_a_later_word_on_the_same_node_counts() -> None:
    found = folded(OPENED, node("accept", 3), replace(node("accept", 1), handler="qian")).case
    assert found is not None
    assert (found.nodes["accept"].at, found.nodes["accept"].handler) == (at(3), "zhao")


# -- reading what comes over HTTP ------------------------------------------------------------------

ONE = b'{"specversion":"1.0","id":"1","source":"/mkt","type":"t","data":{"case_no":"K1"}}'


def test_one_a_batch_plain_json_and_headers_say_the_same() -> None:
    whole = events.read(ONE, {"content-type": "application/cloudevents+json; charset=utf-8"})
    batch = events.read(b"[" + ONE + b"]", {"content-type": events.BATCH})
    plain = events.read(ONE, {"content-type": "application/json"})
    head = {
        "content-type": "application/json", "ce-specversion": "1.0", "ce-id": "1",
        "ce-source": "/mkt", "ce-type": "t",
    }  # fmt: skip
    binary = events.read(b'{"case_no":"K1"}', head)
    assert {one.digest for found in (whole, batch, plain, binary) for one in found} == {
        whole[0].digest
    }


@pytest.mark.parametrize(
    ("body", "media", "said"),
    [
        (b"{", events.SINGLE, "not JSON"),
        (b"[]", events.SINGLE, "is one event"),
        (ONE, events.BATCH, "is one event"),
        (ONE, "text/plain", "Send application/cloudevents"),
        (b"3", events.PLAIN, "Event 1: check event"),
        (ONE.replace(b'"id":"1",', b""), events.PLAIN, "Event 1: check id"),
        (ONE.replace(b'"1.0"', b'"0.3"'), events.PLAIN, "check specversion"),
        (
            b"[" + ONE + b"," + ONE.replace(b'"t"', b'""') + b"]",
            events.BATCH,
            "Event 2: check type",
        ),
        (ONE.replace(b'"data"', b'"time":"0001-01-01T00:00:00Z","data"'), events.PLAIN, "time"),
        (ONE.replace(b'"data"', b'"time":"2026-03-02T09:00:00","data"'), events.PLAIN, "time"),
        (ONE.replace(b'"1",', b'"a\\u0000b",'), events.PLAIN, "check id"),
        (b"[" + b",".join([ONE] * 501) + b"]", events.BATCH, "500 events at most"),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(body: bytes, media: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        events.read(body, {"content-type": media})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-02T09:00:00+08:00", START),
        ("2026-03-02T09:00:00", START),
        ("2026-03-02", datetime(2026, 3, 1, 16, tzinfo=UTC)),
        ("", None),
    ],
)
def test_an_instant_without_a_zone_is_shanghais(text: str, found: datetime | None) -> None:
    assert events.instant(text) == found


@pytest.mark.parametrize("text", ["2026-02-30", "often", "0001-01-01T00:00:00"])
def test_an_instant_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month|year"):
        events.instant(text)
