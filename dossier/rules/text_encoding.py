"""Which encoding plain bytes are in: UTF-8, UTF-16, GB18030 (GBK, GB2312) or Big5.

Chinese offices still send GBK text files without any mark; general detectors take short ones for
EBCDIC or Korean (seen with Tika: ``户号,姓名`` became IBM500). Here only what occurs is weighed.
"""

from __future__ import annotations

import codecs

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Everyday characters stand in these lead bytes: GB 2312 level 1 (rows 16-55) and Big5 level 1.
_GB_COMMON = range(0xB0, 0xD8)
_BIG5_COMMON = range(0xA4, 0xC7)
# Enough to tell; later text does not change the verdict.
_SAMPLE_BYTES = 65_536
# A share of broken characters up to this is damage in a text, not another encoding.
_DAMAGE = 0.02


def decode_text(content: bytes) -> str:
    """Text of the bytes; what is no character becomes U+FFFD, line ends become line feeds."""
    encoding = detect_encoding(content)
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def detect_encoding(content: bytes) -> str:
    """Python codec name: utf-8, utf-8-sig, utf-16, utf-16-le/be, gb18030, big5hkscs.

    Bytes that are none of these count as UTF-8 with damage.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE_BYTES]
    if wide := _unmarked_utf16(sample):
        return wide
    if _damage(sample, "utf-8") <= _DAMAGE:
        return "utf-8"
    marks = {name: _commonness(sample, name) for name in ("gb18030", "big5hkscs")}
    best = max(marks, key=lambda name: marks[name])
    return best if marks[best] >= 0 else "utf-8"


def decode_name(raw: bytes) -> str:
    """A file name inside an archive or mail: UTF-8, else GB18030, else Latin-1."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _unmarked_utf16(sample: bytes) -> str:
    """ASCII in UTF-16 has a zero in every other byte; plain text has none."""
    even, odd = sample[: len(sample) // 2 * 2 : 2], sample[1::2]
    if odd and odd.count(0) > len(odd) * 0.2 and not even.count(0):
        return "utf-16-le"
    if even and even.count(0) > len(even) * 0.2 and not odd.count(0):
        return "utf-16-be"
    return ""


def _damage(sample: bytes, encoding: str) -> float:
    """Share of characters beyond ASCII that are none; one cut off at the end does not count."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    beyond = [character for character in decoder.decode(sample) if character > "\x7f"]
    return beyond.count("\ufffd") / max(len(beyond), 1)


def _commonness(sample: bytes, encoding: str) -> float:
    """Share of double-byte characters that are everyday ones; -1 where the bytes do not fit."""
    if _damage(sample, encoding) > _DAMAGE:
        return -1.0
    common_leads = _GB_COMMON if encoding == "gb18030" else _BIG5_COMMON
    pairs = common = index = 0
    while index < len(sample) - 1:
        lead, trail = sample[index], sample[index + 1]
        if lead < 0x80:
            index += 1
            continue
        index += 2
        if lead >= 0xA4:  # below stand punctuation and full-width forms, in both
            pairs += 1
            common += lead in common_leads and (encoding != "gb18030" or trail >= 0xA1)
    return common / pairs if pairs else 0.5
