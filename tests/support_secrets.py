"""An archive of two stations with over 200 secrets, each told apart by who may see it."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select, update

from dossier.db import outbox
from dossier.db.anomaly_tables import Anomaly
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    CustomerPast,
    Document,
    DocumentField,
    Identifier,
    Intake,
    OrgUnit,
    Page,
    Rendition,
    User,
)
from dossier.db.word_boxes import pack_words
from dossier.records import WordBox
from dossier.rules import identifiers
from tests import support_access_rules as rules
from tests.support_seeded import EAST, SETUP, WEST, Seeded, seeded_archive

PEOPLE_EACH = 6
"""Invented customers of each station."""
SEED = 20261122
DIGITS = "0123456789"
SURNAMES = (
    "诸葛",
    "上官",
    "皇甫",
    "尉迟",
    "令狐",
    "公孙",
    "澹台",
    "轩辕",
    "申屠",
    "闾丘",
    "东郭",
    "南宫",
)
GIVEN = "璟珩霁昀翊珺璇琰玥瑾瑜琬珂珞瑄玘珈琤瑗璆珣珵璟琇"
PLACES = "槐榆椿楸梓檀栾桦枫桉杉松柏桐楠榉槭榕柳杨桑桂樟棕"
FONT = str(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf")
TYPE_SIZE, LINE, LEFT = 34, 62, 60
PAGE = (1100, 900)
STATIONS = {"east": EAST, "west": WEST}


@dataclass(frozen=True)
class Secret:
    """A value and what it takes to see it: its station, and permissions beside."""

    value: str
    whose: str
    needs: frozenset[str]
    lies: str
    """Where it was put."""


@dataclass
class Secrets:
    """The archive with its secrets."""

    seeded: Seeded
    all: list[Secret] = field(default_factory=list)
    people: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    papers: dict[str, list[str]] = field(default_factory=dict)

    def hidden_from(self, user: str) -> list[Secret]:
        """What this user must find nowhere."""
        may = rules.permissions(user)
        return [
            one
            for one in self.all
            if not _enough(one, may) or not rules.reaches(user, one.whose) or user == rules.NOBODY
        ]


def _enough(secret: Secret, may: frozenset[str]) -> bool:
    if (
        "see_clear" in secret.needs
        and "see_contact" in may
        and secret.lies in ("phone", "old_phone", "hidden_address")
    ):
        return True
    if secret.lies == "customer_no" and "read_audit" in may:
        return True  # the record of looks names dossiers by their numbers
    return secret.needs <= may


@contextmanager
def secret_archive(home: Path) -> Iterator[Secrets]:
    """Fill it and open it."""
    made: list[Secrets] = []

    def more(archive: Seeded) -> None:
        made.append(Secrets(archive))
        _fill(made[0])

    colleagues = {f"colleague_{end}": ("agent", p.unit) for end, p in STATIONS.items()}
    with seeded_archive(home, users={**rules.users(), **colleagues}, more=more) as seeded:
        with seeded.context.writing(SETUP) as session:
            for whose in STATIONS:
                actor = session.scalars(select(User.id).where(User.name == f"colleague_{whose}"))
                session.execute(
                    update(Anomaly).where(Anomaly.actor == f"of {whose}").values(actor=actor.one())
                )
        yield made[0]


def _fill(secrets: Secrets) -> None:
    rng = random.Random(SEED)
    with secrets.seeded.context.writing(SETUP) as session:
        for at in range(2 * PEOPLE_EACH):
            whose, station = ("east", EAST) if at % 2 else ("west", WEST)
            unit = session.scalars(select(OrgUnit).where(OrgUnit.name == station.unit)).one()
            _Filing(secrets, session, _person(rng, at), unit.id, whose, at).add()


def _person(rng: random.Random, at: int) -> dict[str, str]:
    given, place = "".join(rng.sample(GIVEN, 2)), "".join(rng.sample(PLACES, 2))
    body = f"999999{rng.randrange(1950, 1999)}0{rng.randrange(1, 9)}1{rng.randrange(9)}{rng.randrange(1000):03d}"
    account = f"62220{rng.randrange(10**13):013d}"
    hidden = f"{rng.randrange(10, 60)}栋3单元{rng.randrange(1000, 2900)}室"
    return {
        "customer_no": f"44{at:02d}{rng.randrange(10**6):06d}",
        "meter_no": f"13000{rng.randrange(10**17):017d}",
        "name": SURNAMES[at] + given,
        "given": given,
        "phone": f"137{rng.randrange(10**8):08d}",
        "old_phone": f"136{rng.randrange(10**8):08d}",
        "id_no": body + identifiers.id_check_character(body),
        "account": next(account + end for end in DIGITS if identifiers.passes_luhn(account + end)),
        "address": f"东山市{place}路{rng.randrange(10, 99)}号{hidden}",
        "hidden_address": hidden,
        "page_word": f"{place}约定",
        "title_word": f"{place}协议",
        "file_word": f"{place}原件",
        "folder_word": f"{place}卷宗",
        "attachment_word": f"{place}附图",
        "field_word": f"{place}合约",
        "note_word": f"{place}说明",
        "case_no": f"GD{rng.randrange(10**10):010d}",
    }  # fmt: skip


PERSONAL = ("name", "given", "phone", "old_phone", "id_no", "account", "hidden_address")
NEEDS = {
    "customer_no": {"read_customer"}, "meter_no": {"read_customer"}, "page_word": {"read_content"},
    "field_word": {"read_content"}, "title_word": {"read_customer"}, "file_word": {"read_customer"},
    "folder_word": {"read_customer"}, "attachment_word": {"read_customer"},
    "case_no": {"read_customer"}, "note_word": {"read_audit"},
    **{kind: {"read_customer", "see_clear"} for kind in PERSONAL},
}  # fmt: skip
"""What it takes to see a value of each kind, as the rulebook means it (domain.md 4.7, 5)."""


@dataclass
class _Filing:
    """Puts one person's secrets into rows, pages, names of files and notes."""

    secrets: Secrets
    session: Any
    person: dict[str, str]
    unit_id: int
    whose: str
    at: int

    def add(self) -> None:
        self._customer()
        first = self._paper(0, self.person["file_word"])
        attachment = self._paper(1, self.person["attachment_word"], parent=first)
        self.session.add(
            DocumentField(
                document_id=first, name="contract_no", value=self.person["field_word"], page=1
            )
        )
        self._note()
        self.secrets.papers.setdefault(self.whose, []).extend([first, attachment])
        self.secrets.people.setdefault(self.whose, []).append(self.person)
        for kind, needs in NEEDS.items():
            found = Secret(self.person[kind], self.whose, frozenset(needs), kind)
            self.secrets.all.append(found)

    def _customer(self) -> None:
        context, session, person = self.secrets.seeded.context, self.session, self.person
        number, now = person["customer_no"], self.secrets.seeded.context.clock.now()
        session.add(
            Customer(
                customer_no=number,
                rowid=100 + self.at,
                name=person["name"],
                name_key=person["name"],
                address=person["address"],
                unit_id=self.unit_id,
                updated_at=now,
            )
        )
        session.flush()
        for kind in ("phone", "meter_no"):
            value = person[kind]
            session.add(
                CustomerNumber(
                    customer_no=number, kind=kind.removesuffix("_no"), value=value, key=value
                )
            )
        for kind in ("id_no", "account"):
            value = person[kind]
            session.add(
                Identifier(
                    customer_no=number,
                    kind="bank_account" if kind == "account" else kind,
                    hmac=context.keyring.hash(value),
                    encrypted=context.keyring.encrypt(value),
                    last4=value[-4:],
                )
            )
        past = {"name": person["name"], "phone": [person["old_phone"]]}
        session.add(CustomerPast(customer_no=number, record=past, valid_from=now, valid_to=now))
        outbox.mark_changed(session, outbox.CUSTOMERS, [number], at=now)

    def _paper(self, which: int, word: str, parent: str | None = None) -> str:
        context, session, person = self.secrets.seeded.context, self.session, self.person
        now, rowid = context.clock.now(), 200 + 2 * self.at + which
        text = _text(person)
        picture, boxes = drawn(f"{text}\n第{rowid}号")
        stored = context.store.put(io.BytesIO(picture))
        session.add(Content(sha256=stored.sha256, size_bytes=stored.size_bytes, stored_at=now))
        session.flush()
        document = Document(
            rowid=rowid,
            parent_id=parent,
            customer_no=person["customer_no"],
            type_code="C01",
            case_no=person["case_no"],
            title=f"{person['name']}{person['title_word']}",
            state="filed",
            unit_id=self.unit_id,
            captured_at=now,
            file_name=f"{person['name']}{word}{person['phone']}.png",
            folder=person["folder_word"],
            media_type="image/png",
            sha256=stored.sha256,
            page_count=1,
        )
        session.add(document)
        session.flush()
        session.add(Rendition(document_id=document.id, kind="original", sha256=stored.sha256))
        session.add(
            Page(
                document_id=document.id,
                number=1,
                text=text,
                boxes=pack_words(boxes),
                width=PAGE[0],
                height=PAGE[1],
                confidence=0.99,
                engine="test",
            )
        )
        session.add(
            Intake(
                source_path=f"{person['folder_word']}/{document.file_name}",
                origin="attachment" if parent else "inbox",
                sha256=stored.sha256,
                outcome="accepted",
                document_id=document.id,
                received_at=now,
                changed_at=now,
            )
        )
        outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=now)
        return document.id

    def _note(self) -> None:
        now = self.secrets.seeded.context.clock.now()
        day = now.date() - timedelta(days=self.at)
        self.session.add(
            Anomaly(
                rule="many_dossiers",
                actor=f"of {self.whose}",  # given to a user of that station once there are users
                day=day,
                count=300,
                allowed=200,
                rule_from=day,
                objects=[self.person["customer_no"]],
                first_event=1,
                last_event=2,
                found_at=now,
                state="acknowledged",
                note=self.person["note_word"],
            )
        )


def _text(person: dict[str, str]) -> str:
    return (
        f"低压供用电合同\n户名：{person['name']}\n户号：{person['customer_no']}\n"
        f"身份证号：{person['id_no']}\n联系电话：{person['phone']}\n"
        f"用电地址：{person['address']}\n开户账号：{person['account']}\n{person['page_word']}"
    )


def drawn(text: str) -> tuple[bytes, list[WordBox]]:
    """A page in real type, and its lines with the edges of each character."""
    page = Image.new("L", PAGE, "white")
    pen, face = ImageDraw.Draw(page), ImageFont.truetype(FONT, TYPE_SIZE)
    boxes, start = [], 0
    for row, line in enumerate(text.split("\n")):
        top = 40 + row * LINE
        pen.text((LEFT, top), line, font=face, fill="black")
        edges = tuple(LEFT + face.getlength(line[:at]) for at in range(len(line) + 1))
        box = (edges[0], float(top), edges[-1], float(top + TYPE_SIZE * 1.4))
        boxes.append(WordBox(start, start + len(line), box, 0.99, edges))
        start += len(line) + 1
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue(), boxes[:-1]
