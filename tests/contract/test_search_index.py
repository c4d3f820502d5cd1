"""The contract of the search port, tried on every engine: tantivy, Elasticsearch 8.19 and 9."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from dossier.errors import QueryError, UnavailableError
from dossier.search.fields import Field, load_fields
from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    IndexBusyError,
    MatchReason,
    RowKey,
    RowKind,
    Scope,
    SearchRight,
    document_order,
    scoped,
)
from tests.support_engines import WAYS, new_place

KEY = b"a key of the tests"
ARCHIVE_MARK = "elasticsearch index of this archive"
"""What the archive's key is asked to hash for its mark on the server."""
EVERY_RIGHT = frozenset(SearchRight)
AGENT_RIGHTS = EVERY_RIGHT - {
    SearchRight.PHONE_PARTIAL,
    SearchRight.ADDRESS_DETAIL,
    SearchRight.ID_LAST4,
}
EVERYWHERE = Scope(unlimited=True, secrecy=None)


def number_hash(number: str) -> str:
    return hmac.new(KEY, number.encode(), hashlib.sha256).hexdigest()[:24]


ZHANG = CustomerRow(
    customer_no="4200000001",
    revision=1,
    order=1,
    name="张三",
    meter_nos=("4230001000000000123456",),
    phones=("138 1234 5678", "0710-3234567"),
    id_nos=("11010519491231002X",),
    address="襄州区航空路197号楼2单元501室",
    category="LR",
    status="active",
    station="s1",
    line="l1",
    district="d1",
    scope=("unit:1", "line:1", "district:1"),
)
OUYANG = CustomerRow(
    customer_no="4200000002",
    revision=1,
    order=2,
    name="歐陽娜娜",
    former_names=("欧阳小娜",),
    address="襄州区航空路832号",
    category="LR",
    status="active",
    station="s2",
    line="l2",
    district="d2",
    scope=("unit:2", "line:2", "district:2"),
)
CLOSED = CustomerRow(
    customer_no="4200000003",
    revision=4,
    order=3,
    name="张三",
    category="LN",
    status="closed",
    closed=True,
    station="s1",
    line="l1",
    district="d1",
    scope=("unit:1", "line:1", "district:1"),
)


def document(number: int, customer: CustomerRow | None, *texts: str, **more: object) -> DocumentRow:
    values: dict[str, object] = {
        "document_id": f"doc-{number}",
        "revision": number,
        "order": document_order(20260101 + number, number),
        "customer": customer,
        "page_texts": texts,
        "scope": customer.scope if customer else ("unit:1",),
        "station": customer.station if customer else "",
        "year": "2026",
        "month": "2026-01",
        "state": "filed",
    }
    return DocumentRow(**(values | more))  # type: ignore[arg-type]


ROWS = [
    ZHANG,
    OUYANG,
    CLOSED,
    document(
        1,
        ZHANG,
        "低压居民供用电合同\n户号：4200000001\n用电人：张三\n身份证号 110105194912310 02X",
        "第二页 供 电\n营业厅 电话：138-1234-5678 甲方 10kV",
        type_code="D01",
        type_label="供用电合同",
        title="供用电合同 张三",
    ),
    document(
        2,
        ZHANG,
        "用电申请书 申请编号 2026001122 受电设备",
        type_code="A01",
        type_label="用电申请书",
    ),
    document(3, OUYANG, "户主 張三 的鄰居 地址\t航空路832号", type_code="A02", type_label="身份证"),
    document(4, None, "无主文件 卡号：6222 0000 0000 0000 012 黄 超（本人）", type_code="X99"),
    document(5, OUYANG, "结算协议", secrecy="secret", type_code="D03", type_label="电费结算协议"),
]


@pytest.fixture(scope="module")
def fields():
    return load_fields()


@pytest.fixture(scope="module", params=WAYS)
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def filled(engine, fields, tmp_path_factory):
    """A filled index that the tests only read, and its place."""
    place = new_place(engine, tmp_path_factory.mktemp("filled") / "index")
    index = place.open(number_hash, fields)
    fill(index)
    yield index, place
    index.close()
    place.remove()


