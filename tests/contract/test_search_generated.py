"""Every kind of word that the box takes, on random archives, against slow plain Python.

The reference knows nothing of tokens, spellings as the index keeps them, or engines: it looks at
each row's clear values, character by character, and says whether a clerk's words mean it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from stdnum.cn import uscc

from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    Scope,
    SearchIndex,
    SearchRight,
    document_order,
    scoped,
)
from tests.support_engines import WAYS, new_place

Row = CustomerRow | DocumentRow
EVERY_RIGHT = frozenset(SearchRight)
AGENT = EVERY_RIGHT - {
    SearchRight.PHONE_PARTIAL,
    SearchRight.ADDRESS_DETAIL,
    SearchRight.USCC_PARTIAL,
}
READINGS = {
    "张": "zhang", "三": "san", "小": "xiao", "安": "an", "国": "guo", "芳": "fang", "娟": "juan",
    "静": "jing", "单": "shan dan chan", "欧": "ou", "阳": "yang", "吕": "lv lu lyu",
}  # fmt: skip
SURNAMES = ("张", "单", "欧阳", "安", "吕")
GIVEN = "三小安国芳娟静"
TEXT = "供电用户合同档案卷三张"
STREETS = ("航空路", "汉江北路", "春园小区")
DIGITS = "〇一二三四五六七八九"
ADDRESS_CHARACTERS = set("".join(STREETS)) | set("号幢栋楼单元门室户十") | set(DIGITS)


# -- random archives ------------------------------------------------------------------------------


def numeral(number: int) -> str:
    """A number below a hundred as papers write it."""
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    return (DIGITS[tens] if tens > 1 else "") + "十" + (DIGITS[ones] if ones else "")


def written(rng: random.Random, parts: tuple[str, ...]) -> str:
    """Street, number, building, unit and room in one of the ways in which people write them."""
    street, *numbers = parts
    marks = [
        rng.choice(each)
        for each in (("号",), ("幢", "栋", "号楼", "#"), ("单元", "门"), ("室", "户", ""))
    ]
    if len(numbers) == 3:
        marks = marks[1:]
    how = rng.randrange(3)
    if how == 0 and len(numbers) > 1:
        body = "-".join(numbers)
    else:
        said = [numeral(int(n)) if how == 2 and int(n) < 100 else n for n in numbers]
        # A Chinese numeral without a mark behind it counts nothing.
        body = "".join(
            (n if mark else raw) + mark for n, raw, mark in zip(said, numbers, marks, strict=False)
        )
    return street + body


def address(rng: random.Random) -> tuple[str, ...]:
    street = rng.choice(STREETS)
    return (street, *(str(rng.randrange(1, most)) for most in (4, 3, 3, 30)))


@dataclass
class Told:
    """An archive, and what its rows hold that only the reference looks at."""

    rows: list[Row] = field(default_factory=list)
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)


def archive(rng: random.Random) -> Told:
    told = Told()
    owners: list[CustomerRow | None] = [None]
    for number in range(14):
        parts = address(rng)
        key = f"42{rng.randrange(10**8):08d}"
        told.addresses[key] = parts
        name = rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2))))
        owner = CustomerRow(
            customer_no=key, revision=1, order=number, name=name, closed=rng.random() < 0.2,
            phones=(f"139{rng.randrange(10**8):08d}",), meter_nos=(f"{rng.randrange(10**12):012d}",),
            address=written(rng, parts), scope=("unit:1",), id_nos=(credit_code(rng),),
        )  # fmt: skip
        owners.append(owner)
        told.rows.append(owner)
    for number in range(26):
        owner = rng.choice(owners)
        day = rng.choice((2024, 2025)) * 10000 + rng.randrange(1, 13) * 100 + rng.randrange(1, 29)
        told.days[f"d{number}"] = day
        told.rows.append(
            DocumentRow(
                document_id=f"d{number}", revision=1, order=document_order(day, number),
                customer=owner, page_texts=tuple(text(rng) for _ in range(rng.randrange(3))),
                scope=("unit:1",), file_name=file_name(rng),
            )
        )  # fmt: skip
    return told


def file_name(rng: random.Random) -> str:
    """What a file may be called; some papers came without."""
    words = "".join(rng.choices(TEXT, k=rng.randrange(1, 5)))
    return rng.choice(("", f"{words}.pdf", f"scan_{rng.randrange(10**6, 10**7)}{words}.tif"))


def credit_code(rng: random.Random) -> str:
    """An organisation's code with a right check character."""
    first = "91999900MA0" + "".join(rng.choice("ABCE") + rng.choice("0123") for _ in range(3))
    return str(first + uscc.calc_check_digit(first))


