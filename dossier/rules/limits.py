"""Limits on what is read, as values that settings may change; every bound has its unit here.

The defaults are for one worker on a machine with about 2 GiB to spare per process
(stack.md: Tika needs 80-200 MB a file, the OCR engine below 1 GiB).
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
LARGEST_INTEGER = 2**31 - 1
"""What an INTEGER column holds in every database; a larger number is nobody's id or page."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What one file may cost before it is set aside.

    Attributes:
        file_bytes: largest file that is looked at.
        pages: most pages or frames of a file.
        image_pixels: most pixels of one stored picture (200 million: an A0 plan at 300 dpi is
            139 million); checked in the header, before decoding.
        image_side: longest side of a stored picture in pixels.
        render_pixels: most pixels of a page as drawn; larger pages are drawn at a lower dpi.
        text_characters: most characters of one document's text; the rest is cut and said.
        text_page_characters: where a format without pages is cut into pages, in characters.
        members: most files taken out of one archive or mail.
        member_bytes: largest file inside an archive or mail, unpacked.
        unpacked_bytes: all files inside together, unpacked.
        unpack_ratio: unpacked bytes for one packed byte above which an archive is a bomb;
            Office files of sparse tables reach about 100.
        unpack_floor_bytes: below this size the ratio is not looked at (tiny files of blanks).
        nesting: archives in archives, mails in mails.
        inner_bytes: all pictures and files taken out of one paper that has pages or text of its
            own; they lie in memory twice while they are handed over.
        picture_pixels: fewest pixels of a picture inside an office file that is taken for a paper:
            an identity card (85.6 x 54 mm, ISO/IEC 7810) at 150 dpi has 161,000, a signature of
            600 x 200 has 120,000, and so has a company seal of 42 mm at 210 dpi. At less than 150
            dpi small print is not read anyway.
        picture_side: shortest side of such a picture in pixels; banners and rules are long.
        picture_share: least share of a PDF page under such a picture: an identity card covers 7 %
            of A4, a company seal of 42 mm less than 3 %, a two-dimensional code 1 %.
        view_pages: most pages of a text view.
    """

    file_bytes: int = 1 * GIB
    pages: int = 12_000
    image_pixels: int = 200_000_000
    image_side: int = 29_999
    render_pixels: int = 50_000_000
    text_characters: int = 5_000_000
    text_page_characters: int = 20_000
    members: int = 1_000
    member_bytes: int = 256 * MIB
    unpacked_bytes: int = 1 * GIB
    unpack_ratio: int = 200
    unpack_floor_bytes: int = 10 * MIB
    nesting: int = 4
    inner_bytes: int = 384 * MIB
    picture_pixels: int = 150_000
    picture_side: int = 300
    picture_share: float = 0.03
    view_pages: int = 400

    def may_be_paper(self, width: int, height: int) -> bool:
        """Whether a picture inside a file, of this size in pixels, may be that of a paper."""
        return width * height >= self.picture_pixels and min(width, height) >= self.picture_side


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one killable child may cost.

    Attributes:
        timeout_seconds: time for one call unless the call says otherwise.
        memory_bytes: resident memory of the child and what it started.
        start_seconds: time to import and build before the first call.
        idle_seconds: a child without work for so long is let go, its memory comes back.
        calls: a child is replaced after so many calls (native libraries leak).
        niceness: added to the child's nice value, so that search stays quick beside OCR.
    """

    timeout_seconds: float = 120.0
    memory_bytes: int = 1536 * MIB
    start_seconds: float = 60.0
    idle_seconds: float = 120.0
    calls: int = 500
    niceness: int = 5
