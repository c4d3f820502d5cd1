"""Settings: ``DOSSIER_*`` in the environment or ``dossier.toml``; unknown keys are refused.

Read once in :mod:`dossier.bootstrap`. The environment wins over the file, the file over defaults.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from dossier.errors import ConfigurationError

PREFIX = "DOSSIER_"
LISTS = ("plugins_off", "trusted_proxies")
"""Settings that the environment gives as a list with commas."""
WEBHOOK_SECRET_LENGTH = 24
"""Fewest characters: 24 random bytes are what Standard Webhooks asks for at least."""
NOT_SETTINGS = ("DOSSIER_TEST_", "DOSSIER_OCR_PLUGIN_")
"""Prefixes of environment names that belong to the tests and to child processes."""


WRITTEN_BY_ANYBODY = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "if-none-match",
        "origin",
        "range",
        "referer",
        "user-agent",
        "x-csrf-token",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-purpose",
    }
)
"""Headers of every request: no proxy says by them who logged in."""


def _goes_in_clear(address: str) -> bool:
    """Whether an address is http:// to another machine; on this one nobody stands between."""
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


class Settings(BaseModel):
    """Everything that an operator may set. Units are in the names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(
        Path("dossier-data"),
        description="Folder of inbox, done, quarantine, files, database and index.",
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL; empty means SQLite in the home folder. "
        "PostgreSQL 15 or newer: postgresql://user:password@host/name, "
        "with pip install 'dossier-archive[postgres]'.",
    )
    database_wait_seconds: float = Field(
        4.0,
        ge=0.2,
        le=25,
        description="Longest wait of a page, an API request or a search for an SQLite database "
        "that another program keeps locked; then they are refused with the remedy. Workers and "
        "other commands wait up to 30 s and try again.",
    )
    files_url: str = Field("", description="Where originals are kept; empty: home/files.")
    search_url: str = Field(
        "",
        description="Elasticsearch 8.19 or 9; several addresses of one cluster by commas; "
        "empty: the built-in index in the home folder.",
    )
    search_user: str = Field("", description="User at the search server.")
    search_password: SecretStr | None = Field(None, description="Password of that user.")
    search_api_key: SecretStr | None = Field(
        None, description="API key at the search server, instead of user and password."
    )
    search_ca_file: Path | None = Field(
        None, description="Certificate authority of the search server, a PEM file."
    )
    search_index: str = Field(
        "dossier",
        pattern="^[a-z0-9][a-z0-9_-]{0,60}$",
        description="Beginning of the names of this archive's indices at the search server.",
    )
    search_seconds: float = Field(
        10.0, ge=0.1, le=600, description="Time limit for one request to the search server."
    )
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(
        8321, ge=0, le=65535, description="Port of the web server; 0 takes a free one."
    )
    workers: int = Field(
        0, ge=0, le=256, description="Worker processes; 0 means one for each processor core."
    )
    web_processes: int = Field(
        0, ge=0, le=64, description="Web processes; 0 means one, or two from four cores on."
    )
    fonds: str = Field(
        "Q018",
        pattern="^[A-Z0-9]{4}$",
        description="Fonds number (全宗号) of this archive, in reference codes and on boxes.",
    )
    locale: str = Field("zh_CN", pattern="^(zh_CN|zh_TW|en)$", description="Language of the pages.")
    inbox: Path | None = Field(None, description="Watched folder; empty: home/inbox.")
    inbox_polling: bool = Field(
        default=False, description="Poll instead of events, for network folders (SMB, NFS)."
    )
    settle_seconds: float = Field(
        1.0, ge=0.05, le=600, description="A file must be unchanged this long before it is taken."
    )
    empty_seconds: float = Field(
        30.0, ge=0.1, description="A file that stays at 0 bytes this long is set aside as empty."
    )
    open_seconds: float = Field(
        600.0,
        ge=0,
        description="A file that a program of this machine has open for writing is waited for, so "
        "long after its last change at most.",
    )
    late_write_seconds: float = Field(
        600.0,
        ge=0,
        description="A source is looked after so long once it was taken in: when somebody goes on "
        "writing to it, it goes back into the inbox and is taken in anew.",
    )
    unfinished_seconds: float = Field(
        3600.0,
        ge=1,
        description="A file named as unfinished (.part and the like) that nobody wrote to for this "
        "long is named on the intake page and by `dossier doctor`.",
    )
    reconcile_seconds: float = Field(
        5.0,
        ge=0.2,
        le=3600,
        description="Every so often the whole inbox is compared, events or not.",
    )
    lease_seconds: float = Field(
        60.0, ge=1, description="A worker that stays silent this long loses its item."
    )
    max_attempts: int = Field(3, ge=1, le=20, description="Tries of a step before it is given up.")
    max_file_bytes: int = Field(2 * 1024**3, ge=1, description="Largest file that is taken in.")
    max_pages: int = Field(12_000, ge=1, description="Most pages of one document.")
    max_page_pixels: int = Field(
        200_000_000, ge=1_000_000, description="Largest picture that is decoded, in pixels."
    )
    min_picture_pixels: int = Field(
        150_000,
        ge=1,
        description="Smallest picture inside an office file that is read as a paper, in pixels; an "
        "identity card at 150 dpi has 161,000, logos, signatures and seals have fewer.",
    )
    page_seconds: float = Field(120.0, ge=1, description="Time limit for reading one page.")
    file_seconds: float = Field(180.0, ge=1, description="Time limit for extracting one file.")
    scanner_url: str = Field(
        "",
        description="Malware scanner that speaks clamd's protocol: tcp://host:3310 or "
        "unix:///run/clamav/clamd.ctl; empty: files are taken in unchecked, and administrators are "
        "told so.",
    )
    scanner_seconds: float = Field(
        120.0, ge=1, description="Time limit for one answer of the malware scanner."
    )
    child_memory_bytes: int = Field(
        2 * 1024**3, ge=64 * 1024**2, description="Memory limit of a reading child process."
    )
    idle_release_seconds: float = Field(
        20.0, ge=0.1, description="Idle time after which OCR models and children are let go."
    )
    disclosure_minutes: float = Field(
        0.0,
        ge=0,
        le=60,
        description="Masked values that were opened with a reason stay open so long; 0: as the "
        "rule says (rulebook/disclosure.yaml: 5).",
    )
    session_hours: float = Field(10.0, gt=0, description="A login ends after this time.")
    session_idle_minutes: float = Field(60.0, gt=0, description="A login ends when unused so long.")
    login_attempts: int = Field(
        10,
        ge=1,
        description="Wrong tries of an account in a row before a pause (and before each next).",
    )
    login_pause_seconds: float = Field(
        60.0, ge=1, description="Length of the first pause; each next one is twice as long."
    )
    login_pause_most_seconds: float = Field(
        3600.0, ge=1, description="Length of the longest pause."
    )
    login_lock_attempts: int = Field(
        100,
        ge=1,
        description="Wrong tries in a row that lock an account until an administrator unlocks it "
        "(NIST SP 800-63B-4 3.2.2: 100 at most).",
    )
    login_address_attempts: int = Field(
        100,
        ge=1,
        description="Wrong tries from one address before it is paused, whatever the names.",
    )
    login_address_seconds: float = Field(
        600.0,
        ge=1,
        description="Time in which they are counted, and after which the address may try again.",
    )
    password_login: bool = Field(
        default=True,
        description="Whether people log in by password; off where all come by OIDC or a proxy.",
    )
    password_min_length: int = Field(
        8,
        ge=8,
        le=64,
        description="Fewest characters of a new password (OWASP ASVS 5.0 6.2.1: 8, better 15).",
    )
    even_out_ms: int = Field(
        40,
        ge=0,
        le=1000,
        description="Searches that find nothing are answered after whole steps of so many "
        "milliseconds, so that their time does not tell what lies outside the own scope; "
        "empty suggestions after halves of it; 0: at once.",
    )
    even_out_quick_ms: int = Field(
        18,
        ge=0,
        le=1000,
        description="The shorter step while such answers are made in well under it "
        "(the slowest tenth of the last ones in two thirds); 0: always the long one.",
    )
    token_days: int = Field(
        365,
        ge=1,
        le=3650,
        description="Longest life of an API token, and that of one that names none.",
    )
    public_url: str = Field(
        "",
        pattern="^(https?://[^/?#]+)?$",
        description="Address that people type, e.g. https://dossier.example; with https cookies "
        "are for TLS only and browsers are told to stay with it (HSTS). Needed for OIDC.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (),
        description="Addresses or networks (10.0.0.5, 10.1.0.0/16) of proxies in front whose "
        "X-Forwarded-For is believed; by commas.",
    )
    trusted_header: str = Field(
        "",
        pattern="^[A-Za-z0-9-]*$",
        description="Header by which a trusted proxy says who logged in there, e.g. X-Remote-User; "
        "the proxy must drop what the browser itself sends under this name. Empty: off.",
    )
    oidc_issuer: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="OpenID provider for the login; its settings are read from "
        "ISSUER/.well-known/openid-configuration. Needs pip install 'dossier-archive[oidc]'.",
    )
    oidc_client_id: str = Field("", description="Our client id at the provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Our secret at the provider.")
    oidc_name: str = Field("", description="What the login's button calls the provider.")
    oidc_claim: str = Field(
        "preferred_username",
        description="Claim that is the account's name here, looked at on the first login only.",
    )
    oidc_scope: str = Field("openid profile", description="Scopes that are asked for.")
    oidc_ca_file: Path | None = Field(
        None, description="Certificate authority of the provider, a PEM file."
    )
    oidc_seconds: float = Field(
        10.0, ge=0.5, le=60, description="Time limit for one answer of the provider."
    )
    upload_max_files: int = Field(50, ge=1, description="Files in one upload request.")
    view_cache_bytes: int = Field(
        1024**3, ge=0, description="Room for drawn page pictures in home/cache; may be deleted."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key for hashes and encryption (base64, 32 bytes); empty: home/secret.key.",
    )
    secret_key_old: SecretStr | None = Field(
        None,
        description="Keys before that one, by commas, that some values may still be under; with "
        "DOSSIER_SECRET_KEY only.",
    )
    audit_checkpoints: Path | None = Field(
        None,
        description="Folder, best on another machine, that signed checkpoints of the audit are "
        "copied to; empty: none.",
    )
    smtp_host: str = Field("", description="Mail server for notices of loans; empty: no e-mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: str = Field(
        "starttls",
        pattern="^(starttls|tls|none)$",
        description="starttls, tls from the first byte (port 465), or none for a server of this "
        "machine or behind one's own lines.",
    )
    smtp_user: str = Field("", description="User at the mail server; empty: without a login.")
    smtp_password: SecretStr | None = Field(None, description="Password of that user.")
    smtp_from: str = Field(
        "",
        pattern=r"^([^@\s<>,;\"]+@[^@\s<>,;\"]+)?$",
        description="Address that notices come from; needed with DOSSIER_SMTP_HOST.",
    )
    smtp_ca_file: Path | None = Field(
        None, description="Certificate authority of the mail server, a PEM file."
    )
    smtp_seconds: float = Field(
        15.0, ge=0.5, le=60, description="Time limit for one answer of the mail server."
    )
    webhook_url: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="Address that is told of loans (CloudEvents 1.0, signed); empty: none.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        description="Secret that calls are signed with (HMAC-SHA256), 24 characters at least; "
        "needed with DOSSIER_WEBHOOK_URL.",
    )
    webhook_ca_file: Path | None = Field(
        None, description="Certificate authority of that address, a PEM file."
    )
    webhook_seconds: float = Field(
        10.0, ge=0.5, le=60, description="Time limit for one answer of that address."
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Log level.")
    plugins_off: tuple[str, ...] = Field((), description="Names of plugins that stay off.")
    plugin: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Settings of plugins, by plugin name."
    )

    @model_validator(mode="after")
    def _belong_together(self) -> Settings:
        """Settings that are unsafe or useless alone."""
        for one in self.trusted_proxies:
            if ipaddress.ip_network(one, strict=False).prefixlen == 0:
                raise ValueError(f"trusted_proxies: {one} is every address; name the proxy's own")
        if self.trusted_header.lower() in WRITTEN_BY_ANYBODY:
            raise ValueError(
                f"trusted_header: {self.trusted_header} is what browsers send themselves; take a "
                "name of its own, e.g. X-Remote-User"
            )
        if _goes_in_clear(self.oidc_issuer):
            raise ValueError("oidc_issuer must be https://: who stands between could be anybody")
        if self.trusted_header and not self.trusted_proxies:
            raise ValueError("trusted_header needs trusted_proxies: else anybody could write it")
        if self.oidc_issuer and not (self.oidc_client_id and self.public_url):
            raise ValueError("oidc_issuer needs oidc_client_id and public_url")
        self._check_senders()
        return self

    def _check_senders(self) -> None:
        if self.smtp_host and not self.smtp_from:
            raise ValueError("smtp_host needs smtp_from")
        if self.smtp_user and self.smtp_password is None:
            raise ValueError("smtp_user needs smtp_password")
        is_near = not _goes_in_clear(f"http://{self.smtp_host}")
        if self.smtp_user and self.smtp_security == "none" and not is_near:
            raise ValueError("smtp_security: a password goes by starttls or tls only")
        if _goes_in_clear(self.webhook_url):
            raise ValueError("webhook_url must be https://: who stands between could be anybody")
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if self.webhook_url and len(secret) < WEBHOOK_SECRET_LENGTH:
            raise ValueError("webhook_url needs webhook_secret, 24 characters at least")

    @property
    def inbox_path(self) -> Path:
        """The watched folder."""
        return self.inbox or self.home / "inbox"

    @property
    def done_path(self) -> Path:
        """Where sources go after they are safely taken in."""
        return self.home / "done"

    @property
    def quarantine_path(self) -> Path:
        """Where sources go that cannot be read."""
        return self.home / "quarantine"

    @property
    def files_path(self) -> Path:
        """Root of the content-addressed store."""
        return (
            Path(self.files_url.removeprefix("file://")) if self.files_url else self.home / "files"
        )

    @property
    def index_path(self) -> Path:
        """Root of the embedded index's generations."""
        return self.home / "index"

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'dossier.db'}"


