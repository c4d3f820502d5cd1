"""Where an address goes beyond street or estate: building, unit, room (domain.md 4.4, 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dossier.rules import rulebook
from dossier.rules.columns import Heads, cells_below

Span = tuple[int, int]

_NUMERAL = "[0-9a-z甲乙丙丁戊己东西南北中一二三四五六七八九十百零〇两壹贰叁肆伍陆柒捌玖拾佰]"
_NUMBER = rf"(?:{_NUMERAL}{{1,8}}(?:-[0-9a-z]{{1,6}}){{0,4}})"
_MARK = r"(?:号楼|号院|号|栋|幢|座|单元|单|门|梯|层|楼|室|户|组|队|#楼|#|房|铺|间|附)"
_GAP = r"[ \n]{0,2}"
_DASHED = r"[a-z]?[0-9]{1,4}(?:-[0-9a-z]{1,5}){1,4}(?![0-9])"
_SPOKEN = "[一二三四五六七八九〇零壹贰叁肆伍陆柒捌玖]{2,5}"
_UNIT = rf"(?:附?{_NUMBER}{_GAP}{_MARK}(?:[东西南北中]?[边侧户])?)"
_TAIL = (
    rf"{_UNIT}(?:[ \n,(]{{0,2}}{_UNIT})*"
    rf"(?:[ \n-]{{0,2}}[0-9][0-9a-z-]{{0,8}}(?![0-9年月日元度])|{_SPOKEN})?"
    rf"(?:[ ]?[(]{_DASHED}[)]?)?"
)
_PLACE = (
    r"(?:路|街|大道|道|巷|弄|胡同|村|庄|屯|湾|组|社区|小区|花园|家园|公园|苑|园|城|府|庭|公寓|大厦|广场|"
    r"家属院|院|(?<![日学假限])期|区|坊|郡|墅|里|镇|乡|桥|口|段)"
)
_LETTERED = "[a-z][0-9]{3,4}(?![0-9a-z])"  # A1203
_AFTER_PLACE = re.compile(
    rf"{_PLACE}[东西南北中]?[段侧]?{_GAP}(?P<tail>{_TAIL}|{_DASHED}|{_LETTERED})"
)
# 翰林苑(12-2-422), 光明巷 No.225, 商铺8号
_BRACKETED = re.compile(
    rf"{_PLACE}{_GAP}(?:\((?P<dashed>{_DASHED})\)|no[. ]{{1,2}}(?P<no>[0-9]{{1,4}}))"
)
_SHOP = re.compile(
    r"(?:商铺|铺面|门面|摊位|车位|车库|储藏室)[ ]?第?"
    r"(?P<number>[0-9a-z]{1,4}(?:-[0-9a-z]{1,4}){0,3})[ ]?号"
    r"|(?P<stall>[0-9]{1,4}号)(?:摊位|商铺|门面|铺面|车位|车库)"
)
_COORDINATE = re.compile(r"(?:经度|纬度|东经|北纬)[: ]{0,2}(?P<value>[0-9]{1,3}[.°][0-9.']{2,16})")
_ROOMS = re.compile(
    rf"(?P<tail>{_NUMBER}{_GAP}(?:号楼|栋|幢|座|#楼?){_GAP}(?:{_UNIT}|{_DASHED}|[0-9]{{2,5}}|{_SPOKEN})"
    rf"(?:[ \n,]{{0,2}}{_UNIT})*(?:[ \n-]{{0,2}}[0-9]{{1,5}}(?![0-9年月日元度]))?"
    rf"|{_NUMBER}{_GAP}单元{_GAP}{_NUMBER}(?:{_GAP}[室户号房])?)"
)
_FLOORS = rf"{_NUMBER}{_GAP}楼(?:[东西南北中][边侧户])?(?![道梯])"
# 住3-2-501, 居住于三单元五楼东户: behind 住 also what by itself may be anything.
_LIVES = re.compile(
    r"住(?P<in>(?<=入住))?(?:在|于|址)?[ :]{0,2}(?:(?P<dashed>(?!(?:19|20)[0-9]{2}-)[0-9a-z]{1,4}"
    r"(?:(?:-[0-9a-z]{1,5}){2,4}|-[0-9]{3,4})(?![0-9人天元年月日度千])(?:[室户号])?)"
    rf"|(?P<room>{_NUMBER}{_GAP}(?:号[楼院房]|[栋幢座#]|单元|[0-9]{{3,4}}室|室|号(?!文|令))"
    rf"(?:[ ,]{{0,2}}(?:{_FLOORS}|{_UNIT}|{_DASHED}|{_SPOKEN}))*|{_FLOORS}))"
)
# 501室, 五〇一室 by themselves; an office's room is taken along.
_BARE_ROOM = re.compile(
    r"(?<![0-9a-z.-])(?:[1-9][0-9]{2,3}|[一二三四五六七八九][一二三四五六七八九〇零]{2,3})"
    r"[ ]?室(?![内外温])"
)
_ENGLISH = re.compile(
    r"(?=[abfrsu])(?<![a-z])(?:"
    r"(?:room|rm|flat|apt|apartment|suite|bldg|building|block)[ .#]{0,2}[0-9]{1,4}[a-z]?"
    r"(?![0-9a-z])(?:-[0-9]{1,4})*"
    r"|unit[ .#]{0,2}[0-9]{1,3}(?=[, ]{1,2}(?:building|bldg|block|no|room|rm)))"
)
_ENGLISH_ROAD = re.compile(r"[a-z][ ](?:road|rd|street|st|avenue|ave|lane)(?![a-z])")
_ENGLISH_NUMBER = re.compile(r"(?:no[ .]{0,2})?[0-9]{1,4}[, ]{1,2}[a-z]{1,20}\Z")
_LONGEST_ROAD = 32
"""Room 501, Unit 2, Building 3, No. 12 Hangkong Road."""
_ROOM_WORD = re.compile(rf"{_NUMERAL}{_GAP}(?P<word>号楼|[栋幢座#]|单元)")
"""What every match of ``_ROOMS`` holds; looking for that alone costs a tenth."""
_BEFORE_ROOM_WORD, _BEHIND_ROOM_WORD = 38, 48
"""Characters of a match's number before that word, and of its shortest rest behind, at most."""
_RULES = rulebook.load("masking")
LABELS = frozenset(_RULES["address_labels"].split())
_HEADS = Heads(LABELS)
_GRID_THING = re.compile("|".join(_RULES["grid_things"].split()))
_SENTENCE = re.compile("|".join(_RULES["not_address_starts"].split()))
_LABEL_WORDS = "|".join("[ ]*".join(label) for label in sorted(LABELS, key=len, reverse=True))
# A value goes on over one line end when the next line begins with a building or a room.
_NEXT_LINE = (
    r"\n[ ]*[元楼幢栋号层]?[0-9一二三四五六七八九十]{0,5}"
    r"(?:号楼|号|栋|幢|座|单元|室|组|层)[^\t\n:;|]{0,30}"
)
_LABEL = re.compile(
    rf"(?:{_LABEL_WORDS})(?:为|是)?[ \t\n:,.;_\])|]{{0,6}}"
    rf"(?P<value>[^\t\n:;|]{{2,60}}(?:{_NEXT_LINE})?)"
)
_SENTENCE_BEHIND = re.compile(rf"[,.。]\s?(?:{'|'.join(_RULES['not_address_clauses'].split())})")
_DATE = re.compile(r"\s*[12][0-9]{3}\s?[年./-]\s?[0-9]{1,2}\s?[月./-]\s?[0-9]{1,2}\s?日?\s*")
_NEXT_LABEL = re.compile(r"[ ]+[\u4e00-\u9fff]{2,8}$")
_FIRST_DETAIL = re.compile(rf"{_UNIT}|{_DASHED}|[0-9]")


