"""What every file store promises, on the local one."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dossier.adapters.filestore.local import LocalFileStore
from dossier.errors import DiskFullError, NotFoundError
from dossier.ports import FileStore


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path / "files")


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_stored_bytes_come_back_under_their_sha256(store: FileStore) -> None:
    content = os.urandom(3_000_000)
    stored = store.put(io.BytesIO(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.size_bytes == len(content)
    assert store.exists(stored.sha256)
    with store.open(stored.sha256) as stream:
        assert stream.read() == content
    assert store.path(stored.sha256).read_bytes() == content


def test_the_same_bytes_are_kept_once(store: FileStore, tmp_path: Path) -> None:
    first, second = store.put(io.BytesIO(b"same")), store.put(io.BytesIO(b"same"))
    assert first == second
    assert len(files_below(tmp_path)) == 1


def test_an_empty_file_can_be_stored(store: FileStore) -> None:
    stored = store.put(io.BytesIO(b""))
    assert stored.size_bytes == 0
    assert store.path(stored.sha256).read_bytes() == b""


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 63])
def test_what_is_not_there_is_not_found(store: FileStore, name: str) -> None:
    assert not store.exists(name)
    with pytest.raises(NotFoundError):
        store.open(name)
    with pytest.raises(NotFoundError):
        store.path(name)


def test_walk_names_every_content_once_and_nothing_else(store: FileStore, tmp_path: Path) -> None:
    names = {store.put(io.BytesIO(str(number).encode())).sha256 for number in range(50)}
    (tmp_path / "files" / "lost+found").mkdir()
    (tmp_path / "files" / "readme").write_text("not a content")
    found = list(store.walk())
    assert set(found) == names
    assert found == sorted(found)


def test_contents_are_read_only_and_spread_over_folders(store: FileStore, tmp_path: Path) -> None:
    sha256 = store.put(io.BytesIO(b"text")).sha256
    path = store.path(sha256)
    assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    assert path.relative_to(tmp_path / "files").parts == (sha256[:2], sha256[2:4], sha256)


class Full(io.BytesIO):
    """A source that ends in the error which a full disk gives to the writer."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().read(100)


def test_a_full_disk_is_named_and_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(DiskFullError):
        store.put(Full(b"x" * 1000))
    assert files_below(tmp_path) == []


FULL_FOR_REAL = """
import io, resource, signal, sys
from pathlib import Path
from dossier.adapters.filestore.local import LocalFileStore
from dossier.errors import DiskFullError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = LocalFileStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put(io.BytesIO(b"x" * 5_000_000))
except DiskFullError:
    sys.exit(7)
"""


def test_a_write_that_the_system_refuses_leaves_nothing(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", FULL_FOR_REAL, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 7
    assert files_below(tmp_path) == []


KILLED = """
import io, os, signal, sys
from pathlib import Path
from dossier.adapters.filestore.local import LocalFileStore
class Source(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 2_000_000:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)
LocalFileStore(Path(sys.argv[1])).put(Source(b"x" * 5_000_000))
"""


def test_a_killed_writer_leaves_no_content_and_the_rest_is_swept(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    store = LocalFileStore(tmp_path)
    assert list(store.walk()) == []
    assert len(files_below(tmp_path)) == 1
    assert store.sweep(older_than_seconds=3600, now=time.time()) == 0
    assert store.sweep(older_than_seconds=60, now=time.time() + 3600) == 1
    assert files_below(tmp_path) == []


def test_many_writers_of_the_same_and_other_bytes_do_not_disturb_each_other(
    store: FileStore,
) -> None:
    def write(seed: int) -> None:
        for number in range(20):
            store.put(io.BytesIO(f"{number}".encode() * 1000))
            store.put(io.BytesIO(f"{seed}-{number}".encode() * 1000))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = list(store.walk())
    assert len(names) == 20 + 4 * 20
    for name in names:
        assert hashlib.sha256(store.path(name).read_bytes()).hexdigest() == name
