"""The provider's side of a login: where to send the browser, and what its answer is worth.

Protocol by Authlib; nothing of a token is believed before its signature, issuer, audience, time and
nonce are checked (OpenID Connect Core 3.1.3.7). Symmetric algorithms and ``none`` are never taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dossier.errors import ForbiddenError, UnavailableError
from dossier.settings import Settings

WELL_KNOWN = "/.well-known/openid-configuration"
CALLBACK = "/login/oidc/callback"
ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "RS384", "ES384", "RS512", "ES512"})
"""Asymmetric ones: only the provider can have signed."""
LEEWAY_SECONDS = 60
"""Two machines' clocks; OpenID Connect Core 3.1.3.7 leaves it to us."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core 2; a cut one could be somebody else's."""
SECRET_CHARACTERS = 48
"""Of state, nonce and PKCE verifier: RFC 7636 4.1 asks for 43 at least."""
SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "sc"})
"""RFC 8176: values of ``amr`` that tell of more than a password."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login on its way: where the browser goes, and what must come back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is; ``name`` is the claim that is an account's name here."""

    issuer: str
    subject: str
    name: str
    showed_second_factor: bool


def begin(settings: Settings) -> Begun:
    """The address at the provider, with fresh state, nonce and PKCE verifier.

    Raises:
        UnavailableError: the provider does not answer.
        ForbiddenError: it says that it is another issuer.
    """
    state, nonce, verifier = (generate_token(SECRET_CHARACTERS) for _ in range(3))
    with _client(settings) as client:
        found = _metadata(settings, client)
        url, _ = client.create_authorization_url(
            found["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return Begun(url, state, nonce, verifier)


def finish(settings: Settings, *, code: str, nonce: str, verifier: str, now: datetime) -> Identity:
    """Exchange the code for an ID token, and read it.

    Raises:
        UnavailableError: the provider does not answer.
        ForbiddenError: the code was refused, or the token cannot be trusted.
    """
    with _client(settings) as client:
        found = _metadata(settings, client)
        answer = client.fetch_token(
            found["token_endpoint"],
            code=code,
            code_verifier=verifier,
            grant_type="authorization_code",
            allow_redirects=False,
        )
        token, keys = _object(answer), _asked(client, found["jwks_uri"])
        if not isinstance(keys.get("keys"), list):
            raise ValueError("the provider's key set holds no list of keys")
    return read_token(settings, token, keys=keys, nonce=nonce, now=now)


def read_token(
    settings: Settings,
    token: Mapping[str, Any],
    *,
    keys: Mapping[str, Any],
    nonce: str,
    now: datetime,
) -> Identity:
    """What the ID token says, once it is proved.

    Args:
        settings: issuer, client id and the claim of the name.
        token: the token endpoint's answer.
        keys: the provider's key set.
        nonce: what we sent.
        now: the present.

    Raises:
        ForbiddenError: signature, issuer, audience, time or nonce is wrong.
    """
    try:
        read = jwt.decode(
            str(token.get("id_token", "")),
            KeySet.import_key_set(keys),  # type: ignore[arg-type]
            algorithms=sorted(ALGORITHMS),
        )
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "value": settings.oidc_issuer},
                "aud": {"essential": True, "value": settings.oidc_client_id},
            },
            {
                "nonce": nonce,
                "client_id": settings.oidc_client_id,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as err:  # a claim of another type than the standard's
        raise _untrusted() from err
    subject, name, means = (claims.get(one) for one in ("sub", settings.oidc_claim, "amr"))
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise _untrusted()
    return Identity(
        issuer=settings.oidc_issuer,
        subject=subject,
        name=name if isinstance(name, str) else "",
        showed_second_factor=isinstance(means, list)
        and any(one in SECOND_FACTORS for one in means if isinstance(one, str)),
    )


@contextmanager
def _client(settings: Settings) -> Iterator[OAuth2Session]:
    secret = settings.oidc_client_secret
    client = OAuth2Session(
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        scope=settings.oidc_scope,
        redirect_uri=f"{settings.public_url}{CALLBACK}",
        code_challenge_method="S256",
        default_timeout=settings.oidc_seconds,
    )
    client.trust_env = False
    client.verify = str(settings.oidc_ca_file) if settings.oidc_ca_file else True
    try:
        with client:
            yield client
    except OAuthError as err:
        raise _untrusted() from err
    except (requests.RequestException, ValueError) as err:
        raise UnavailableError(
            "The identity provider does not answer as it should; try again, or tell the "
            "administrator",
            detail_zh="统一身份认证服务无响应，请稍后重试或联系管理员",
        ) from err


def _metadata(settings: Settings, client: OAuth2Session) -> dict[str, Any]:
    """What the provider tells of itself; asked at each login, so that nothing of it grows old."""
    address = settings.oidc_issuer.rstrip("/") + WELL_KNOWN
    found = _asked(client, address)
    if found.get("issuer") != settings.oidc_issuer:
        raise _untrusted()
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if missing := [name for name in needed if not isinstance(found.get(name), str)]:
        raise ValueError(f"the provider's settings lack {missing}")
    return found


def _asked(client: OAuth2Session, address: str) -> dict[str, Any]:
    answer = client.request("GET", address, withhold_token=True, allow_redirects=False)
    answer.raise_for_status()
    return _object(answer.json())


def _object(found: Any) -> dict[str, Any]:
    """What the provider answered, where it is an object; all that it answers must be one."""
    if isinstance(found, dict):
        return dict(found)
    raise ValueError(f"the provider answered with a {type(found).__name__}, not with an object")


def _untrusted() -> ForbiddenError:
    return ForbiddenError(
        "The identity provider's answer cannot be trusted; begin the login anew",
        detail_zh="统一身份认证的返回无法通过校验，请重新登录",
    )
