"""Whatever the client raises or the server answers, made one of our errors with its remedy.

Never repeated: what the server says of a query or a row (it quotes people's words), and addresses
or passwords.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import elastic_transport
import elasticsearch

from dossier.errors import (
    DossierError,
    QueryError,
    SearchServerRefusedError,
    SearchServerTroubleError,
    SearchServerUnreachableError,
    SearchServerWrongError,
    UnavailableError,
)

REMEDY = "run `dossier reindex`; records and files are not touched"
REMEDY_ZH = "检索索引不可用：请运行 dossier reindex 重建；档案记录和文件不受影响"
_VERSION_REFUSED = frozenset({"media_type_header_exception"})
_BUSY = frozenset({429, 502, 503, 504})
_BUSY_TYPES = frozenset({"es_rejected_execution_exception", "circuit_breaking_exception"})


class RebuildNeededError(UnavailableError):
    """There is no index of ours, or one with other fields: building a new one mends it."""

    def __init__(self, what: str) -> None:
        """Say what is wrong; the remedy is always the same."""
        super().__init__(f"{what}; {REMEDY}", detail_zh=REMEDY_ZH)


class GoneError(RebuildNeededError):
    """An index that was there a moment ago is not: a newer generation may have taken its place."""


class BusyError(UnavailableError):
    """The server asks to come again later; after some tries this is what callers see."""

    def __init__(self) -> None:
        """The same words for every kind of haste."""
        super().__init__(
            "the search server has too much to do; it is tried again by itself",
            detail_zh="检索服务器繁忙，系统会自动重试",
        )


@contextmanager
def server_errors(doing: str) -> Iterator[None]:
    """Turn what the client raises into our errors.

    Raises:
        UnavailableError: the server is away, refuses us, is the wrong one, or is in trouble.
        QueryError: the query is too large for the server.
    """
    try:
        yield
    except DossierError:
        raise
    except elasticsearch.UnsupportedProductError as err:
        raise not_elasticsearch() from err
    except elasticsearch.ApiError as err:
        raise _from_answer(err, doing) from err
    except elastic_transport.TlsError as err:
        raise _untrusted(err.message) from err
    except elastic_transport.ConnectionTimeout as err:
        raise SearchServerUnreachableError(
            f"{doing}: the search server did not answer in time; see whether it is overloaded, or "
            "raise DOSSIER_SEARCH_SECONDS",
            detail_zh="检索服务器未及时响应：请检查其负荷",
        ) from err
    except elastic_transport.ConnectionError as err:
        raise SearchServerUnreachableError(
            "the search server cannot be reached; check DOSSIER_SEARCH_URL, and that it runs",
            detail_zh="无法连接检索服务器：请检查 DOSSIER_SEARCH_URL 及服务器是否运行",
        ) from err
    except elastic_transport.SerializationError as err:
        raise not_elasticsearch() from err
    except elastic_transport.TransportError as err:
        raise SearchServerTroubleError(f"{doing} failed; look into the server's log") from err


def not_elasticsearch() -> SearchServerWrongError:
    """What answers at the address is something else."""
    return SearchServerWrongError(
        "what answers at DOSSIER_SEARCH_URL is not Elasticsearch 8.19 or 9; set the address of one",
        detail_zh="DOSSIER_SEARCH_URL 所指并非 Elasticsearch 8.19 或 9：请更正地址",
    )


def wrong_version(version: str) -> SearchServerWrongError:
    """Elasticsearch, but too old or too new."""
    return SearchServerWrongError(
        f"the search server is Elasticsearch {version}; 8.19 or 9 is needed: upgrade it, or leave "
        "DOSSIER_SEARCH_URL empty for the built-in index",
        detail_zh=f"检索服务器为 Elasticsearch {version}，需要 8.19 或 9：请升级，或清空 "
        "DOSSIER_SEARCH_URL 使用内置索引",
    )


def in_trouble(what: str = "a shard of the index has no copy that answers") -> UnavailableError:
    """A red cluster, or one without a master."""
    return SearchServerTroubleError(
        f"the search server is in trouble ({what}); mend the cluster (GET _cluster/health says "
        "red), or run `dossier reindex` when it is green again",
        detail_zh="检索服务器状态异常（red）：请先修复集群；恢复后可运行 dossier reindex",
    )


def disk_full() -> UnavailableError:
    """The server's own guard against a full disk (flood stage)."""
    return SearchServerTroubleError(
        "the search server takes no more rows because its disk is nearly full; make room there",
        detail_zh="检索服务器磁盘将满，已拒绝写入：请清理其磁盘",
    )


