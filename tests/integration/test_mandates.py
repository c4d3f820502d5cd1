"""Bank mandates, names that differ, failed debits and corrections (domain.md S0-15), on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from dossier.db.tables import Customer, Document
from dossier.db.verification_tables import BankMandate, Correction, FailedDebit
from dossier.plugins.verification import renamed
from dossier.services import accounts
from dossier.services.key_stores import STORES
from tests.support_seeded import EAST, PASSWORD, SETUP, WEST, Seeded, add_document, csrf_token

HERE = f"/api/v1/customers/{EAST.customer_no}/mandates"
PAGE = f"/customers/{EAST.customer_no}/verification"
ACCOUNT = "6222000000000000012"
HEAD = "户号,扣款日期,失败原因,账号"
Door = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def papers(seeded: Seeded) -> dict[str, str]:
    """A mandate in each customer's dossier, and a re-signed one."""
    found = {}
    with seeded.context.writing(SETUP) as session:
        for at, (name, person) in enumerate((("east", EAST), ("anew", EAST), ("west", WEST))):
            text = f"银行代扣授权\n{person.name}\n{name}"
            found[name] = add_document(seeded.context, session, person, 70 + at, [text])
            session.get_one(Document, found[name]).type_code = "E01"
    return found


@pytest.fixture(scope="module")
def archivist(door: Door) -> TestClient:
    """Who sees the whole company in clear."""
    return door("archivist")


@pytest.fixture(scope="module")
def keeper(seeded: Seeded, door: Door) -> TestClient:
    """Who works at the eastern station."""
    accounts.add_user(
        seeded.context, SETUP, name="keeper", role="station", password=PASSWORD, unit=EAST.unit
    )
    return door("keeper")


@pytest.fixture(autouse=True)
def _none_is_left(seeded: Seeded) -> Any:
    yield
    with seeded.context.writing(SETUP) as session:
        for table in (Correction, FailedDebit, BankMandate):
            session.execute(delete(table))


def post(client: TestClient, path: str, **body: Any) -> Any:
    headers = {"x-csrf-token": csrf_token(client.get("/account").text)}
    return client.post(path, headers=headers, **body)


def keep(client: TestClient, paper: str | None, *, path: str = HERE, **more: str) -> Any:
    said = {"account": ACCOUNT, "account_name": EAST.name, "bank": "示例银行东山支行", **more}
    return post(client, path, json={**said, "document_id": paper})


