"""Keyed hashes for equality and encryption for keeping, of ID numbers and bank accounts.

A key is 32 random bytes in base64. ``DOSSIER_SECRET_KEY`` counts before ``home/secret.key`` (made
for a new archive, mode 0600), which holds one key a line: the first is in use, those below it still
open what was kept under them (:mod:`dossier.services.key_rotation`). Without the key nothing can be
decrypted and no stored number can be found: back it up apart from the data.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dossier.errors import ConfigurationError

KEY_BYTES = 32
NONCE_BYTES = 12
"""AES-GCM's standard nonce length (NIST SP 800-38D)."""
TOKEN_HEX = 32
"""128 bits of a hash are beyond guessing and collisions at any archive's size."""
ID_HEX = 16
LOOK_SECONDS = 1.0
"""A running process sees a changed key file after so long at most."""


class Key:
    """One master key: derives one key for hashing and one for encryption."""

    def __init__(self, master: bytes) -> None:
        """Derive the keys.

        Raises:
            ConfigurationError: the key is not 32 bytes.
        """
        if len(master) != KEY_BYTES:
            raise ConfigurationError(
                f"The secret key has {len(master)} bytes instead of {KEY_BYTES} (in base64); put "
                "the archive's own key back from its backup",
                detail_zh=f"密钥长度应为 {KEY_BYTES} 字节（base64），请从备份恢复本档案库的密钥",
            )
        self.master = master
        self.hash_key = _derive(master, b"dossier keyed hash v1")
        self._cipher = AESGCM(_derive(master, b"dossier encryption v1"))

    @cached_property
    def id(self) -> str:
        """Names the key and tells nothing of it."""
        return _derive(self.master, b"dossier key name v1").hex()[:ID_HEX]

    def hash(self, value: str) -> str:
        """The keyed hash of a normalised value, as lower-case hex."""
        return hmac.new(self.hash_key, value.encode(), hashlib.sha256).hexdigest()[:TOKEN_HEX]

    def encrypt(self, value: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), None)

    def decrypt(self, stored: bytes) -> str:
        """The clear value.

        Raises:
            InvalidTag: kept under another key, or damaged.
        """
        return self._cipher.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], None).decode()


@dataclass(frozen=True)
class NumberHasher:
    """The present key's hash as a function, and those of the older keys for queries."""

    keyring: Keyring

    def __call__(self, value: str) -> str:
        """The keyed hash under the key in use."""
        return self.keyring.hash(value)

    def older(self) -> tuple[Callable[[str], str], ...]:
        """The same under each key that some rows may still be hashed with."""
        return tuple(key.hash for key in self.keyring.keys[1:])


