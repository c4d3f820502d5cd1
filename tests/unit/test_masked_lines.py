"""A title is masked by what is known of its customer, also where that is not looked at closely."""

from __future__ import annotations

import random

import pytest

from dossier.plugins.demo.catalogue import TYPES
from dossier.plugins.demo.customers import invent_customers
from dossier.rules import masking
from dossier.rules.masking import KnownValues
from dossier.services import personal
from dossier.viewer import EVERYTHING, Permission, Viewer

AGENT = Viewer("a", "a", "agent", frozenset({Permission.READ_CONTENT}), EVERYTHING)
PEOPLE = list(invent_customers(9, 120))
BEHIND = ["", "二〇二六年三月", "2026", "三号楼", "（本人）", "3栋2单元501室", "代办"]


def known_of(number: int) -> KnownValues:
    one = PEOPLE[number]
    numbers = (one.phone, one.id_no)
    return KnownValues((one.name,), numbers, (one.address,), (one.customer_no,))


@pytest.mark.parametrize("number", range(len(PEOPLE)))
def test_a_line_is_masked_as_a_page_is(number: int) -> None:
    rng, known, one = random.Random(number), known_of(number), PEOPLE[number]
    labels = [each.label for each in TYPES.values()]
    said = [one.name, one.name[1:], one.address, one.address[-4:], one.name[::-1], "王小明", ""]
    for _ in range(40):
        line = rng.choice(said) + rng.choice(labels) + rng.choice(BEHIND) + rng.choice(said)
        shown = personal.line(AGENT, line, known)
        whole = masking.mask_text(line, known)
        assert (shown.text, shown.masked) == (whole.text, bool(whole.spans)), line


@pytest.mark.parametrize(
    ("line", "name", "address"),
    [
        ("何忠良供用电合同", "何忠良", ""),
        ("忠良供用电合同", "何忠良", ""),
        ("忠 良 合同", "何忠良", ""),
        ("欧阳明月合同", "歐陽明月", ""),
        ("金桂苑西区东门合同", "", "襄阳市金桂苑西区东门"),
        ("合同，出生一九八八年八月十五日", "", ""),
    ],
)
def test_what_is_known_is_masked_in_a_line_of_han(line: str, name: str, address: str) -> None:
    known = KnownValues((name,), ("42060119880815123X",), (address,), ())
    assert personal.line(AGENT, line, known).text == masking.mask_text(line, known).text
