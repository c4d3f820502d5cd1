"""One damaged page costs that page: it is marked with the reason, never blank, and others live."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from dossier.adapters.pages import PageFiles
from dossier.errors import LimitExceededError, UnreadableFileError
from dossier.ports import DocumentProbe
from dossier.rules.limits import MIB, ChildLimits
from dossier.work.guarded_readers import GuardedReaders, ReaderFactories, ReaderTimes
from tests.faults.damaged_papers import (
    LOST,
    PARTLY,
    WHOLE,
    add_page,
    cut,
    encoded,
    jpeg,
    paper,
    recursive,
    scan,
    tiff,
    write,
)

FILES = PageFiles()


def outcome(path: Path, number: int) -> str:
    """What reading makes of a page: "whole", "partly", or the reason why it fails."""
    return outcome_of(path, FILES.probe(path, file_name=path.name), number)


def outcomes(path: Path) -> list[str]:
    """The same of all its pages."""
    probe = FILES.probe(path, file_name=path.name)
    return [outcome_of(path, probe, number) for number in range(1, probe.page_count + 1)]


def outcome_of(path: Path, probe: DocumentProbe, number: int) -> str:
    try:
        if probe.digital[number - 1]:
            return "partly" if FILES.read_digital(path, page_number=number).truncated else "whole"
    except UnreadableFileError:
        pass  # a page whose own text cannot be had goes to OCR
    try:
        FILES.render(path, page_number=number)
    except UnreadableFileError as error:
        return error.reason
    return "partly" if FILES.damage(path, page_number=number) else "whole"


@pytest.mark.parametrize("name", LOST)
def test_a_lost_page_of_a_pdf_fails_with_its_reason_and_the_others_live(
    tmp_path: Path, name: str
) -> None:
    make, reason = LOST[name]
    path = write(tmp_path, "a.pdf", make())
    assert [outcome(path, number) for number in (1, 2, 3)] == ["whole", reason, "whole"]


@pytest.mark.parametrize("name", PARTLY)
def test_a_page_with_one_damaged_picture_is_read_and_said_to_be_incomplete(
    tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, "a.pdf", PARTLY[name]())
    assert [outcome(path, number) for number in (1, 2, 3)] == ["whole", "partly", "whole"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_sound_page_is_not_called_damaged(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "a.pdf", WHOLE[name]())
    assert [outcome(path, number) for number in (1, 2, 3)] == ["whole"] * 3


def test_the_last_page_may_be_the_lost_one(tmp_path: Path) -> None:
    content = paper(lambda pdf: add_page(pdf, content=b"<< [["), at=3)
    path = write(tmp_path, "a.pdf", content)
    assert [outcome(path, number) for number in (1, 2, 3)] == ["whole", "whole", "corrupt"]


def test_a_screen_still_shows_what_is_left_of_a_page(tmp_path: Path) -> None:
    path = write(tmp_path, "a.pdf", LOST["JPEG cut"][0]())
    assert FILES.render(path, page_number=2, width=400)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"])
@pytest.mark.parametrize("frame", [0, 2, 4])
def test_a_broken_frame_of_a_tiff_fails_alone(tmp_path: Path, compression: str, frame: int) -> None:
    path = write(tmp_path, "a.tif", tiff(compression, overwritten=frame))
    found = [outcome(path, number) for number in range(1, 6)]
    assert found == ["corrupt" if number == frame else "whole" for number in range(5)]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"])
def test_a_sound_tiff_has_no_damaged_frame(tmp_path: Path, compression: str) -> None:
    path = write(tmp_path, "a.tif", tiff(compression))
    assert [outcome(path, number) for number in range(1, 6)] == ["whole"] * 5


WRITTEN = [("tiff_lzw", False), ("tiff_lzw", True), ("jpeg", False), ("raw", False), ("raw", True)]
"""Compressed frames have their directory behind their pixels, others before them."""


@pytest.mark.parametrize(("compression", "big"), WRITTEN)
def test_the_frames_before_a_tiffs_missing_end_live(
    tmp_path: Path, compression: str, big: bool
) -> None:
    path = write(tmp_path, "a.tif", cut(tiff(compression, big=big), 0.9))
    assert outcomes(path) == ["whole"] * 4 + ["truncated"]


@pytest.mark.parametrize(("compression", "big"), WRITTEN)
def test_one_page_stands_for_all_frames_whose_directories_are_missing(
    tmp_path: Path, compression: str, big: bool
) -> None:
    path = write(tmp_path, "a.tif", cut(tiff(compression, big=big), 0.5))
    cut_through = ["truncated"] if compression == "raw" else []
    assert outcomes(path) == ["whole", "whole", *cut_through, "truncated"]


def test_a_frame_that_is_overwritten_is_not_called_cut_off_because_the_end_is_missing(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "a.tif", cut(tiff("tiff_lzw", overwritten=1), 0.9))
    assert outcomes(path) == ["whole", "corrupt", "whole", "whole", "truncated"]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.tif", lambda: cut(tiff("tiff_lzw"), 0.1)),
        ("b.tif", lambda: cut(tiff("raw"), 0.1)),
        ("c.tif", lambda: tiff("raw")[:6]),
        ("a.jpg", lambda: cut(jpeg())),
        ("b.jpg", lambda: jpeg()[:-400]),
        ("a.pdf", lambda: cut(paper(lambda pdf: add_page(pdf)), 0.9)),
    ],
)
def test_a_file_whose_end_is_missing_is_set_aside_as_truncated(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    with pytest.raises(UnreadableFileError) as raised:
        FILES.probe(write(tmp_path, name, make()), file_name=name)
    assert raised.value.reason == "truncated"


@pytest.mark.parametrize(
    "make",
    [
        lambda: jpeg()[:-2],
        lambda: jpeg()[:-2] + bytes(60),
        lambda: jpeg() + b"phone" * 2000,
        lambda: encoded(scan(), progressive=True)[:-2],
        lambda: encoded(scan().convert("RGB"))[:-2],
    ],
)
def test_a_whole_jpeg_without_end_mark_or_with_more_behind_it_is_read(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    path = write(tmp_path, "a.jpg", make())
    assert outcome(path, 1) == "whole"
    assert FILES.render(path, page_number=1, width=300)


def test_a_tiff_without_any_frame_is_corrupt(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tif", b"II*\0" + bytes(4) + tiff("raw")[8:])
    with pytest.raises(UnreadableFileError) as raised:
        FILES.probe(path, file_name="a.tif")
    assert raised.value.reason == "corrupt"


@pytest.mark.parametrize("width", [None, 300])
def test_a_jpeg_without_end_mark_is_decoded_once_at_most_when_it_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int | None
) -> None:
    path = write(tmp_path, "a.jpg", jpeg()[:-2])
    assert outcome(path, 1) == "whole"
    decoded = []
    load = ImageFile.ImageFile.load

    def counted(picture: ImageFile.ImageFile) -> object:
        decoded.append(bool(picture.tile))  # what is decoded has none any more
        return load(picture)

    monkeypatch.setattr(ImageFile.ImageFile, "load", counted)
    assert FILES.render(path, page_number=1, width=width)
    assert sum(decoded) <= 1


def with_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """A sound PNG with these chunks before its pixels."""
    whole = encoded(scan(), "PNG")
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return whole[:33] + made + whole[33:]


@cache
def packed_zeros(count: int) -> bytes:
    packer = zlib.compressobj(9)
    piece = bytes(MIB)
    return b"".join([*(packer.compress(piece) for _ in range(count // MIB)), packer.flush()])


@pytest.mark.parametrize(
    ("kind", "begins"), [(b"iCCP", b"x\0\0"), (b"zTXt", b"x\0\0"), (b"iTXt", b"x\0\1\0\0\0")]
)
def test_a_png_whose_profile_or_text_unpacks_to_400_mib_is_a_bomb(
    tmp_path: Path, kind: bytes, begins: bytes
) -> None:
    body = begins + packed_zeros(400 * MIB)
    path = write(tmp_path, "a.png", with_chunks((kind, body)))
    with pytest.raises(UnreadableFileError) as raised:
        FILES.probe(path, file_name="a.png")
    assert raised.value.reason == "bomb"


def test_many_texts_of_a_png_count_together(tmp_path: Path) -> None:
    one = (b"zTXt", b"x\0\0" + packed_zeros(4 * MIB))
    assert outcome(write(tmp_path, "a.png", with_chunks(one, one)), 1) == "whole"
    path = write(tmp_path, "b.png", with_chunks(one, one, one))
    with pytest.raises(UnreadableFileError) as raised:
        FILES.probe(path, file_name="b.png")
    assert raised.value.reason == "bomb"


@pytest.mark.parametrize(
    "chunk",
    [
        (b"iCCP", b"x\0\0" + packed_zeros(3 * MIB)),
        (b"zTXt", b"x\0\0" + b"rubbish"),
        (b"zTXt", b"x"),
        (b"iTXt", b"x\0\0\0\0\0" + b"plain words"),
    ],
)
def test_a_png_with_a_long_profile_or_broken_words_is_read(
    tmp_path: Path, chunk: tuple[bytes, bytes]
) -> None:
    path = write(tmp_path, "a.png", with_chunks(chunk))
    assert outcome(path, 1) == "whole"
    drawn = FILES.render(path, page_number=1)
    with Image.open(io.BytesIO(drawn)) as opened:
        assert "icc_profile" not in opened.info


# pages that break limits ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readers() -> Iterator[GuardedReaders]:
    limits = ChildLimits(timeout_seconds=60, memory_bytes=400 * MIB, niceness=0)
    unused = partial(PageFiles)
    made = GuardedReaders(
        ReaderFactories(pages=PageFiles, extractors=(), typesetter=unused, ocr=unused, pdf=unused),
        limits,
        ReaderTimes(page_seconds=60, file_seconds=60),
    )
    yield made
    made.close()


def test_a_page_that_breaks_a_limit_fails_alone(readers: GuardedReaders, tmp_path: Path) -> None:
    path = write(tmp_path, "a.pdf", paper(recursive))
    assert readers.probe(path, file_name="a.pdf").digital == (False, False, False)
    for number in (1, 3):
        assert readers.render(path, page_number=number, dpi=100)
    with pytest.raises(LimitExceededError):
        readers.render(path, page_number=2, dpi=100)


def test_a_file_all_of_whose_pages_break_limits_is_set_aside(
    readers: GuardedReaders, tmp_path: Path
) -> None:
    path = write(tmp_path, "a.pdf", paper(recursive, pages=1, at=1))
    with pytest.raises(LimitExceededError) as raised:
        readers.probe(path, file_name="a.pdf")
    assert raised.value.limit == "memory"
