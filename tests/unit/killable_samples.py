"""Objects that misbehave on demand, built inside killable children by the tests."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dossier.errors import ConfigurationError, UnreadableFileError


class Sample:
    """Answers, hangs, eats memory, crashes."""

    kind = "sample"

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    def add(self, left: int, *, right: int) -> int:
        return left + right

    def pid(self) -> int:
        return os.getpid()

    def niceness(self) -> int:
        return os.nice(0)

    def environment(self, name: str) -> str | None:
        return os.environ.get(name)

    def modules(self) -> list[str]:
        return sorted(sys.modules)

    def scratch(self) -> str:
        path = Path(tempfile.mkdtemp()) / "left-over"
        path.write_text("temporary")
        return str(path)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def hold_the_interpreter(self) -> None:
        re.match(r"(a+)+$", "a" * 64 + "b")  # never ends, never lets go of the GIL

    def eat(self, mebibytes: int) -> int:
        blocks = []
        for _ in range(mebibytes):
            blocks.append(b"\x01" * (1 << 20))
            time.sleep(0.0005)
        return len(blocks)

    def eat_in_a_grandchild(self) -> None:
        code = "import time; b = b'x' * (400 << 20); time.sleep(60)"
        subprocess.run([sys.executable, "-c", code], check=True)

    def start_grandchild(self) -> int:
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid

    def segfault(self) -> None:
        ctypes.string_at(0)

    def leave(self, code: int) -> None:
        os._exit(code)

    def refuse(self) -> None:
        raise UnreadableFileError("password", "a word is needed", detail_zh="需要密码")

    def stumble(self, secret: str) -> None:
        raise ValueError(f"cannot read {secret}")

    def unpicklable(self) -> object:
        return lambda: None

    def large(self, size: int) -> bytes:
        return b"\x00" * size


def refuse_to_build() -> Sample:
    raise ConfigurationError("no model")


def never_built() -> Sample:
    time.sleep(60)
    return Sample()
