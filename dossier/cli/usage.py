"""A mistyped command, option or value is refused in both languages, with what helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""What typer raises for all of these; it gives the class no public name."""
REMEDY_ZH = "命令、选项或参数有误；用法请看 dossier --help"
REMEDY = "What there is: dossier --help"


class BothLanguages(TyperGroup):
    """The group of all commands: adds the Chinese half and the remedy to what typer says."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with _explained():
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command's name."""
        with _explained():
            return super().parse_args(ctx, args)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except USAGE_ERROR as problem:
        said = (problem.message, *_range(getattr(problem, "param", None)), REMEDY_ZH, REMEDY)
        problem.message = "\n".join(line for line in said if line)
        raise


def _range(parameter: Any) -> tuple[str, ...]:
    """Which numbers an option takes, where it is bounded on both sides.

    Typer keeps the bounds in the option, older versions keep them in its type.
    """
    bounded = parameter if hasattr(parameter, "min") else getattr(parameter, "type", None)
    least, most = getattr(bounded, "min", None), getattr(bounded, "max", None)
    if least is None or most is None:
        return ()
    return (f"{parameter.name}：须为 {least} 到 {most} 之间的数 / a number from {least} to {most}",)
