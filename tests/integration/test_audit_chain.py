"""The audit's chain: append-only, sealed in order, and every change of it is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from dossier.bootstrap import build
from dossier.db.tables import AuditEvent, AuditSeal
from dossier.errors import ConfigurationError, InvalidInputError
from dossier.services import (
    audit_chain,
    audit_checkpoints,
    audit_keys,
    audit_log,
    audit_seals,
    doctor,
)
from dossier.services.audit_verify import Finding, Verification, verify
from dossier.services.context import Context
from dossier.settings import Settings
from tests.support_archive import make_archive
from tests.support_audit import RUNS, SEALED, TAIL, VIEWER, damage, disarm, fill, home_of, look
from tests.support_postgres import fresh_database

EVENTS, SEALS = AuditEvent.__table__, AuditSeal.__table__


@pytest.fixture
def archive(database_url: str, tmp_path: Path) -> Iterator[Context]:
    """Filled: sealed rows and a tail."""
    context = make_archive(home_of(tmp_path), database_url=database_url)
    fill(context)
    yield context
    context.database.dispose()


def kinds(found: Verification) -> set[str]:
    return {one.kind for one in found.broken}


# -- append-only --------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
@pytest.mark.parametrize("change", ["update {} set id = id + 100", "delete from {}"])
def test_the_database_refuses_to_change_and_to_delete(
    archive: Context, table: str, change: str
) -> None:
    with (
        pytest.raises(DBAPIError, match="append-only"),
        archive.database.writer.begin() as connection,
    ):
        connection.execute(text(change.format(table)))


def test_the_database_refuses_to_replace_and_to_truncate(archive: Context) -> None:
    statement = (
        "insert or replace into audit_event select * from audit_event where id = 1"
        if archive.database.is_sqlite
        else "truncate audit_event"
    )
    with (
        pytest.raises(DBAPIError, match="append-only"),
        archive.database.writer.begin() as connection,
    ):
        connection.execute(text(statement))


def test_an_archive_that_migrations_made_refuses_too(context: Context) -> None:
    look(context, 2)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        context.database.writer.begin() as connection,
    ):
        connection.execute(text("update audit_event set actor = 'x'"))


# -- sealing ------------------------------------------------------------------------------------


def test_what_is_untouched_verifies_and_the_tail_is_counted_apart(archive: Context) -> None:
    found = verify(archive, VIEWER)
    assert (found.seals, found.sealed, found.unsealed) == (len(RUNS), SEALED, TAIL)
    assert (found.broken, found.late, found.checkpoints) == ((), False, 1)
    assert audit_chain.seal(archive, VIEWER) == TAIL
    assert audit_chain.seal(archive, VIEWER) == 0
    assert verify(archive, VIEWER).unsealed == 0


def test_one_call_seals_all_that_was_committed_before_however_much(archive: Context) -> None:
    look(archive, 2500)
    assert audit_chain.seal(archive, VIEWER) == TAIL + 2500
    found = verify(archive, VIEWER)
    assert (found.sealed, found.unsealed, found.broken) == (SEALED + TAIL + 2500, 0, ())


def test_a_tail_older_than_the_bound_is_called_late(archive: Context) -> None:
    archive.clock.advance(timedelta(seconds=14))  # type: ignore[attr-defined]
    assert not verify(archive, VIEWER).late
    archive.clock.advance(timedelta(seconds=2))  # type: ignore[attr-defined]
    found = verify(archive, VIEWER)
    assert found.late
    assert found.unsealed_since is not None
    assert found.broken == ()


def test_a_lost_key_stops_the_sealing_and_is_not_replaced_in_silence(archive: Context) -> None:
    home = archive.settings.home
    (home / audit_keys.PRIVATE).rename(home / "away")
    with pytest.raises(ConfigurationError, match="audit new-key"):
        audit_chain.seal(archive, VIEWER)
    assert not (home / audit_keys.PRIVATE).exists()
    audit_keys.new_signing_key(home)
    assert audit_chain.seal(archive, VIEWER) == TAIL
    assert verify(archive, VIEWER).broken == ()


def test_another_machine_s_key_does_not_go_on_with_the_chain(archive: Context) -> None:
    home = archive.settings.home
    for name in (audit_keys.PRIVATE, audit_keys.PUBLIC):
        (home / name).unlink()
    audit_keys.new_signing_key(home)
    with pytest.raises(ConfigurationError, match="another key"):
        audit_chain.seal(archive, VIEWER)
    assert kinds(verify(archive, VIEWER)) == {"key_unknown"}


@pytest.mark.parametrize("body", [b"", b"no key at all", b"-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_an_unreadable_key_is_named(archive: Context, body: bytes) -> None:
    (archive.settings.home / audit_keys.PRIVATE).write_bytes(body)
    with pytest.raises(ConfigurationError, match="key"):
        audit_chain.seal(archive, VIEWER)


# -- what an owner of the database may do -------------------------------------------------------

TEXTS = ("actor", "role", "action", "object_kind", "object_id", "outcome", "purpose", "remote")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def copies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Any]]:
    """Makes copies of one filled archive, each with its own database."""
    home = home_of(tmp_path_factory.mktemp("original"))
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        original = make_archive(home, database_url=url)
        if url:  # a hole as a write that failed leaves it
            with original.database.writer.connect() as connection:
                connection.execute(text("select nextval('audit_event_id_seq')"))
        fill(original)
        original.database.dispose()

        @contextmanager
        def copy() -> Iterator[Context]:
            with ExitStack() as inner:
                fresh = tmp_path_factory.mktemp("copy") / "home"
                shutil.copytree(home, fresh)
                address = inner.enter_context(_copied(url)) if url else ""
                context = make_archive(fresh, database_url=address)
                yield context
                context.database.dispose()
                shutil.rmtree(fresh.parent)

        yield copy


@contextmanager
def _copied(url: str) -> Iterator[str]:
    server = make_url(url)
    name = f"{server.database}_copy"
    engine = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{server.database}"'))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


def ids_of(context: Context) -> list[int]:
    with context.reading(VIEWER) as session:
        return list(session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)))


def change_a_row(draw: Any, context: Context) -> set[Finding]:
    one = ids_of(context)[draw(st.integers(0, SEALED - 1))]
    column = draw(st.sampled_from((*TEXTS, "at", "facts")))
    with context.reading(VIEWER) as session:
        now = getattr(session.get(AuditEvent, one), column)
    if column == "at":
        new = now + timedelta(microseconds=draw(st.integers(1, 10**9)))
    elif column == "facts":
        new = now | {draw(st.sampled_from(["page", "by", "new"])): draw(st.integers(100, 200))}
    else:
        letters = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
        new = draw(letters.filter(lambda value: value != now))
    damage(context, update(EVENTS).where(EVENTS.c.id == one).values({column: new}))
    return {Finding("row_changed", one, one)}


def remove_a_row(draw: Any, context: Context) -> set[Finding]:
    one = ids_of(context)[draw(st.integers(0, SEALED - 1))]
    damage(context, "delete from audit_event where id = :id", id=one)
    return {Finding("row_removed", one, one)}


def insert_a_row(draw: Any, context: Context) -> set[Finding]:
    free = [0, -7, FAR] + ([1] if not context.database.is_sqlite else [])
    one = draw(st.sampled_from(free))
    damage(context, f"insert into audit_event ({COPIED}) select {_as(one)} from audit_event "
           "where id = (select max(id) from audit_event)")  # fmt: skip
    return {Finding("row_inserted", one, one)}


FAR = 2_000_000_000
"""A number that PostgreSQL's column still takes."""
COPIED = "id, at, actor, role, action, object_kind, object_id, outcome, purpose, remote, facts"


