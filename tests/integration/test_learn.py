"""``dossier learn`` on an archive: examples from persons' words, thresholds that count at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from dossier.db.learning_tables import LearnedThreshold
from dossier.db.tables import Customer, Document, Page
from dossier.errors import ForbiddenError, NotFoundError
from dossier.records import DocumentState
from dossier.rules import learning as rules_of_learning
from dossier.rules.document_types import catalogue
from dossier.rules.paper import linking_rules
from dossier.services import assigning, learning, linking, thresholds
from dossier.services.context import Context
from dossier.viewer import system_viewer
from tests.support_archive import NOW, add_content, make_archive

CLERK = system_viewer("clerk")
NUMBER = "4200000012"
TEXT = "权利人 不动产单元号 共有情况\n户名：欧阳建国\n用电地址：襄州区航空路12号"
"""Its name and half of its address: too little to file it alone."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Context]:
    context = make_archive(tmp_path)
    with context.writing(CLERK) as session:
        add_content(session, "0" * 64)
        session.add(
            Customer(
                customer_no=NUMBER, rowid=1, name="欧阳建国", name_key="欧阳建国", category="LR",
                address="襄州区航空路12号3栋2单元501室", updated_at=NOW,
            )
        )  # fmt: skip
    yield context
    context.database.dispose()


def add(context: Context, rowid: int, text: str) -> str:
    with context.writing(CLERK) as session:
        document = Document(
            rowid=rowid, state=DocumentState.TO_ASSIGN, captured_at=NOW, sha256="0" * 64,
            page_count=1,
        )  # fmt: skip
        session.add(document)
        session.flush()
        session.add(Page(document_id=document.id, number=1, text=text, confidence=0.97))
        return document.id


def said(context: Context, count: int) -> None:
    """Papers of which a person said whose they are and what they are."""
    for rowid in range(1, count + 1):
        document_id = add(context, rowid, TEXT)
        revision = assigning.assign(context, CLERK, document_id, NUMBER, revision=1)
        assigning.set_type(context, CLERK, document_id, "A05", revision=revision)


def test_words_of_persons_are_examples_and_few_of_them_change_nothing(archive: Context) -> None:
    said(archive, 3)
    found = learning.learn(archive, CLERK, apply=True)
    by_name = {one.name: one for one in found.estimates}
    assert [one.outcome for one in found.estimates] == [rules_of_learning.Outcome.TOO_FEW] * 2
    assert by_name[thresholds.TYPES].said == 3
    assert not found.applied
    with archive.reading(CLERK) as session:
        assert thresholds.in_force(session)[thresholds.FILING] == linking_rules().confidence
        assert not session.scalars(select(LearnedThreshold)).all()


def test_a_learned_threshold_counts_at_once_for_the_next_paper_and_is_undone(
    archive: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(archive, 6)
    easy = replace(
        rules_of_learning.learning_rules(),
        least_examples=5,
        z=0.01,
        thresholds={
            thresholds.FILING: rules_of_learning.Asked(0.995, 0.01, 0.9995),
            thresholds.TYPES: rules_of_learning.Asked(0.98, 0.01, 0.95),
        },
    )
    monkeypatch.setattr(learning, "learning_rules", lambda: easy)
    waiting = add(archive, 50, TEXT)

    def whose(context: Context) -> str | None:
        found = linking.weigh(context, waiting)
        assert found is not None
        return found.decided

    assert whose(archive) is None
    dry = learning.learn(archive, CLERK, apply=False)
    filing = dry.estimates[0]
    assert (dry.applied, filing.outcome) == (False, rules_of_learning.Outcome.LOWER)
    with archive.reading(CLERK) as session:
        assert thresholds.in_force(session)[thresholds.FILING] == filing.old.threshold
    assert learning.learn(archive, CLERK, apply=True).applied
    other = replace(archive)
    with other.reading(CLERK) as session:
        assert thresholds.in_force(session)[thresholds.FILING] == filing.new.threshold
        assert thresholds.linking(session).confidence == filing.new.threshold
    assert whose(other) == NUMBER, "without a start"
    assert learning.undo(archive, CLERK) >= 1
    assert whose(other) is None
    with other.reading(CLERK) as session:
        built_in = {
            thresholds.FILING: filing.old.threshold,
            thresholds.TYPES: catalogue().threshold,
        }
        assert thresholds.in_force(session) == built_in
    with pytest.raises(NotFoundError):
        learning.undo(archive, CLERK)


def test_who_does_not_run_the_system_learns_nothing(archive: Context) -> None:
    nobody = replace(CLERK, permissions=frozenset())
    with pytest.raises(ForbiddenError):
        learning.learn(archive, nobody, apply=True)