def text(rng: random.Random) -> str:
    pieces = ("".join(rng.choices(TEXT, k=rng.randrange(1, 9))) for _ in range(rng.randrange(1, 5)))
    return "".join(piece + rng.choice(("，", " ", "\n", "。（", "")) for piece in pieces)


# -- what a word means ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A word as typed, and whether a row has it; ``likely`` counts what only is like it."""

    typed: str
    has: Callable[[Row, bool], bool]


def owner_of(row: Row) -> CustomerRow | None:
    return row if isinstance(row, CustomerRow) else row.customer


def solid(row: Row) -> str:
    """The pages: spaces folded away, ``|`` for signs, ``F`` between pages."""
    if isinstance(row, CustomerRow):
        return ""
    joined = "F".join(
        re.sub(r"[，。（]+", "|", re.sub(r"\s", "", page)) for page in row.page_texts if page
    )
    return re.sub(r"\|*F\|*", "F", joined)


def with_one_wrong(word: str, page: str) -> bool:
    """Whether a word of four or more stands there with one character misread.

    The wrong one may be a sign; at the head and end of words of five and more nothing is asked of
    it. One character that stands alone behind it may also begin the next line of signs.
    """
    size = len(word)
    if size < 4:
        return False
    for hole in range(size) if size > 4 else range(1, size - 1):
        left, right = re.escape(word[:hole]), re.escape(word[hole + 1 :])
        wrong = "[^F]"
        if hole in (0, size - 1):
            wrong = ""
        elif hole == 1:
            wrong = "[^F|]"
        elif hole == size - 2:
            wrong = r"(?:[^F|]?\||[^|]|[^F|])"
        if hole == 1 and hole == size - 2:
            raise AssertionError("a word of three takes no hole")
        if re.search(left + wrong + right, page):
            return True
    return False


def named_file(row: Row) -> str:
    return "" if isinstance(row, CustomerRow) else row.file_name


def han_word(
    rng: random.Random, told: Told, rights: frozenset[SearchRight] = EVERY_RIGHT
) -> Wanted:
    """Some characters: of a page, of a name, or of nothing; some with one of them changed."""
    pool = [solid(row) for row in told.rows if solid(row)] + list(STREETS)
    pool += [re.sub("[^" + TEXT + "]", "", named_file(row)) for row in told.rows if named_file(row)]
    source = re.sub(r"[|F]", "", rng.choice(pool)) or "供电"
    start = rng.randrange(len(source))
    word = source[start : start + rng.randrange(1, 8)]
    if rng.random() < 0.3:
        at = rng.randrange(len(word))
        word = word[:at] + rng.choice(TEXT) + word[at + 1 :]

    def has(row: Row, likely: bool) -> bool:
        owner = owner_of(row)
        if owner and (word in owner.name or word in owner.address):
            return True
        if SearchRight.ADDRESS_DETAIL in rights and word in named_file(row):
            return True
        return word in solid(row) or (likely and with_one_wrong(word, solid(row)))

    return Wanted(word, has)


def spelled(name: str) -> list[list[str]]:
    """Readings of each character of a name."""
    return [READINGS[character].split() for character in name]


def begins_so(typed: str, readings: list[list[str]], *, mixed: bool) -> bool:
    """Whether letters spell a name from its head: each character in full or by its initials."""
    if not typed:
        return True
    if not readings:
        return False
    first, rest = readings[0], readings[1:]
    forms = {form for each in first for form in forms_of(each, full=not mixed or not rest)}
    return any(
        form.startswith(typed)
        or (
            bool(rest)
            and typed.startswith(form)
            and begins_so(typed[len(form) :], rest, mixed=mixed)
        )
        for form in forms
    )


def forms_of(syllable: str, *, full: bool) -> Iterator[str]:
    yield syllable
    if not full:
        yield syllable[0]
        if syllable[:2] in ("zh", "ch", "sh"):
            yield syllable[:2]


def alike(letters: str) -> str:
    for one, other in (
        ("zh", "z"),
        ("ch", "c"),
        ("sh", "s"),
        ("ng", "n"),
        ("n", "l"),
        ("f", "h"),
        ("v", "u"),
    ):
        letters = letters.replace(one, other)
    return letters


