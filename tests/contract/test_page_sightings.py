"""What is seen on pictures of pages: signatures and seals, there and not there (S2-04, S1-16)."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dossier.adapters.sightings.looker import PictureLooker
from dossier.plugins.demo.content import Content, Entry, Party, Section, Signatures
from dossier.plugins.demo.damage import Damage
from dossier.plugins.demo.layout_boxed import arrange as boxed
from dossier.plugins.demo.layout_letter import arrange
from dossier.plugins.demo.render import RenderedPage, render
from dossier.plugins.demo.sheet import Decoy, Ink
from dossier.records import PageReading, SightingKind
from tests.support_pictures import reading_of

OFFICE, PERSON = "襄州区供电公司", "张三丰"
DAY = date(2021, 3, 8)
CLEAN = Damage("clean")
GREY = Damage("office", mode="grey", noise=3)
BLACK = Damage("bilevel", mode="bilevel", threshold=170)


def contract(
    *,
    signed: str,
    sealed: str,
    damage: Damage = CLEAN,
    shift: tuple[float, float] = (0.0, 0.0),
    layout: Any = arrange,
    decoy: str = "",
) -> RenderedPage:
    """A page whose customer signs and whose supplier seals: by these hands and stamps, or not."""
    entries = (
        Entry("户号", "4200000012"), Entry("户名", PERSON), Entry("用电地址", "襄州区航空路十二号"),
        Entry("合同编号", "XZ2021000123"), Entry("联系电话", "13800000000"), Entry("供电电压", "220V"),
        Entry("供电线路", "古驿一线"), Entry("台区名称", "古驿村台区"),
    )  # fmt: skip
    parties = (
        Party(
            "供电人（盖章）",
            "",
            DAY,
            OFFICE if sealed else "",
            stamp=sealed or "round",
            shift=shift,
        ),
        Party("客户签字", PERSON if signed else "", DAY, hand=signed or "pen"),
    )
    content = Content(
        "C01", "低压供用电合同", OFFICE, "", DAY, (Section(entries), Signatures(parties))
    )
    (sheet,) = layout(content, "song", Ink.PRINT)
    if decoy == "stain":
        damage = replace(damage, stains=3)
    elif decoy:
        sheet.marks.append(Decoy(300, 560, 16, decoy))
    return render(sheet, "song", damage, 7, 1)


def look(page: RenderedPage, folder: Path, *, digital: bool = False) -> PageReading:
    path = folder / "page.png"
    page.picture.save(path)
    return PictureLooker().look(path, reading_of(page.truth), digital=digital)


def answers(reading: PageReading) -> dict[str, set[bool]]:
    found: dict[str, set[bool]] = {}
    for one in reading.sightings:
        found.setdefault(one.kind.value, set()).add(one.is_there)
    return found


@pytest.mark.parametrize("damage", [CLEAN, GREY, BLACK], ids=["colour", "grey", "black"])
@pytest.mark.parametrize(("hand", "stamp"), [("scrawl", "round"), ("pen", "oval"), ("quick", "")])
def test_s2_04_who_signed_and_sealed_is_seen_in_colour_and_without(
    hand: str, stamp: str, damage: Damage, tmp_path: Path
) -> None:
    page = contract(signed=hand, sealed=stamp, damage=damage)
    seen = look(page, tmp_path)
    assert answers(seen) == {"signature": {True}, "seal": {bool(stamp)}}
    (signature,) = (one for one in seen.sightings if one.kind is SightingKind.SIGNATURE)
    (truth,) = page.truth.signatures
    left, right = min(x for x, _ in truth.quad), max(x for x, _ in truth.quad)
    assert signature.box[0] < (left + right) / 2 < signature.box[2]


@pytest.mark.parametrize("damage", [CLEAN, GREY, BLACK], ids=["colour", "grey", "black"])
@pytest.mark.parametrize("hand", ["", "typed"])
def test_s2_04_an_empty_place_and_a_typed_name_are_no_signature(
    hand: str, damage: Damage, tmp_path: Path
) -> None:
    seen = look(contract(signed=hand, sealed="round", damage=damage), tmp_path)
    assert answers(seen) == {"signature": {False}, "seal": {True}}


def test_the_text_of_a_born_digital_page_is_print_however_large(tmp_path: Path) -> None:
    page = contract(signed="pen", sealed="")
    assert answers(look(page, tmp_path, digital=True)) == {"signature": {False}, "seal": {False}}


@pytest.mark.parametrize("damage", [CLEAN, GREY], ids=["colour", "grey"])
def test_s2_04_a_fingers_print_is_a_signature_and_no_seal(damage: Damage, tmp_path: Path) -> None:
    seen = look(contract(signed="thumb", sealed="", damage=damage), tmp_path)
    assert answers(seen) == {"signature": {True}, "seal": {False}}


def test_s2_04_a_seal_over_the_sheets_edge_is_seen(tmp_path: Path) -> None:
    page = contract(signed="", sealed="oval", shift=(205.0, 0.0))
    assert True in answers(look(page, tmp_path))["seal"]


def test_a_name_typed_as_large_as_the_values_of_a_form_with_small_labels_is_no_signature(
    tmp_path: Path,
) -> None:
    page = contract(signed="typed", sealed="", layout=boxed)
    assert answers(look(page, tmp_path))["signature"] == {False}


@pytest.mark.parametrize("kind", ["copy", "checked", "logo", "heading", "stain"])
def test_stamps_that_are_no_seals_and_stains_are_none(kind: str, tmp_path: Path) -> None:
    page = contract(signed="", sealed="", decoy=kind)
    assert True not in answers(look(page, tmp_path))["seal"]


def test_a_page_that_asks_nobody_says_nothing(tmp_path: Path) -> None:
    page = contract(signed="", sealed="")
    reading = reading_of(page.truth)
    bare = replace(reading, text=reading.text.replace("签", "某").replace("盖", "某"))
    path = tmp_path / "page.png"
    page.picture.save(path)
    assert PictureLooker().look(path, bare).sightings == ()


def test_a_page_that_lies_on_its_side_is_looked_at_upright(tmp_path: Path) -> None:
    page = contract(signed="scrawl", sealed="round", damage=Damage("turned", turn=90))
    assert page.truth.rotation == 270
    assert answers(look(page, tmp_path)) == {"signature": {True}, "seal": {True}}


def test_red_print_and_a_red_disc_are_no_seal(tmp_path: Path) -> None:
    rng = random.Random(5)
    picture = Image.new("RGB", (1654, 2339), (255, 255, 255))
    for x in range(300, 1300, 60):
        picture.paste((200, 32, 38), (x, 300, x + 40, 340 + rng.randrange(20)))
    disc = Image.new("L", (220, 220), 0)
    disc.putdata(
        [255 * ((i % 220 - 110) ** 2 + (i // 220 - 110) ** 2 < 110**2) for i in range(48400)]
    )
    picture.paste((200, 32, 38), (700, 1200), disc)
    out = io.BytesIO()
    picture.save(out, "PNG")
    (tmp_path / "page.png").write_bytes(out.getvalue())
    reading = PageReading(1, "营业执照", width=1654, height=2339)
    assert PictureLooker().look(tmp_path / "page.png", reading).sightings == ()
