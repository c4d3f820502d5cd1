"""What the index keeps apart: the quick ways find what looking for everything again finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from dossier.plugins.demo.customers import invent_customers
from dossier.plugins.demo.texts import invent_texts
from dossier.rules import address_masks, masking
from dossier.rules.identifiers import find_numbers
from dossier.rules.masking import MASK, KnownValues, Span, closed_spans
from dossier.rules.normal_form import fold
from dossier.search.port import CustomerRow, DocumentRow
from dossier.search.rows import RowEncoder, known_of

BETWEEN = " \n\t\f-·()."
PIECES = [
    "地址：",
    "住址 ",
    "用电地址\t",
    "光明路12号3栋2单元501室",
    "3-2-501",
    "2号楼1单元",
    "甲栋\n502",
    "单元",
    "栋",
    "中 座 12",
    "#",
    "路",
    "-",
    "身份证号码：11010519491231002X",
    "证件号 A1234 5678",
    "电话:1381234 5678",
    "13812345678",
    "账号：6222 0212 3456",
    "出生日期:1949年12月31日",
    "1949.12.31 出生",
    "a.b@c.cn",
    "附件 attachments: 张三.pdf; 证.jpg\n",
    "1组2#公变",
    "***",
    "\n",
    "\t",
    "\x0c",
    " ",
    "，",
    "姓名",
    "供电合同",
    "12",
    "3号",
    "(",
    ")",
    "变压器",
    "户号：420000000112345678",
    "旧街东风838",
    "地 址",
    "八号楼3-2-501",
]
OWNER = CustomerRow(
    "420000000112345678",
    1,
    1,
    "张三",
    address="两江新区八号楼3-2-501",
    former_addresses=("旧街东风838", "光明路12*号3栋"),
    phones=("13812345678", "3234567"),
    id_nos=("11010519491231002X", "1101*****002X"),
)
PAPERS = 400


def plain_closed_spans(folded: str, known: KnownValues) -> tuple[Span, ...]:
    """By its definition: everything is looked for again until nothing more is found."""
    hidden = folded
    for _ in range(4):
        again = list(hidden)
        for start, end in (*by_form(hidden, known), *by_value(hidden, known)):
            again[start:end] = [each if each.isspace() else MASK for each in hidden[start:end]]
        if "".join(again) == hidden:
            break
        hidden = "".join(again)
    return tuple(masking._runs(folded, hidden))


def by_form(folded: str, known: KnownValues) -> Iterator[Span]:
    numbers = list(find_numbers(folded))
    yield from masking._guessed_by_form(folded, masking._opened(known), lambda: numbers)
    yield from (match.span("tail") for match in address_masks._ROOMS.finditer(folded))


def by_value(folded: str, known: KnownValues) -> Iterator[Span]:
    places = [at for at, each in enumerate(folded) if each not in BETWEEN]
    squeezed = "".join(folded[at] for at in places)
    for value, first, last in masking._sought(known):
        for at in range(len(squeezed) - len(value) + 1):
            if squeezed.startswith(value, at) and len(value) > first + last:
                yield places[at + first], places[at + len(value) - last - 1] + 1


def papers() -> Iterator[DocumentRow]:
    rng = random.Random(11)
    people = list(invent_customers(11, 40))
    for text in invent_texts(11, PAPERS // 2, people):
        who = text.customer
        owner = replace(OWNER, name=who.name, address=who.address, phones=(who.first_phone,))
        yield DocumentRow("d", 1, 1, customer=owner, title=text.title, page_texts=(text.text,))
    for _ in range(PAPERS // 2):
        pages = ("".join(rng.choices(PIECES, k=rng.randrange(30))) for _ in range(3))
        yield DocumentRow("d", 1, 1, customer=OWNER, page_texts=tuple(pages))


def test_closed_spans_are_those_of_looking_for_everything_again() -> None:
    found = 0
    for paper in papers():
        assert paper.customer is not None
        known = known_of(paper.customer)
        for page in map(fold, paper.page_texts):
            spans = closed_spans(page, known)
            assert spans == plain_closed_spans(page, known), page
            assert spans == closed_spans(page, known, list(find_numbers(page)))
            found += len(spans)
    assert found > PAPERS


def test_a_row_whose_spans_were_made_ahead_is_the_same_row() -> None:
    encoder = RowEncoder(str)
    for paper in papers():
        assert paper.customer is not None
        known = known_of(paper.customer)
        kept = tuple(closed_spans(fold(page), known) for page in paper.page_texts)
        expected = encoder.encode(paper)
        assert encoder.encode(replace(paper, page_closed=kept)) == expected
        mixed = (None, *kept[1:])
        assert encoder.encode(replace(paper, page_closed=mixed)) == expected
