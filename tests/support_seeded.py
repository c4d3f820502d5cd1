"""An archive with invented people whose every personal value is a known secret, on two stations."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from dossier.bootstrap import build
from dossier.db import outbox
from dossier.db.tables import (
    Content,
    Customer,
    CustomerNumber,
    District,
    Document,
    DocumentField,
    Identifier,
    Intake,
    Line,
    OrgUnit,
    Page,
    Rendition,
    new_id,
)
from dossier.db.word_boxes import pack_words
from dossier.records import WordBox
from dossier.rules import identifiers
from dossier.services import accounts
from dossier.services.context import Context
from dossier.settings import Settings
from dossier.viewer import system_viewer
from indexer.drain import IndexFeeder
from searchapi.app import create_api

SETUP = system_viewer("test")
PASSWORD = "correct horse battery"
CHARACTER = 24
"""Pixels of a character on the drawn pages."""
INK = (200, 30, 30)
"""Colour of personal values on the drawn pages, so that a test can look for what must be hidden."""
PAGE_SIZE = (1000, 600)


@dataclass(frozen=True)
class Person:
    """An invented customer with everything that is masked."""

    customer_no: str
    name: str
    hidden_name: str
    phone: str
    id_no: str
    address: str
    hidden_address: str
    bank_account: str
    meter_no: str
    unit: str
    line: str
    district: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody who sees masked may find anywhere, in any spelling of ours."""
        return (
            self.name,
            self.hidden_name,
            self.phone,
            self.phone[3:7] + self.phone[7:],
            self.id_no,
            self.id_no[:14],
            self.hidden_address,
            self.bank_account,
            self.bank_account[:-4],
        )

    @property
    def hidden(self) -> tuple[str, ...]:
        """The characters that a mask covers (domain.md 4.7), drawn in ink of their own colour."""
        return (
            self.hidden_name,
            self.phone[3:7],
            self.id_no[:14],
            self.hidden_address,
            self.bank_account[:-4],
        )


EAST = Person(
    customer_no="4200000001",
    name="欧阳霁月",
    hidden_name="霁月",
    phone="13987650021",
    id_no="999999198808152483",
    address="东山市滨河路88号6栋2单元1203室",
    hidden_address="6栋2单元1203室",
    bank_account="6222020200112233445",
    meter_no="1300001234567890123456",
    unit="东山供电所",
    line="10kV东山线",
    district="滨河路3号台区",
)
WEST = Person(
    customer_no="4300000002",
    name="慕容秋白",
    hidden_name="秋白",
    phone="13712340099",
    id_no="999999199001010016",
    address="西河市云台路17号9栋1单元406室",
    hidden_address="9栋1单元406室",
    bank_account="6228480402564890018",
    meter_no="1300009876543210987654",
    unit="西河供电所",
    line="10kV西河线",
    district="云台路1号台区",
)
NOBODY = "司徒晚晴"
"""Stands on a paper of nobody, in its file name and its text."""
COMMON = "低压供用电合同"


@dataclass
class Seeded:
    """The archive and its ids."""

    context: Context
    documents: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    client: TestClient = field(init=False)

    def get(self, path: str, user: str | None, **options: Any) -> Any:
        """A GET as a user (None: nobody)."""
        headers = dict(options.pop("headers", {}))
        if user:
            headers["Authorization"] = f"Bearer {self.tokens[user]}"
        return self.client.get(path, headers=headers, **options)


USERS = {
    "admin": ("administrator", None),
    "archivist": ("archivist", None),
    "agent": ("agent", None),
    "auditor": ("auditor", None),
    "archivist_east": ("archivist", EAST.unit),
    "agent_east": ("agent", EAST.unit),
    "agent_west": ("agent", WEST.unit),
}


