"""Wrong servers, foreign indices, red clusters, haste and bad rows: a clear word, nothing lost."""

from __future__ import annotations

import base64
import logging
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dossier.adapters.elasticsearch import (
    ElasticsearchIndex,
    ServerAddress,
    bulk,
    generations,
    lease,
)
from dossier.errors import (
    ConfigurationError,
    DossierError,
    SearchNameTakenError,
    SearchServerRefusedError,
    SearchServerTroubleError,
    SearchServerUnreachableError,
    SearchServerWrongError,
    UnavailableError,
)
from dossier.search.fields import load_fields
from dossier.search.parser import parse
from dossier.search.port import (
    CustomerRow,
    DocumentRow,
    IndexBusyError,
    RowKey,
    RowKind,
    Scope,
    SearchRight,
    document_order,
    scoped,
)
from dossier.services import doctor, search
from dossier.settings import Settings
from dossier.viewer import system_viewer
from indexer import rebuild
from indexer.drain import IndexFeeder
from tests.support_elasticsearch import server_url
from tests.support_engines import ElasticsearchPlace, new_place
from tests.support_faulty_server import ELASTIC, Answer, faulty_server

PASSWORD = "a-password-that-nobody-may-read"
NOTHING_THERE = "http://127.0.0.1:9"
EVERYWHERE = Scope(unlimited=True, secrecy=None)
VERSION_7 = {"nodes": {"DUvIMqfzR5ONLHZIDoXrLw": {"version": "7.17.28"}}}
"""What a real Elasticsearch 7.17.28 answered to this client (22 November 2026)."""
REFUSED = {
    "error": {
        "root_cause": [{"type": "security_exception", "reason": "unable to authenticate user"}],
        "type": "security_exception",
        "reason": "unable to authenticate user [dossier] for REST request [/_nodes]",
    },
    "status": 401,
}
HASTE = Answer(
    429, {"error": {"type": "es_rejected_execution_exception", "reason": "queue"}, "status": 429}
)


@pytest.fixture(params=["8", "9"])
def place(request, tmp_path):
    place = new_place(f"elasticsearch-{request.param}", tmp_path / "index")
    yield place
    place.remove()


@pytest.fixture
def index(place):
    index = place.open()
    yield index
    index.close()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(bulk, "_PAUSES", (0.01,) * 6)


def at(url: str, folder: Path, **more) -> ElasticsearchIndex:
    address = ServerAddress((url,), **more)
    return ElasticsearchIndex(address, lock_folder=folder, fields=load_fields(), number_hash=str)


def customer(number: int, revision: int = 1, name: str = "王五", **more) -> CustomerRow:
    return CustomerRow(f"45{number:08d}", revision, number, name, scope=("unit:1",), **more)


def paper(number: int, *texts: str, **more) -> DocumentRow:
    values = {
        "document_id": f"doc-{number}",
        "revision": 1,
        "order": document_order(20260101, number),
        "page_texts": texts,
        "scope": ("unit:1",),
    }
    return DocumentRow(**(values | more))


def write(index, *rows, deletes=()):
    with index.writer() as writer:
        writer.apply(upserts=rows, deletes=deletes)
        writer.commit()
        return writer.refused


def ask(text: str):
    return scoped(parse(text), scope=EVERYWHERE, rights=frozenset(SearchRight))


def uses(index):
    """Everything that one may ask of an index."""
    return {
        "search": lambda: index.search(ask("王五")),
        "suggest": lambda: index.suggest(ask("王五")),
        "state": index.state,
        "count": lambda: index.count(RowKind.CUSTOMER),
        "rows": lambda: list(index.rows()),
        "needs_rebuild": index.needs_rebuild,
        "writer": lambda: index.writer().__enter__(),
        "build": lambda: index.build().__enter__(),
    }


def told(index, kind: type[DossierError]) -> set[str]:
    """What is said in every use; each names a remedy, in one sentence."""
    said = set()
    for name, use in uses(index).items():
        with pytest.raises(kind) as caught:
            use()
        assert type(caught.value) is kind, name
        assert caught.value.detail_zh
        said.add(caught.value.detail)
    return said


