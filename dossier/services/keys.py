"""Keyed hashes for equality and encryption for keeping, of ID numbers and bank accounts.

The key is 32 random bytes from the settings or ``home/secret.key`` (made at first start, mode
0600). Without it nothing can be decrypted and no stored number can be found: back it up apart from
the data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dossier.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
"""AES-GCM's standard nonce length (NIST SP 800-38D)."""
TOKEN_HEX = 32
"""128 bits of a hash are beyond guessing and collisions at any archive's size."""


class Keyring:
    """Derives one key for hashing and one for encryption from the master key."""

    def __init__(self, master: bytes) -> None:
        """Derive the keys.

        Raises:
            ConfigurationError: the key is not 32 bytes.
        """
        if len(master) != KEY_BYTES:
            raise ConfigurationError(
                f"The secret key must be {KEY_BYTES} bytes, base64; "
                "make one with: dossier doctor --new-key"
            )
        self._hash_key = _derive(master, b"dossier keyed hash v1")
        self._cipher = AESGCM(_derive(master, b"dossier encryption v1"))

    @property
    def hash_key(self) -> bytes:
        """The key for keyed-hash tokens in the index."""
        return self._hash_key

    def hash(self, value: str) -> str:
        """The keyed hash of a normalised value, as lower-case hex."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).hexdigest()[:TOKEN_HEX]

    def encrypt(self, value: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), None)

    def decrypt(self, stored: bytes) -> str:
        """The clear value; call only on behalf of a viewer who may see it."""
        return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], None).decode()


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)


def load_keyring(given: str | None, key_file: Path, *, may_create: bool) -> Keyring:
    """The keyring from the setting, or from the file, which is made for a new archive.

    Args:
        given: base64 from ``DOSSIER_SECRET_KEY``.
        key_file: usually ``home/secret.key``.
        may_create: whether the archive is new; an existing one whose key is gone must not
            silently get another.

    Raises:
        ConfigurationError: the key is missing or malformed.
    """
    if given:
        return Keyring(_decode(given))
    if not key_file.exists():
        if not may_create:
            raise ConfigurationError(
                f"{key_file.name} is missing but the archive has records; put the key file back "
                "from its backup, or set DOSSIER_SECRET_KEY"
            )
        _create(key_file)
    return Keyring(_decode(key_file.read_text(encoding="ascii")))


def _create(key_file: Path) -> None:
    """Write a fresh key; two processes at once end with one key (link fails for the second)."""
    key_file.parent.mkdir(parents=True, exist_ok=True)
    draft = key_file.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(base64.b64encode(os.urandom(KEY_BYTES)))
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, key_file)
    except FileExistsError:
        pass  # the other process's key counts
    finally:
        draft.unlink()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except ValueError as err:
        raise ConfigurationError("The secret key is not base64") from err