def _as(number: int) -> str:
    return COPIED.replace("id", str(number), 1)


def swap_two_rows(draw: Any, context: Context) -> set[Finding]:
    at = draw(st.lists(st.integers(0, SEALED - 1), min_size=2, max_size=2, unique=True))
    one, other = (ids_of(context)[index] for index in at)
    for before, after in ((one, -1), (other, one), (-1, other)):
        damage(context, "update audit_event set id = :b where id = :a", a=before, b=after)
    return {Finding("row_changed", one, one), Finding("row_changed", other, other)}


def change_a_seal(draw: Any, context: Context) -> set[Finding]:
    number = draw(st.integers(1, len(RUNS)))
    column = draw(st.sampled_from([c.name for c in SEALS.c if c.name != "id"]))
    with context.reading(VIEWER) as session:
        now = getattr(session.get(AuditSeal, number), column)
    if isinstance(now, bytes):
        at = draw(st.integers(0, len(now) - 1))
        new = now[:at] + bytes([now[at] ^ draw(st.integers(1, 255))]) + now[at + 1 :]
    elif isinstance(now, int):
        new = now + draw(st.sampled_from([-1, 1, 1000]))
    elif isinstance(now, str):
        new = now[:-1] + ("0" if now[-1:] != "0" else "1")
    else:
        new = now + timedelta(seconds=1)
    damage(context, update(SEALS).where(SEALS.c.id == number).values({column: new}))
    return {Finding(kind, number, number) for kind in SEAL_BLAME[column]}


