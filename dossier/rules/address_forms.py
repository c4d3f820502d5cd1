"""Addresses in one way of writing, for search (domain.md 4.4): 3号楼2单元501室 is 3-2-501.

What stands behind a number and only says what it counts (幢, 单元, 室) is left out, Chinese
numerals are digits, a place's own word (区, 市, 镇) at the head is left out. Names of streets stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, takewhile

from dossier.rules import organisations
from dossier.rules.addresses import in_digits
from dossier.rules.normal_form import HAN, fold
from dossier.rules.numerals import NUMERAL, number_of, value_of

MARK = r"(?:号楼|号院|楼栋|栋|幢|座|楼|层|单元|单|梯|门|室|户|房|号|#)"
HAN_NUMERALS = "〇零一二三四五六七八九十百两"
_LETTERED = re.compile(rf"([甲乙丙丁戊己])(?={MARK}|$|[0-9-])")
LETTERS = dict(zip("甲乙丙丁戊己", "abcdef", strict=True))
"""What a building is counted by instead of a number, and the letter that means the same."""
_MARKS = re.compile(rf"((?:(?<![a-z])[a-z]|[0-9]+[a-z]?))[ ]?{MARK}+")
# What besides buildings is counted in numerals: 二期, 三社, 六舍, 工业园二路.
_COUNTED = re.compile(r"[零〇一二两三四五六七八九十]{1,3}(?=期|社|舍|房|弄|支弄|路|街|巷|环|道|号)")
_STAGE = re.compile(rf"{NUMERAL.pattern}(?=期)")
# 第五村民小组 is 5组; 12F is 12层; 7号之二 is 7-2.
_GROUP = re.compile("(?:村民|居民)?小组|(?:村民|居民)组(?!织)")
_FLOOR = re.compile(rf"(?<=[0-9])f(?![0-9a-z])(?!{MARK})")
_SECOND = re.compile("(?<=[0-9号栋幢楼座院弄])之(?:([0-9]{1,3})|([一二三四五六七八九十]{1,3}))")
_PUNCTUATION = re.compile(r"[ \n·,.。、;:()\[\]<>'\"]+")
_SPACED_OUT = re.compile(r"(?<=[^\x00-\x7f])[ \n·]+|[ \n·]+(?=[^\x00-\x7f])")
# Places at the head: 湖北省, 襄阳市, 襄州区; not 小区, 开发区, 市场.
_PLACE = re.compile(
    r"([^\W0-9a-z_]{2,7}?)(自治区|自治州|地区|省|市(?![场政民])|(?<![小社园校矿景厂发])区|县|旗)(?=.)"
)
# Towns behind them: 古驿镇李家湾村 is 古驿李家湾村; not 城乡超市, 街道口.
_TOWN = re.compile(r"([^\W0-9a-z_路街巷道]{2,4}?)(镇(?![市江海])|乡|街道(?!口))(?=[^\W0-9a-z_]{2})")
_COARSE = frozenset({"省", "自治区", "市", "自治州", "地区"})
# 和平里小区12栋 is 和平里12栋, 王家湾村3组 is 王家湾3组, 第3组 is 3组.
_ESTATE = re.compile(r"(?<=[^\x00-\x7f]{2})(?:小区|村)(?=[0-9])")
_ORDINAL = re.compile("第(?=[0-9]+[组队栋幢号])")
# A room's digits side by side, without a mark behind them: 四〇二.
_HAN_ROOM = re.compile("[〇零一二三四五六七八九]{3,4}(?=$|[ -])")
_HAN_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_ROOM = re.compile("([0-9]{3,5})[室房户]")
# A house's number, building, unit and room, of which people leave out what they need not say:
# 光明巷225号12栋2单元422室 is 光明巷12栋422.
_LEVELS = re.compile(
    r"(?:(?<![0-9a-z-])(?P<house>[0-9]{1,5})号(?![楼院])[ ]?)?"
    r"(?<![0-9a-z-])(?P<building>[0-9]{1,4}[a-z]?|[a-z][0-9]{0,3})[ ]?"
    rf"(?:(?:号楼|楼栋|栋|幢|座|#楼|#(?![{HAN}]))[ -]?"
    r"(?:(?P<unit>[0-9]{1,2}|[a-z])[ ]?(?:(?:单元|单|门|梯)[ -]?|-(?=[0-9]{3})))?"
    r"(?:(?P<room>[0-9]{3,4})(?![0-9a-z-])[ ]?[室户房号]?)?"
    r"|-(?P<unit_of_dashes>[0-9]{1,2})-(?P<room_of_dashes>[0-9]{3,4})(?![0-9a-z-])[ ]?[室户房号]?)"
)
# A village's group before the number of a house: 李家湾村7组56号 is 李家湾村56号.
_GROUP_OF_HOUSE = re.compile(
    rf"(?<=[{HAN}]{{2}})[0-9]{{1,3}}[组队社][ ]?(?=[0-9]{{1,5}}(?:[号户栋幢]|$|[ -]))"
)
_NUMBER = re.compile(r"[0-9]+|(?<![a-z])[a-z](?![a-z])")
_PART = re.compile(r"[0-9]+|[a-z]+|[^\x00-\x7f]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_HAN_PAIR = re.compile(r"[^\x00-\x7f]{2}")
# 古驿李家湾: a place and what lies in it; fewer characters are one name, looked for as it stands.
_FEWEST_NAMED = 4
_NAMES = re.compile(rf"[{HAN}]{{{_FEWEST_NAMED},16}}")
_VILLAGE = re.compile("(?:小区|村)$")
LONGEST = 120
"""Characters; longer texts are no addresses."""
LONGEST_NUMBER = 5
"""Digits of a house or room; longer ones are somebody's number."""