def csrf_token(page: str) -> str:
    """The token of the page's first form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


@contextmanager
def seeded_archive(
    home: Path,
    *,
    database_url: str = "",
    users: Mapping[str, tuple[str, str | None]] = USERS,
    more: Callable[[Seeded], None] = lambda _: None,
) -> Iterator[Seeded]:
    """Build it, fill it (``more``: with what a test adds), index it, and open the JSON door."""
    archive = Seeded(build(Settings(home=home, workers=1, database_url=database_url)))

    def fill() -> None:
        _fill(archive)
        more(archive)

    with opened(archive, users, fill=fill):
        yield archive


class Filled(Protocol):
    """An archive of the tests with its users' tokens and its JSON door."""

    context: Context
    tokens: dict[str, str]
    client: TestClient


@contextmanager
def opened(
    archive: Filled, users: Mapping[str, tuple[str, str | None]], *, fill: Callable[[], None]
) -> Iterator[None]:
    """Fill it, index it, give its users tokens and open the JSON door; all is closed at the end."""
    context = archive.context
    try:
        fill()
        index(context)
        for name, (role, unit) in users.items():
            accounts.add_user(context, SETUP, name=name, role=role, password=PASSWORD, unit=unit)
            archive.tokens[name] = accounts.make_token(context, SETUP, name)
        with TestClient(create_api(context), raise_server_exceptions=False) as client:
            archive.client = client
            yield
    finally:
        context.readers.close()
        context.index.close()
        context.database.dispose()


def index(context: Context) -> None:
    """Work the outbox off."""
    feeder = IndexFeeder(context)
    assert feeder.try_acquire()
    while feeder.step():
        pass
    feeder.release()


def _fill(archive: Seeded) -> None:
    context = archive.context
    with context.writing(SETUP) as session:
        root = OrgUnit(name="示例供电公司", kind="company")
        session.add(root)
        session.flush()
        for number, person in enumerate((EAST, WEST), 1):
            unit = OrgUnit(name=person.unit, parent_id=root.id)
            session.add(unit)
            session.flush()
            line = Line(name=person.line, unit_id=unit.id)
            session.add(line)
            session.flush()
            district = District(name=person.district, line_id=line.id, unit_id=unit.id)
            session.add(district)
            session.flush()
            _add_customer(context, session, person, number, unit.id, line.id, district.id)
            for which, text in enumerate(_texts(person), 1):
                archive.documents[f"{person.unit[:1]}{which}"] = add_document(
                    context, session, person, number * 10 + which, [text]
                )
        archive.documents["pool"] = add_document(
            context, session, None, 99, [f"用电人：{NOBODY}\n联系电话：13611112222\n{COMMON}"]
        )


def _texts(person: Person) -> tuple[str, str]:
    first = (
        f"{COMMON}\n用电人：{person.name}\n户号：{person.customer_no}\n"
        f"身份证号：{person.id_no}\n联系电话：{person.phone}\n"
        f"用电地址：{person.address}\n开户账号：{person.bank_account}\n电能表编号：{person.meter_no}"
    )
    second = f"居民身份证\n姓名 {person.name}\n公民身份号码 {person.id_no}\n住址 {person.address}"
    return first, second


def _add_customer(
    context: Context,
    session: Any,
    person: Person,
    rowid: int,
    unit_id: int,
    line_id: int,
    district_id: int,
) -> None:
    now = context.clock.now()
    session.add(
        Customer(
            customer_no=person.customer_no,
            rowid=rowid,
            name=person.name,
            name_key=person.name,
            category="LR",
            id_type="resident_id",
            address=person.address,
            unit_id=unit_id,
            line_id=line_id,
            district_id=district_id,
            updated_at=now,
        )
    )
    session.flush()
    for kind, value in (("phone", person.phone), ("meter", person.meter_no)):
        session.add(
            CustomerNumber(
                customer_no=person.customer_no,
                kind=kind,
                value=value,
                key=identifiers.compact(value).upper(),
            )
        )
    session.add(
        Identifier(
            customer_no=person.customer_no,
            kind="id_no",
            hmac=context.keyring.hash(person.id_no),
            encrypted=context.keyring.encrypt(person.id_no),
            last4=person.id_no[-4:],
        )
    )
    outbox.mark_changed(session, outbox.CUSTOMERS, [person.customer_no], at=now)


