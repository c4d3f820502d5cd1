"""The secret key: a wrong one is told, a new one is taken while the archive works."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dossier.bootstrap import build
from dossier.db.key_tables import ArchiveKey
from dossier.db.login_tables import RecoveryCode
from dossier.db.tables import AuditEvent, DocumentField, Identifier
from dossier.errors import ConfigurationError, ConflictError
from dossier.services import accounts, key_rotation, second_factor
from dossier.services.keys import KeyFile, Keyring, load_keyring
from dossier.settings import Settings
from tests.support_postgres import fresh_database
from tests.support_seeded import EAST, SETUP, WEST, Seeded, index, seeded_archive


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seeded]:
    """The seeded archive; its key changes while the tests go on."""
    home = tmp_path_factory.mktemp("keys") / "home"
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(fresh_database(request.getfixturevalue("postgres")))
        yield stack.enter_context(seeded_archive(home, database_url=url))


def key_file(archive: Seeded) -> KeyFile:
    return KeyFile(archive.context.settings.home / "secret.key")


def again(archive: Seeded) -> Any:
    """The archive opened by another process."""
    context = build(archive.context.settings)
    context.readers.close()
    context.index.close()
    context.database.dispose()
    return context


def no_wait(_seconds: float) -> None:
    """Nobody else runs here who would have to see the file."""


def found(archive: Seeded, q: str, user: str = "agent") -> list[str]:
    hits = archive.get(f"/api/v1/search?q={q}", user).json()["hits"]
    return [hit["customer"]["customer_no"] for hit in hits if hit["customer"]]


def all_found(archive: Seeded) -> bool:
    """By ID number and by bank account, masked, through search and linking."""
    answers = archive.get(f"/api/v1/search?q={EAST.id_no}", "agent").text
    assert EAST.id_no not in answers
    assert EAST.name not in answers
    return (
        found(archive, EAST.id_no) == [EAST.customer_no]
        and found(archive, EAST.bank_account) == [EAST.customer_no]
        and found(archive, WEST.id_no) == [WEST.customer_no]
        and found(archive, f'"身份证号：{EAST.id_no}"') == [EAST.customer_no]
    )


def test_numbers_read_on_pages_do_not_lie_in_clear(archive: Seeded) -> None:
    """Put in clear by an older version, they were encrypted at the start."""
    context = archive.context
    with context.writing(SETUP) as session:
        row = session.scalars(select(ArchiveKey)).one()
        row.progress = {}
    again(archive)
    with context.reading(SETUP) as session:
        rows = session.scalars(select(DocumentField)).all()
        assert {row.value for row in rows if row.name == "bank_account"} == {""}
        kept = {row.hmac for row in rows if row.name == "bank_account"}
    assert kept == {context.keyring.hash(one.bank_account) for one in (EAST, WEST)}
    document = f"/api/v1/documents/{archive.documents['东1']}"
    fields = {f["name"]: f["value"] for f in archive.get(document, "archivist").json()["fields"]}
    assert fields["bank_account"] == EAST.bank_account
    masked = {f["name"]: f["value"] for f in archive.get(document, "agent").json()["fields"]}
    assert masked["bank_account"] == "*" * 15 + EAST.bank_account[-4:]


def test_a_full_number_is_found_and_answered_masked(archive: Seeded) -> None:
    assert all_found(archive)


def test_a_wrong_key_is_told_and_nothing_is_changed(archive: Seeded) -> None:
    file = key_file(archive)
    kept = file.path.read_bytes()
    try:
        file.write([os.urandom(32)])
        other = file.path.read_bytes()
        with pytest.raises(ConfigurationError, match=r"not this archive.s.*backup"):
            again(archive)
        assert file.path.read_bytes() == other
        file.path.unlink()
        with pytest.raises(ConfigurationError, match=r"missing.*backup"):
            again(archive)
        assert not file.path.exists()
    finally:
        file.path.write_bytes(kept)
        file.path.chmod(0o600)
    again(archive)


@pytest.mark.parametrize(
    ("body", "mode", "says"),
    [
        (b"", 0o600, "empty"),
        (b"not base64!", 0o600, "base64"),
        (base64.b64encode(b"short"), 0o600, "5 bytes instead of 32"),
        (base64.b64encode(bytes(32)), 0o640, "chmod 600"),
        (base64.b64encode(bytes(32)), 0o604, "chmod 600"),
        (b"\xff\xfe", 0o600, "cannot be read"),
    ],
)
def test_a_key_file_that_is_not_right_says_what_to_do(
    tmp_path: Path, body: bytes, mode: int, says: str
) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(body)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as told:
        load_keyring(None, path, may_create=True)
    assert says in told.value.detail
    assert told.value.detail_zh
    assert path.read_bytes() == body


def test_the_environment_counts_before_the_file(tmp_path: Path) -> None:
    KeyFile(tmp_path / "secret.key").write([bytes(32)])
    first, second = os.urandom(32), os.urandom(32)
    given, old = (base64.b64encode(key).decode() for key in (first, second))
    ring = load_keyring(given, tmp_path / "secret.key", may_create=False, older=old)
    assert [key.master for key in ring.keys] == [first, second]


class Killed(Exception):
    """Stands for a kill."""


def test_a_new_key_is_taken_while_search_goes_on_and_an_interrupted_rotation_goes_on(
    archive: Seeded,
) -> None:
    context = archive.context
    before = key_rotation.state(context, SETUP).current
    seen: list[str] = []

    def stop_early(stage: str, _count: int) -> None:
        seen.append(stage)
        assert all_found(archive)
        if stage == "document_field":
            raise Killed

    with pytest.raises(Killed):
        key_rotation.rotate(context, SETUP, report=stop_early, wait=no_wait)
    half = key_rotation.state(context, SETUP)
    assert half.current != before
    assert half.older == (before,)
    assert not half.done
    with pytest.raises(ConflictError, match="rotate"):
        key_rotation.drop(context, SETUP, wait=no_wait)
    again(archive)
    assert all_found(archive)
    done = key_rotation.rotate(context, SETUP, report=lambda *_: None, wait=no_wait)
    assert (done.current, done.done) == (half.current, True)
    assert done.counts["identifier"] == 2
    assert done.counts["document_field"] >= 2
    assert all_found(archive), "rows of the index still hold hashes of the old key"
    with pytest.raises(ConflictError, match="index"):
        key_rotation.drop(context, SETUP, wait=no_wait)
    index(context)
    assert all_found(archive)
    with pytest.raises(ConflictError, match="dossier keys drop"):
        key_rotation.rotate(context, SETUP, wait=no_wait)


def test_a_process_with_the_old_keyring_follows_the_file(archive: Seeded) -> None:
    """It was started before the rotation and never told of it."""
    old_master = key_file(archive).read()[-1]
    file = key_file(archive)
    file.read()
    stale = Keyring(old_master, file=KeyFile(file.path))
    with archive.context.reading(SETUP) as session:
        encrypted = session.scalars(select(Identifier.encrypted)).all()
    assert {stale.decrypt(each) for each in encrypted} == {EAST.id_no, WEST.id_no}


def test_the_old_key_goes_when_nothing_is_left_under_it(archive: Seeded) -> None:
    context = archive.context
    accounts.add_user(context, SETUP, name="coded", role="agent", password="correct horse battery")
    with context.writing(SETUP) as session:
        session.add(RecoveryCode(id="0" * 64, user_id=_user(archive, "coded"), key_id=""))
    old = key_rotation.state(context, SETUP).older
    with context.writing(SETUP) as session:
        row = session.scalars(select(Identifier).order_by(Identifier.id)).first()
        assert row is not None
        kept, row.encrypted = row.encrypted, context.keyring.keys[1].encrypt(EAST.id_no)
    with pytest.raises(ConflictError, match="identifier 1"):
        key_rotation.drop(context, SETUP, wait=no_wait)
    with context.writing(SETUP) as session:
        session.get_one(Identifier, row.id).encrypted = kept
    gone = key_rotation.drop(context, SETUP, wait=no_wait)
    assert (gone.keys, gone.recovery_codes) == (old, 1)
    assert len(key_file(archive).read()) == 1
    assert len(context.keyring.keys) == 1
    again(archive)
    assert all_found(archive)
    with context.reading(SETUP) as session:
        rows = session.scalars(select(AuditEvent).where(AuditEvent.action.like("keys.%"))).all()
    assert [row.action for row in rows] == ["keys.rotated", "keys.dropped"]
    assert all(EAST.id_no not in str(row.facts) for row in rows)


def _user(archive: Seeded, name: str) -> str:
    return accounts.viewer_by_name(archive.context, name).id


def test_a_recovery_code_works_under_the_key_that_it_was_made_with(archive: Seeded) -> None:
    from dossier.db.tables import User

    context = archive.context
    user = _user(archive, "coded")
    with context.writing(SETUP) as session:
        (code, *_) = second_factor._fresh_codes(context, session, user)
    key_rotation.rotate(context, SETUP, wait=no_wait)
    with context.reading(SETUP) as session:
        who = session.get_one(User, user)
    assert second_factor.take(context, who, code)
    assert not second_factor.take(context, who, code)


def test_a_key_of_the_environment_is_changed_there(tmp_path: Path) -> None:
    one, two = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    settings = Settings(home=tmp_path / "home", secret_key=one)  # type: ignore[arg-type]
    first = build(settings)
    with pytest.raises(ConfigurationError, match="DOSSIER_SECRET_KEY_OLD"):
        key_rotation.rotate(first, SETUP, wait=no_wait)
    wrong = Settings(home=tmp_path / "home", secret_key=two)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="not this archive's"):
        build(wrong)
    both = Settings(home=tmp_path / "home", secret_key=two, secret_key_old=one)  # type: ignore[arg-type]
    second = build(both)
    assert key_rotation.rotate(second, SETUP, wait=no_wait).done
    build(wrong)
    for context in (first, second):
        context.readers.close()
        context.index.close()
        context.database.dispose()
