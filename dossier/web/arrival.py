"""Where a request really comes from: address, scheme and user, behind proxies that are named.

What a proxy adds to a request anybody else can write as well; so it is believed only of the
addresses in ``DOSSIER_TRUSTED_PROXIES``.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

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
    """The address of the person's machine; a proxy's own only where it tells no other."""
    peer = request.client.host if request.client else ""
    trusted = _settings(request).trusted_proxies
    if not trusted or not _is_trusted(peer, trusted):
        return peer
    told = request.headers.get(FORWARDED_FOR, "").split(",")
    for address in reversed([one.strip() for one in told]):
        if address and not _is_trusted(address, trusted):
            return address
    return peer


def trusted_user(request: Request) -> str | None:
    """Who a trusted proxy says that it is; None when the setting is off or it says nothing."""
    settings = _settings(request)
    peer = request.client.host if request.client else ""
    if not settings.trusted_header or not _is_trusted(peer, settings.trusted_proxies):
        return None
    return request.headers.get(settings.trusted_header, "").strip() or None


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach us by TLS, here or at a proxy in front."""
    return settings.public_url.startswith("https://")


def cookie_name(request: Request, name: str = SESSION_COOKIE) -> str:
    """The cookie's name: by TLS with the prefix that keeps other hosts of the domain off it."""
    return f"{HOST_PREFIX}{name}" if is_secure(_settings(request)) else name


def cookie_of(request: Request, name: str = SESSION_COOKIE) -> str:
    """The secret that the browser sent, empty when none."""
    return request.cookies.get(cookie_name(request, name), "")


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
