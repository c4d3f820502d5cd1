"""Each hostile file is accepted or refused with the right reason, within time and memory."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from dossier.adapters.archive import MailExtractor, ZipExtractor
from dossier.adapters.archive.inner_files import OfficeFiles
from dossier.adapters.iscc_tika import TikaExtractor
from dossier.adapters.ofdkit import OfdExtractor
from dossier.adapters.pages import PageFiles
from dossier.adapters.plaintext import PlainTextExtractor
from dossier.adapters.textview import TextView
from dossier.errors import LimitExceededError, UnreadableFileError
from dossier.ports import DocumentProbe
from dossier.records import Extraction, QuarantineReason
from dossier.rules.limits import MIB, ChildLimits, ReadingLimits
from dossier.work.guarded_readers import ExtractorChoice
from dossier.work.killable import KillableChild
from tests.faults.hostile_files import ACCEPTED, HOSTILE_FILES, QUARANTINED, HostileFile

READING = ReadingLimits()
# Time enough for a busy machine: what hangs is found out all the same.
CHILD = ChildLimits(timeout_seconds=120, memory_bytes=700 * MIB, niceness=0)
EXTRACTORS = (TikaExtractor, MailExtractor, ZipExtractor, OfdExtractor, PlainTextExtractor)


@dataclass(frozen=True)
class Readers:
    pages: KillableChild[PageFiles]
    extractors: KillableChild[ExtractorChoice]
    view: KillableChild[TextView]


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    made = Readers(
        KillableChild(partial(PageFiles, READING), limits=CHILD),
        KillableChild(partial(ExtractorChoice, EXTRACTORS, OfficeFiles), limits=CHILD),
        KillableChild(partial(TextView, READING), limits=CHILD),
    )
    yield made
    for child in (made.pages, made.extractors, made.view):
        child.release()


def read(readers: Readers, hostile: HostileFile, path: Path) -> DocumentProbe:
    """All that intake does with a file: look, then draw its first pages or take its text."""
    probe: DocumentProbe = readers.pages.call("probe", path, file_name=hostile.file_name)
    if probe.page_count:
        inner = {"file_name": hostile.file_name, "digital": probe.digital}
        assert len(readers.pages.call("inner_files", path, **inner).attachments) <= 1
        for number in range(1, min(probe.page_count, 3) + 1):
            draw(readers, path, number, digital=probe.digital[number - 1])
        return probe
    extraction: Extraction = readers.extractors.call(
        "extract", path, media_type=probe.media_type, file_name=hostile.file_name
    )
    out = path.parent / "view.pdf"
    readings = readers.view.call("typeset", extraction, out=out)
    assert out.stat().st_size > 0
    assert len(readings) <= READING.view_pages
    return probe


def draw(readers: Readers, path: Path, number: int, *, digital: bool) -> None:
    for options in ({}, {"width": 400}):
        picture = readers.pages.call("render", path, page_number=number, **options)
        with Image.open(io.BytesIO(picture)) as opened:
            assert opened.width * opened.height <= READING.render_pixels
            assert opened.mode in ("L", "RGB")
    if digital:
        assert readers.pages.call("read_digital", path, page_number=number).number == number


def outcome_of(
    readers: Readers, hostile: HostileFile, path: Path
) -> tuple[str, str, DocumentProbe | None]:
    try:
        return ACCEPTED, "", read(readers, hostile, path)
    except UnreadableFileError as error:
        return QUARANTINED, error.reason, None
    except LimitExceededError as error:
        return QUARANTINED, f"{error.limit}_limit", None


def test_the_list_is_long_and_its_names_are_unique() -> None:
    assert len(HOSTILE_FILES) >= 40
    assert len({hostile.name for hostile in HOSTILE_FILES}) == len(HOSTILE_FILES)
    for hostile in HOSTILE_FILES:
        assert (hostile.outcome == QUARANTINED) == bool(hostile.reason)
        assert not hostile.reason or hostile.reason in set(QuarantineReason)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(
            hostile,
            id=hostile.name,
            marks=[pytest.mark.slow] if hostile.name.endswith("000 pages") else [],
        )
        for hostile in HOSTILE_FILES
    ],
)
def test_a_hostile_file_has_its_outcome_within_limits(
    readers: Readers, tmp_path: Path, hostile: HostileFile
) -> None:
    path = tmp_path / ("dropped" if hostile.upload_only else hostile.file_name)
    hostile.build(path)
    begun = time.monotonic()
    outcome, reason, probe = outcome_of(readers, hostile, path)
    assert (outcome, reason) == (hostile.outcome, hostile.reason)
    if probe is not None and hostile.pages is not None:
        assert probe.page_count == hostile.pages
    assert time.monotonic() - begun < CHILD.timeout_seconds