def address_tail(folded: str) -> Span:
    """The part of an address beyond street or estate: from its first number to its end.

    Empty (at the end) when the address names no building.
    """
    end = len(folded)
    match = _FIRST_DETAIL.search(folded)
    return (match.start(), end) if match else (end, end)


def find_address_tails(folded: str) -> Iterator[Span]:
    """Buildings, units and rooms in a text: behind a street or estate, by themselves, by label."""
    for match in _AFTER_PLACE.finditer(folded):
        if not _GRID_THING.match(folded, match.end("tail")):
            yield match.span("tail")
    yield from _rooms(folded)
    yield from (match.span() for match in _BARE_ROOM.finditer(folded))
    for pattern in (_BRACKETED, _SHOP, _COORDINATE):
        yield from (match.span(match.lastgroup or 0) for match in pattern.finditer(folded))
    yield from _in_english(folded)
    for match in _LIVES.finditer(folded):
        if match["in"] is None or not match["room"]:  # 入住3号 is a day
            yield match.span("dashed" if match["dashed"] else "room")
    for match in _LABEL.finditer(folded):
        if not _SENTENCE.match(match["value"]):
            yield _labelled(folded, match)
    yield from _columns(folded)


def _in_english(folded: str) -> Iterator[Span]:
    yield from (match.span() for match in _ENGLISH.finditer(folded))
    for road in _ENGLISH_ROAD.finditer(folded):
        begin = max(0, road.start() + 1 - _LONGEST_ROAD)
        if number := _ENGLISH_NUMBER.search(folded[begin : road.start() + 1]):
            yield begin + number.start(), begin + number.end()


def _rooms(folded: str) -> Iterator[Span]:
    """Every match of ``_ROOMS``, looked for only around the words that it must hold."""
    done = 0
    for word in _ROOM_WORD.finditer(folded):
        if word.start("word") < done:
            continue
        begin = max(done, word.start("word") - _BEFORE_ROOM_WORD)
        near = _ROOMS.search(folded, begin, word.end() + _BEHIND_ROOM_WORD)
        if near and (match := _ROOMS.match(folded, near.start())):
            yield match.span("tail")
            done = match.end()


def _labelled(folded: str, match: re.Match[str]) -> Span:
    """The tail of a labelled value; a label that follows on the same line is not part of it."""
    start, end = match.span("value")
    if folded[end : end + 1] == ":":
        following = _NEXT_LABEL.search(folded[start:end])
        end = start + following.start() if following else start
    if clause := _SENTENCE_BEHIND.search(folded, start, end):
        end = clause.start()
    tail_start, tail_end = address_tail(folded[start:end])
    return start + tail_start, start + tail_end


def _columns(folded: str) -> Iterator[Span]:
    """Tails of the cells below a head that says address."""
    for start, end in cells_below(folded, _HEADS):
        if _DATE.fullmatch(folded, start, end):
            continue  # below the address of a form stand its signatures' days
        tail_start, tail_end = address_tail(folded[start:end])
        yield start + tail_start, start + tail_end