SEAL_BLAME = dict.fromkeys([c.name for c in SEALS.c], ("seal_changed",)) | {
    "signature": ("seal_unsigned",),
    "key_id": ("seal_changed", "key_unknown"),
}


def remove_a_seal(draw: Any, context: Context) -> set[Finding]:
    number = draw(st.integers(1, len(RUNS)))
    damage(context, "delete from audit_seal where id = :id", id=number)
    return {Finding("seal_removed", number, number, "audit.head" * (number == len(RUNS)))}


def swap_two_seals(draw: Any, context: Context) -> set[Finding]:
    both = draw(st.lists(st.integers(1, len(RUNS)), min_size=2, max_size=2, unique=True))
    one, other = both
    for before, after in ((one, -1), (other, one), (-1, other)):
        damage(context, "update audit_seal set id = :b where id = :a", a=before, b=after)
    return {Finding("seal_changed", one, one), Finding("seal_changed", other, other)}


def cut_the_end_off(draw: Any, context: Context) -> set[Finding]:
    """Rows and seals from some point on, and the counters too, as if nothing had ever been."""
    kept = draw(st.integers(0, len(RUNS) - 1))
    last = ids_of(context)[sum(RUNS[:kept]) - 1] if kept else 0
    damage(context, "delete from audit_seal where id > :id", id=kept)
    damage(context, "delete from audit_event where id > :id", id=last)
    if context.database.is_sqlite:
        damage(context, "update sqlite_sequence set seq = :n where name = 'audit_event'", n=last)
    return {Finding("seal_removed", kept + 1, len(RUNS), "audit.head")}


def rewrite_and_seal_anew(draw: Any, context: Context) -> set[Finding]:
    """A changed row, and a chain that is sound again from there on, but for the key."""
    index = draw(st.integers(0, SEALED - 1))
    first = next(n for n in range(1, len(RUNS) + 1) if sum(RUNS[:n]) > index)
    one = ids_of(context)[index]
    damage(context, "update audit_event set actor = 'nobody' where id = :id", id=one)
    _forge_from(context, first)
    return {Finding("seal_unsigned", n, n) for n in range(first, len(RUNS) + 1)}


def _forge_from(context: Context, first: int) -> None:
    forger = audit_keys.Ed25519PrivateKey.generate()
    with context.database.writer.begin() as connection:
        disarm(connection)
    with context.writing(VIEWER) as session:
        seals = session.scalars(select(AuditSeal).order_by(AuditSeal.id)).all()
        for before, seal in zip([None, *seals], seals, strict=False):
            if seal.id < first:
                continue
            between = AuditEvent.id.between(seal.first_event, seal.last_event)
            query = select(*audit_seals.COLUMNS).where(between).order_by(AuditEvent.id)
            rows = session.execute(query).all()
            seal.rows = audit_seals.pack((row.id, audit_seals.digest(row)) for row in rows)
            seal.previous = before.hash if before else ""
            said = audit_seals.statement_of(seal)
            seal.hash, seal.signature = said.hash, forger.sign(said.to_sign)


