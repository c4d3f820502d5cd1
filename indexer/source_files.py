"""Moving sources out of the inbox: into ``done/`` by day, or into ``quarantine/`` with the reason.

The bytes are in the store before anything is moved, so nothing here can lose a document. Nothing is
ever overwritten: a name that is taken gets a number.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from dossier.errors import ConfigurationError
from dossier.records import QuarantineReason
from dossier.rules import file_names
from dossier.settings import Settings

SIDECAR = ".reason.txt"
MAX_SAME_NAME = 10_000
"""Copies of one name in one folder before something is plainly wrong."""

REASONS: dict[QuarantineReason, tuple[str, str]] = {
    QuarantineReason.EMPTY: ("文件为空（0 字节），请重新扫描或重新发送", "The file is empty"),
    QuarantineReason.TRUNCATED: ("文件不完整，可能传输中断，请重新发送", "The file is cut off"),
    QuarantineReason.CORRUPT: ("文件已损坏，无法打开", "The file is damaged"),
    QuarantineReason.PASSWORD: ("文件有密码，请去除密码后重新投递", "It needs a password"),
    QuarantineReason.UNSUPPORTED: ("不支持的文件类型", "This type of file cannot be read"),
    QuarantineReason.NO_PAGES: ("文件中没有可读的页", "There is no page in it"),
    QuarantineReason.DYNAMIC_FORM: (
        "动态表单（XFA），页面上没有内容，请用 Adobe Reader 打印为 PDF 后重新投递",
        "A form that only Adobe Reader draws; print it to a PDF there",
    ),
    QuarantineReason.TOO_LARGE: ("文件超过允许的大小", "The file is larger than allowed"),
    QuarantineReason.TOO_MANY_PAGES: ("页数超过允许的上限", "It has more pages than allowed"),
    QuarantineReason.TOO_MANY_PIXELS: ("图像尺寸超过允许的上限", "The picture is too large"),
    QuarantineReason.BOMB: ("压缩包展开后过大，疑似压缩炸弹", "It unpacks to far too much"),
    QuarantineReason.TIME_LIMIT: ("处理超时，可稍后重试", "Reading took too long; try again"),
    QuarantineReason.MEMORY_LIMIT: ("处理占用内存过多", "Reading needs too much memory"),
    QuarantineReason.MALWARE: ("检测到恶意代码", "Malware was found"),
    QuarantineReason.NOT_SCANNED: (
        "文件超出查毒上限，未能查毒",
        "Too large to be checked for malware",
    ),
    QuarantineReason.PLUGIN: ("扩展插件处理失败，请联系管理员", "A plugin failed on it"),
    QuarantineReason.NOT_A_FILE: ("不是普通文件（链接、管道或设备）", "It is no ordinary file"),
    QuarantineReason.GONE: (
        "文件已不在原处，请重新放入收件文件夹",
        "The file is not there any more",
    ),
    QuarantineReason.PERMISSION: (
        "程序无权读取或移动该文件",
        "The program may not read or move it",
    ),
    QuarantineReason.INTERNAL: ("系统处理失败，可重试或联系管理员", "The system failed on it"),
}


def check_folders(settings: Settings) -> None:
    """Refuse an inbox that would take in what the product itself writes: an endless loop.

    Raises:
        ConfigurationError: names the two folders.
    """
    inbox = settings.inbox_path.resolve()
    for name, folder in _own_folders(settings):
        other = folder.resolve()
        if inbox == other or inbox in other.parents or other in inbox.parents:
            raise ConfigurationError(
                f"The inbox overlaps the folder '{name}': what is written there would be taken in "
                "again without end; set DOSSIER_INBOX to a folder apart",
                detail_zh=f"收件文件夹与“{name}”重叠，请另设收件文件夹",
            )


def _own_folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "done", settings.done_path
    yield "quarantine", settings.quarantine_path
    yield "files", settings.files_path
    yield "index", settings.index_path


def move_to_done(settings: Settings, source: Path, relative: Path, *, on: date) -> Path:
    """Move a source that is safely taken in; returns where it lies now.

    Args:
        settings: name the folders.
        source: the file in the inbox.
        relative: its path below the inbox, kept below the day's folder.
        on: the day, Shanghai's.

    Raises:
        OSError: it cannot be moved (gone, permissions, another disk is full); it stays.
    """
    return _move(source, settings.done_path / on.isoformat() / relative)


def move_to_quarantine(
    settings: Settings, source: Path, relative: Path, *, reason: str, detail: str = ""
) -> Path:
    """Move a source that cannot be read, with the reason in a text beside it.

    Raises:
        OSError: it cannot be moved; it stays.
    """
    place = _move(source, settings.quarantine_path / relative)
    sidecar_of(place).write_text(reason_text(reason, detail), encoding="utf-8")
    return place


def sidecar_of(place: Path) -> Path:
    """The text beside a quarantined file."""
    return place.with_name(file_names.fitting(place.name, SIDECAR))


def reason_text(reason: str, detail: str = "") -> str:
    """Why a file was set aside: Chinese first, with English beside it."""
    try:
        chinese, english = REASONS[QuarantineReason(reason)]
    except ValueError:
        chinese, english = REASONS[QuarantineReason.INTERNAL]
    lines = [f"{chinese}。", f"{english}.", f"({reason}{': ' + detail if detail else ''})"]
    return "\n".join(lines) + "\n"


def find_done(
    settings: Settings, relative: Path, *, size_bytes: int, since: date, days: int = 2
) -> Path | None:
    """Where a source lies that was moved to ``done/`` on one of the days; by name and size."""
    for offset in range(days):
        place = settings.done_path / (since + timedelta(days=offset)).isoformat() / relative
        for candidate in _same_names(place):
            if not candidate.exists():
                break
            if candidate.is_file() and candidate.stat().st_size == size_bytes:
                return candidate
    return None


def give_back(settings: Settings, relative: Path) -> Path | None:
    """Move a quarantined file back into the inbox, without its text; None when it is not there.

    Of several that came under one name and were set aside, the first that is still there.
    """
    names = _same_names(settings.quarantine_path / relative)
    place = next((name for name in names if os.path.lexists(name)), None)
    if place is None:
        return None
    with contextlib.suppress(FileNotFoundError):
        sidecar_of(place).unlink()
    return _move(place, settings.inbox_path / relative)


def take_back(settings: Settings, place: Path, relative: Path) -> Path:
    """Move a source from ``done/`` back into the inbox: it was not whole; returns where it lies.

    Raises:
        OSError: it cannot be moved; it stays.
    """
    return _move(place, settings.inbox_path / relative)


def tidy(folder: Path, root: Path) -> None:
    """Remove the folder and its parents below ``root`` as far as they are empty."""
    while folder != root and root in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _move(source: Path, wanted: Path) -> Path:
    place = _free_name(wanted)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(place)
    except OSError as err:
        if err.errno != errno.EXDEV:
            raise
        _move_across(source, place)
    return place


def _move_across(source: Path, place: Path) -> None:
    """To another disk: copy, flush, and only then remove; links and pipes stay where they are."""
    if source.is_symlink() or not source.is_file():
        raise OSError(errno.EXDEV, "only files can be moved to another disk")
    draft = place.with_name(file_names.fitting(place.name, ".moving"))
    try:
        shutil.copyfile(source, draft, follow_symlinks=False)
        with draft.open("rb+") as copy:
            os.fsync(copy.fileno())
        shutil.copystat(source, draft)
        draft.rename(place)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    source.unlink()


def _free_name(wanted: Path) -> Path:
    for candidate in _same_names(wanted):
        if not os.path.lexists(candidate):
            return candidate
    raise OSError(errno.EEXIST, "too many files of one name")


def _same_names(wanted: Path) -> Iterator[Path]:
    yield wanted
    for number in range(2, MAX_SAME_NAME):
        ending = f" ({number}){wanted.suffix}"
        yield wanted.with_name(file_names.fitting(wanted.stem, ending))