class Keyring:
    """The key in use and older ones that are still to be read with; follows its file."""

    def __init__(self, *masters: bytes, file: KeyFile | None = None) -> None:
        """Take the keys, the one in use first; ``file`` is looked at again from time to time.

        Raises:
            ConfigurationError: a key is not 32 bytes.
        """
        self._keys = tuple(Key(master) for master in masters)
        self._file = file
        self._looked = time.monotonic()
        self._lock = threading.Lock()
        self.hasher = NumberHasher(self)

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys, the one in use first."""
        if self._file is not None and time.monotonic() - self._looked >= LOOK_SECONDS:
            self._look_again(self._file)
        return self._keys

    @property
    def hash_key(self) -> bytes:
        """The hashing key in use."""
        return self.keys[0].hash_key

    def hash(self, value: str) -> str:
        """The keyed hash of a normalised value under the key in use, as lower-case hex."""
        return self.keys[0].hash(value)

    def hashes(self, value: str) -> tuple[str, ...]:
        """The keyed hashes under every key: what is kept may be of any of them."""
        return tuple(key.hash(value) for key in self.keys)

    def encrypt(self, value: str) -> bytes:
        """Nonce and ciphertext under the key in use."""
        return self.keys[0].encrypt(value)

    def decrypt(self, stored: bytes) -> str:
        """The clear value; call only on behalf of a viewer who may see it.

        Raises:
            ConfigurationError: none of the keys opens it.
        """
        for keys in (self.keys, self._changed()):
            for key in keys:
                try:
                    return key.decrypt(stored)
                except InvalidTag:
                    continue
        raise ConfigurationError(
            "A value was kept under a key that is not here; put the key file back from its backup",
            detail_zh="有内容使用了当前没有的密钥，请从备份恢复密钥文件",
        )

    def is_current(self, stored: bytes) -> bool:
        """Whether it was kept under the key in use."""
        try:
            self.keys[0].decrypt(stored)
        except InvalidTag:
            return False
        return True

    def refresh(self) -> None:
        """Look at the file now."""
        self._changed()

    def _changed(self) -> tuple[Key, ...]:
        """The keys of the file as it is this moment: another process may have put one in."""
        if self._file is not None:
            self._look_again(self._file)
        return self._keys

    def _look_again(self, file: KeyFile) -> None:
        with self._lock:
            self._looked = time.monotonic()
            masters = file.changed()
            if masters:
                self._keys = tuple(Key(master) for master in masters)


class KeyFile:
    """The file with the keys, one a line in base64, the one in use first."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> tuple[bytes, ...]:
        """The keys.

        Raises:
            ConfigurationError: others may read the file, or it is no list of keys.
        """
        try:
            found = self.path.stat()
            text = self.path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as err:
            raise ConfigurationError(
                f"{self.path.name} cannot be read; put it back from its backup, mode 0600",
                detail_zh=f"{self.path.name} 无法读取，请从备份恢复，权限 0600",
            ) from err
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(
                f"{self.path.name} can be read by others; run: chmod 600 {self.path.name}",
                detail_zh=f"{self.path.name} 可被他人读取，请执行：chmod 600 {self.path.name}",
            )
        self._seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        return decode_keys(text.split(), self.path.name)

    def changed(self) -> tuple[bytes, ...]:
        """The keys, if the file is another one than the last time; else nothing.

        A file that is gone or broken changes nothing: the running process keeps what it has, and
        the next start says what is wrong.
        """
        try:
            found = self.path.stat()
            if (found.st_ino, found.st_mtime_ns, found.st_size) == self._seen:
                return ()
            return self.read()
        except (OSError, ConfigurationError):
            return ()

    def write(self, masters: Sequence[bytes]) -> None:
        """Put these keys in place of the file's in one step."""
        draft = self._draft(masters)
        draft.replace(self.path)
        _sync_folder(self.path.parent)

    def create(self) -> None:
        """A fresh key; two processes at once end with one (link fails for the second)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._draft([new_master()])
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass  # the other process's key counts
        finally:
            draft.unlink()

    def _draft(self, masters: Sequence[bytes]) -> Path:
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}-{threading.get_ident()}.new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(b"\n".join(base64.b64encode(master) for master in masters) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_master() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)


def load_keyring(
    given: str | None, key_file: Path, *, may_create: bool, older: str | None = None
) -> Keyring:
    """The keyring from the settings, or from the file, which is made for a new archive.

    Args:
        given: base64 from ``DOSSIER_SECRET_KEY``; counts before the file.
        key_file: usually ``home/secret.key``.
        may_create: whether the archive is new; an existing one whose key is gone must not
            silently get another.
        older: base64 from ``DOSSIER_SECRET_KEY_OLD``, several by commas.

    Raises:
        ConfigurationError: the key is missing or malformed, or others may read its file.
    """
    if given:
        lines = [given, *(older or "").replace(",", " ").split()]
        return Keyring(*decode_keys(lines, "DOSSIER_SECRET_KEY"))
    file = KeyFile(key_file)
    if not key_file.exists():
        if not may_create:
            raise ConfigurationError(
                f"{key_file.name} is missing but the archive has records; put the key file back "
                "from its backup, or set DOSSIER_SECRET_KEY",
                detail_zh=f"缺少 {key_file.name}，而档案库已有数据；"
                "请从备份恢复该文件，或设置 DOSSIER_SECRET_KEY",
            )
        file.create()
    return Keyring(*file.read(), file=file)


def decode_keys(lines: Sequence[str], source: str) -> tuple[bytes, ...]:
    """Keys from base64.

    Raises:
        ConfigurationError: there is none, or one is not base64.
    """
    if not lines:
        raise ConfigurationError(
            f"{source} is empty; put the archive's key back from its backup",
            detail_zh=f"{source} 为空，请从备份恢复本档案库的密钥",
        )
    try:
        return tuple(base64.b64decode(line.strip(), validate=True) for line in lines)
    except ValueError as err:
        raise ConfigurationError(
            f"{source} is not a key in base64; put the archive's key back from its backup",
            detail_zh=f"{source} 不是 base64 密钥，请从备份恢复本档案库的密钥",
        ) from err