DAMAGES = (
    change_a_row,
    remove_a_row,
    insert_a_row,
    swap_two_rows,
    change_a_seal,
    remove_a_seal,
    swap_two_seals,
    cut_the_end_off,
    rewrite_and_seal_anew,
)


@pytest.mark.slow
@pytest.mark.parametrize("harm", DAMAGES, ids=lambda harm: harm.__name__)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_change_removal_insertion_and_reordering_is_named(
    copies: Callable[[], Any], harm: Callable[..., set[Finding]], data: st.DataObject
) -> None:
    with copies() as context:
        assert verify(context, VIEWER).broken == ()
        expected = harm(data.draw, context)
        found = verify(context, VIEWER).broken
        assert expected <= set(found)
        rows = {one for one in expected if one.kind.startswith("row_")}
        if rows:  # and nobody who is innocent is named
            assert set(found) == expected


@pytest.fixture(scope="module")
def untouched(copies: Callable[[], Any]) -> Iterator[Context]:
    """A copy that no test changes."""
    with copies() as context:
        yield context


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data())
def test_every_change_of_a_kept_checkpoint_is_named(
    untouched: Context, data: st.DataObject
) -> None:
    kept = untouched.settings.home / "kept.json"
    kept.write_text(audit_checkpoints.export(untouched, VIEWER).text)
    body = json.loads(kept.read_text())
    field = data.draw(st.sampled_from([*body["statement"], "signature"]))
    if field == "signature":
        at = data.draw(st.integers(0, len(body["signature"]) - 1))
        old = body["signature"]
        body["signature"] = old[:at] + ("0" if old[at] != "0" else "1") + old[at + 1 :]
    elif isinstance(body["statement"][field], int):
        body["statement"][field] += data.draw(st.sampled_from([-1, 1, 100]))
    else:
        body["statement"][field] += "0"
    kept.write_text(json.dumps(body))
    found = verify(untouched, VIEWER, checkpoints=audit_checkpoints.read([kept])).broken
    assert {one.kind for one in found} <= {"checkpoint_forged", "key_unknown"}
    assert [one.source for one in found] == ["kept.json"]


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    for body in ("", "{}", "[1]", '{"statement": {"number": 1}, "signature": "zz"}'):
        (tmp_path / "kept.json").write_text(body)
        with pytest.raises(InvalidInputError, match="no checkpoint"):
            audit_checkpoints.read([tmp_path / "kept.json"])


def test_a_chain_made_anew_with_the_right_key_differs_from_a_checkpoint_kept_elsewhere(
    archive: Context,
) -> None:
    """Who has the database and the key can make a sound chain; the copy elsewhere tells."""
    home = archive.settings.home
    kept = home / "kept.json"
    kept.write_text(audit_checkpoints.export(archive, VIEWER).text)
    damage(archive, "delete from audit_seal")
    damage(archive, "update audit_event set actor = 'nobody' where id = 3")
    (home / audit_checkpoints.HEAD).unlink()
    audit_chain.seal(archive, VIEWER)
    assert verify(archive, VIEWER).broken == ()
    found = verify(archive, VIEWER, checkpoints=audit_checkpoints.read([kept])).broken
    assert [(one.kind, one.source) for one in found] == [("seal_removed", "kept.json")]


@pytest.mark.parametrize("value", ["'yesterday'", "x'ff00'", "12"])
@pytest.mark.parametrize("column", ["at", "actor", "facts"])
def test_a_row_that_holds_what_no_program_wrote_is_named_and_stops_nothing(
    tmp_path: Path, column: str, value: str
) -> None:
    context = make_archive(home_of(tmp_path))
    fill(context)
    damage(context, f"update audit_event set {column} = {value} where id = 3")
    assert verify(context, VIEWER).broken == (Finding("row_changed", 3, 3),)


