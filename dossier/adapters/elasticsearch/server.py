"""The connection to the server: one client for a process, checked before its first use."""

from __future__ import annotations

import base64
import random
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import elasticsearch
from elasticsearch.serializer import OrjsonSerializer

from dossier.adapters.elasticsearch.faults import (
    BusyError,
    fault_of,
    in_trouble,
    not_elasticsearch,
    server_errors,
    wrong_version,
)
from dossier.adapters.elasticsearch.translate import Translator
from dossier.adapters.elasticsearch.wire import encode
from dossier.errors import ConfigurationError, SearchServerUnreachableError

MAJORS = frozenset({8, 9})
"""Versions that the client 8.19 speaks with and that CI runs (8.19 and 9)."""
_OLDEST = (8, 19)
_CONNECTIONS = 16  # searches of one process at a time; further ones wait for a free connection
_READ_PAUSES = (0.05, 0.2, 0.5)  # seconds between tries of a search: a person waits for it
WRITE_TIMES = 6  # a write, or making an index, may take so much longer than a search
_Answer = TypeVar("_Answer")

Search = tuple[str, Mapping[str, Any]]
"""Names of indices, separated by commas, and a search body."""


class _VendorJson(OrjsonSerializer):
    """orjson for the server's own media type: parsing is half of the client's time."""

    mimetype = "application/vnd.elasticsearch+json"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the server is and who we are there.

    Attributes:
        urls: one address, or several of one cluster.
        name: the prefix of all our indices and aliases.
        seconds: time limit of a search; writing may take six times as long.
    """

    urls: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca_file: Path | None = None
    name: str = "dossier"
    seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what can never work, without repeating it: an address may hold a password.

        Raises:
            ConfigurationError: names the setting and the remedy.
        """
        for url in self.urls:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ConfigurationError(
                    "DOSSIER_SEARCH_URL must look like https://search.example:9200"
                )
            if parts.username or parts.password:
                raise ConfigurationError(
                    "DOSSIER_SEARCH_URL must not hold a user or password; set DOSSIER_SEARCH_USER "
                    "and DOSSIER_SEARCH_PASSWORD"
                )
        if not self.api_key.isascii():
            raise ConfigurationError("DOSSIER_SEARCH_API_KEY holds characters that no API key has")
        if self.ca_file and not _holds_certificates(self.ca_file):
            raise ConfigurationError(
                "DOSSIER_SEARCH_CA_FILE is not a file of certificates (PEM) that can be read"
            )


def _holds_certificates(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:  # ssl.SSLError is one
        return False
    return True


class Server:
    """Requests with our errors; safe from any thread."""

    def __init__(self, address: ServerAddress, translate: Translator) -> None:
        self.address = address
        self.translate = translate
        self._lock = threading.Lock()
        self._client: elasticsearch.Elasticsearch | None = None
        self._version = ""

    @property
    def client(self) -> elasticsearch.Elasticsearch:
        """The client, after the server was found to be one that we know.

        Raises:
            SearchServerWrongError: not Elasticsearch, or another version.
            UnavailableError: it does not answer, or refuses us.
        """
        with self._lock:
            if self._client is None:
                client = _connect(self.address)
                self._version = _checked_version(client)
                self._client = client
            return self._client

    @property
    def version(self) -> str:
        """The server's version, ``8.19.7``."""
        _ = self.client
        return self._version

    @property
    def patient(self) -> elasticsearch.Elasticsearch:
        """The client for writing and for making indices: these may take long."""
        return self.client.options(request_timeout=self.address.seconds * WRITE_TIMES)

    def manage(self, doing: str, ask: Callable[[elasticsearch.Elasticsearch], _Answer]) -> _Answer:
        """As :meth:`read`, for what may take longer than a search."""
        return self.read(doing, lambda _: ask(self.patient))

    def forget(self) -> None:
        """Close the connections; the next request looks at the server anew."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def read(self, doing: str, ask: Callable[[elasticsearch.Elasticsearch], _Answer]) -> _Answer:
        """Ask, and ask again a few times when the server is in haste or the line was cut.

        Raises:
            UnavailableError: after the last try.
        """
        for pause in (*_READ_PAUSES, None):
            try:
                with server_errors(doing):
                    return ask(self.client)
            except (BusyError, SearchServerUnreachableError) as err:
                again = isinstance(err, BusyError) or pause == _READ_PAUSES[0]
                if pause is None or not again or _timed_out(err):
                    raise
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret
        raise AssertionError("the last pause is None")

    def search(self, searches: Sequence[Search], *, brief: str = "") -> list[Mapping[str, Any]]:
        """Several searches in one request.

        Args:
            searches: what is asked of which indices.
            brief: a ``filter_path``: parts of the answer that are left out.

        Raises:
            UnavailableError: one of them failed, or was answered by a part of the shards only.
            QueryError: too large for the server.
        """
        if not searches:
            return []
        lines = []
        for names, body in searches:
            lines.append(encode({"index": names, "allow_partial_search_results": False}))
            lines.append(encode(body))
        return self.read("searching", lambda client: _several(client, lines, brief))


def _several(
    client: elasticsearch.Elasticsearch, lines: list[bytes], brief: str
) -> list[Mapping[str, Any]]:
    answer = client.msearch(searches=lines, filter_path=brief or None)  # type: ignore[arg-type]
    found = list(answer.body["responses"])
    for each in found:
        if "error" in each:
            raise fault_of(int(each["status"]), each["error"], "searching")
        if each.get("timed_out") or each.get("_shards", {}).get("failed"):
            raise in_trouble("some shards did not answer")
    return found


def _timed_out(err: Exception) -> bool:
    return isinstance(err.__cause__, elasticsearch.ConnectionTimeout)


def _connect(address: ServerAddress) -> elasticsearch.Elasticsearch:
    login: dict[str, Any] = {}
    if address.api_key:
        login["api_key"] = address.api_key
    elif address.user:
        # Made here, for the client takes a user and password of ASCII only.
        pair = f"{address.user}:{address.password}".encode()
        login["basic_auth"] = base64.b64encode(pair).decode("ascii")
    if address.ca_file:
        login["ca_certs"] = str(address.ca_file)
    # The server warns in every answer when its security is off; `dossier doctor` is the place.
    warnings.filterwarnings("ignore", category=elasticsearch.ElasticsearchWarning)
    return elasticsearch.Elasticsearch(
        list(address.urls),
        request_timeout=address.seconds,
        connections_per_node=_CONNECTIONS,
        max_retries=0,
        serializers={_VendorJson.mimetype: _VendorJson(), "application/json": OrjsonSerializer()},
        **login,
    )


def _checked_version(client: elasticsearch.Elasticsearch) -> str:
    """The lowest version in the cluster (``GET /`` is not in every build of the server)."""
    with server_errors("looking at the search server"):
        nodes = client.nodes.info(metric="http", filter_path="nodes.*.version").body
    try:
        versions = [str(node["version"]) for node in nodes["nodes"].values()]
        oldest = min(versions, key=_numbers)
        numbers = _numbers(oldest)
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise not_elasticsearch() from err
    if numbers[0] not in MAJORS or numbers < _OLDEST:
        raise wrong_version(oldest)
    return oldest


def _numbers(version: str) -> tuple[int, int]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)