def load_settings(
    environment: Mapping[str, str], *, file: Path | None = None, **overrides: Any
) -> Settings:
    """Settings from defaults, then ``dossier.toml``, then the environment, then the command line.

    Args:
        environment: usually ``os.environ``.
        file: a TOML file; None looks for ``dossier.toml`` in the working folder.
        overrides: values from the command line; None means not given.

    Raises:
        ConfigurationError: an unknown key or a value out of range, named with a remedy.
    """
    values = _from_file(file)
    values.update(_from_environment(environment))
    values.update({key: value for key, value in overrides.items() if value is not None})
    try:
        return Settings(**values)
    except ValidationError as err:
        raise ConfigurationError(_explain(err)) from err


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or Path("dossier.toml")
    if not path.exists():
        if file is not None:
            raise ConfigurationError(f"The settings file {file.name} does not exist")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigurationError(f"{path.name} is not valid TOML: {err}") from err


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name.startswith(NOT_SETTINGS):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in Settings.model_fields:
            raise ConfigurationError(f"Unknown setting {name}.{_nearest(key)}")
        found[key] = _parts(value) if key in LISTS else value
    return found


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, Settings.model_fields, n=1)
    return f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""


def _explain(err: ValidationError) -> str:
    parts = []
    for problem in err.errors():
        key = ".".join(str(part) for part in problem["loc"])
        hint = _nearest(key) if problem["type"] == "extra_forbidden" else ""
        parts.append(f"Setting {key or 's'}: {problem['msg']}.{hint}")
    return " ".join(parts)
