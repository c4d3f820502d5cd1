"""Dates of Chinese workbooks: what Tika makes of Excel's built-in formats of the Chinese language.

Excel and WPS in Chinese write only a number for the formats of their language (ECMA-376 part 1,
18.8.30, zh-cn), and Tika does not know these: 2026年3月6日 came out as ``reserved-46088x1F``, or as
the day's serial number. Where the format is spelled out, its quotation marks came out as text. So
Tika gets a copy of the workbook whose styles spell them as it understands them.
"""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from pathlib import Path

# ECMA-376 part 1, 18.8.30: the table for zh-cn; 14 and 22 as Excel shows them in Chinese. Times
# stand with colons and 24 hours (14:05 for 下午2时05分): Tika takes no other for a time.
_FORMATS = {
    **dict.fromkeys((14,), "yyyy/m/d"),
    **dict.fromkeys((22,), "yyyy/m/d h:mm"),
    **dict.fromkeys((27, 36, 50, 52, 57), "yyyy年m月"),
    **dict.fromkeys((28, 29, 51, 53, 54, 58), "m月d日"),
    **dict.fromkeys((30,), "m-d-yy"),
    **dict.fromkeys((31,), "yyyy年m月d日"),
    **dict.fromkeys((32, 34, 55), "h:mm"),
    **dict.fromkeys((33, 35, 56), "h:mm:ss"),
}
_OURS = 5_000
"""Numbers of formats spelled out here; Excel's own begin at 164 and are few."""
_STYLES = "xl/styles.xml"
_STYLES_BYTES = 32 << 20
_USE = re.compile(r'(<(?:\w+:)?xf\b[^>]*?\bnumFmtId=")(\d+)(")')
_SPELLED = re.compile(r'(<(?:\w+:)?numFmt\b[^>]*?\bnumFmtId=")(\d+)(")')
_CODE = re.compile(r"""(formatCode=)("[^"]*"|'[^']*')""")
_UNIT = re.compile(r"(?:&quot;|\"|\\)([年月日时時分秒])(?:&quot;|\"|)")
_CHINESE_DIGITS = re.compile(r"\[DBNum\d\]", re.IGNORECASE)
_TIME = re.compile(r"(h+)[时時](m+)分(?:(s+)秒)?", re.IGNORECASE)
_HALF_DAY = "上午/下午"
_LIST = re.compile(r"(<(?:\w+:)?numFmts\b[^>]*>)")
_ROOT = re.compile(r"<(\w+:)?styleSheet\b[^>]*>")


def copy_with_known_formats(workbook: Path, copy: Path) -> bool:
    """Write a copy of an XLSX whose dates Tika can write; False when it needs none.

    A workbook whose styles cannot be read is left to Tika as it is.
    """
    try:
        with zipfile.ZipFile(workbook) as archive:
            if archive.getinfo(_STYLES).file_size > _STYLES_BYTES:
                return False
            styles = archive.read(_STYLES).decode("utf-8-sig")
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError):
        return False
    known = known_formats(styles)
    if known == styles:
        return False
    shutil.copyfile(workbook, copy)
    with zipfile.ZipFile(copy, "a") as archive:
        # Its place in the directory goes to the new one; the old bytes stay, read by nobody.
        archive.filelist.remove(archive.NameToInfo.pop(_STYLES))
        archive.writestr(_STYLES, known, zipfile.ZIP_DEFLATED)
    return True


def known_formats(styles: str) -> str:
    """The XML of a workbook's styles with its date formats spelled without quotation marks."""
    styles = _CODE.sub(lambda code: code[1] + _plain(code[2]), styles)
    spelled = {int(number) for _, number, _ in _SPELLED.findall(styles)}
    missing = {int(number) for _, number, _ in _USE.findall(styles)} & _FORMATS.keys() - spelled
    if not missing or not (root := _ROOT.search(styles)):
        return styles
    styles = _USE.sub(
        lambda use: (
            use[1] + str(_OURS + int(use[2])) + use[3] if int(use[2]) in missing else use[0]
        ),
        styles,
    )
    prefix = root[1] or ""
    formats = "".join(
        f'<{prefix}numFmt numFmtId="{_OURS + number}" formatCode="{_FORMATS[number]}"/>'
        for number in sorted(missing)
    )
    if _LIST.search(styles):
        return _LIST.sub(lambda found: found[1] + formats, styles, count=1)
    group = f"<{prefix}numFmts>{formats}</{prefix}numFmts>"
    return styles[: root.end()] + group + styles[root.end() :]


def _plain(code: str) -> str:
    """A format code in its quotation marks, without those around units of time."""
    quote, inner = code[0], code[1:-1]
    if not re.search("[ymdhs]", inner, re.IGNORECASE):
        return code
    plain = _UNIT.sub(r"\1", _CHINESE_DIGITS.sub("", inner)).replace(_HALF_DAY, "")
    return quote + _TIME.sub(_with_colons, plain) + quote


def _with_colons(time: re.Match[str]) -> str:
    return ":".join(part for part in time.groups() if part)