@pytest.fixture
def index(filled):
    return filled[0]


@pytest.fixture
def place(engine, tmp_path):
    place = new_place(engine, tmp_path / "index")
    yield place
    with suppress(FileNotFoundError):
        place.remove()


@pytest.fixture
def empty(place, fields):
    index = place.open(number_hash, fields)
    yield index
    index.close()


@pytest.fixture
def own_index(empty):
    """A filled index that the test may change."""
    fill(empty)
    return empty


def fill(index):
    with index.writer() as writer:
        writer.apply(upserts=ROWS)
        writer.commit()


def ask(text="", *, scope=EVERYWHERE, rights=EVERY_RIGHT, filters=None, own=frozenset()):
    return scoped(parse(text), scope=scope, rights=rights, filters=filters, own=own)


def customers(index, text, **how):
    return [group.customer_no for group in index.search(ask(text, **how)).groups]


def documents(index, text, **how):
    answer = index.search(ask(text, **how), size=100, documents_per_group=100)
    return sorted(hit.document_id for group in answer.groups for hit in group.documents)


def test_a_masked_address_is_found_by_its_street_and_not_by_a_guess_of_the_building(index):
    assert "4200000001" in customers(index, "航空路", rights=AGENT_RIGHTS)
    assert "4200000001" in customers(index, "航空路197号", rights=EVERY_RIGHT)
    for guess in ("航空路197号", "address:航空路197号", "2单元501室"):
        answer = index.search(ask(guess, rights=AGENT_RIGHTS))
        assert not any(MatchReason.ADDRESS in group.matched_on for group in answer.groups)


def test_a_name_finds_its_customer_before_papers_that_mention_it_and_closed_accounts_later(index):
    answer = index.search(ask("张三"))
    assert [group.customer_no for group in answer.groups] == [
        "4200000001",
        "4200000003",
        "4200000002",
    ]
    first, closed, mentions = answer.groups
    assert first.matched_on == (MatchReason.NAME,)
    assert [hit.document_id for hit in first.documents] == ["doc-1", "doc-2"]
    assert first.documents[0].matched_on == (MatchReason.TITLE, MatchReason.TEXT)
    assert first.documents[1].matched_on == ()
    assert closed.documents == ()
    assert closed.document_count == 0
    assert mentions.matched_on == ()
    assert mentions.documents[0].matched_on == (MatchReason.TEXT,)
    assert (answer.total, answer.total_documents) == (3, 3)


@pytest.mark.parametrize(
    "text",
    [
        "欧阳娜娜",
        "歐陽娜娜",
        "欧阳小娜",
        "阳娜",
        "娜",
        "欧 阳娜娜",
        "4200000002",
        "４２００００００02",
        "0002",
    ],
)
def test_a_customer_is_found_by_every_spelling_of_name_and_number(index, text):
    assert customers(index, text)[0] == "4200000002"


@pytest.mark.parametrize(
    "text",
    [
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "+86 13812345678",
        "5678",
        "1381",
        "0710-3234567",
        "3234567",
        "4230001000000000123456",
        "423000100",
        "123456",
        "11010519491231002X",
        "11010519491231002x",
        "户号：4200000001",
        "姓名:张三",
        "张三（本人）",
        "航空路197号",
        "10kV",
        "供电营业厅",
        '"供电营业厅"',
        "户号4200000001",
        "张三 合同",
    ],
)
def test_the_right_customer_comes_first(index, text):
    found = customers(index, text)
    if text == "张三（本人）":
        assert found == []  # no row has both words
    else:
        assert found[0] == "4200000001"


