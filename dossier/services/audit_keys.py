"""The key that signs the audit's seals: Ed25519, in a file beside the other keys.

``home/audit.key`` holds the private key (mode 0600). ``home/audit.pub`` holds the public keys that
the seals are checked with: the one in use and those before it. The database never says which key to
trust: who could change rows there could change that too.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from dossier.errors import ConfigurationError

PRIVATE, PUBLIC = "audit.key", "audit.pub"
KEY_ID_HEX = 16
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\s*", re.DOTALL)


@dataclass(frozen=True)
class SigningKey:
    """The private key with its short name."""

    id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self.private.sign(message)


PublicKeys = Mapping[str, Ed25519PublicKey]
"""Trusted keys by their short name."""


def load_signing_key(home: Path, *, may_create: bool) -> SigningKey:
    """The key of this archive; a new archive gets one.

    Args:
        home: the archive's folder.
        may_create: whether nothing was sealed yet; a chain whose key is gone must not silently go
            on with another.

    Raises:
        ConfigurationError: the key is missing or unreadable.
    """
    path = home / PRIVATE
    if not path.exists():
        if not may_create:
            raise ConfigurationError(
                "audit.key is missing but the audit is sealed with it; put the file back from its "
                "backup, or begin a new one with: dossier audit new-key"
            )
        _create(home)
    return _read(path)


def new_signing_key(home: Path) -> SigningKey:
    """Put a fresh key in place; the public ones before it stay trusted."""
    draft = _draft(home)
    draft.replace(home / PRIVATE)
    return _read(home / PRIVATE)


def trusted_keys(home: Path) -> PublicKeys:
    """The public keys of ``audit.pub``: the one in use and those before it.

    Raises:
        ConfigurationError: the file is not readable as PEM.
    """
    own = home / PUBLIC
    return public_keys([own]) if own.exists() else {}


def public_keys(paths: Iterable[Path]) -> PublicKeys:
    """The public keys of files that an auditor brings.

    Raises:
        ConfigurationError: a file is not readable as PEM, or holds no Ed25519 key.
    """
    return {key_id(key): key for path in paths for key in _public_keys(path)}


def is_signed(message: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Whether the key's owner signed this message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def key_id(key: Ed25519PublicKey) -> str:
    """A key's short name: the beginning of its SHA-256."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:KEY_ID_HEX]


def _read(path: Path) -> SigningKey:
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as err:
        raise ConfigurationError(f"{path.name} is no readable key; put its backup back") from err
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigurationError(f"{path.name} is not an Ed25519 key; put its backup back")
    return SigningKey(key_id(private.public_key()), private)


def _public_keys(path: Path) -> Iterable[Ed25519PublicKey]:
    try:
        keys = [load_pem_public_key(pem) for pem in _PEM.findall(path.read_bytes())]
    except (OSError, ValueError) as err:
        raise ConfigurationError(f"{path.name} is no readable public key") from err
    found = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    if not found:
        raise ConfigurationError(f"{path.name} holds no Ed25519 public key")
    return found


def _create(home: Path) -> None:
    """Make a pair; two processes at once end with one key (link fails for the second)."""
    draft = _draft(home)
    try:
        os.link(draft, home / PRIVATE)
    except FileExistsError:
        pass  # the other process's key counts; ours is trusted and never used
    finally:
        draft.unlink()


def _draft(home: Path) -> Path:
    """A fresh private key in a file of its own; its public one is trusted from now on."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _append(home / PUBLIC, public)  # first: a seal whose public key is unknown could not be checked
    draft = home / f"{PRIVATE}.{os.getpid()}-{threading.get_ident()}.new"
    _append(draft, pem)
    return draft


def _append(path: Path, body: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
