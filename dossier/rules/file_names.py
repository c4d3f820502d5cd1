"""File names as they may be stored and shown: any bytes come in, printable text goes out.

A name on a Linux disk is bytes. Python gives undecodable ones as lone surrogates, which neither
SQLite nor JSON takes. :func:`coded` percent-codes them, reversibly; :func:`readable` tries GB18030
first, in which names from Chinese Windows shares and ZIP files usually are.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath

MAX_STORED = 1000
"""Characters of a stored name; a name of 255 bytes coded byte by byte takes 765."""
MAX_STEM = 80
"""Characters of a file's name in the names of what lies in it."""
_KIND = re.compile(r"\.(?=[0-9]*[A-Za-z])[0-9A-Za-z]{1,4}")
"""What ends ``合同.张三`` or ``a.13812345678`` tells of somebody, not of a kind of file."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_PERCENT_CODE = re.compile(r"%(?=[0-9A-F]{2})")
_CODED_RUN = re.compile(r"(?:%[0-9A-F]{2})+")
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that turn the shown order round: ``invoice\u202efdp.exe`` would look like a PDF."""


def coded(name: str) -> str:
    r"""The name or relative path with undecodable bytes, control and direction marks as ``%XX``.

    A percent sign that looks like such a code is coded itself, so :func:`decoded` gives the name
    back byte for byte.

    Example:
        >>> coded("合同\udcff.pdf")
        '合同%FF.pdf'
    """
    return "".join(_code(sign) for sign in _PERCENT_CODE.sub("%25", name))


def decoded(stored: str) -> str:
    """The file-system name (with surrogates where undecodable) of a name that was coded."""
    return _CODED_RUN.sub(_bytes_of, stored)


def readable(name: str) -> str:
    """A name to show and to search: GB18030 where the bytes are no UTF-8 but fit that, cut to size.

    Example:
        >>> readable(os.fsdecode("合同.pdf".encode("gbk")))
        '合同.pdf'
    """
    raw = os.fsencode(name)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        name = _from_gb18030(raw) or name
    return shortened(coded(unicodedata.normalize("NFC", name)))


def readable_path(stored: str) -> str:
    """A relative path that was coded, to show: each of its names as :func:`readable` gives it.

    Example:
        >>> readable_path("一月/%BA%CF%CD%AC.pdf")
        '一月/合同.pdf'
    """
    return "/".join(readable(decoded(name)) for name in stored.split("/"))


def base_name(given: str) -> str:
    """The last part of a name as a browser or a mail gives it, whatever separates there."""
    parts = re.split(r"[/\\]", given.replace("\0", ""))
    names = [part for part in parts if part not in {"", ".", ".."}]
    return names[-1] if names else "unnamed"


def inner_name(given: str) -> str:
    """The name that a file was put into another by, on one line; empty where it has none."""
    return _CONTROL.sub(" ", given).replace("\\", "/").rpartition("/")[2].strip()


def kind_ending(file_name: str) -> str:
    """The ending that tells the kind of a file, with its dot; empty for every other ending.

    It is what everybody may read and find of a file's name (domain.md 4.7).

    Example:
        >>> kind_ending("张三合同.PDF"), kind_ending("合同.张三")
        ('.PDF', '')
    """
    suffix = PurePath(file_name).suffix
    return suffix if _KIND.fullmatch(suffix) else ""


def picture_name(file_name: str, number: int, suffix: str) -> str:
    """What the ``number``-th picture in a file is called.

    Example:
        >>> picture_name("申请.docx", 1, ".jpg")
        '申请-图1.jpg'
    """
    return f"{inner_stem(file_name)}-图{number}{suffix}"


def inner_stem(file_name: str) -> str:
    """What the names of nameless things in a file begin with."""
    return PurePath(file_name).stem[:MAX_STEM]


def folder_of(path: PurePath) -> str:
    """The folder of a relative path, "/" between parts; empty at the top.

    Example:
        >>> folder_of(PurePath(".x/a.pdf")), folder_of(PurePath("a.pdf"))
        ('.x', '')
    """
    folder = path.parent.as_posix()
    return "" if folder == "." else folder


def shortened(name: str, *, limit: int = MAX_STORED) -> str:
    """Cut in the middle, so that the ending stays."""
    if len(name) <= limit:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if dot and len(ending) <= 16 else ""
    return (stem if tail else name)[: limit - len(tail) - 1] + "…" + tail


def fitting(name: str, suffix: str, *, limit_bytes: int = 255) -> str:
    """``name + suffix`` cut (before the suffix) to what a file system takes for a name."""
    raw = os.fsencode(name)[: limit_bytes - len(os.fsencode(suffix))]
    while raw:
        try:
            return os.fsdecode(raw).encode("utf-8").decode("utf-8") + suffix
        except UnicodeEncodeError:
            if any("\udc80" <= sign <= "\udcff" for sign in name):
                return os.fsdecode(raw) + suffix  # undecodable from the start: cut anywhere
            raw = raw[:-1]
    return suffix


def _from_gb18030(raw: bytes) -> str | None:
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    return text if all(unicodedata.category(sign) not in {"Cn", "Co"} for sign in text) else None


def _code(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":
        return f"%{ord(sign) - 0xDC00:02X}"
    if sign < " " or sign == "\x7f" or sign in _BIDI or "\ud800" <= sign <= "\udfff":
        return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
    return sign


def _bytes_of(match: re.Match[str]) -> str:
    return os.fsdecode(bytes.fromhex(match.group().replace("%", "")))