def test_of_a_customers_papers_those_with_the_words_themselves_are_shown_first(empty):
    """Three newer bills of other seasons were shown, and not the one that was asked for."""
    seasons = (*"一二四", *"一二四" * 3)
    papers = [document(2, OUYANG, "第三季度电费结算单"), document(3, OUYANG, "有人窃电")]
    papers += [document(10 + n, OUYANG, f"第{s}季度电费结算单") for n, s in enumerate(seasons)]
    papers += [document(40 + n, OUYANG, "有人偷电") for n in range(4)]
    with empty.writer() as writer:
        writer.apply(upserts=[OUYANG, *papers])
        writer.commit()
    for words, best in (("第三季度电费", "doc-2"), ("窃电", "doc-3"), ("有人 窃电", "doc-3")):
        (group,) = empty.search(ask(words), documents_per_group=3).groups
        assert group.document_count > 3, words
        assert group.documents[0].document_id == best
        assert group.documents[1].document_id != best


def test_a_house_number_does_not_find_another_one(index):
    assert customers(index, "197号") == ["4200000001"]
    assert customers(index, "832号") == ["4200000002"]


def test_paper_without_a_customer_is_a_group_of_its_own(index):
    answer = index.search(ask("黄超"))
    (group,) = answer.groups
    assert group.customer_no is None
    assert [hit.document_id for hit in group.documents] == ["doc-4"]


@pytest.mark.parametrize(
    "text", ["黄超（本人）", '"黄超（本人）', "((黄超", "黄超]", "黄超 本人", '黄超"']
)
def test_punctuation_is_no_syntax_error(index, text):
    assert documents(index, text) == ["doc-4"]


def test_sensitive_numbers_are_found_whole_and_never_by_a_part(index):
    assert documents(index, "6222000000000000012") == ["doc-4"]
    assert documents(index, "6222 0000 0000 0000 012") == ["doc-4"]
    for part in ("6222", "622200000000", "00012", "110105", "11010519491231", "002X", "1949"):
        assert documents(index, part, rights=AGENT_RIGHTS) == [], part


def test_no_sensitive_digits_are_in_what_the_index_stores(filled):
    _, place = filled
    assert not place.holds("11010519491231002")
    assert not place.holds("6222000000000000012")


def test_who_may_not_search_by_part_of_a_phone_learns_nothing_by_it(index):
    for part in ("1381", "5678", "13812345", "12345678"):
        assert customers(index, part, rights=AGENT_RIGHTS) == []
    assert customers(index, "13812345678", rights=AGENT_RIGHTS) == ["4200000001"]
    no_phone = AGENT_RIGHTS - {SearchRight.PHONE}
    assert customers(index, "13812345678", rights=no_phone) == []
    assert customers(index, "张三 -13812345678", rights=no_phone)[0] == "4200000001"
    no_id = AGENT_RIGHTS - {SearchRight.ID_NO}
    assert customers(index, "11010519491231002X", rights=no_id) == []


def test_words_are_anded_and_operators_work(index):
    assert documents(index, "张三 合同") == ["doc-1"]
    assert documents(index, "张三 -合同") == ["doc-2", "doc-3"]
    assert documents(index, "结算 OR 申请书") == ["doc-2", "doc-5"]
    assert documents(index, "type:A02") == ["doc-3"]
    assert documents(index, "year:2026 申请编号") == ["doc-2"]
    assert documents(index, "-合同 -申请书") == ["doc-3", "doc-4", "doc-5"]


def test_no_phrase_reaches_over_a_cell_or_a_page(index):
    assert documents(index, "02X第二页") == []
    assert documents(index, "地址航空路") == []


def test_scope_limits_hits_counts_facets_and_suggestions(index):
    unit2 = Scope(tokens=frozenset({"unit:2"}))
    answer = index.search(ask("张三", scope=unit2), facets=["type", "station"])
    assert [group.customer_no for group in answer.groups] == ["4200000002"]
    assert (answer.total, answer.total_documents) == (1, 1)
    assert [(each.value, each.count) for each in answer.facets["type"]] == [("A02", 1)]
    assert index.suggest(ask("张", scope=unit2)) == ()
    assert [each.value for each in index.suggest(ask("张", scope=EVERYWHERE))] == [
        "4200000001",
        "4200000003",
    ]
    assert index.search(ask("", scope=Scope())).total == 0
    assert documents(index, "结算", scope=unit2) == []
    secret = Scope(tokens=frozenset({"unit:2"}), secrecy=frozenset({"secret"}))
    assert documents(index, "结算", scope=secret) == ["doc-5"]