def test_a_row_put_in_under_a_far_number_is_named_and_no_removal_before_and_after_sealing(
    archive: Context,
) -> None:
    insert = f"insert into audit_event ({COPIED}) select {_as(FAR)} from audit_event where id = 2"
    damage(archive, insert)
    if not archive.database.is_sqlite:  # there the counter knows nothing of it
        assert verify(archive, VIEWER).unsealed == TAIL
        damage(archive, f"select setval('audit_event_id_seq', {FAR})")
    look(archive, 2)
    expected = (Finding("row_inserted", FAR, FAR),)
    assert verify(archive, VIEWER).broken == expected
    assert audit_chain.seal(archive, VIEWER) == TAIL + 3
    assert verify(archive, VIEWER).broken == expected, "sealed as it was found, and still named"
    damage(archive, "delete from audit_event where id = :id", id=FAR)
    assert set(verify(archive, VIEWER).broken) == {*expected, Finding("row_removed", FAR, FAR)}


def test_a_row_put_in_below_the_first_is_named_however_low_its_number(archive: Context) -> None:
    lowest = [-(2**63), -9 * 10**12] if archive.database.is_sqlite else []
    low = [*lowest, -(2**31), -7, 0]
    for number in low:
        damage(archive, f"insert into audit_event ({COPIED}) select {_as(number)} "
               "from audit_event where id = 2")  # fmt: skip
    named = [Finding("row_inserted", one, one) for one in low]
    assert verify(archive, VIEWER).broken == tuple(named)
    entries, _ = audit_log.list_audit(archive, VIEWER)
    called = {one.id: one.sealed for one in entries.items}
    assert not any(called[one] for one in low)
    assert called[1]


def test_a_row_put_in_under_a_far_number_and_taken_out_again_leaves_the_counter_moved(
    archive: Context,
) -> None:
    last = max(ids_of(archive))
    damage(archive, f"insert into audit_event ({COPIED}) select {_as(FAR)} from audit_event "
           "where id = 2")  # fmt: skip
    if not archive.database.is_sqlite:
        damage(archive, f"select setval('audit_event_id_seq', {FAR})")
    damage(archive, "delete from audit_event where id = :id", id=FAR)
    assert verify(archive, VIEWER).broken == (Finding("counter_moved", last + 1, FAR),)


def test_a_cut_off_end_is_told_of_though_the_note_of_the_newest_seal_went_with_it(
    archive: Context,
) -> None:
    damage(archive, "delete from audit_event where id > 12")
    damage(archive, "delete from audit_seal where id > 3")
    (archive.settings.home / audit_checkpoints.HEAD).unlink()
    assert "head_missing" in kinds(verify(archive, VIEWER))


def test_a_cut_off_end_is_named_also_once_the_chain_went_on_from_there(archive: Context) -> None:
    cut_the_end_off(_drawn(2), archive)
    for _ in range(len(RUNS) + 1):
        look(archive)
        audit_chain.seal(archive, VIEWER)
        (lost,) = audit_checkpoints.set_aside(archive)
        named = {(one.kind, one.source) for one in verify(archive, VIEWER).broken}
        assert named & {("seal_removed", lost.name), ("checkpoint_differs", lost.name)}


def test_an_old_copy_of_the_database_put_back_is_named_also_once_the_chain_went_on(
    tmp_path: Path,
) -> None:
    archive = make_archive(home_of(tmp_path))
    fill(archive)
    base = tmp_path / "home" / "dossier.db"
    with create_engine(f"sqlite:///{base}").begin() as connection:
        connection.execute(text("VACUUM INTO :to"), {"to": str(tmp_path / "old.db")})
    for _ in range(3):
        look(archive, 2)
        audit_chain.seal(archive, VIEWER)
    archive.database.dispose()
    for one in tmp_path.glob("home/dossier.db*"):
        one.unlink()
    shutil.copy(tmp_path / "old.db", base)
    archive = make_archive(tmp_path / "home")
    for _ in range(5):
        look(archive)
        audit_chain.seal(archive, VIEWER)
    number = len(RUNS) + 3
    source = audit_checkpoints.SET_ASIDE.format(number=number)
    assert verify(archive, VIEWER).broken == (
        Finding("checkpoint_differs", number, number, source),
    )
    archive.database.dispose()