# --- wrong servers ---------------------------------------------------------------------------


def test_a_wrong_address_is_told(tmp_path):
    (said,) = told(at(NOTHING_THERE, tmp_path), SearchServerUnreachableError)
    assert "DOSSIER_SEARCH_URL" in said


def test_a_wrong_password_is_told_and_never_repeated(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with faulty_server() as server:
        server.fault = lambda *_: Answer(401, REFUSED)
        index = at(server.url, tmp_path, user="dossier", password=PASSWORD)
        (said,) = told(index, SearchServerRefusedError)
    assert "DOSSIER_SEARCH_PASSWORD" in said
    assert PASSWORD not in said + caplog.text + repr(index._server.address)


def test_a_user_with_too_few_rights_is_told_which(tmp_path):
    with faulty_server() as server:
        server.fault = lambda *_: Answer(403, {**REFUSED, "status": 403})
        (said,) = told(at(server.url, tmp_path, user="dossier"), SearchServerRefusedError)
    assert "monitor" in said


def test_elasticsearch_7_is_told_by_its_version_and_changed_in_nothing(tmp_path):
    with faulty_server() as server:
        server.fault = lambda *_: Answer(200, VERSION_7)
        (said,) = told(at(server.url, tmp_path), SearchServerWrongError)
        assert all(each.startswith("GET /_nodes") for each in server.asked)
    assert "7.17.28" in said


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "<html>a shop</html>", {}),
        Answer(404, "<html>not found</html>", {}),
        Answer(200, {"nodes": {"x": {"version": "8.19.7"}}}, {}),
        Answer(200, {"version": "9.9.9"}, {}),
        Answer(400, "Bad Request", {}),
        Answer(200, {"nodes": {"x": {"version": "odd"}}}, ELASTIC),
    ],
)
def test_what_is_no_elasticsearch_is_told(tmp_path, answer):
    with faulty_server() as server:
        server.fault = lambda *_: answer
        (said,) = told(at(server.url, tmp_path), SearchServerWrongError)
    assert "not Elasticsearch" in said


def test_a_certificate_that_is_not_trusted_is_told(tmp_path):
    with faulty_server(certificate=own_certificate(tmp_path)) as server:
        (said,) = told(at(server.url, tmp_path), SearchServerUnreachableError)
    assert "DOSSIER_SEARCH_CA_FILE" in said


def test_a_certificate_of_ones_own_authority_is_accepted(tmp_path, place):
    with faulty_server(place.url, own_certificate(tmp_path)) as server:
        index = at(server.url, tmp_path, name=place.name, ca_file=tmp_path / "own.pem")
        write(index, customer(1))
        assert index.search(ask("王五")).total == 1


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ({"days": -1}, "has expired"),
        ({"name": "search.example"}, "for another name"),
        ({}, ""),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(tmp_path, certificate, said):
    """Another authority's file helps against none of these."""
    with faulty_server(certificate=own_certificate(tmp_path, **certificate)) as server:
        index = at(server.url, tmp_path, ca_file=tmp_path / "own.pem")
        server.fault = lambda *_: Answer(401, REFUSED)
        if not said:
            told(index, SearchServerRefusedError)
            return
        (told_so,) = told(index, SearchServerUnreachableError)
    assert said in told_so
    assert "DOSSIER_SEARCH_CA_FILE" not in told_so


def test_tls_to_a_server_without_it_is_told(tmp_path):
    with faulty_server() as server:
        (said,) = told(
            at(server.url.replace("http:", "https:"), tmp_path), SearchServerUnreachableError
        )
    assert "http://" in said


