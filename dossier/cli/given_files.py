"""Files and folders that a command is given: what is wrong with one is said before work begins.

Only here may a refusal name a path: it is what the operator typed. Services are asked over the web
as well, and their errors name none (dossier/errors.py).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dossier.cli.words import printable
from dossier.errors import InvalidInputError, NotFoundError


def demand_there(paths: Sequence[Path]) -> None:
    """Refuse the first path that leads to nothing; a link counts, wherever it leads.

    Raises:
        NotFoundError: with the path as it was given.
    """
    for path in paths:
        if not os.path.lexists(path):
            name = printable(str(path))
            raise NotFoundError(
                f"{name} does not exist; nothing was taken in. Check how the path is written and "
                "repeat",
                detail_zh=f"{name} 不存在，未收入任何文件；请核对路径后重试",
            )


def demand_openable(file: Path) -> None:
    """Refuse a file that cannot be opened, and say why not.

    Raises:
        InvalidInputError: with the path as it was given, and the remedy.
    """
    try:
        with file.open("rb"):
            return
    except OSError as err:
        english, chinese = _why(err)
        name = printable(str(file))
        raise InvalidInputError(f"{name} {english}", detail_zh=f"{name} {chinese}") from err


def _why(err: OSError) -> tuple[str, str]:
    """The reason with its remedy, in English and Chinese."""
    match err:
        case FileNotFoundError() | NotADirectoryError():
            return (
                "does not exist; check how the path is written and repeat",
                "不存在，请核对路径后重试",
            )
        case IsADirectoryError():
            return "is a folder; name the file in it", "是文件夹，请指定其中的文件"
        case PermissionError():
            return (
                "may not be read by this user; give the user the right to read it, or copy it "
                "to a place of the user's own",
                "当前用户无权读取，请授予读取权限，或复制到本用户的文件夹",
            )
    return (
        f"cannot be opened ({err.strerror}); mend that, or copy the file elsewhere, and repeat",
        f"无法打开（{err.strerror}），请排除故障或换个位置后重试",
    )
