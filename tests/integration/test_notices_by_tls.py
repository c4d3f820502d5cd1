"""Letters over TLS to a real mail server that asks for a login (issue 7, point 6)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dossier.plugins.notices import carriers
from dossier.settings import Settings
from tests.support_notices import Mailbox

HOST, USER, PASSWORD = "127.0.0.1", "dossier", "a password of the mail server"


def certificate(folder: Path) -> Path:
    """A certificate of its own authority with its key, for ``HOST``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    folder.mkdir(exist_ok=True)
    path = folder / "mail.pem"
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


def log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    given = isinstance(data, LoginPassword) and (data.login, data.password)
    # Not handled: the answer is left to the server, or none would be given.
    return AuthResult(success=given == (USER.encode(), PASSWORD.encode()), handled=False)


@contextmanager
def server(security: str, pem: Path) -> Iterator[Mailbox]:
    """A mail server that takes letters after a login only, and logins over TLS only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    ways: dict[str, dict[str, Any]] = {
        "tls": {"ssl_context": context, "auth_require_tls": False},
        "starttls": {"tls_context": context, "require_starttls": True},
        "none": {"auth_require_tls": False},
    }
    box = Mailbox()
    controller = Controller(
        box,
        hostname=HOST,
        port=box.port,
        authenticator=log_in,
        auth_required=True,
        **ways[security],
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def send(
    home: Path, box: Mailbox, security: str, authority: Path | None, password: str = PASSWORD
) -> None:
    settings = Settings(
        home=home,
        smtp_host=HOST,
        smtp_port=box.port,
        smtp_security=security,
        smtp_user=USER,
        smtp_password=password,
        smtp_from="archive@example.cn",
        smtp_ca_file=authority,
        smtp_seconds=5,
    )
    letter = EmailMessage()
    letter["From"], letter["To"] = "archive@example.cn", "wang@example.cn"
    letter["Subject"] = "借阅即将到期"
    letter.set_content("请于明日前归还。")
    carriers.mail(settings, letter, lambda: None)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path / "known")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_letter_goes_over_tls_after_a_login(security: str, pem: Path, tmp_path: Path) -> None:
    with server(security, pem) as box:
        send(tmp_path, box, security, pem)
    assert [letter["Subject"] for letter in box.letters] == ["借阅即将到期"]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_whose_certificate_nobody_knows_gets_neither_password_nor_letter(
    security: str, pem: Path, tmp_path: Path
) -> None:
    other = certificate(tmp_path / "other")
    for authority in (other, None):
        with server(security, pem) as box, pytest.raises(carriers.NotSentError) as err:
            send(tmp_path, box, security, authority)
        assert (err.value.code, err.value.is_final) == ("tls", False)
        assert not box.letters


def test_a_server_that_knows_no_tls_gets_neither_password_nor_letter(
    pem: Path, tmp_path: Path
) -> None:
    with server("none", pem) as box, pytest.raises(carriers.NotSentError) as err:
        send(tmp_path, box, "starttls", pem)
    assert err.value.code == "tls"
    assert not box.letters


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_wrong_password_is_said_to_be_one(security: str, pem: Path, tmp_path: Path) -> None:
    with server(security, pem) as box, pytest.raises(carriers.NotSentError) as err:
        send(tmp_path, box, security, pem, password="another")
    assert err.value.code == "login"
    assert not box.letters