def fault_of(status: int, error: Mapping[str, Any] | str, doing: str) -> DossierError:
    """Our error for an answer of the server, of a whole request or of one part of it."""
    kinds = _kinds(error)
    if status == 404 and "index_not_found_exception" in kinds:
        return GoneError("the search index is gone")
    if "cluster_block_exception" in kinds:
        full = "disk" in str(error) or status in {403, 429}
        return disk_full() if full else in_trouble("it has no master")
    if kinds & {"no_shard_available_action_exception", "unavailable_shards_exception"}:
        return in_trouble()
    if kinds & {"master_not_discovered_exception"}:
        return in_trouble("it has no master")
    if any(word in str(error) for word in ("too_many", "maxClauseCount", "nested depth")):
        return QueryError(
            "the query is too long for the search server; leave some words out",
            detail_zh="查询过长：请减少检索词",
        )
    if status in _BUSY or kinds & _BUSY_TYPES:
        return in_trouble() if _no_shards(error) else BusyError()
    return SearchServerTroubleError(
        f"{doing}: the search server answered {status} ({min(kinds, default='no reason')}); look "
        "into its log"
    )


_UNTRUSTED = (
    (
        "has expired",
        "the search server's certificate has expired; let its operator renew it",
        "检索服务器证书已过期：请其管理员更换证书",
    ),
    (
        "not yet valid",
        "the search server's certificate is not valid yet; check the clocks of both machines",
        "检索服务器证书尚未生效：请检查两台机器的时钟",
    ),
    (
        "mismatch",
        "the search server's certificate is for another name than the address; write "
        "DOSSIER_SEARCH_URL with the name that the certificate has",
        "检索服务器证书与地址不符：请按证书上的名称填写 DOSSIER_SEARCH_URL",
    ),
    (
        "WRONG_VERSION_NUMBER",
        "the search server does not speak TLS at this address; write http:// in "
        "DOSSIER_SEARCH_URL, or the address at which it does",
        "该地址的检索服务器未启用 TLS：请在 DOSSIER_SEARCH_URL 中写 http:// 或改用启用 TLS 的地址",
    ),
    (
        "",
        "the search server's certificate is not trusted; set DOSSIER_SEARCH_CA_FILE to the file "
        "of its certificate authority",
        "检索服务器证书不受信任：请设置 DOSSIER_SEARCH_CA_FILE",
    ),
)
"""What TLS says of a certificate, and what helps; the last one fits all."""


def _untrusted(said: str) -> SearchServerUnreachableError:
    detail, chinese = next((en, zh) for part, en, zh in _UNTRUSTED if part in said)
    return SearchServerUnreachableError(detail, detail_zh=chinese)


def _from_answer(err: elasticsearch.ApiError, doing: str) -> DossierError:
    status, body = err.meta.status, err.body
    error = body.get("error", "") if isinstance(body, dict) else ""
    ours = err.meta.headers.get("x-elastic-product") == "Elasticsearch"
    if status in {401, 403} and "cluster_block_exception" not in _kinds(error):
        return _refused(status)
    if status == 406 or _kinds(error) & _VERSION_REFUSED:
        return wrong_version("of another major version") if ours else not_elasticsearch()
    if not ours and status not in _BUSY:
        return not_elasticsearch()
    return fault_of(status, error, doing)


def _refused(status: int) -> DossierError:
    if status == 401:
        return SearchServerRefusedError(
            "the search server refuses the user, password or API key; set DOSSIER_SEARCH_USER and "
            "DOSSIER_SEARCH_PASSWORD, or DOSSIER_SEARCH_API_KEY",
            detail_zh="检索服务器拒绝登录：请检查 DOSSIER_SEARCH_USER / DOSSIER_SEARCH_PASSWORD 或 "
            "DOSSIER_SEARCH_API_KEY",
        )
    return SearchServerRefusedError(
        "the search server's user lacks rights; give it `monitor` on the cluster and `all` on "
        "indices that begin with DOSSIER_SEARCH_INDEX",
        detail_zh="检索服务器用户权限不足：需要集群 monitor 权限及本系统索引的全部权限",
    )


def _kinds(error: Mapping[str, Any] | str) -> set[str]:
    """Types of an error and of its causes: they name no words of a query."""
    if not isinstance(error, Mapping):
        return set()
    found = {str(error.get("type", ""))}
    for cause in (*error.get("root_cause", ()), error.get("caused_by", "")):
        found |= _kinds(cause)
    for shard in error.get("failed_shards", ()):
        found |= _kinds(shard.get("reason", ""))
    return found - {""}


def _no_shards(error: Mapping[str, Any] | str) -> bool:
    """All shards failed and none says why: none of them is there."""
    return "search_phase_execution_exception" in _kinds(error) and not error.get("failed_shards")  # type: ignore[union-attr]
