"""Identity cards are covered by their layout on what a masked viewer sees; pictures carry a mark."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from dossier.adapters.rapidocr import RapidOcrEngine
from dossier.db.tables import Content as StoredContent
from dossier.db.tables import Customer, Document, Page, Rendition, new_id
from dossier.db.word_boxes import pack_words
from dossier.plugins.demo.content import Card, Content
from dossier.plugins.demo.damage import Damage
from dossier.plugins.demo.fonts import font
from dossier.plugins.demo.layout_certificate import arrange_cards
from dossier.plugins.demo.render import render
from dossier.plugins.demo.sheet import Portrait, Tint
from dossier.records import PageReading
from dossier.rules import identity_cards
from dossier.rules.rulebook import load_rulebook
from dossier.services import page_picture
from tests.support_seeded import EAST, SETUP, Seeded, csrf_token, seeded_archive

CARD = Card(
    EAST.name, "女", date(1988, 8, 15), EAST.address, EAST.id_no, "东山市公安局",
    "2016.05.01-2036.05.01",
)  # fmt: skip
SEED = 3
LAYS = {
    "straight": (Damage("scan"), "letter"),
    "turned photo": (
        Damage("photo", turn=90, skew=2, perspective=0.03, desk=True, noise=4),
        "boxed",
    ),
    "skewed": (Damage("skew", skew=-9), "ruled"),
}


@pytest.fixture(scope="module")
def engine() -> RapidOcrEngine:
    return RapidOcrEngine()


@pytest.fixture(scope="module")
def read(
    engine: RapidOcrEngine, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bytes], PageReading]:
    folder = tmp_path_factory.mktemp("read")

    def reading(picture: bytes) -> PageReading:
        path = folder / "page.png"
        path.write_bytes(picture)
        return engine.read(path, page_number=1)

    return reading


def both_sides(damage: Damage, layout: str, *, portrait: str = "drawn") -> bytes:
    """A copied sheet with both sides of a card; the portrait drawn, black or missing."""
    sheet = arrange_cards(Content("A02", "", "", "", CARD.birth, (CARD,)), CARD, layout)[0]
    marks = []
    for mark in sheet.marks:
        if isinstance(mark, Portrait) and portrait != "drawn":
            if portrait == "missing":
                continue
            mark = Tint(mark.x, mark.y, mark.x + mark.width, mark.y + mark.height, 20)
        marks.append(mark)
    sheet.marks[:] = marks
    return png(render(sheet, "hei", damage, SEED, 1).picture)


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "PNG")
    return out.getvalue()


def squeezed(text: str) -> str:
    return "".join(text.split())


def covered(page: PageReading, *, is_identity: bool = False) -> tuple[identity_cards.Quad, ...]:
    return identity_cards.covers(
        page.text, page.words, size=(page.width, page.height), skew=page.skew,
        is_identity=is_identity,
    )  # fmt: skip


def upright(picture: bytes, page: PageReading, quads: Any = ()) -> Any:
    frame = page_picture.whole(page.width, page.height, shown_width=page.width)
    body = page_picture.compose(
        picture, size=(page.width, page.height), rotation=page.rotation, frame=frame, covered=quads
    )
    return np.asarray(Image.open(io.BytesIO(body)).convert("L"), dtype=int)


@pytest.mark.parametrize("lay", LAYS)
def test_number_portrait_and_address_are_covered_however_the_card_lies(
    read: Callable[[bytes], PageReading], lay: str
) -> None:
    picture = both_sides(*LAYS[lay])
    page = read(picture)
    assert EAST.id_no in squeezed(page.text)
    quads = covered(page)
    assert len(quads) == 3
    black = both_sides(*LAYS[lay], portrait="black")
    missing = both_sides(*LAYS[lay], portrait="missing")
    differ = abs(upright(black, page) - upright(missing, page)) > 60
    still = abs(upright(black, page, quads) - upright(missing, page, quads)) > 60
    assert differ.mean() > 0.005
    assert still.sum() < 0.01 * differ.sum()
    text = squeezed(read(png(Image.fromarray(upright(picture, page, quads).astype(np.uint8)))).text)
    assert "居民身份证" in text
    for secret in (EAST.id_no[6:14], "滨河路", "1203"):
        assert secret not in text


def test_a_form_that_asks_for_name_and_sex_is_no_card() -> None:
    from dossier.records import WordBox

    lines = [
        "姓名 王一 性别 男 民族 汉 出生 1988",
        "联系电话 13800000000",
        "住址 东山市",
        "公民身份号码",
    ]
    words, start = [], 0
    for row, line in enumerate(lines):
        words.append(
            WordBox(
                start,
                start + len(line),
                (50, 100 + 60 * row, 50 + 20 * len(line), 120 + 60 * row),
                1.0,
            )
        )
        start += len(line) + 1
    page = "\n".join(lines)
    assert identity_cards.covers(page, words, size=(900, 1200), skew=0.0, is_identity=False) == ()


def test_of_an_identity_paper_on_which_nothing_is_recognised_all_is_hidden() -> None:
    size = (800, 600)
    whole = (((0.0, 0.0), (800.0, 0.0), (800.0, 600.0), (0.0, 600.0)),)
    assert identity_cards.covers("", (), size=size, skew=0.0, is_identity=True) == whole
    assert identity_cards.covers("", (), size=size, skew=0.0, is_identity=False) == ()
    register = "居民户口簿常住人口登记卡" * 8
    assert identity_cards.covers(register, (), size=size, skew=0.0, is_identity=True) == ()


def test_beside_a_back_side_whose_front_was_not_read_all_else_is_hidden(
    read: Callable[[bytes], PageReading],
) -> None:
    picture = both_sides(*LAYS["straight"])
    page = read(picture)
    back_only = page.text
    for label in load_rulebook("identity_card")["front"]:
        for spelled in (label, " ".join(label)):
            back_only = back_only.replace(spelled, "口" * len(spelled))
    quads = identity_cards.covers(
        back_only, page.words, size=(page.width, page.height), skew=page.skew, is_identity=True
    )
    assert len(quads) == 4
    text = squeezed(read(png(Image.fromarray(upright(picture, page, quads).astype(np.uint8)))).text)
    assert "居民身份证" in text
    assert EAST.id_no[6:] not in text
    assert EAST.name not in text


# -- in the product -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(
    tmp_path_factory: pytest.TempPathFactory, read: Callable[[bytes], PageReading]
) -> Iterator[Seeded]:
    """The seeded archive with a copied identity card, as the engine read it."""
    with seeded_archive(tmp_path_factory.mktemp("pictures") / "home") as found:
        picture = both_sides(*LAYS["turned photo"])
        found.documents["card"] = _add(found, picture, read(picture))
        lost = read(signed(""))
        found.documents["signed"] = _add(found, signed("石群"), lost, type_code="D01", rowid=501)
        yield found


def signed(name: str) -> bytes:
    """A sheet of which recognition lost the name that was signed."""
    picture = Image.new("RGB", (1000, 500), "white")
    pen = ImageDraw.Draw(picture)
    for place, text in (
        ((80, 100), "电能计量装接单"),
        ((80, 250), "客户签收："),
        ((300, 250), name),
    ):
        pen.text(place, text, fill="black", font=font("hei", 40))
    return png(picture)


def _add(
    archive: Seeded, picture: bytes, page: PageReading, *, type_code: str = "A02", rowid: int = 500
) -> str:
    context = archive.context
    with context.writing(SETUP) as session:
        stored = context.store.put(io.BytesIO(picture))
        now = context.clock.now()
        session.add(
            StoredContent(sha256=stored.sha256, size_bytes=stored.size_bytes, stored_at=now)
        )
        session.flush()
        owner = session.get_one(Customer, EAST.customer_no)
        document = Document(
            id=new_id(), rowid=rowid, customer_no=owner.customer_no, type_code=type_code, state="filed",
            captured_at=now, media_type="image/png", sha256=stored.sha256, page_count=1,
            unit_id=owner.unit_id, line_id=owner.line_id, district_id=owner.district_id,
        )  # fmt: skip
        session.add(document)
        session.flush()
        session.add(Rendition(document_id=document.id, kind="original", sha256=stored.sha256))
        session.add(
            Page(
                document_id=document.id, number=1, text=page.text, boxes=pack_words(page.words),
                width=page.width, height=page.height, rotation=page.rotation, skew=page.skew,
                confidence=page.confidence, engine="test",
            )
        )  # fmt: skip
        return document.id


def picture_of(archive: Seeded, document: str, user: str, **asked: Any) -> bytes:
    path = f"/api/v1/documents/{archive.documents[document]}/pages/1/image"
    answer = archive.get(path, user, params=asked)
    assert answer.status_code == 200
    assert "x-dossier-placeholder" not in answer.headers
    return bytes(answer.content)


@pytest.mark.parametrize(("user", "reads"), [("archivist", True), ("agent", False)])
def test_the_archivist_reads_the_card_and_the_agent_does_not(
    archive: Seeded, read: Callable[[bytes], PageReading], user: str, *, reads: bool
) -> None:
    text = squeezed(read(picture_of(archive, "card", user, width=1600)).text)
    assert ("居民身份证" in text, "公民身份" in text) == (True, True)
    assert (EAST.id_no in text) is reads
    assert ("滨河路" in text) is reads
    assert (EAST.hidden_name in text) is reads


@pytest.mark.parametrize(("user", "reads"), [("archivist", True), ("agent", False)])
def test_a_signature_that_was_not_recognised_is_covered_for_the_agent(
    archive: Seeded, read: Callable[[bytes], PageReading], user: str, *, reads: bool
) -> None:
    text = squeezed(read(picture_of(archive, "signed", user, width=1600)).text)
    assert "电能计量装接单" in text
    assert ("石群" in text) is reads
    assert ("群" in text) is reads


@pytest.mark.parametrize(
    ("asked", "cut"), [({"width": 1000}, None), ({"width": 1000}, (300, 150, 800, 500))]
)
def test_the_mark_names_user_time_and_purpose_also_on_a_piece_cut_out(
    archive: Seeded, read: Callable[[bytes], PageReading], asked: Any, cut: Any
) -> None:
    picture = Image.open(io.BytesIO(picture_of(archive, "东1", "agent_east", **asked)))
    text = mark_on(read, picture.crop(cut) if cut else picture)
    assert "agent_east" in text
    assert "查阅" in text
    if cut is None:
        assert f"{archive.context.clock.now().year}-" in text


def mark_on(read: Callable[[bytes], PageReading], picture: Image.Image) -> str:
    """What the mark says: laid level, only its pale grey kept and made dark."""
    rules = load_rulebook("watermark")
    grey = np.asarray(picture.convert("L"), dtype=int)
    pale = np.where((grey > 196) & (grey < 246), 255 - (255 - grey) * 4, 255).clip(0, 255)
    page = ImageOps.expand(Image.fromarray(pale.astype(np.uint8)), 40, fill=255)
    level = page.rotate(
        -rules["angle_degrees"], Image.Resampling.BICUBIC, expand=True, fillcolor=255
    )
    return squeezed(read(png(level.resize((level.width * 2, level.height * 2)))).text)


def test_a_print_carries_its_purpose_and_nobody_elses(
    archive: Seeded, read: Callable[[bytes], PageReading]
) -> None:
    from fastapi.testclient import TestClient

    from dossier.asgi import create_app
    from tests.support_seeded import PASSWORD

    def door(user: str) -> TestClient:
        client = TestClient(create_app(archive.context), base_url="http://127.0.0.1")
        client.post("/login", data={"name": user, "password": PASSWORD})
        return client

    one, document = door("archivist"), archive.documents["东1"]
    form = {"csrf_token": csrf_token(one.get(f"/documents/{document}/print").text)}
    sheets = one.post(f"/documents/{document}/print", data={**form, "purpose": "法院调证"}).text
    source = (
        sheets.partition("<figure")[2]
        .partition('<img src="')[2]
        .partition('"')[0]
        .replace("&amp;", "&")
    )
    assert "printed=" in source
    assert "法院调证" in mark_on(read, Image.open(io.BytesIO(one.get(source).content)))
    other = mark_on(read, Image.open(io.BytesIO(door("archivist_east").get(source).content)))
    assert "查阅" in other
    assert "法院" not in other


def test_a_small_picture_is_not_marked_and_words_under_a_mark_stay_readable(
    archive: Seeded, read: Callable[[bytes], PageReading]
) -> None:
    small = picture_of(archive, "card", "archivist", width=160)
    assert Image.open(io.BytesIO(small)).width == 160
    text = squeezed(read(picture_of(archive, "card", "archivist", width=1600)).text)
    for words in ("中华人民共和国", "东山市公安局", "2016.05.01-2036.05.01"):
        assert words in text