def _drawn(value: int) -> Any:
    return lambda strategy: value


def doctor_says(context: Context) -> doctor.EnvironmentCheck:
    return {each.name: each for each in doctor.examine(context)}["audit seals"]


def test_an_archive_that_never_sealed_lacks_no_note(tmp_path: Path) -> None:
    context = make_archive(home_of(tmp_path))
    look(context, 2)
    assert verify(context, VIEWER).broken == ()
    context.database.dispose()


def test_with_sqlite_a_row_removed_before_it_was_sealed_is_named(tmp_path: Path) -> None:
    context = make_archive(home_of(tmp_path))
    fill(context)
    damage(context, "delete from audit_event where id in (:a, :b)", a=SEALED + 1, b=SEALED + TAIL)
    expected = {("removed_unsealed", SEALED + 1), ("removed_unsealed", SEALED + TAIL)}
    assert {(one.kind, one.first) for one in verify(context, VIEWER).broken} == expected
    audit_chain.seal(context, VIEWER)
    assert {(one.kind, one.first) for one in verify(context, VIEWER).broken} == expected


def test_doctor_names_a_key_that_is_missing_open_to_others_or_not_the_chain_s(
    context: Context,
) -> None:
    assert doctor_says(context).ok
    look(context, 2)
    audit_chain.seal(context, VIEWER)
    assert doctor_says(context).ok
    home = context.settings.home
    (home / audit_keys.PRIVATE).chmod(0o644)
    assert "open to others" in doctor_says(context).detail
    assert not doctor_says(context).ok
    (home / audit_keys.PRIVATE).unlink()
    assert "audit new-key" in doctor_says(context).remedy
    (home / audit_keys.PUBLIC).unlink()
    audit_keys.new_signing_key(home)
    assert not doctor_says(context).ok


def test_doctor_names_the_note_of_a_seal_that_the_database_lost(context: Context) -> None:
    for _ in range(3):
        look(context)
        audit_chain.seal(context, VIEWER)
    damage(context, "delete from audit_seal where id > 1")
    damage(context, "delete from audit_event where id > (select last_event from audit_seal)")
    look(context)
    audit_chain.seal(context, VIEWER)
    assert audit_checkpoints.SET_ASIDE.format(number=3) in doctor_says(context).detail
    assert not doctor_says(context).ok


def test_the_commands_export_a_checkpoint_verify_against_it_and_change_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from dossier.cli.commands import app

    home, kept = tmp_path / "home", tmp_path / "kept.json"
    monkeypatch.setenv("DOSSIER_HOME", str(home))

    def command(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    context = build(Settings(home=home))
    look(context, 3)
    audit_chain.seal(context, VIEWER)
    assert command("audit", "checkpoint", "--out", str(kept)).exit_code == 0
    assert json.loads(kept.read_text())["statement"]["number"] == 1
    assert json.loads(command("audit", "checkpoint").stdout)["statement"]["count"] == 3
    assert command("audit", "new-key").exit_code == 0
    audit_chain.seal(context, VIEWER)
    sound = command("verify", "--against", str(kept), "--json")
    assert sound.exit_code == 0
    assert json.loads(sound.stdout)["checkpoints"] == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = command("verify", "--against", str(empty))
    assert isinstance(nothing.exception, InvalidInputError)
    assert nothing.exception.detail == f"No checkpoint (*.json) in {empty}"
    assert command("verify", "--against", str(empty / "gone")).exit_code != 0
    damage(context, "update audit_event set actor = 'nobody' where id = 2")
    broken = command("verify", "--against", str(kept))
    assert broken.exit_code == 1
    assert "row 2 was changed / 第 2 条记录被修改" in broken.stdout
    public = tmp_path / "other.pem"
    public.write_bytes((home / audit_keys.PUBLIC).read_bytes())
    assert command("verify", "--key", str(public)).exit_code == 1
    assert command("verify", "--key", str(kept)).exit_code != 0
    context.database.dispose()