def address_form(address: str) -> str:
    """The one way of writing, of an address or of a part of one.

    Example:
        >>> address_form("襄州区航空路十二号3栋2单元501室")
        '襄州航空路12 3 2 501 '
    """
    places, rest = _places(_plain(address))
    return "".join(name for name, _ in places) + rest


def shorter_forms(address: str) -> tuple[str, ...]:
    """Forms of an address in which what people need not say is left out.

    The number of the house where a building stands behind it, the unit between a building and its
    room, a village's group. What is left of the levels keeps its mark, so that a building is taken
    for no house.

    Example:
        >>> shorter_forms("光明巷225号12栋2单元422室")
        ('光明巷225 栋12室422', '光明巷栋12单元2室422', '光明巷栋12室422')
        >>> shorter_forms("李家湾村7组56号")
        ('李家湾56 ',)
    """
    places, rest = _places(_marked(address))
    head = "".join(name for name, _ in places)
    forms = []
    if (short := _GROUP_OF_HOUSE.sub("", rest)) != rest:
        forms.append(head + _unmarked(short))
    if levels := _Levels.found(rest):
        forms += [head + form for form in levels.shorter()]
    return tuple(forms)


@dataclass(frozen=True, slots=True)
class _Levels:
    """What stands before the levels of a building, and their numbers; empty where there is none."""

    before: str
    house: str
    building: str
    unit: str
    room: str
    is_all: bool
    """Whether nothing stands behind them."""

    @classmethod
    def found(cls, rest: str) -> _Levels | None:
        """The levels of an address behind its places."""
        match = _LEVELS.search(rest)
        if match is None:
            return None
        numbers = {name: _ZEROS.sub("", value or "") for name, value in match.groupdict().items()}
        return cls(
            before=_unmarked(rest[: match.start()]).rstrip(),
            house=numbers["house"],
            building=numbers["building"],
            unit=numbers["unit"] or numbers["unit_of_dashes"],
            room=numbers["room"] or numbers["room_of_dashes"],
            is_all=not rest[match.end() :].strip(),
        )

    def form(self, *, house: bool = True, unit: bool = True) -> str:
        """Each level behind its mark; the number of the house and the unit may be left out.

        Behind, as a street with the bare number of a house would stand in it otherwise.
        """
        before = f"{self.before}{self.house} " if house and self.house else self.before
        of_unit = f"单元{self.unit}" if unit and self.unit else ""
        return f"{before}栋{self.building}{of_unit}" + (self.room and f"室{self.room}")

    def shorter(self) -> Iterator[str]:
        """Forms with at least one level left out."""
        houses = (True, False) if self.house else (True,)
        units = (True, False) if self.unit and self.room else (True,)
        for house, unit in list(product(houses, units))[1:]:
            yield self.form(house=house, unit=unit)