def test_a_scope_of_single_customers_reaches_their_rows_and_no_others(index):
    owner = frozenset({"4200000001"})
    whole, record = Scope(owners=owner, secrecy=None), Scope(records=owner, secrecy=None)
    everything = index.search(ask("", filters={"customer": tuple(owner)}))
    answer = index.search(ask("", scope=whole), facets=["type"])
    assert [group.customer_no for group in answer.groups] == ["4200000001"]
    assert answer.total_documents == everything.total_documents > 0
    assert sum(each.count for each in answer.facets["type"]) == answer.total_documents
    alone = index.search(ask("", scope=record), facets=["type"])
    assert (alone.total, alone.total_documents, alone.facets["type"]) == (1, 0, ())
    assert [group.customer_no for group in alone.groups] == ["4200000001"]


def test_a_row_passes_every_scope_that_is_asked_for(index):
    one = Scope(tokens=frozenset({"unit:1", "unit:2"}), secrecy=None)
    two = replace(one, also=(Scope(tokens=frozenset({"unit:2"}), secrecy=None),))
    narrow = index.search(ask("张三", scope=Scope(tokens=frozenset({"unit:2"}), secrecy=None)))
    both = index.search(ask("张三", scope=two))
    assert (both.total, both.total_documents) == (narrow.total, narrow.total_documents)
    assert index.search(ask("张三", scope=one)).total > both.total
    nothing = replace(one, also=(Scope(),))
    assert index.search(ask("张三", scope=nothing)).total == 0
    assert index.suggest(ask("张", scope=nothing)) == ()


def test_who_is_called_so_is_suggested_before_newer_ones_whose_name_has_it(index):
    hospital = replace(ZHANG, customer_no="4200000091", order=91, name="襄阳市襄州区张湾人民医院")
    short = replace(ZHANG, customer_no="4200000092", order=2, name="章伟")
    longer = replace(ZHANG, customer_no="4200000093", order=93, name="章文路")
    mine = (hospital, short, longer)
    with index.writer() as writer:
        writer.apply(upserts=mine)
        writer.commit()
    try:
        for typed, first, last in (
            ("张", ZHANG, hospital),
            ("zw", short, longer),
            ("章w", short, longer),
        ):
            suggested = [each.value for each in index.suggest(ask(typed))]
            found = [group.customer_no for group in index.search(ask(typed)).groups]
            for order in (suggested, found):
                assert order.index(first.customer_no) < order.index(last.customer_no), typed
    finally:
        with index.writer() as writer:
            writer.apply(deletes=[RowKey(RowKind.CUSTOMER, row.customer_no) for row in mine])
            writer.commit()


def test_facets_count_documents_and_do_not_filter_themselves(index):
    names = ["type", "category", "station", "year", "state"]
    answer = index.search(ask(""), facets=names)
    types = {each.value: each.count for each in answer.facets["type"]}
    assert types == {"D01": 1, "A01": 1, "A02": 1, "X99": 1, "D03": 1}
    assert {each.value: each.count for each in answer.facets["category"]} == {"LR": 4}
    assert answer.total_documents == 5
    assert answer.total == 4
    chosen = index.search(ask("", filters={"type": ("A01", "A02")}), facets=names)
    assert {each.value: each.count for each in chosen.facets["type"]} == types
    assert {each.value: each.count for each in chosen.facets["station"]} == {"s1": 1, "s2": 1}
    assert (chosen.total, chosen.total_documents) == (2, 2)
    of_year = index.search(ask("", filters={"year": ("2026",)}), facets=["month"])
    assert [(each.value, each.count) for each in of_year.facets["month"]] == [("2026-01", 5)]
    assert index.search(ask("", filters={"month": ("2026-02",)})).total == 0
    inside = index.search(ask("张三", filters={"customer": ("4200000001",)}))
    assert [group.customer_no for group in inside.groups] == ["4200000001"]