@pytest.mark.parametrize("password", ["pässwörd", "密码 123", "a:b"])
def test_a_password_of_any_characters_is_sent_as_it_is(tmp_path, password):
    """The client itself takes ASCII only, and raises what nobody catches."""
    with faulty_server() as server:
        server.fault = lambda *_: Answer(401, REFUSED)
        told(at(server.url, tmp_path, user="dossier", password=password), SearchServerRefusedError)
        sent = server.headers[-1]["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == f"dossier:{password}"


def own_certificate(folder: Path, name: str = "localhost", days: int = 1) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "own.pem").write_bytes(made.public_bytes(pem))
    (folder / "own.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.pem", folder / "own.key")
    return context


@pytest.mark.parametrize(
    "values",
    [
        {"urls": ("search.example:9200",)},
        {"urls": ("ftp://search.example",)},
        {"urls": (f"http://dossier:{PASSWORD}@search.example:9200",)},
        {"urls": ("https://search.example",), "ca_file": Path("/there/is/none.pem")},
        {"urls": ("https://search.example",), "ca_file": Path(__file__)},
        {"urls": ("https://search.example",), "api_key": "密钥"},
    ],
)
def test_an_address_that_can_never_work_is_refused_at_the_start_without_repeating_it(values):
    with pytest.raises(ConfigurationError) as caught:
        ServerAddress(**values)
    assert "DOSSIER_SEARCH" in caught.value.detail
    assert PASSWORD not in str(caught.value)


# --- what is not ours ------------------------------------------------------------------------


def everything_at(place: ElasticsearchPlace) -> object:
    """Aliases, mappings and counts of all indices of the place's name."""
    place.request("POST", f"/{place.name}-*/_refresh")  # else a count may be of a second ago
    found = place.request("GET", f"/{place.name}-*")
    counts = {name: place.request("GET", f"/{name}/_count")["count"] for name in found}
    return found, counts


def untouched(index, place, needle: str) -> None:
    before = everything_at(place)
    (said,) = told(index, SearchNameTakenError)
    assert needle in said
    assert "DOSSIER_SEARCH_INDEX" in said
    assert everything_at(place) == before


def test_an_index_of_our_name_that_somebody_else_made_is_left_alone(index, place):
    place.request("PUT", f"/{place.name}-customers")
    place.request("POST", f"/{place.name}-customers/_doc?refresh=true", {"a": 1})
    untouched(index, place, "is an index there")


def test_an_alias_of_ours_to_somebody_elses_index_is_left_alone(index, place):
    alias = {"aliases": {f"{place.name}-documents": {}}}
    place.request("PUT", f"/{place.name}-theirs", alias)
    untouched(index, place, "not made by this archive")


def test_an_alias_to_two_indices_is_left_alone(index, place):
    write(index, customer(1))
    (name,) = place.generations()
    place.request("PUT", f"/{place.name}-theirs")
    more = {"index": f"{place.name}-theirs", "alias": f"{place.name}-documents"}
    place.request("POST", "/_aliases", {"actions": [{"add": more}]})
    fresh = place.open()
    untouched(fresh, place, "points to 2 indices")
    assert name in place.generations()


def test_another_archives_index_of_the_same_name_is_left_alone(index, place):
    write(index, customer(1))
    other = place.open(lambda number: f"another key: {number}")
    untouched(other, place, "not made by this archive")
    assert index.count(RowKind.CUSTOMER) == 1


def test_another_archive_whose_name_begins_like_ours_keeps_its_generations(index, place):
    longer = ElasticsearchPlace(place.url, f"{place.name}-customers", place.folder / "b").open()
    write(longer, customer(7))
    write(index, customer(1))
    with index.build() as builder:
        builder.apply(upserts=[customer(2)])
        builder.publish()
    assert longer.count(RowKind.CUSTOMER) == 1
    assert index.count(RowKind.CUSTOMER) == 1


# --- servers in trouble ----------------------------------------------------------------------


@contextmanager
def no_shard_finds_a_place(place):
    rule = "cluster.routing.allocation.enable"
    place.request("PUT", "/_cluster/settings", {"persistent": {rule: "none"}})
    try:
        yield
    finally:
        place.request("PUT", "/_cluster/settings", {"persistent": {rule: None}})


