"""Documents over HTTP: bytes with ranges and ETags, changes by revision, uploads to disk."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from dossier.db.tables import Document
from dossier.records import IntakeOutcome
from dossier.services import intake
from dossier.web import uploading
from tests.support_seeded import EAST, SETUP, WEST, Seeded


def headers(archive: Seeded, user: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {archive.tokens[user]}", **more}


def test_originals_answer_ranges_and_fresh_copies(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['东1']}/original"
    whole = seeded.get(path, "archivist")
    assert whole.headers["etag"].strip('"') == seeded.get(path[:-9], "archivist").json()["sha256"]
    assert whole.headers["content-disposition"].startswith("attachment")
    part = seeded.get(path, "archivist", headers={"range": "bytes=0-7"})
    assert part.status_code == 206
    assert part.content == whole.content[:8]
    fresh = seeded.get(path, "archivist", headers={"if-none-match": whole.headers["etag"]})
    assert fresh.status_code == 304
    assert fresh.content == b""


def test_a_page_picture_is_private_and_has_its_own_etag_for_each_mask(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['东1']}/pages/1/image"
    clear, masked = seeded.get(path, "archivist"), seeded.get(path, "agent")
    assert clear.headers["cache-control"].startswith("private")
    assert clear.headers["etag"] != masked.headers["etag"]
    again = seeded.get(path, "agent", headers={"if-none-match": masked.headers["etag"]})
    assert again.status_code == 304
    assert seeded.get(path + "?width=300", "agent").headers["etag"] != masked.headers["etag"]


@pytest.mark.parametrize("number", [0, -1, 2, 2**31, 2**63, 10**40])
@pytest.mark.parametrize("part", ["boxes", "image"])
def test_a_page_that_cannot_be_is_not_found(seeded: Seeded, number: int, part: str) -> None:
    path = f"/api/v1/documents/{seeded.documents['东1']}/pages/{number}/{part}"
    answer = seeded.get(path, "archivist")
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] == "not_found"


def test_a_strip_shows_the_line_of_the_hit(seeded: Seeded) -> None:
    from io import BytesIO

    from PIL import Image

    base = f"/api/v1/documents/{seeded.documents['东1']}/pages/1/image?strip=1&width=600&q="
    found = seeded.get(base + "合同", "agent")
    picture = Image.open(BytesIO(found.content))
    assert picture.width == 600
    assert picture.height < 200
    nothing = seeded.get(base + "没有这个词", "agent")
    assert nothing.headers["x-dossier-placeholder"] == "no_hit"
    assert nothing.headers["cache-control"] == "no-store"


def test_a_change_against_an_older_revision_is_refused(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['pool']}"
    before = seeded.get(path, "archivist")
    etag = before.headers["etag"]
    assigned = seeded.client.patch(
        path,
        json={"customer_no": EAST.customer_no, "type": "C01"},
        headers=headers(seeded, "archivist", **{"if-match": etag}),
    )
    assert assigned.status_code == 200, assigned.text
    body = assigned.json()
    assert body["customer_no"] == EAST.customer_no
    assert body["state"] == "filed"
    assert body["link"] == {"confidence": 1.0, "reasons": ["person"]}
    late = seeded.client.patch(
        path, json={"type": "A02"}, headers=headers(seeded, "archivist", **{"if-match": etag})
    )
    assert late.status_code == 412
    assert late.json()["code"] == "stale_revision"
    back = seeded.client.patch(
        path, json={"customer_no": None}, headers=headers(seeded, "archivist")
    )
    assert back.json()["customer_no"] is None
    assert back.json()["state"] == "to_assign"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"customer_no": "9999999999"}, 422),
        ({"type": "Z99"}, 422),
        ({"document_type": "Z99"}, 422),
        ({"type": "A01", "document_type": "A02"}, 422),
        ({"unknown": 1}, 422),
        ({"title": "x" * 5000}, 422),
        ({"doc_date": "yesterday"}, 422),
        ([], 422),
    ],
)
def test_a_change_that_cannot_be_is_named(seeded: Seeded, body: Any, status: int) -> None:
    path = f"/api/v1/documents/{seeded.documents['西1']}"
    answer = seeded.client.patch(path, json=body, headers=headers(seeded, "archivist"))
    assert answer.status_code == status, answer.text


def test_a_clerk_of_one_station_cannot_file_under_another_s_customer(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['东1']}"
    answer = seeded.client.patch(
        path, json={"customer_no": WEST.customer_no}, headers=headers(seeded, "archivist_east")
    )
    assert answer.status_code == 422


def patched(archive: Seeded, path: str, body: dict[str, Any]) -> Any:
    return archive.client.patch(path, json=body, headers=headers(archive, "archivist"))


def test_a_change_with_a_wrong_part_changes_nothing(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['西1']}"
    before = seeded.get(path, "archivist").json()
    for wrong in ({"customer_no": "9999999999"}, {"type": "Z99"}):
        answer = patched(seeded, path, {"title": "HALF", "type": "A01", **wrong})
        assert answer.status_code == 422
        assert seeded.get(path, "archivist").json() == before


def test_the_history_s_facts_are_json(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['西1']}"
    kept = seeded.get(path, "archivist").json()
    history = patched(seeded, path, {"title": kept["title"]}).json()["history"]
    assert history[0]["action"] == "document.described"
    assert history[0]["facts"] == {"fields": ["title"]}


def test_a_waiting_paper_names_its_candidates_to_who_may_assign(seeded: Seeded) -> None:
    document_id = seeded.documents["pool"]
    candidates = [
        {"customer_no": person.customer_no, "confidence": confidence, "reasons": ["name"]}
        for person, confidence in ((EAST, 0.6), (WEST, 0.3))
    ]
    with seeded.context.writing(SETUP) as session:
        session.get_one(Document, document_id).candidates = candidates
    shown = seeded.get(f"/api/v1/documents/{document_id}", "archivist").json()
    assert shown["link"]["candidates"] == candidates
    looking = seeded.get(f"/api/v1/documents/{document_id}", "admin").json()
    assert "candidates" not in looking["link"]
    local = seeded.get(f"/api/v1/documents/{document_id}", "archivist_east").json()
    assert local["link"]["candidates"] == candidates[:1]


def test_a_change_of_several_parts_is_one_revision(seeded: Seeded) -> None:
    path = f"/api/v1/documents/{seeded.documents['西2']}"
    before = seeded.get(path, "archivist").json()
    body = {"title": "新题", "document_type": "A01", "customer_no": WEST.customer_no}
    after = patched(seeded, path, {**body, "doc_date": "2026-05-06"}).json()
    assert after["revision"] == before["revision"] + 1
    assert (after["title"], after["type"], after["doc_date"]) == ("新题", "A01", "2026-05-06")
    restored = {name: before[name] for name in ("title", "type", "doc_date")}
    assert patched(seeded, path, restored).json()["revision"] == before["revision"] + 2
    assert patched(seeded, path, {}).json()["revision"] == before["revision"] + 2


# -- sending in ---------------------------------------------------------------------------------


def send(archive: Seeded, files: Any, data: dict[str, str] | None = None) -> Any:
    return archive.client.post(
        "/api/v1/documents", files=files, data=data or {}, headers=headers(archive, "archivist")
    )


def test_one_file_is_taken_in_and_its_second_copy_is_a_duplicate(seeded: Seeded) -> None:
    file = ("供用电合同.txt", "供用电合同正文".encode(), "text/plain")
    first = send(seeded, {"file": file}, {"customer_no": EAST.customer_no, "document_type": "C01"})
    assert first.status_code == 202
    body = first.json()
    assert body["status_url"] == f"/api/v1/documents/{body['id']}"
    status = seeded.get(body["status_url"], "archivist").json()
    assert status["state"] == "received"
    assert status["type"] == "C01"
    assert status["file_name"] == "供用电合同.txt"
    second = send(seeded, {"file": file}, {"customer_no": EAST.customer_no})
    assert second.status_code == 200
    assert second.json()["id"] == body["id"]
    assert second.json()["outcome"] == "duplicate"


def test_several_files_are_answered_as_a_list(seeded: Seeded) -> None:
    files = [("file", (f"{name}.txt", name.encode(), "text/plain")) for name in ("甲", "乙", "丙")]
    answer = send(seeded, files)
    assert answer.status_code == 202
    assert [item["file_name"] for item in answer.json()["items"]] == ["甲.txt", "乙.txt", "丙.txt"]
    assert len({item["id"] for item in answer.json()["items"]}) == 3


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a\nb.pdf", "名" * 300, "\u202efdp.exe", "🏠.pdf", "C:\\x\\y.pdf", "."],
)
def test_odd_file_names_stay_names(seeded: Seeded, name: str) -> None:
    answer = send(seeded, {"file": (name, name.encode(), "application/pdf")})
    assert answer.status_code == 202, answer.text
    shown = seeded.get(answer.json()["status_url"], "archivist").json()["file_name"]
    assert "/" not in shown
    assert "\n" not in shown
    original = seeded.get(answer.json()["status_url"] + "/original", "archivist")
    assert original.content == name.encode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"customer_no": "0000000000"}, 422),
        ({"document_type": "Z99"}, 422),
        ({"case_no": "x"}, 202),
    ],
)
def test_a_mistyped_form_is_refused_before_the_file_is_taken(
    seeded: Seeded, data: dict[str, str], status: int
) -> None:
    file = ("a.txt", repr(data).encode(), "text/plain")
    assert send(seeded, {"file": file}, data).status_code == status


def test_an_empty_file_is_set_aside_and_those_beside_it_are_taken_in(seeded: Seeded) -> None:
    empty = ("file", ("leer.pdf", b"", "application/pdf"))
    answer = send(seeded, [empty])
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_file")
    assert "Scan or copy it once more" in answer.json()["detail"]
    assert "请重新扫描" in answer.json()["detail_zh"]
    whole = ("file", ("whole.txt", b"beside an empty one", "text/plain"))
    answer = send(seeded, [whole, empty])
    assert answer.status_code == 202
    first, second = answer.json()["items"]
    assert (first["outcome"], first["reason"]) == ("accepted", "")
    assert (second["outcome"], second["reason"], second["id"]) == ("quarantined", "empty", None)
    listed = seeded.get("/api/v1/intake", "archivist").json()["items"]
    (noted,) = [one for one in listed if one["id"] == second["intake_id"]]
    assert (noted["state"], noted["reason"]) == ("failed", "empty")


def test_a_form_without_a_file_or_that_is_none_is_refused(seeded: Seeded) -> None:
    post, who = seeded.client.post, headers(seeded, "archivist")
    assert post("/api/v1/documents", data={"customer_no": "1"}, headers=who).status_code == 422
    assert post("/api/v1/documents", content=b"raw", headers=who).status_code == 422
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x", b"nonsense", b'--x\r\nContent-Disposition: form-data; name="file"'):
        answer = post("/api/v1/documents", content=body, headers={**who, **kind})
        assert answer.status_code == 422, body


def test_too_many_files_are_refused_as_such(seeded: Seeded) -> None:
    limit = seeded.context.settings.upload_max_files
    files = [("file", (f"{n}.txt", str(n).encode(), "text/plain")) for n in range(limit + 1)]
    answer = send(seeded, files)
    assert answer.status_code == 413
    assert str(limit) in answer.json()["detail"]


def test_a_file_above_the_limit_is_refused_while_it_comes(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from searchapi.routes import documents

    small = uploading.UploadLimits(file_bytes=1000, files=5)
    monkeypatch.setattr(documents, "UploadLimits", lambda *_: small)
    answer = send(seeded, {"file": ("big.bin", b"x" * 100_000, "application/octet-stream")})
    assert answer.status_code == 413
    assert not list((seeded.context.settings.home / "uploads").iterdir())


def test_a_large_upload_is_streamed_to_disk_and_not_held(tmp_path: Path) -> None:
    """Python's own memory stays below a few pieces, whatever the size of the file."""
    pieces, piece = 400, b"\x00" * (256 * 1024)
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'

    def messages() -> Iterator[bytes]:
        yield head
        for _ in range(pieces):
            yield piece
        yield b"\r\n--edge--\r\n"

    source = messages()

    async def receive_message() -> dict[str, Any]:
        body = next(source, None)
        return {"type": "http.request", "body": body or b"", "more_body": body is not None}

    async def run() -> tuple[int, int]:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": [(b"content-type", b"multipart/form-data; boundary=edge")],
            "state": {"csrf": None},
        }
        request = Request(scope, receive_message)
        limits = uploading.UploadLimits(file_bytes=10**9, files=5)
        tracemalloc.start()
        async with uploading.receive(request, tmp_path, limits) as form:
            size = form.files[0].path.stat().st_size
        return size, tracemalloc.get_traced_memory()[1]

    with ThreadPoolExecutor(1) as own_loop:  # a browser test may have left one running here
        size, peak = own_loop.submit(asyncio.run, run()).result()
    tracemalloc.stop()
    assert size == pieces * len(piece)
    assert peak < 8 * 1024 * 1024
    assert list(tmp_path.iterdir()) == []


# -- what came in -------------------------------------------------------------------------------


def test_the_intake_list_goes_on_by_its_cursor(seeded: Seeded) -> None:
    seen, cursor = [], ""
    while True:
        page = seeded.get(f"/api/v1/intake?size=2&cursor={cursor}", "archivist").json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == page["total"]


@pytest.mark.parametrize("outcome", [IntakeOutcome.QUARANTINED, IntakeOutcome.FAILED])
def test_a_file_that_was_refused_says_why(seeded: Seeded, outcome: IntakeOutcome) -> None:
    arrival = intake.Arrival(file_name=f"{outcome}.pdf", origin="ingest")
    row_id = intake.refuse(seeded.context, SETUP, arrival, reason="empty", outcome=outcome)
    items = seeded.get("/api/v1/intake?state=failed", "archivist").json()["items"]
    assert {item["id"]: item["error"] for item in items}[row_id] == "empty"