def test_own_unit_comes_first_among_equals(index):
    assert customers(index, "航空路")[0] == "4200000002"
    assert customers(index, "航空路", own=frozenset({"unit:1"}))[0] == "4200000001"


def test_paging_gives_every_group_once_even_when_rows_come_between(empty):
    rows = [
        CustomerRow(
            customer_no=f"43{i:08d}", revision=1, order=i, name=f"王{i % 7}", scope=("unit:1",)
        )
        for i in range(57)
    ]
    with empty.writer() as writer:
        writer.apply(upserts=rows)
        writer.commit()
        seen: list[str | None] = []
        cursor = None
        while True:
            answer = empty.search(ask("王"), size=10, after=cursor)
            assert answer.total == 57 + bool(seen)
            seen += [group.customer_no for group in answer.groups]
            cursor = answer.cursor
            if cursor is None:
                break
            if len(seen) == 10:
                newer = CustomerRow("4400000000", 1, 1000, "王新", scope=("unit:1",))
                writer.apply(upserts=[newer])
                writer.commit()
    assert seen == [row.customer_no for row in reversed(rows)]


@pytest.mark.parametrize("cursor", ["x", "bm9wZQ", "W10", "", "é", "WyJhIiwgMSwgMl0"])
def test_a_wrong_cursor_is_refused_or_ignored_when_empty(index, cursor):
    if cursor:
        with pytest.raises(QueryError):
            index.search(ask("张三"), after=cursor)
    else:
        assert index.search(ask("张三"), after=cursor).total == 3


def test_a_cursor_of_another_query_is_refused(index):
    cursor = index.search(ask("张三"), size=1).cursor
    with pytest.raises(QueryError):
        index.search(ask("合同"), after=cursor)
    with pytest.raises(QueryError):
        index.search(ask("张三", scope=Scope(tokens=frozenset({"unit:1"}))), after=cursor)


def test_unknown_facets_and_filters_are_refused(index):
    with pytest.raises(QueryError):
        index.search(ask(""), facets=["text"])
    with pytest.raises(QueryError):
        index.search(ask("", filters={"name": ("张三",)}))


def test_an_update_replaces_and_a_delete_removes(own_index):
    with own_index.writer() as writer:
        writer.apply(
            upserts=[document(2, OUYANG, "全新内容")], deletes=[RowKey(RowKind.DOCUMENT, "doc-1")]
        )
        assert documents(own_index, "全新内容") == []
        writer.commit()
        assert documents(own_index, "全新内容") == ["doc-2"]
    assert documents(own_index, "合同") == []
    assert own_index.count(RowKind.DOCUMENT) == 4
    assert own_index.count(RowKind.CUSTOMER) == 3


def test_leaving_the_writer_without_commit_changes_nothing(own_index):
    with own_index.writer() as writer:
        writer.apply(deletes=[RowKey(RowKind.DOCUMENT, "doc-1")])
    assert documents(own_index, "供用电合同") == ["doc-1"]


def test_rows_tell_keys_and_revisions_for_reconcile(index):
    found = {(row.kind, row.key): row.revision for row in index.rows()}
    assert len(found) == len(ROWS)
    assert found[RowKind.CUSTOMER, "4200000003"] == 4
    assert found[RowKind.DOCUMENT, "doc-2"] == 2


def test_only_one_may_write(own_index, place, fields):
    other = place.open(number_hash, fields)
    with own_index.writer():
        with pytest.raises(IndexBusyError), other.writer():
            pass
        with pytest.raises(IndexBusyError), other.build():
            pass
    with other.writer() as freed:
        freed.commit()


def test_a_new_generation_is_built_beside_and_swapped_for_every_reader(own_index, place, fields):
    other = place.open(number_hash, fields)
    before = other.state().name
    with own_index.build() as builder:
        builder.apply(upserts=[ZHANG])
        builder.commit()
        assert other.count(RowKind.DOCUMENT) == 5
        builder.publish()
    other.release()
    assert other.state().name != before
    assert other.count(RowKind.DOCUMENT) == 0
    assert len(place.generations()) == 1