def debits(client: TestClient, *lines: str) -> dict[str, Any]:
    answer = post(client, "/api/v1/failed-debits", content="\n".join((HEAD, *lines)).encode())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def to_do(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/corrections{query}").json()["items"]
    return found


def test_s0_15_account_name_bank_and_paper_are_kept_encrypted_and_masked(
    seeded: Seeded, keeper: TestClient, papers: dict[str, str], door: Door
) -> None:
    assert keep(keeper, papers["east"], account="6222 0000 0000 0000 012").status_code == 201
    (one,) = keeper.get(HERE).json()["items"]
    assert (one["account"]["text"], one["likeness"]) == (ACCOUNT, "same")
    assert (one["bank"], one["document_id"]) == ("示例银行东山支行", papers["east"])
    with seeded.context.reading(SETUP) as session:
        (row,) = session.scalars(select(BankMandate)).all()
    assert ACCOUNT.encode() not in row.account
    store = next(one for one in STORES if one.name == "bank_mandate")
    assert store.hashes(seeded.context.keyring, ACCOUNT) == {"hmac": row.hmac}
    agent = door("agent")
    for path in (HERE, PAGE):
        said = agent.get(path).text
        assert "0012" in said
        assert not [secret for secret in (*EAST.secrets, ACCOUNT, ACCOUNT[:-4]) if secret in said]
    assert keep(agent, papers["east"]).status_code == 403


@pytest.mark.parametrize(
    ("paper", "more", "said"),
    [
        ("east", {"account": "12 34"}, "账号应为 8 至 30 位数字"),
        ("east", {"account_name": " "}, "请填写账户户名和开户行"),
        (None, {}, "请选择该户已签署的代扣授权书"),
        ("west", {}, "请选择该户已签署的代扣授权书"),
    ],
)
def test_s0_15_a_mandate_needs_account_name_bank_and_the_customers_own_paper(
    archivist: TestClient, papers: dict[str, str], paper: str | None, more: Any, said: str
) -> None:
    answer = keep(archivist, papers[paper] if paper else None, **more)
    assert (answer.status_code, answer.json()["detail_zh"]) == (422, said)


def test_s0_15_an_account_in_another_name_opens_a_correction_that_a_new_mandate_answers(
    keeper: TestClient, papers: dict[str, str]
) -> None:
    keep(keeper, papers["east"], account_name="歐陽霽月")
    assert to_do(keeper) == [], "another spelling is the same name"
    keep(keeper, papers["east"], account_name="王建国")
    (one,) = to_do(keeper)
    assert (one["kind"], one["account_name"]["text"]) == ("name_differs", "王建国")
    keep(keeper, papers["anew"])
    assert to_do(keeper) == []
    (answered,) = to_do(keeper, "?state=resigned")
    assert (answered["document_id"], answered["closed_by"]) == (papers["anew"], "keeper")
    newest, *earlier = keeper.get(HERE).json()["items"]
    assert newest["ended_at"] is None
    assert all(one["ended_at"] for one in earlier)


def test_s0_15_another_name_in_the_register_opens_a_correction_and_the_same_again_closes_it(
    seeded: Seeded, keeper: TestClient, papers: dict[str, str]
) -> None:
    keep(keeper, papers["east"])
    assert to_do(keeper) == []
    for name, state in (("王建国", "open"), (EAST.name, "closed"), ("王建国", "open")):
        with seeded.context.writing(SETUP) as session:
            own = update(Customer).where(Customer.customer_no == EAST.customer_no)
            session.execute(own.values(name=name))
        assert renamed.look_at_some(seeded.context)
        assert not renamed.look_at_some(seeded.context)
        (one,) = to_do(keeper, f"?state={state}")
        assert (one["kind"], one["arrived_id"]) == ("name_differs", None)
    with seeded.context.writing(SETUP) as session:
        later = seeded.context.clock.now() + timedelta(minutes=1)
        anew = update(Document).where(Document.id == papers["anew"])
        session.execute(anew.values(captured_at=later))
    (one,) = to_do(keeper)
    assert one["arrived_id"] == papers["anew"]
    assert "新的授权文件已到" in keeper.get("/verification/corrections").text
    with seeded.context.writing(SETUP) as session:
        own = update(Customer).where(Customer.customer_no == EAST.customer_no)
        session.execute(own.values(name=EAST.name))
    renamed.look_at_some(seeded.context)


def test_s0_15_failed_debits_open_one_correction_and_the_same_list_again_changes_nothing(
    archivist: TestClient, keeper: TestClient, papers: dict[str, str]
) -> None:
    keep(archivist, papers["east"])
    lines = (
        f"{EAST.customer_no},2026-10-08,余额不足,{ACCOUNT}",
        f"{EAST.customer_no},2026年11月8日,账户已销户,",
    )
    first = debits(archivist, *lines)
    assert (first["changed"], first["unchanged"], first["rejected"]) == (2, 0, 0)
    (one,) = to_do(keeper)
    assert (one["kind"], one["failures"]) == ("failed_debit", 2)
    assert (one["last_failure"], one["last_reason"]) == ("2026-11-08", "no_account")
    again = debits(archivist, *lines)
    assert (again["changed"], again["unchanged"]) == (0, 2)
    closing = f"/api/v1/corrections/{one['id']}/close"
    assert post(keeper, closing, json={"why": " "}).status_code == 422
    assert post(keeper, closing, json={"why": "客户已存款"}).status_code == 204
    assert post(keeper, closing, json={"why": "再次"}).status_code == 409
    debits(archivist, f"{EAST.customer_no},2026-12-08,余额不足,")
    assert len(to_do(keeper)) == 1, "a later failure is asked about anew"


def test_s0_15_rows_that_cannot_be_are_named_by_line_and_column_and_never_by_value(
    archivist: TestClient, keeper: TestClient, papers: dict[str, str]
) -> None:
    keep(archivist, papers["east"])
    other = "6222000000000009999"
    found = debits(
        archivist,
        f"{EAST.customer_no},2026-02-30,余额不足,",
        f"{EAST.customer_no},2026-10-08,不明,",
        f"{EAST.customer_no},2026-10-08,余额不足,{other}",
        f"{WEST.customer_no},2026-10-08,余额不足,",
        "4900000009,2026-10-08,余额不足,",
        "12,2026-10-08,余额不足,",
    )
    assert [(one["row"], one["column"]) for one in found["errors"]] == [
        (2, "day"),
        (3, "reason"),
        (7, "customer_no"),
        (4, "account"),
        (5, "customer_no"),
        (6, "customer_no"),
    ]
    assert other not in str(found)
    assert to_do(archivist) == []
    refused = post(keeper, "/api/v1/failed-debits", content=HEAD.encode())
    assert refused.status_code == 403, "a list is of the whole company"


def test_s0_15_corrections_stay_in_scope(
    archivist: TestClient, keeper: TestClient, papers: dict[str, str]
) -> None:
    west = f"/api/v1/customers/{WEST.customer_no}/mandates"
    keep(archivist, papers["west"], path=west, account_name="王建国")
    (one,) = to_do(archivist)
    assert to_do(keeper) == []
    path = f"/api/v1/corrections/{one['id']}/close"
    assert post(keeper, path, json={"why": "试"}).status_code == 404
    assert WEST.customer_no not in keeper.get("/verification/corrections").text


def test_s0_15_pages_keep_end_import_and_close_without_script(
    archivist: TestClient, papers: dict[str, str]
) -> None:
    form = {"csrf_token": csrf_token(archivist.get(PAGE).text)}
    said = {"account": ACCOUNT, "account_name": "王建国", "bank": "示例银行", "document_id": "x"}
    refused = archivist.post(f"{PAGE}/mandate", data={**form, **said})
    assert (refused.status_code, ACCOUNT in refused.text) == (422, False)
    kept = {**form, **said, "document_id": papers["east"]}
    assert archivist.post(f"{PAGE}/mandate", data=kept).status_code == 200
    (one,) = to_do(archivist)
    listed = archivist.get("/verification/corrections").text
    assert "账户户名与登记户名不符" in listed
    file = {"file": ("failed.csv", f"{HEAD}\n{EAST.customer_no},2026-10-08,余额不足,", "text/csv")}
    taken = archivist.post("/verification/failed-debits", data=form, files=file)
    assert "新增 1 条" in taken.text
    closed = archivist.post(f"/verification/corrections/{one['id']}", data={**form, "why": "亲属"})
    assert closed.status_code == 200
    (mandate,) = archivist.get(HERE).json()["items"]
    ended = archivist.post(f"{PAGE}/mandate/{mandate['id']}/end", data={**form, "why": "改缴现金"})
    assert "改缴现金" in ended.text
    assert to_do(archivist) == []
