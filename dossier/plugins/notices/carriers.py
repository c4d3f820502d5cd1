"""The two ways out of the house: e-mail (SMTP) and a signed call to another system.

Both are given ``ready``: called at the last moment before the words leave, it may still refuse by
raising, and then nothing has left.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import re
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlsplit

from dossier.settings import Settings

Ready = Callable[[], None]
OK, GO_ON = 250, 354
PERMANENT = 500
"""Of a mail server: trying again would end the same (RFC 5321 4.2.1)."""


class NotSentError(Exception):
    """Nothing was delivered: ``code`` says why, ``is_final`` that another try would not help."""

    def __init__(self, code: str, *, is_final: bool = False) -> None:
        super().__init__(code)
        self.code, self.is_final = code, is_final


class UnsureError(Exception):
    """The words left, and no answer came: it may have been delivered."""


def mail(settings: Settings, message: EmailMessage, ready: Ready) -> None:
    """Deliver one e-mail to one address.

    Raises:
        NotSentError: the server was not reached, or refused.
        UnsureError: it took the words and did not answer.
    """
    try:
        with _server(settings) as server:
            _log_in(settings, server)
            server.ehlo_or_helo_if_needed()
            _accepted(server.mail(settings.smtp_from))
            _accepted(server.rcpt(str(message["To"])))
            code, _ = server.docmd("DATA")
            if code != GO_ON:
                raise _refused(code)
            _hand_over(server, message, ready)
    except ssl.SSLError as err:
        raise NotSentError("tls") from err
    except (OSError, smtplib.SMTPException) as err:
        raise NotSentError("unreachable") from err


def _server(settings: Settings) -> smtplib.SMTP:
    where, seconds = (settings.smtp_host, settings.smtp_port), settings.smtp_seconds
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*where, timeout=seconds, context=_tls(settings.smtp_ca_file))
    server = smtplib.SMTP(*where, timeout=seconds)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=_tls(settings.smtp_ca_file))
        except (smtplib.SMTPException, OSError) as err:
            server.close()
            raise NotSentError("tls") from err
    return server


def _tls(authority: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority) if authority else None)


def _log_in(settings: Settings, server: smtplib.SMTP) -> None:
    if not settings.smtp_user or settings.smtp_password is None:
        return
    try:
        server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as err:
        raise NotSentError("login") from err


def _accepted(answer: tuple[int, bytes]) -> None:
    if answer[0] // 10 != OK // 10:
        raise _refused(answer[0])


def _refused(code: int) -> NotSentError:
    return NotSentError(f"refused {code}", is_final=code >= PERMANENT)


def _hand_over(server: smtplib.SMTP, message: EmailMessage, ready: Ready) -> None:
    body = re.sub(rb"(?m)^\.", b"..", message.as_bytes(policy=SMTP))
    try:
        ready()
    except BaseException:
        server.close()  # a QUIT would be part of the letter; without its last dot it is none
        raise
    try:
        server.send(body + b".\r\n")
        code, _ = server.getreply()
    except (OSError, smtplib.SMTPServerDisconnected) as err:
        server.close()
        raise UnsureError from err
    if code != OK:
        raise _refused(code)


def call(settings: Settings, body: bytes, key: str, at: int, ready: Ready) -> None:
    """Tell another system, signed as Standard Webhooks says; redirects are not followed.

    Args:
        settings: as read at start.
        body: the event.
        key: its id, the same at each try.
        at: the present, in seconds since 1970.
        ready: see the module.

    Raises:
        NotSentError: not reached, refused, or no answer; the receiver knows a repeated one by key.
    """
    parts = urlsplit(settings.webhook_url)
    host, port, seconds = parts.hostname or "", parts.port, settings.webhook_seconds
    if parts.scheme == "https":
        tls = _tls(settings.webhook_ca_file)
        line = http.client.HTTPSConnection(host, port, timeout=seconds, context=tls)
    else:
        line = http.client.HTTPConnection(host, port, timeout=seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        line.connect()
        ready()
        line.request("POST", path, body, _headers(settings, body, key, at))
        status = line.getresponse().status
    except ssl.SSLError as err:
        raise NotSentError("tls") from err
    except TimeoutError as err:
        raise NotSentError("no_answer") from err
    except (OSError, http.client.HTTPException) as err:
        raise NotSentError("unreachable") from err
    finally:
        line.close()
    if status // 100 != 2:
        raise NotSentError(f"http {status}")


def _headers(settings: Settings, body: bytes, key: str, at: int) -> dict[str, str]:
    return {
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": key,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature(settings, body, key, at)}",
    }


def signature(settings: Settings, body: bytes, key: str, at: int) -> str:
    """What the receiver works out too: HMAC-SHA256 over id, time and body, in base64."""
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    signed = f"{key}.{at}.".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