def test_a_build_that_is_left_is_removed(own_index, place):
    with own_index.build() as builder:
        builder.apply(upserts=[ZHANG])
    assert len(place.generations()) == 1
    assert own_index.count(RowKind.DOCUMENT) == 5


def test_no_index_a_deleted_one_and_a_broken_one_are_told_with_the_remedy(empty, place, fields):
    with pytest.raises(UnavailableError, match="reindex"):
        empty.search(ask("张三"))
    assert empty.needs_rebuild()
    fill(empty)
    assert empty.needs_rebuild() is None
    place.damage()
    fresh = place.open(number_hash, fields)
    for each in (empty, fresh):
        assert "reindex" in (each.needs_rebuild() or "")
        with pytest.raises(UnavailableError, match="reindex"):
            each.search(ask("张三"))
    place.remove()
    assert "reindex" in (empty.needs_rebuild() or "")
    with empty.build() as builder:
        builder.apply(upserts=ROWS)
        builder.publish()
    assert customers(empty, "4200000001") == ["4200000001"]


def test_another_field_list_asks_for_a_rebuild(own_index, place, fields):
    field = Field("foreign_mood", "keyword", "facet", True, "心情", "mood")
    other_fields = load_fields(plugin_fields=[field])
    assert other_fields.fingerprint != fields.fingerprint
    other = place.open(number_hash, other_fields)
    assert "fields" in (other.needs_rebuild() or "")
    with pytest.raises(UnavailableError), other.writer():
        pass
    with other.build() as builder:
        builder.apply(upserts=[document(9, ZHANG, "好", extra={"foreign_mood": ("fine",)})])
        builder.publish()
    answer = other.search(ask("", filters={"foreign_mood": ("fine",)}), facets=["foreign_mood"])
    assert answer.total_documents == 1
    assert answer.facets["foreign_mood"][0].count == 1


_KILLED = """
    import os, signal, sys
    from dossier.search.port import CustomerRow
    from tests.support_engines import place_again
    index = place_again(sys.argv[1]).open(lambda number: sys.argv[3])
    with index.writer() as writer:
        for number in range(int(sys.argv[2])):
            row = CustomerRow(f"45{number:08d}", 1, number, "王五", scope=("unit:1",))
            writer.apply(upserts=[row])
        writer.commit()
        print("committed", flush=True)
        writer.apply(upserts=[CustomerRow("4600000000", 1, 10**6, "赵六")])
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_frees_the_right_to_write_and_loses_nothing_committed(empty, place):
    script = textwrap.dedent(_KILLED)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script, str(place), "20", number_hash(ARCHIVE_MARK)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert empty.search(ask("王五")).total == 20
    with empty.writer() as writer:
        writer.apply(upserts=[ZHANG])
        writer.commit()
    assert empty.search(ask("王五")).total == 20
    assert empty.search(ask("赵六")).total == 0
    assert customers(empty, "张三") == ["4200000001"]


class ChangedHash:
    """The hash while the archive's key changes: rows are made with one, some still have another."""

    def __call__(self, number: str) -> str:
        if number == ARCHIVE_MARK:
            return number_hash(number)  # the mark is handed on
        return hmac.new(b"the new key", number.encode(), hashlib.sha256).hexdigest()[:24]

    def older(self):
        return (number_hash,)


def test_numbers_are_found_while_their_key_changes_whichever_their_row_was_made_with(
    own_index, place, fields
):
    numbers = {
        "11010519491231002X": ["4200000001"],
        "6222000000000000012": [None],
        '"卡号：6222000000000000012"': [None],
    }
    assert {number: customers(own_index, number) for number in numbers} == numbers
    changed = place.open(ChangedHash(), fields)
    try:
        assert {number: customers(changed, number) for number in numbers} == numbers
    finally:
        changed.close()
    after = place.open(ChangedHash(), fields)
    try:
        with after.writer() as writer:
            writer.apply(upserts=ROWS)
            writer.commit()
        assert {number: customers(after, number) for number in numbers} == numbers
    finally:
        after.close()