def test_a_red_index_is_told_and_answers_again_when_the_cluster_is_mended(index, place):
    write(index, customer(1))
    (name,) = place.generations()
    with no_shard_finds_a_place(place):
        lost = f"{place.name}-documents-lost"  # as the live one, and its shard is nowhere
        mappings = place.request("GET", f"/{name}/_mapping")[name]["mappings"]
        body = {"mappings": mappings, "settings": {"number_of_replicas": 0}}
        place.request("PUT", f"/{lost}?wait_for_active_shards=0", body)
        alias = f"{place.name}-documents"
        swap = [
            {"remove": {"index": name, "alias": alias}},
            {"add": {"index": lost, "alias": alias}},
        ]
        place.request("POST", "/_aliases", {"actions": swap})
        fresh = place.open()
        ask_all = uses(fresh) | {"count": lambda: fresh.count(RowKind.DOCUMENT)}
        for use in ("search", "needs_rebuild", "count", "rows"):
            with pytest.raises(SearchServerTroubleError, match="red"):
                ask_all[use]()
    place.request("GET", f"/_cluster/health/{lost}?wait_for_status=yellow&timeout=20s")
    assert place.generations() == [name, lost]
    assert index.needs_rebuild() is None
    assert index.search(ask("王五")).total == 1


def test_a_cluster_that_gives_a_new_index_no_place_is_told_and_nothing_is_left(
    index, place, monkeypatch
):
    write(index, customer(1))
    before = place.generations()
    monkeypatch.setattr(generations, "_PLACE_TIME", "1s")  # too short for a busy machine's own
    with no_shard_finds_a_place(place), pytest.raises(SearchServerTroubleError), index.build():
        pass
    assert place.generations() == before
    assert index.search(ask("王五")).total == 1


def test_a_disk_that_is_nearly_full_is_told_and_the_rows_wait(index, place, quick):
    write(index, customer(1))
    (name,) = place.generations()
    block = "index.blocks.read_only_allow_delete"
    place.request("PUT", f"/{place.name}-*/_settings", {block: True})
    try:
        with pytest.raises(UnavailableError, match="disk"), index.writer():
            pass
    finally:
        place.request("PUT", f"/{place.name}-*/_settings", {block: None})
    write(index, customer(2))
    assert index.count(RowKind.CUSTOMER) == 2
    assert place.generations() == [name]


def test_haste_and_cut_lines_are_waited_out_and_no_row_is_lost(place, tmp_path, quick):
    with faulty_server(place.url) as server:
        index = at(server.url, tmp_path, name=place.name)
        with index.writer() as writer:
            server.fail("_bulk", HASTE, Answer(503, HASTE.body), Answer(cut=True), HASTE)
            writer.apply(upserts=[customer(number) for number in range(20)])
            writer.commit()
        assert index.count(RowKind.CUSTOMER) == 20
        server.fail("_msearch", HASTE, HASTE)
        assert index.search(ask("王五")).total == 20
        server.fail("_msearch", Answer(cut=True))
        assert index.search(ask("王五")).total == 20


def test_a_server_that_stays_in_haste_is_told_and_the_commit_may_be_repeated(
    place, tmp_path, quick
):
    with faulty_server(place.url) as server:
        index = at(server.url, tmp_path, name=place.name)
        with index.writer() as writer:
            writer.apply(upserts=[customer(1), customer(2)])
            server.fail("_bulk", *[HASTE] * 50)
            with pytest.raises(UnavailableError, match="tried again"):
                writer.commit()
        server.fail("nothing")
        write(index, customer(1), customer(2))
        server.fail("_msearch", *[HASTE] * 50)
        with pytest.raises(UnavailableError, match="tried again"):
            index.search(ask("王五"))
    assert place.open().count(RowKind.CUSTOMER) == 2


