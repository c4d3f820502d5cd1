"""Where a request really comes from: address, scheme and user, behind proxies that are named.

What a proxy adds to a request anybody else can write as well; so it is believed only of the
addresses in ``DOSSIER_TRUSTED_PROXIES``.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from fastapi import Request

from dossier.services.context import Context
from dossier.services.door import Arrival
from dossier.settings import Settings

FORWARDED_FOR = "x-forwarded-for"
SESSION_COOKIE = "dossier_session"
STEP_COOKIE = "dossier_login"
HOST_PREFIX = "__Host-"
"""Browsers take such a cookie from this very host by TLS only (RFC 6265bis 4.1.3.2)."""
ADDRESSES_KEPT = 1024


def arrival_of(request: Request, *, means: str = "password") -> Arrival:
    """How this request came, for the audit and the list of sessions."""
    device = request.headers.get("user-agent", "")
    printable = "".join(c for c in device if c.isprintable())
    return Arrival(client_address(request), printable, means)


def client_address(request: Request) -> str:
    """The address of the person's machine; a proxy's own only where it tells no other.

    Some proxies put what they tell into a line of its own behind the browser's, so all lines count.
    What is no address was told by nobody who knows, and would be a fresh one at each request.
    """
    peer = _peer(request)
    trusted = _settings(request).trusted_proxies
    if not trusted or not _is_trusted(peer, trusted):
        return peer
    told = ",".join(request.headers.getlist(FORWARDED_FOR)).split(",")
    for said in reversed([one.strip() for one in told if one.strip()]):
        address = _address_in(said)
        if not address:
            return peer
        if not _is_trusted(address, trusted):
            return address
    return peer


def trusted_user(request: Request) -> str | None:
    """Who a trusted proxy says that it is; None when the setting is off or it says nothing.

    Nor where it is said twice: one of the two the browser sent itself.
    """
    settings = _settings(request)
    if not settings.trusted_header or not _is_trusted(_peer(request), settings.trusted_proxies):
        return None
    said = request.headers.getlist(settings.trusted_header)
    return (said[0].strip() or None) if len(said) == 1 else None


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach us by TLS, here or at a proxy in front."""
    return settings.public_url.startswith("https://")


def is_own_origin(request: Request, origin: str) -> bool:
    """Whether a form comes from a page of ours: of the host that was asked, or the public one."""
    asked = request.headers.get("host", "")
    ours = {asked, urlsplit(_settings(request).public_url).netloc} - {""}
    return urlsplit(origin).netloc in ours


def cookie_name(request: Request, name: str = SESSION_COOKIE) -> str:
    """The cookie's name: by TLS with the prefix that keeps other hosts of the domain off it."""
    return f"{HOST_PREFIX}{name}" if is_secure(_settings(request)) else name


def cookie_of(request: Request, name: str = SESSION_COOKIE) -> str:
    """The secret that the browser sent, empty when none."""
    return request.cookies.get(cookie_name(request, name), "")


def _peer(request: Request) -> str:
    """Who holds the other end of the connection; a v4 address is one at a v6 socket too."""
    host = request.client.host if request.client else ""
    return _address_in(host) or host


@lru_cache(maxsize=ADDRESSES_KEPT)
def _address_in(said: str) -> str:
    """The address in what a proxy tells, without the port that some add; empty where it is none."""
    bare = said
    if said.startswith("["):
        bare = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        bare = said.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _settings(request: Request) -> Settings:
    context: Context = request.app.state.context
    return context.settings


@lru_cache(maxsize=ADDRESSES_KEPT)
def _is_trusted(address: str, proxies: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address in proxies
    return any(found in ipaddress.ip_network(one, strict=False) for one in proxies)