def add_document(
    context: Context, session: Any, person: Person | None, rowid: int, texts: list[str]
) -> str:
    """A paper of a person, or of nobody, with these pages; returns its id."""
    now = context.clock.now()
    hidden = person.hidden if person else (NOBODY[2:],)
    stored = context.store.put(io.BytesIO(_drawn(texts[0], hidden)))
    owner = person.name if person else NOBODY
    document = Document(
        id=new_id(),
        rowid=rowid,
        customer_no=person.customer_no if person else None,
        type_code="C01" if "合同" in texts[0] else "A02",
        title=f"{owner}的{texts[0].splitlines()[0]}",
        state="filed" if person else "to_assign",
        captured_at=now,
        doc_date=date(2026, 3, rowid % 28 + 1),
        file_name=f"{owner}的扫描件.png",
        media_type="image/png",
        sha256=stored.sha256,
        page_count=len(texts),
        link_confidence=0.99 if person else None,
        link_reasons=["customer_no"] if person else [],
    )
    if person:
        customer = session.get(Customer, person.customer_no)
        document.unit_id, document.line_id = customer.unit_id, customer.line_id
        document.district_id = customer.district_id
    if session.get(Content, stored.sha256) is None:
        session.add(Content(sha256=stored.sha256, size_bytes=stored.size_bytes, stored_at=now))
    session.flush()
    session.add(document)
    session.flush()
    session.add(Rendition(document_id=document.id, kind="original", sha256=stored.sha256))
    for number, text in enumerate(texts, 1):
        session.add(
            Page(
                document_id=document.id,
                number=number,
                text=text,
                boxes=pack_words(word_boxes(text)),
                width=PAGE_SIZE[0],
                height=PAGE_SIZE[1],
                confidence=0.99,
                engine="test",
            )
        )
    if person:
        session.add(
            DocumentField(
                document_id=document.id,
                name="name",
                value=person.name,
                page=1,
                box=[0, 0, 10, 10],
            )
        )
        if person.bank_account in texts[0]:
            session.add(
                DocumentField(
                    document_id=document.id,
                    name="bank_account",
                    value=person.bank_account,
                    page=1,
                )
            )
    session.add(
        Intake(
            source_path=f"{owner}/{document.file_name}",
            origin="inbox",
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            outcome="accepted",
            document_id=document.id,
            received_at=now,
            changed_at=now,
        )
    )
    outbox.mark_changed(session, outbox.DOCUMENTS, [document.id], at=now)
    return document.id


def word_boxes(text: str) -> list[WordBox]:
    """One box a line; every character is a square."""
    boxes, start = [], 0
    for row, line in enumerate(text.split("\n")):
        top = 20.0 + row * 2 * CHARACTER
        edges = tuple(20.0 + at * CHARACTER for at in range(len(line) + 1))
        box = (edges[0], top, edges[-1], top + CHARACTER)
        boxes.append(WordBox(start, start + len(line), box, 0.99, edges))
        start += len(line) + 1
    return boxes


def _drawn(text: str, hidden: tuple[str, ...]) -> bytes:
    """A picture with a block for each character, in ink of its own colour for what is masked."""
    picture = Image.new("RGB", PAGE_SIZE, "white")
    draw = ImageDraw.Draw(picture)
    start = 0
    for row, line in enumerate(text.split("\n")):
        secret = {
            at + offset
            for value in hidden
            for at in range(len(line))
            if line.startswith(value, at)
            for offset in range(len(value))
        }
        for at, _ in enumerate(line):
            left, top = 20 + at * CHARACTER, 20 + row * 2 * CHARACTER
            colour = INK if at in secret else (60, 60, 60)
            draw.rectangle((left + 2, top + 2, left + CHARACTER - 3, top + CHARACTER - 3), colour)
        start += len(line) + 1
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
