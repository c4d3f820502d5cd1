"""Rows of a table in which one cell holds several lines, and others stand at half of its height.

A long name takes two lines of its cell, while label and number beside it are set in the middle, at
the height of neither. Read line by line the label goes with the name's first line and the number
with nothing. Such a row is known by its cells: lines that begin under each other, with room above
and below, and beside them single lines, alone in their places too, at the middle's height. Running
text has no such neighbour, and two signatures under each other have none at half of their height.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dossier.rules.text_columns import Cell

_MOST_LINES = 6
"""What has more lines is running text."""
_SAME_BEGIN = 0.6
"""Lines of a cell begin this near to each other, in heights."""
_SAME_HEIGHT = 1.35
_LEAST_PITCH, _LARGEST_PITCH = 0.6, 1.5
"""From one line of a cell to its next, in heights of a line's box."""
_EVEN = 0.3
"""The steps between a cell's lines differ by this share at most."""
_ROOM = 1.2
"""To the next line above or below a cell it is this many times further than to its own."""
_MIDDLE = 0.3
"""How far from the cell's middle its neighbours may stand, in steps between its lines."""


def wrapped_rows(cells: Sequence[Cell]) -> list[list[int]]:
    """Rows of the page in which a cell has several lines.

    Args:
        cells: the lines of the page on paper laid flat, in any order.

    Returns:
        The indices of each such row's lines in the order in which one reads them; lines that
        stand in no such row are in none.
    """
    order = sorted(range(len(cells)), key=lambda i: cells[i].y)
    stacks = [stack for stack in _stacks(cells, order) if _stands_alone(cells, stack)]
    rows: list[list[int]] = []
    taken: set[int] = set()
    for stack in sorted(stacks, key=len, reverse=True):
        row = [] if taken.intersection(stack) else _row_of(cells, stack, stacks)
        if row and not taken.intersection(row):
            rows.append(row)
            taken.update(row)
    return rows


def _stacks(cells: Sequence[Cell], order: Sequence[int]) -> Iterator[list[int]]:
    """Lines that begin under each other at even steps, each line in one stack at most."""
    used: set[int] = set()
    for position, first in enumerate(order):
        if first in used:
            continue
        stack = [first]
        for i in order[position + 1 :]:
            last = cells[stack[-1]]
            if cells[i].y - last.y > _LARGEST_PITCH * last.height:
                break
            if i not in used and _goes_on(cells, stack, i):
                stack.append(i)
        if 2 <= len(stack) <= _MOST_LINES:
            yield stack
        if len(stack) > 1:
            used.update(stack)


def _goes_on(cells: Sequence[Cell], stack: Sequence[int], i: int) -> bool:
    above, below = cells[stack[-1]], cells[i]
    step = below.y - above.y
    return (
        abs(below.x0 - above.x0) < _SAME_BEGIN * min(above.height, below.height)
        and _alike(above, below)
        and step > _LEAST_PITCH * min(above.height, below.height)
        and (len(stack) < 2 or abs(step - _step(cells, stack)) < _EVEN * step)
    )


def _alike(one: Cell, other: Cell) -> bool:
    return max(one.height, other.height) < _SAME_HEIGHT * min(one.height, other.height)


def _step(cells: Sequence[Cell], stack: Sequence[int]) -> float:
    return (cells[stack[-1]].y - cells[stack[0]].y) / (len(stack) - 1)


def _stands_alone(cells: Sequence[Cell], stack: Sequence[int]) -> bool:
    """Whether nothing stands close above or below, and only the last line may be short."""
    *full, last = (cells[i] for i in stack)
    if any(line.x1 < last.x1 - line.height for line in full):
        return False
    return _has_room(cells, stack, _ROOM * _step(cells, stack))


def _has_room(cells: Sequence[Cell], own: Sequence[int], room: float) -> bool:
    low, high = cells[own[0]].y - room, cells[own[-1]].y + room
    x0, x1 = min(cells[i].x0 for i in own), max(cells[i].x1 for i in own)
    return not any(
        low < cell.y < high and cell.x0 < x1 and cell.x1 > x0
        for i, cell in enumerate(cells)
        if i not in own
    )


def _row_of(cells: Sequence[Cell], stack: Sequence[int], stacks: Sequence[list[int]]) -> list[int]:
    """The row that the stack stands in, cell by cell from the left; nothing when it is none."""
    step = _step(cells, stack)
    low, high = cells[stack[0]].y - step / 2, cells[stack[-1]].y + step / 2
    middle = (low + high) / 2
    found: list[list[int]] = [list(stack)]
    for i, cell in enumerate(cells):
        if i in stack or not low < cell.y < high:
            continue
        beside = next((other for other in stacks if i in other), [i])
        between = (cells[beside[0]].y + cells[beside[-1]].y) / 2
        if abs(between - middle) > _MIDDLE * step or not _alike(cell, cells[stack[0]]):
            return []
        if len(beside) == 1 and not _has_room(cells, beside, _ROOM * step):
            return []
        if beside not in found:
            found.append(beside)
    if not any(len(beside) < len(stack) for beside in found):
        return []
    found.sort(key=lambda own: cells[own[0]].x0)
    return [i for own in found for i in own]
