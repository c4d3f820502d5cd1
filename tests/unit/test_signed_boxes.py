"""Where people sign, the picture is covered from the label on: also what no recognition read."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dossier.plugins.demo.fonts import font
from dossier.records import Box, WordBox
from dossier.services import page_picture
from dossier.services.patches import Patch
from dossier.services.signed_boxes import signed_boxes

SIZE = (900, 200)
EM, TOP, LEFT = 30, 80, 60
DIFFERS = 40
"""Steps of grey beyond what a JPEG makes of its neighbours."""


def drawn(*pieces: tuple[int, str]) -> bytes:
    """A page with pieces of text, each from so many ems on."""
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    for at, text in pieces:
        for place, char in enumerate(text):
            middle = (LEFT + (at + place + 0.5) * EM, TOP + EM / 2)
            pen.text(middle, char, fill="black", font=font("hei", EM - 4), anchor="mm")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def read(*pieces: tuple[int, str]) -> tuple[str, list[WordBox]]:
    """What recognition made of them: the text of one line and its boxes."""
    text, words = "", []
    for at, piece in pieces:
        text += "\t" if text else ""
        start, x0 = len(text), LEFT + at * EM
        text += piece
        box = (float(x0), float(TOP), float(x0 + EM * len(piece)), float(TOP + EM))
        words.append(WordBox(start, len(text), box))
    return text, words


def covers(text: str, words: list[WordBox]) -> tuple[Box, ...]:
    return signed_boxes(text, words, width=SIZE[0], height=SIZE[1])


def shown(picture: bytes, text: str, words: list[WordBox]) -> Any:
    frame = page_picture.whole(*SIZE, shown_width=SIZE[0])
    hidden = map(Patch, covers(text, words))
    body = page_picture.compose(picture, size=SIZE, rotation=0, frame=frame, hidden=hidden)
    return np.asarray(Image.open(io.BytesIO(body)).convert("L"), dtype=int)


@pytest.mark.parametrize(
    ("label", "recognised"),
    [
        ("客户签收：", [(7, "群")]),
        ("客户签字：", []),
        ("用电人（签章）：", []),
        ("经办人签名：", [(10, "石")]),
        ("客户签名：", [(9, "公司公章")]),
        ("用电人（签章）：", [(9, "襄阳华泰机械集团")]),
        ("供电人（盖章）：", [(10, "国网襄州供电公司")]),
    ],
)
def test_of_a_name_under_a_seal_nothing_is_seen_however_little_was_read(
    label: str, recognised: list[tuple[int, str]]
) -> None:
    at = len(label) + 1
    next_label = (20, "告知人：冯立群")
    text, words = read((0, label), *recognised, next_label)
    signed = drawn((0, label), (at, "石群"), next_label)
    blank = drawn((0, label), next_label)
    uncovered = abs(shown(signed, "", []) - shown(blank, "", [])) > DIFFERS
    assert uncovered.sum() > 100
    assert not (abs(shown(signed, text, words) - shown(blank, text, words)) > DIFFERS).any()


def test_labels_and_dates_beside_a_signature_stay() -> None:
    text, words = read((0, "客户签收："), (7, "告知人：冯立群"))
    (cover, other) = (*covers(text, words), None)[:2]
    assert cover == (LEFT + 5 * EM, TOP, LEFT + 7 * EM, TOP + EM)
    assert other is None
    text, words = read((0, "客户签收：石群　告知人：冯立群"))
    assert covers(text, words)[0][0::2] == (LEFT + 5 * EM, LEFT + 7 * EM)
    text, words = read((0, "客户签收："), (8, "2010年3月1日"))
    assert covers(text, words)[0][2] == LEFT + 8 * EM


def test_where_text_runs_down_the_page_the_cover_goes_down_to_the_next_label() -> None:
    text, words = read((0, "客户签收："), (7, "告知人：冯立群"))
    (level,) = covers(text, words)
    mirrored = [
        replace(word, box=(*word.box[1::-1], *word.box[:1:-1]), vertical=True) for word in words
    ]
    (down,) = signed_boxes(text, mirrored, width=SIZE[1], height=SIZE[0])
    assert down == (level[1], level[0], level[3], level[2])


def test_a_companys_name_that_a_seal_said_is_covered_to_its_end() -> None:
    text, words = read((0, "用电人（盖章）："), (9, "襄阳华泰机械集团有限公司"))
    (cover,) = covers(text, words)
    assert cover == (LEFT + 8 * EM, TOP, LEFT + 21 * EM, TOP + EM)


def test_a_cover_ends_at_the_page_and_words_of_a_sentence_have_none() -> None:
    text, words = read((20, "客户签收："))
    assert covers(text, words)[0][2] == SIZE[0]
    text, words = read((0, "本合同自双方签字盖章之日起生效"))
    assert covers(text, words) == ()