def wanted_forms(text: str) -> tuple[str, ...]:
    """Forms that an address has which is meant by ``text``; none when it names no number.

    Province and city may be left out on either side, so they are also left out here.
    """
    if len(text) > LONGEST:
        return ()
    if room := _ROOM.fullmatch(fold(text).strip()):
        return (f"{room[1]} ",)
    places, marked = _places(_marked(text))
    rest = _unmarked(marked)
    numbers = _NUMBER.findall(rest)
    if not any(each.isdecimal() for each in numbers) or (
        len(numbers) < 2 and not _HAN_PAIR.search(rest)
    ):
        return ()
    coarse = len(list(takewhile(lambda place: place[1] in _COARSE, places)))
    kept = [places[first:] for first in range(coarse + 1)]
    levels = _Levels.found(marked)
    wanted = [rest]
    if levels and levels.is_all and (levels.room or _HAN_PAIR.search(levels.before)):
        wanted.append(levels.form())
    forms = ["".join(name for name, _ in names) + each for each in wanted for names in kept]
    return tuple(dict.fromkeys(form for each in forms for form in _without_bare_places(each)))


def wanted_names(text: str) -> tuple[str, ...]:
    """Forms of an address that is meant by names alone, as far as a street or a village.

    Example:
        >>> wanted_names("襄州光明巷"), wanted_names("襄阳市古驿镇李家湾村")
        (('襄州光明巷',), ('襄阳古驿李家湾村', '古驿李家湾村'))
    """
    if not _NAMES.fullmatch(fold(text)):
        return ()
    plain = _plain(text)
    places, rest = _places(plain)
    coarse = len(list(takewhile(lambda place: place[1] in _COARSE, places)))
    forms = ("".join(name for name, _ in places[first:]) + rest for first in range(coarse + 1))
    return tuple(form for form in forms if len(form) >= _FEWEST_NAMED)


def before_number(form: str) -> str:
    """What stands right before a number for a form that ends with 村 or 小区; empty for others."""
    shorter = _VILLAGE.sub("", form)
    return shorter if _HAN_PAIR.search(shorter) and shorter != form else ""


def _without_bare_places(form: str) -> Iterator[str]:
    """The form, and what is left without the bare names of province and city at its head."""
    yield form
    known = organisations.known_place()
    # Its district stays: what is asked in one is not meant in another.
    while (place := known.match(form)) and known.match(form, place.end()):
        form = form[place.end() :]
        yield form


def numbered_parts(text: str) -> tuple[str, ...]:
    """The parts of an address behind its province, city, district and town: names and numbers.

    Empty for what :func:`wanted_forms` takes for no address.

    Example:
        >>> numbered_parts("襄州区航空路十二号3栋")
        ('航空路', '12', '3')
    """
    if not wanted_forms(text):
        return ()
    _, rest = _places(_plain(text))
    parts = tuple(_PART.findall(rest))
    return () if any(each.isdecimal() and len(each) > LONGEST_NUMBER for each in parts) else parts


def _plain(text: str) -> str:
    return _unmarked(_marked(text))


def _unmarked(marked: str) -> str:
    """Numbers without what says what they count."""
    return _ZEROS.sub("", _MARKS.sub(r"\1 ", marked).replace("-", " "))


def _marked(text: str) -> str:
    """Folded, each numeral in digits; marks still stand behind their numbers."""
    plain = _GROUP.sub("组", _SPACED_OUT.sub("", _PUNCTUATION.sub(" ", fold(text))))
    plain = _STAGE.sub(lambda stage: str(number_of(stage)), plain)
    plain = _COUNTED.sub(lambda numeral: str(value_of(numeral[0])), in_digits(plain))
    plain = _SECOND.sub(_after_dash, plain)
    plain = _FLOOR.sub("层", plain)
    plain = _HAN_ROOM.sub(lambda room: room[0].translate(_HAN_DIGITS), plain)
    plain = _ESTATE.sub("", _ORDINAL.sub("", plain))
    return _LETTERED.sub(_lettered, plain)


def _after_dash(found: re.Match[str]) -> str:
    return f"-{found[1] or value_of(found[2])} "


def _lettered(found: re.Match[str]) -> str:
    return LETTERS[found[1]]


def _places(plain: str) -> tuple[list[tuple[str, str]], str]:
    """Names and kinds of the places at the head, and what follows."""
    places: list[tuple[str, str]] = []
    while match := _PLACE.match(plain):
        places.append((match[1], match[2]))
        plain = plain[match.end() :]
    if town := _TOWN.match(plain):
        places.append((town[1], town[2]))
        plain = plain[town.end() :]
    return places, plain