def spellings_in_full(readings: list[list[str]]) -> list[str]:
    found = [""]
    for each in readings:
        found = [begun + syllable for begun in found for syllable in each]
    return found


def pinyin(rng: random.Random, told: Told) -> Wanted:
    name = rng.choice([row.name for row in told.rows if isinstance(row, CustomerRow)])
    shown = [rng.choice(each) for each in spelled(name)]
    typed = "".join(
        rng.choice([each, each[0], each[: rng.randrange(1, len(each) + 1)]]) for each in shown
    )
    if rng.random() < 0.3:
        typed = "".join(shown)
    if rng.random() < 0.2:
        typed = typed.replace("zh", "z").replace("ng", "n")
    typed = rng.choice((typed, typed.upper()))
    letters = typed.lower()

    def has(row: Row, likely: bool) -> bool:
        owner = owner_of(row)
        if owner is None:
            return False
        surname = 2 if owner.name.startswith("欧阳") else 1
        given = spelled(owner.name)[surname:]
        starts = [(spelled(owner.name), True)] + ([(given, False)] if len(given) > 1 else [])
        if any(begins_so(letters, readings, mixed=mixed) for readings, mixed in starts):
            return True
        whole = [alike(each) for readings, _ in starts for each in spellings_in_full(readings)]
        return (
            likely and len(letters) >= 4 and any(each.startswith(alike(letters)) for each in whole)
        )

    return Wanted(typed, has)


def number(rng: random.Random, told: Told, rights: frozenset[SearchRight]) -> Wanted:
    owner = rng.choice([row for row in told.rows if isinstance(row, CustomerRow)])
    whole = rng.choice((owner.customer_no, owner.meter_nos[0], owner.phones[0], owner.id_nos[0]))
    size = rng.randrange(3, len(whole) + 1)
    typed = rng.choice((whole, whole[:size], whole[-size:]))

    def has(row: Row, likely: bool) -> bool:
        owner = owner_of(row)
        if owner is None:
            return False
        if typed in (*owner.phones, *owner.id_nos) or typed == owner.id_nos[0][-4:]:
            return True
        parts = [owner.customer_no, *owner.meter_nos]
        if SearchRight.PHONE_PARTIAL in rights:
            parts += owner.phones
        if SearchRight.USCC_PARTIAL in rights:
            parts += owner.id_nos
        if len(typed) < 4:
            return typed in parts
        return any(each.startswith(typed) or each.endswith(typed) for each in parts)

    return Wanted(typed, has)


def place(rng: random.Random, told: Told) -> Wanted:
    parts = rng.choice([*told.addresses.values(), address(rng)])
    asked = rng.choice((parts, parts[:2], parts[:3], ("", *parts[2:])))
    typed = written(rng, asked)
    street, numbers = asked[0], asked[1:]

    def has(row: Row, likely: bool) -> bool:
        owner = owner_of(row)
        if owner is None:
            return False
        if re.search(rf"(?<![0-9]){re.escape(typed)}(?![0-9])", owner.address):
            return True
        stands, *others = told.addresses[owner.customer_no]
        if street:
            return stands == street and tuple(others[: len(numbers)]) == numbers
        at = range(len(others) - len(numbers) + 1)
        return any(tuple(others[start : start + len(numbers)]) == numbers for start in at)

    return Wanted(typed, has)


def period(rng: random.Random, told: Told) -> Wanted:
    year, month = rng.choice((2024, 2025)), rng.randrange(1, 12)
    typed, low, high = rng.choice(
        [
            (f"date:{year}", year * 10000, year * 10000 + 9999),
            (f"日期：{year}年{month}月", year * 10000 + month * 100, year * 10000 + month * 100 + 99),
            (f"date:{year}-{month:02}..{year}-{month + 1:02}",
             year * 10000 + month * 100, year * 10000 + month * 100 + 199),
            (f"日期:>={year}-{month}", year * 10000 + month * 100, 10**9),
            (f"date:<{year}", 0, year * 10000 - 1),
        ]
    )  # fmt: skip

    def has(row: Row, likely: bool) -> bool:
        return isinstance(row, DocumentRow) and low <= told.days[row.document_id] <= high

    return Wanted(typed, has)


