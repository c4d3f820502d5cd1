"""Mails (EML): headers and body as text; attachments and mails in mails as files of their own."""

from __future__ import annotations

import email
import email.errors
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from html.parser import HTMLParser
from pathlib import Path

from dossier.errors import UnreadableFileError
from dossier.ports import TextExtractor
from dossier.records import Attachment, Extraction, QuarantineReason
from dossier.rules.limits import ReadingLimits
from dossier.rules.text_encoding import decode_name, decode_text
from dossier.rules.text_pages import text_pages

MEDIA_TYPE = "message/rfc822"
ENGINE = "mail"
_HEADERS = (
    ("From", "发件人"),
    ("To", "收件人"),
    ("Cc", "抄送"),
    ("Date", "日期"),
    ("Subject", "主题"),
)
_CUT_OFF = (email.errors.CloseBoundaryNotFoundDefect, email.errors.StartBoundaryNotFoundDefect)
# The parser calls itself once for each mail in a mail; a thread of forwards has a dozen.
_MOST_MAILS = 100
# Pictures below this size inside an HTML mail are logos and signatures' marks.
_LOGO_BYTES = 20_000


class MailExtractor:
    """Reads EML files with the standard library's parser.

    Args:
        limits: ``members``, ``member_bytes``, ``unpacked_bytes`` and ``text_*`` count here.
    """

    media_types: frozenset[str] = frozenset({MEDIA_TYPE})

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()

    def extract(self, path: Path, *, media_type: str, file_name: str) -> Extraction:  # noqa: ARG002
        """Headers, body, list of attachments as text; attachments as files.

        Raises:
            UnreadableFileError: truncated (the last boundary is missing), bomb (too many or too
                large parts, nested too deep), corrupt.
        """
        try:
            content = path.read_bytes()
            if content.lower().count(b"message/rfc822") > _MOST_MAILS:
                raise UnreadableFileError(QuarantineReason.BOMB, "mails in mails without end")
            message = email.message_from_bytes(content, policy=email.policy.default)
            if _is_cut_off(message):
                raise UnreadableFileError(QuarantineReason.TRUNCATED, "the mail's end is missing")
            return self._read(message)
        except RecursionError as err:
            raise UnreadableFileError(QuarantineReason.BOMB, "mail nested too deep") from err
        except (email.errors.MessageError, LookupError, ValueError, AttributeError) as err:
            # The parser's own bugs with odd headers show as these.
            raise UnreadableFileError(QuarantineReason.CORRUPT, "mail cannot be read") from err

    def _read(self, message: EmailMessage) -> Extraction:
        body = _body(message)
        attachments, truncated = self._attachments(message)
        lines = [f"{label} {name}: {_header(message, name)}" for name, label in _HEADERS]
        lines = [line for line in lines if not line.endswith(": ")]
        if attachments:
            lines.append("附件 Attachments: " + "; ".join(a.name for a in attachments))
        pages, cut = text_pages(
            "\n".join([*lines, "", body]),
            engine=ENGINE,
            pages=self._limits.pages,
            page_characters=self._limits.text_page_characters,
            total_characters=self._limits.text_characters,
        )
        properties = {"author": _header(message, "From"), "created": _header(message, "Date")}
        return Extraction(
            pages=pages,
            title=_header(message, "Subject"),
            properties={name: value for name, value in properties.items() if value},
            attachments=attachments,
            truncated=cut or truncated,
        )

    def _attachments(self, message: EmailMessage) -> tuple[tuple[Attachment, ...], bool]:
        found: list[Attachment] = []
        size, truncated = 0, False
        for part in _parts(message, self._limits.nesting):
            content = _content(part)
            size += len(content)
            if size > self._limits.unpacked_bytes or len(found) >= self._limits.members:
                raise UnreadableFileError(QuarantineReason.BOMB, "too many or too large parts")
            if len(content) > self._limits.member_bytes:
                truncated = True
            elif content:
                found.append(Attachment(_name(part, len(found) + 1), content))
        return tuple(found), truncated


def _is_cut_off(message: EmailMessage) -> bool:
    return any(isinstance(defect, _CUT_OFF) for part in message.walk() for defect in part.defects)


def _header(message: EmailMessage, name: str) -> str:
    """One header, folded lines joined; raw Chinese bytes are decoded as what they are."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if _has_raw_bytes(raw):
        return " ".join(decode_name(raw.encode("utf-8", "surrogateescape")).split())
    try:
        return " ".join(str(message[name] or "").split())
    except (AttributeError, IndexError, TypeError, ValueError):
        return " ".join(raw.split())  # the library stumbles over some malformed addresses


def _has_raw_bytes(text: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in text)


def _body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    text = _text(part)
    return html_to_text(text) if part.get_content_subtype() == "html" else text


def _text(part: MIMEPart) -> str:
    """By the declared charset where it fits, else by what the bytes mean."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    declared = (part.get_content_charset() or "").lower()
    declared = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(declared, declared)
    try:
        return content.decode(declared) if declared else decode_text(content)
    except (LookupError, UnicodeDecodeError):
        return decode_text(content)


def _parts(message: MIMEPart, depth: int) -> Iterator[MIMEPart]:
    """Attachments in order: not the body, no logos; a mail inside is one attachment."""
    body = message.get_body(preferencelist=("plain", "html"))
    for part in message.iter_parts() if message.is_multipart() else ():
        if not isinstance(part, MIMEPart) or part is body:
            continue
        if part.get_content_maintype() == "multipart":
            if depth > 0:
                yield from _parts(part, depth - 1)
        elif _is_attachment(part):
            yield part


def _is_attachment(part: MIMEPart) -> bool:
    if part.get_content_type() == MEDIA_TYPE or part.get_filename():
        return not _is_logo(part)
    text_beside = part.get_content_maintype() == "text"
    return not text_beside and not _is_logo(part)


def _is_logo(part: MIMEPart) -> bool:
    inline = part.get_content_disposition() != "attachment"
    picture = part.get_content_maintype() == "image"
    return inline and picture and len(_content(part)) < _LOGO_BYTES


def _content(part: MIMEPart) -> bytes:
    if part.get_content_type() == MEDIA_TYPE:
        inner = part.get_payload(0) if part.is_multipart() else None
        return inner.as_bytes() if isinstance(inner, MIMEPart) else b""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _name(part: MIMEPart, number: int) -> str:
    name = part.get_filename() or ""
    if _has_raw_bytes(name):
        name = decode_name(name.encode("utf-8", "surrogateescape"))
    if not name and part.get_content_type() == MEDIA_TYPE:
        name = f"mail-{number}.eml"
    name = re.sub(r"[\x00-\x1f\x7f]+", " ", name).replace("\\", "/").split("/")[-1].strip()
    return name or f"attachment-{number}"


class _HtmlText(HTMLParser):
    """Visible text of an HTML body: blocks on lines, cells parted by tabs."""

    _BLOCKS = frozenset("p div br tr li h1 h2 h3 h4 h5 h6 table ul ol blockquote hr".split())  # noqa: SIM905
    _HIDDEN = frozenset(("script", "style", "head", "title"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in self._HIDDEN:
            self._hidden += 1
        elif tag in self._BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag in self._BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_to_text(html: str) -> str:
    """The visible text of an HTML mail body."""
    parser = _HtmlText()
    parser.feed(html)
    parser.close()
    lines = ("".join(parser.parts)).split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip(" ") for line in lines)).strip()


_extractor: type[TextExtractor] = MailExtractor
