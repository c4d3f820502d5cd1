"""Whose paper: written down with reasons, decided by people, undone, and never silently wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from dossier.db.tables import AuditEvent, Document, DocumentField, IndexChange, Page, WorkItem
from dossier.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from dossier.hookspecs import Linker, hookimpl
from dossier.records import DocumentState, LinkCandidate
from dossier.rules import identifiers
from dossier.services import linking
from dossier.services.context import Context
from dossier.services.customer_import import import_customers
from dossier.viewer import Permission, Scope, Viewer, system_viewer
from dossier.work.kinds import WorkKind
from tests.support_archive import add_content, make_archive

WORKER = system_viewer("test")
THIRTIETH = "99999919900230001" + identifiers.id_check_character("99999919900230001")
"""An ID number of 30 February whose check digit is right."""
REGISTER = """customer_no,name,id_no,phone,address,meter_no,unit,old_customer_no
4200000012,张三,999999199001010016,14200001234,襄州区航空路12号3栋2单元501室,4120001000000000012345,古驿供电所,70000012
4200000099,张三,,14200001299,襄州区人民路7号1栋1单元101室,4120001000000000012399,张湾供电所,
4200000013,李四,,14200001213,襄州区光明巷9号,4120001000000000012313,古驿供电所,
4200000014,王五,,14200001214,襄州区光明巷11号,4120001000000000012314,古驿供电所,
4200000015,王五,999999198808152483,14200001215,襄州区光明巷13号,4120001000000000012315,古驿供电所,
4200000016,孙六,,14200001216,襄州区梨园路3号,4120001000000000012316,古驿供电所,
4200000017,孙六,,14200001217,襄州区梨园路3号,4120001000000000012317,古驿供电所,
"""


def archive_with(home: Path, *plugins: tuple[str, Any]) -> Context:
    context = make_archive(home / "home", plugins)
    file = home / "customers.csv"
    file.write_text(REGISTER, encoding="utf-8")
    assert import_customers(context, WORKER, file, dry_run=False).rejected == 0
    return context


@pytest.fixture
def archive(tmp_path: Path) -> Context:
    return archive_with(tmp_path)


def add_paper(context: Context, text: str = "", **columns: Any) -> str:
    """A document that was read and not linked yet."""
    codes = columns.pop("barcodes", [])
    with context.writing(WORKER) as session:
        number = len(list(session.scalars(select(Document.id)))) + 1
        sha256 = f"{number:064d}"
        add_content(session, sha256)
        document = Document(
            rowid=number,
            state=DocumentState.READING,
            captured_at=context.clock.now(),
            sha256=sha256,
            **columns,
        )
        session.add(document)
        session.flush()
        boxes = [{"text": code, "format": "Code128", "box": [0, 0, 1, 1]} for code in codes]
        session.add(Page(document_id=document.id, number=1, text=text, barcodes=boxes))
        return document.id


def paper(context: Context, document_id: str) -> Document:
    with context.reading(WORKER) as session:
        return session.get_one(Document, document_id)


def linked(context: Context, text: str = "", **columns: Any) -> Document:
    document_id = add_paper(context, text, **columns)
    linking.link(context, WORKER, document_id)
    return paper(context, document_id)


@pytest.mark.parametrize(
    ("text", "columns", "reason"),
    [
        ("户号：4200000012 户名：张三", {}, "customer_no"),
        ("户名：张三\n电能表资产编号\t表底\n4120001000000000012345\t0.00", {}, "meter_no"),
        ("姓名：张三 公民身份号码：999999199001010016", {}, "id_no"),
        ("户名：张三 用电地址：航空路十二号3-2-501", {}, "name_address"),
        ("户名：张三 联系电话：142-0000-1234", {}, "phone"),
        ("原户号：70000012 户名：张三 手机：14200001234", {}, "customer_no"),
        ("", {"folder": "4200000012", "given_customer_no": "4200000012"}, "folder"),
        ("", {"given_customer_no": "4200000012"}, "given"),
        ("", {"file_name": "4200000012_用电申请书.pdf"}, "file_name"),
        ("", {"barcodes": ["4200000012"]}, "barcode"),
        ("户名：张三", {"barcodes": ["4120001000000000012345"]}, "meter_no"),
    ],
)
def test_each_kind_of_evidence_files_the_paper(archive, text, columns, reason) -> None:
    document = linked(archive, text, **columns)
    assert (document.customer_no, document.state) == ("4200000012", DocumentState.FILED)
    assert document.unit_id is not None
    assert document.link_confidence >= 0.98
    assert reason in document.link_reasons


@pytest.mark.parametrize(
    "text",
    [
        "户名：张三",  # two are called so
        "户名：李四",  # one is called so: still only a name
        "户号：4200000011 户名：张三",  # one digit wrong
        "户号：4200000013 户名：张三",  # the number of somebody else
        "户名：张三 用电地址：航空路12号3栋2单元502室",  # next door
        "批扣失败清单\n户号\t户名\n4200000012\t张三\n4200000013\t李四\n4200000014\t王五",
        "户名：王五 地址：光明巷",
    ],
)
def test_the_doubtful_waits_with_candidates(archive, text) -> None:
    document = linked(archive, text)
    assert (document.customer_no, document.state) == (None, DocumentState.TO_ASSIGN)
    assert document.link_reasons
    assert 1 <= len(document.candidates) <= 9
    assert set(document.candidates[0]) == {"customer_no", "confidence", "reasons"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("户名：孙六 用电地址：襄州区梨园路3号", "ambiguous"),  # two of that name live there
        ("户号：4200000013 户名：李四\n户号：4200000014 户名：王五", "several_customers"),
        ("户名：李四 用电地址：襄州区光明巷9号 户号：4200000113", "customer_no_differs"),
        (f"姓名：李四 用电地址：襄州区光明巷9号\n公民身份号码：{THIRTIETH}", "id_no_impossible"),
        (f"户号：4200000013 户名：李四 证件号码：{THIRTIETH}", "id_no_impossible"),
        (f"公民身份号码：{THIRTIETH}", "id_no_impossible"),
        ("担保书\n被担保用户：张三\n担保人：李四\n户号：4200000013", "other_person"),
        ("担保人：李四\n表号：4120001000000000012313", "other_person"),
    ],
)
def test_s0_06_what_contradicts_itself_waits_for_a_person_with_the_reason(
    archive, text, reason
) -> None:
    document = linked(archive, text)
    assert (document.customer_no, document.state) == (None, DocumentState.TO_ASSIGN)
    told = [*document.link_reasons, *(r for one in document.candidates for r in one["reasons"])]
    assert reason in told


def test_a_misread_digit_still_offers_the_right_customer_first(archive) -> None:
    document = linked(archive, "户号：4200000011 户名：张三")
    assert document.candidates[0]["customer_no"] == "4200000012"


def test_the_folder_is_doubted_when_the_page_names_somebody_else(archive) -> None:
    document = linked(archive, "户号：4200000013 户名：李四", given_customer_no="4200000012")
    assert document.state == DocumentState.TO_ASSIGN
    assert "contradiction" in document.link_reasons
    assert {one["customer_no"] for one in document.candidates} == {"4200000012", "4200000013"}


def test_a_named_customer_that_the_register_lacks_is_left_to_a_person(archive) -> None:
    document = linked(archive, "户号：4200000012 户名：张三", given_customer_no="4299999999")
    assert document.state == DocumentState.TO_ASSIGN
    assert document.link_reasons[0] == "given_unknown"
    assert document.candidates[0]["customer_no"] == "4200000012"


def test_a_camera_s_date_in_a_file_name_is_no_customer_number(archive, tmp_path) -> None:
    assert linked(archive, file_name="IMG_20260811_101500.jpg").candidates == []


def test_filing_bumps_the_revision_marks_the_index_and_leaves_an_audit_row(archive) -> None:
    document_id = add_paper(archive, "户号：4200000012 户名：张三")
    with archive.writing(WORKER) as session:
        for change in session.scalars(select(IndexChange)):
            session.delete(change)
        for name, value in (("doc_date", "2026-08-11"), ("case_no", "261234567890")):
            session.add(DocumentField(document_id=document_id, name=name, value=value, page=1))
    linking.link(archive, WORKER, document_id)
    document = paper(archive, document_id)
    assert document.revision == 2
    assert (document.doc_date.isoformat(), document.case_no) == ("2026-08-11", "261234567890")
    with archive.reading(WORKER) as session:
        changes = {(c.index, c.key) for c in session.scalars(select(IndexChange))}
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.object_id == document_id))
    assert changes == {("documents", document_id), ("customers", "4200000012")}
    assert event.action == "document.filed"
    assert "张三" not in str(event.facts)


def test_asking_again_with_the_same_outcome_writes_nothing(archive) -> None:
    document_id = add_paper(archive, "户名：张三")
    linking.link(archive, WORKER, document_id)
    before = paper(archive, document_id).revision
    linking.link(archive, WORKER, document_id)
    assert paper(archive, document_id).revision == before


def test_a_waiting_paper_finds_its_customer_when_the_register_grows(archive, tmp_path) -> None:
    document_id = add_paper(archive, "户号：4200000777 户名：周八")
    linking.link(archive, WORKER, document_id)
    assert paper(archive, document_id).state == DocumentState.TO_ASSIGN
    file = tmp_path / "more.csv"
    file.write_text("customer_no,name\n4200000777,周八\n", encoding="utf-8")
    report = import_customers(archive, WORKER, file, dry_run=False)
    assert report.relinked == 1
    assert paper(archive, document_id).customer_no == "4200000777"


# -- people -------------------------------------------------------------------------------------


def clerk(*permissions: Permission, scope: Scope | None = None) -> Viewer:
    held = frozenset(permissions or (Permission.ASSIGN, Permission.SEE_POOL, Permission.SEE_CLEAR))
    return Viewer("u1", "clerk", "archivist", held, scope or Scope(everything=True))


def test_a_person_decides_undoes_and_the_machine_keeps_out(archive) -> None:
    document_id = add_paper(archive, "户名：张三")
    linking.link(archive, WORKER, document_id)
    revision = paper(archive, document_id).revision
    revision = linking.assign(archive, clerk(), document_id, "4200000099", revision=revision)
    document = paper(archive, document_id)
    assert (document.customer_no, document.assigned_by) == ("4200000099", "u1")
    assert (document.state, document.link_reasons) == (DocumentState.FILED, ["person"])
    assert linking.link(archive, WORKER, document_id) is None
    revision = linking.undo(archive, clerk(), document_id, revision=revision)
    document = paper(archive, document_id)
    assert (document.customer_no, document.state) == (None, DocumentState.TO_ASSIGN)
    assert document.link_reasons == ["ambiguous", "weak"]
    with pytest.raises(ConflictError):
        linking.undo(archive, clerk(), document_id, revision=revision)


def test_a_paper_given_back_to_nobody_is_not_filed_again_by_the_machine(archive) -> None:
    document = linked(archive, "户号：4200000012 户名：张三")
    linking.assign(archive, clerk(), document.id, None, revision=document.revision)
    linking.link(archive, WORKER, document.id)
    after = paper(archive, document.id)
    assert (after.customer_no, after.state, after.unit_id) == (None, DocumentState.TO_ASSIGN, None)


def test_a_stale_revision_is_refused(archive) -> None:
    document = linked(archive, "户名：张三")
    with pytest.raises(ConflictError):
        linking.assign(archive, clerk(), document.id, "4200000012", revision=document.revision - 1)


def test_the_type_is_set_from_the_catalogue_only(archive) -> None:
    document = linked(archive, "户名：张三")
    revision = linking.set_type(archive, clerk(), document.id, "C01", revision=document.revision)
    assert paper(archive, document.id).type_code == "C01"
    with pytest.raises(InvalidInputError):
        linking.set_type(archive, clerk(), document.id, "Z99", revision=revision)


def test_who_may_not_assign_can_neither_decide_nor_look(archive) -> None:
    document = linked(archive, "户名：张三")
    agent = clerk(Permission.SEARCH)
    for call in (
        lambda: linking.assign(archive, agent, document.id, "4200000012", revision=2),
        lambda: linking.set_type(archive, agent, document.id, "C01", revision=2),
        lambda: linking.undo(archive, agent, document.id, revision=2),
        lambda: linking.skip(archive, agent, document.id),
        lambda: linking.list_to_assign(archive, agent),
    ):
        with pytest.raises(ForbiddenError):
            call()


def test_a_clerk_of_one_station_neither_assigns_to_another_nor_sees_its_candidates(archive) -> None:
    mine = paper(archive, linked(archive, "户号：4200000012 户名：张三").id).unit_id
    waiting = linked(archive, "户名：张三")
    local = clerk(Permission.ASSIGN, Permission.SEE_POOL, scope=Scope(units=frozenset({mine or 0})))
    (item,) = linking.list_to_assign(archive, local).items
    assert [one.customer.customer_no for one in item.candidates] == ["4200000012"]
    with pytest.raises(NotFoundError):
        linking.assign(archive, local, waiting.id, "4200000099", revision=waiting.revision)


def test_the_list_pages_through_what_waits_and_skip_goes_to_the_next(archive) -> None:
    ids = [linked(archive, "户名：张三").id for _ in range(5)]
    linked(archive, "户号：4200000012 户名：张三")
    first = linking.list_to_assign(archive, clerk(), size=2)
    second = linking.list_to_assign(archive, clerk(), first.next_cursor, size=2)
    third = linking.list_to_assign(archive, clerk(), second.next_cursor, size=2)
    assert [item.id for page in (first, second, third) for item in page.items] == ids
    assert (first.total, third.next_cursor) == (5, None)
    candidates = first.items[0].candidates
    assert [one.customer.customer_no for one in candidates] == ["4200000012", "4200000099"]
    assert linking.skip(archive, clerk(), ids[0]) == ids[1]
    assert linking.skip(archive, clerk(), ids[-1]) is None


# -- plugins ------------------------------------------------------------------------------------


def plugin(find: Any) -> tuple[str, Any]:
    @hookimpl
    def linkers() -> Sequence[Linker]:
        return (Linker("foreign", find),)

    return "foreign", SimpleNamespace(linkers=linkers)


def test_a_plugin_s_linker_is_heard(tmp_path) -> None:
    context = archive_with(
        tmp_path, plugin(lambda _: [LinkCandidate("4200000013", 1.0, ("stamp",))])
    )
    document = linked(context, "户名：李四")
    assert (document.customer_no, "plugin" in document.link_reasons) == ("4200000013", True)


def test_a_plugin_that_fails_is_named_and_the_others_go_on(tmp_path) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("secret 张三")

    context = archive_with(tmp_path, plugin(broken))
    document = linked(context, "户号：4200000012 户名：张三")
    assert document.customer_no == "4200000012"
    (fault,) = context.plugins.faults
    assert (fault.plugin, fault.hook, fault.error) == (
        "foreign",
        "linkers: foreign",
        "RuntimeError",
    )


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("用电申请\n附身份证照片", "4200000013"),
        ("低压居民用电申请表\n用户名称：李四", "4200000013"),
        ("低压居民用电申请表\n用户名称：张三\n代理人：李四", None),
        ("低压居民用电申请表\n用户名称：赵六\n代理人：李四", None),
        ("授权委托书\n委托人：张三\n受托人：李四\n兹委托李四办理用电业务", None),
        ("租赁合同\n出租方：李四\n承租方：赵六\n房屋地址：襄州区光明巷9号", None),
        ("关于用电申请的说明\n本人赵六，现委托李四办理更名手续", None),
        ("低压居民用电申请表\n户号：4200000012\n用户名称：张三\n代理人：李四", "4200000012"),
    ],
)
def test_a_file_follows_the_card_pasted_into_it_unless_it_names_somebody_else(
    archive: Context, text: str, decided: str | None
) -> None:
    """The card may be the agent's or the landlord's, who are customers as well."""
    file = add_paper(archive, text, media_type="application/pdf")
    card = add_paper(archive, "居民身份证\n姓名 李四", media_type="image/jpeg", parent_id=file)
    linking.assign(archive, clerk(), card, "4200000013", revision=paper(archive, card).revision)
    verdict = linking.link(archive, WORKER, file)
    assert verdict is not None
    assert verdict.decided == decided


MAIL = "message/rfc822"


def link_due(context: Context) -> None:
    """What a worker does with the papers that are to be asked about again."""
    due = (WorkItem.kind == WorkKind.RECOGNISE, WorkItem.state == "ready")
    while True:
        with context.reading(WORKER) as session:
            subjects = session.scalars(select(WorkItem.subject).where(*due)).all()
        if not subjects:
            return
        with context.writing(WORKER) as session:
            session.execute(update(WorkItem).where(*due).values(state="done"))
        for subject in subjects:
            linking.link(context, WORKER, subject)


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("现场照片说明\n变压器外观良好", "4200000013"),
        ("低压居民用电申请表\n用户名称：李四", "4200000013"),
        ("低压居民用电申请表\n用户名称：赵六", None),
        ("户号：4200000012 户名：张三", "4200000012"),
        ("户号：4200000012", "4200000012"),
        ("现场照片\n地址：襄州区光明巷11号", None),
        ("联系电话：14200001214", None),
        ("代理人：赵六", None),
        ("户号：4200000088", None),
    ],
)
def test_an_attachment_follows_the_mail_that_a_person_assigned_unless_it_names_somebody_else(
    archive: Context, text: str, decided: str | None
) -> None:
    mail = add_paper(archive, "请查收附件", media_type=MAIL)
    attached = add_paper(archive, text, media_type="application/pdf", parent_id=mail)
    for one in (mail, attached):
        linking.link(archive, WORKER, one)
    before = paper(archive, attached)
    linking.assign(archive, clerk(), mail, "4200000013", revision=paper(archive, mail).revision)
    link_due(archive)
    assert paper(archive, attached).customer_no == decided
    linking.undo(archive, clerk(), mail, revision=paper(archive, mail).revision)
    link_due(archive)
    after = paper(archive, attached)
    assert (after.customer_no, after.state) == (before.customer_no, before.state)


def test_what_lies_in_an_archive_in_a_mail_goes_with_the_mail(archive: Context) -> None:
    mail = add_paper(archive, "请查收附件", media_type=MAIL)
    packed = add_paper(archive, "说明.pdf", media_type="application/zip", parent_id=mail)
    inner = add_paper(archive, "现场照片说明", media_type="application/pdf", parent_id=packed)
    for one in (mail, packed, inner):
        linking.link(archive, WORKER, one)
    linking.assign(archive, clerk(), mail, "4200000013", revision=paper(archive, mail).revision)
    link_due(archive)
    assert paper(archive, inner).customer_no == "4200000013"
    assert paper(archive, inner).link_reasons == ["parent"]
    linking.assign(archive, clerk(), mail, "4200000014", revision=paper(archive, mail).revision)
    link_due(archive)
    assert {paper(archive, one).customer_no for one in (packed, inner)} == {"4200000014"}


def test_an_attachment_that_a_person_decided_on_stays_where_it_was_put(archive: Context) -> None:
    mail = add_paper(archive, "请查收附件", media_type=MAIL)
    attached = add_paper(archive, "现场照片说明", media_type="application/pdf", parent_id=mail)
    for one in (mail, attached):
        linking.link(archive, WORKER, one)
    linking.assign(archive, clerk(), attached, None, revision=paper(archive, attached).revision)
    linking.assign(archive, clerk(), mail, "4200000013", revision=paper(archive, mail).revision)
    link_due(archive)
    assert paper(archive, attached).customer_no is None


def test_a_mail_that_the_machine_filed_takes_attachments_along_once_a_person_says_so_too(
    archive: Context,
) -> None:
    mail = add_paper(archive, "户号：4200000013 户名：李四", media_type=MAIL)
    attached = add_paper(archive, "现场照片说明", media_type="application/pdf", parent_id=mail)
    for one in (mail, attached):
        linking.link(archive, WORKER, one)
    link_due(archive)
    assert paper(archive, mail).customer_no == "4200000013"
    assert paper(archive, attached).customer_no is None
    linking.assign(archive, clerk(), mail, "4200000013", revision=paper(archive, mail).revision)
    link_due(archive)
    assert paper(archive, attached).customer_no == "4200000013"