def name_of_file(rng: random.Random, told: Told, rights: frozenset[SearchRight]) -> Wanted:
    """The number in a file's name, whole, its beginning or its end; its first word; its kind."""
    number = rng.choice(re.findall("[0-9]{7}", " ".join(map(named_file, told.rows))) or ["1234567"])
    typed = rng.choice((number, number[: rng.randrange(4, 7)], number[-4:], "scan", "sca", "tif"))
    kind = "file:" if typed.isalpha() else rng.choice(("文件名：", "file:"))

    def has(row: Row, likely: bool) -> bool:
        name = named_file(row)
        if SearchRight.ADDRESS_DETAIL not in rights:
            return typed == "tif" and name.endswith(".tif")
        parts = re.findall("[0-9]+|[a-z]+", name)
        return any(
            part.startswith(typed) or (typed.isdecimal() and part.endswith(typed)) for part in parts
        )

    return Wanted(kind + typed, has)


# -- comparing ------------------------------------------------------------------------------------


def question(rng: random.Random, told: Told, rights: frozenset[SearchRight]) -> Wanted:
    """One to three words: ANDed, one of two, or without one."""

    def one() -> Wanted:
        kinds = [pinyin, period] + ([place] if rights == EVERY_RIGHT else [])
        kind = rng.choice([*kinds, None, han_word, name_of_file])
        if kind in (han_word, name_of_file):
            return kind(rng, told, rights)
        return kind(rng, told) if kind else number(rng, told, rights)

    first, second = one(), one()
    how = rng.randrange(5)
    if how < 2:
        return first
    if how == 2 and not (first.typed.isalpha() and second.typed.isalpha()):
        return Wanted(
            f"{first.typed} {second.typed}",
            lambda row, yes: first.has(row, yes) and second.has(row, yes),
        )
    if how == 3:
        return Wanted(
            f"{first.typed} OR {second.typed}",
            lambda row, yes: first.has(row, yes) or second.has(row, yes),
        )
    return Wanted(
        f"{first.typed} -{second.typed}",
        lambda row, yes: first.has(row, yes) and not second.has(row, not yes),
    )


def group_of(row: Row) -> str:
    owner = owner_of(row)
    return owner.customer_no if owner else row.document_id  # type: ignore[union-attr]


def found_by(
    index: SearchIndex, typed: str, rights: frozenset[SearchRight]
) -> tuple[list[str], int]:
    query = scoped(parse(typed), scope=Scope(unlimited=True, secrecy=None), rights=rights)
    answer = index.search(query, size=100, documents_per_group=100)
    order = [group.customer_no or group.documents[0].document_id for group in answer.groups]
    assert len(order) == answer.total
    return order, answer.total_documents


@pytest.fixture(params=WAYS)
def index(request, tmp_path):
    place = new_place(request.param, tmp_path / "index")
    made = place.open()
    yield made
    made.close()
    place.remove()


ROUNDS = 60


@pytest.mark.parametrize("seed", range(8))
def test_every_kind_of_word_finds_what_plain_reading_finds(index, seed):
    rng = random.Random(seed)
    told = archive(rng)
    with index.writer() as writer:
        writer.apply(upserts=told.rows)
        writer.commit()
    for _ in range(ROUNDS):
        rights = rng.choice((EVERY_RIGHT, EVERY_RIGHT, AGENT))
        wanted = question(rng, told, rights)
        if rights == AGENT and set(wanted.typed) & ADDRESS_CHARACTERS:
            continue  # who sees addresses down to the street is the golden table's matter
        order, papers = found_by(index, wanted.typed, rights)
        hits = [row for row in told.rows if wanted.has(row, True)]
        assert sorted(order) == sorted({group_of(row) for row in hits}), wanted.typed
        assert papers == sum(isinstance(row, DocumentRow) for row in hits), wanted.typed


@pytest.mark.parametrize("seed", range(4))
def test_exact_answers_stand_before_those_with_a_misread_character(index, seed):
    rng = random.Random(100 + seed)
    told = archive(rng)
    with index.writer() as writer:
        writer.apply(upserts=told.rows)
        writer.commit()
    for _ in range(ROUNDS):
        wanted = rng.choice((han_word, pinyin))(rng, told)
        order, _ = found_by(index, wanted.typed, EVERY_RIGHT)
        sure = {group_of(row) for row in told.rows if wanted.has(row, False)}
        assert set(order[: len(sure)]) == sure, wanted.typed