def test_rows_refused_for_haste_one_by_one_are_sent_again(place, tmp_path, quick):
    late = {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception"}}}
    fine = {"index": {"status": 201}}
    with faulty_server(place.url) as server:
        index = at(server.url, tmp_path, name=place.name)
        with index.writer() as writer:
            server.fail("_bulk", Answer(200, {"errors": True, "items": [late, fine, late]}))
            writer.apply(upserts=[customer(1), customer(2), customer(3)])
            writer.commit()
        # The second was never sent: the server said that it had it.
        assert sorted(row.key for row in index.rows()) == ["4500000001", "4500000003"]


def test_an_answer_of_some_shards_only_is_never_taken_for_the_whole(place, tmp_path):
    half = {"responses": [{"_shards": {"total": 2, "failed": 1}, "status": 200, "hits": {}}]}
    with faulty_server(place.url) as server:
        index = at(server.url, tmp_path, name=place.name)
        write(index, customer(1))
        server.fail("_msearch", Answer(200, half))
        with pytest.raises(SearchServerTroubleError):
            index.search(ask("王五"))


def test_a_request_that_is_too_large_is_split(place, tmp_path):
    with faulty_server(place.url) as server:
        index = at(server.url, tmp_path, name=place.name)
        too_large = Answer(413, "", {})
        server.fault = lambda method, path, body: (
            too_large if "_bulk" in path and len(body) > 9_000 else None
        )
        rows = [paper(number, "供电合同" * 50) for number in range(20)]
        giant = paper(99, "供电合同" * 5000)
        assert [each.reason for each in write(index, *rows, giant)] == ["too_large"]
        assert index.count(RowKind.DOCUMENT) == 20


# --- rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        customer(1, name="王" * 9, old_customer_nos=("7" * 40_000,)),
        replace(customer(1), customer_no="4" * 600),
        replace(customer(1), revision=-1),
        paper(1, "好", order=2**63 + 1, customer=customer(10)),
        paper(1, "好", order=2**64),
    ],
    ids=["a long number", "a long key", "a negative revision", "an order too large", "no order"],
)
def test_a_bad_row_never_fails_its_neighbours_and_is_reported(index, bad, caplog):
    rows = [customer(number) for number in range(10, 20)]
    refused = write(index, *rows[:5], bad, *rows[5:])
    assert index.search(ask("王五")).total == 10
    if refused:
        assert len(refused) == 1
        assert "refuses a row" in caplog.text
        assert refused[0].key not in caplog.text
    else:  # its long value was left out, the row itself is there
        assert index.count(RowKind.CUSTOMER) == 11


def test_an_older_revision_does_not_replace_a_newer_one(index):
    write(index, customer(1, revision=5, name="赵六"))
    write(index, customer(1, revision=3, name="王五"))
    assert [row.revision for row in index.rows()] == [5]
    assert index.search(ask("赵六")).total == 1
    write(index, customer(1, revision=5, name="孙七"))  # its customer changed, not itself
    assert index.search(ask("孙七")).total == 1


def test_a_deleted_row_may_come_back_at_once_even_older(index):
    write(index, customer(1, revision=5))
    write(index, deletes=[RowKey(RowKind.CUSTOMER, "4500000001")])
    assert index.count(RowKind.CUSTOMER) == 0
    write(index, customer(1, revision=1))
    assert index.count(RowKind.CUSTOMER) == 1
    with index.build() as builder:
        builder.apply(upserts=[customer(1, revision=5)])
        builder.apply(deletes=[RowKey(RowKind.CUSTOMER, "4500000001")])
        builder.apply(upserts=[customer(1, revision=1)])
        builder.publish()
    assert [row.revision for row in index.rows()] == [1]


def test_a_word_longer_than_the_analyzer_takes_is_found_whole_and_inside_a_phrase(index):
    long = "x" * 300
    write(index, paper(1, f"编号 {long} 供电合同"), paper(2, f"编号 {long}y 供电合同"))
    for text in (long, f'"{long} 供电"', f'"编号 {long} 供电合同"'):
        (group,) = index.search(ask(text)).groups
        assert group.documents[0].document_id == "doc-1"


def test_half_a_character_fails_neither_a_row_nor_a_query(index):
    assert write(index, customer(1, name="王\udc80五"), customer(2)) == ()
    assert index.count(RowKind.CUSTOMER) == 2
    index.search(ask("王\udc80五"))


# --- several machines ------------------------------------------------------------------------


def test_another_machine_waits_for_the_writer_and_takes_over_when_it_died(
    index, place, tmp_path, monkeypatch
):
    other = ElasticsearchPlace(place.url, place.name, tmp_path / "another machine").open()
    with index.writer() as writer:
        writer.apply(upserts=[customer(1)])
        writer.commit()
        with pytest.raises(IndexBusyError), other.writer():
            pass
    write(other, customer(2))  # given back
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.0)  # as long as a dead one's right is left
    with index.writer() as dead:
        monkeypatch.undo()
        write(other, customer(3))
        dead.apply(upserts=[customer(4)])
        with pytest.raises(IndexBusyError):
            dead.commit()
    assert other.count(RowKind.CUSTOMER) == 3


def test_searching_goes_on_through_rebuilds_and_none_fails(index, place):
    write(index, *(customer(number) for number in range(30)))
    reader, stop, totals, failures = place.open(), threading.Event(), set(), []

    def search() -> None:
        while not stop.is_set():
            try:
                totals.add(reader.search(ask("王五")).total)
            except DossierError as err:
                failures.append(err)

    thread = threading.Thread(target=search)
    thread.start()
    try:
        for _ in range(3):
            with index.build() as builder:
                builder.apply(upserts=[customer(number) for number in range(30)])
                builder.publish()
    finally:
        stop.set()
        thread.join()
    assert failures == []
    assert totals == {30}


# --- the whole product -----------------------------------------------------------------------


def test_doctor_names_engine_version_and_generation_or_the_fault(place, tmp_path):
    from dossier.bootstrap import build

    settings = Settings(home=tmp_path / "home", workers=1, **place.settings())
    context = build(settings)
    with context.index.writer() as writer:
        writer.commit()
    checks = {each.name: each for each in doctor.examine(context)}
    assert checks["index"].ok
    assert (
        f"Elasticsearch {'8.19' if place.url == server_url('8') else '9.'}"
        in checks["index"].detail
    )
    assert "generation gen-" in checks["index"].detail
    context.index.close()
    context.database.dispose()
    broken = build(settings.model_copy(update={"search_url": NOTHING_THERE}))
    found = {each.name: each for each in doctor.examine(broken)}["index"]
    assert not found.ok
    assert "DOSSIER_SEARCH_URL" in found.remedy
    broken.index.close()
    broken.database.dispose()
    context.readers.close()
    broken.readers.close()


def test_the_house_goes_on_while_the_server_is_away_and_writes_when_it_is_back(place, tmp_path):
    from dossier.bootstrap import build

    with faulty_server(place.url) as server:
        server.fault = lambda *_: Answer(cut=True)
        settings = {**place.settings(), "search_url": server.url}
        context = build(Settings(home=tmp_path / "home", workers=1, **settings))
        feeder = IndexFeeder(context)
        assert not rebuild.make_first(context)
        assert not feeder.try_acquire()
        answer = ask_office(context, "4200000001")
        assert answer is None
        server.fault = lambda *_: None
        assert feeder.try_acquire()
        feeder.release()
        assert ask_office(context, "4200000001") == 0
        context.readers.close()
        context.index.close()
        context.database.dispose()


def ask_office(context, text: str) -> int | None:
    """How many hits the whole product gives; None while the index does not answer."""
    try:
        return search.search(context, system_viewer("test"), search.SearchRequest(q=text)).total
    except UnavailableError:
        return None


def test_the_lock_folder_that_cannot_be_written_is_told(place, tmp_path):
    (tmp_path / "file").write_text("")
    broken = ElasticsearchPlace(place.url, place.name, tmp_path / "file" / "index").open()
    with pytest.raises(UnavailableError, match="lock"), broken.writer():
        pass
    with suppress(UnavailableError):
        broken.close()
