"""The matrix of a day as rows and cells, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from dossier.rules.role_matrix import Cell, Matrices
from dossier.rules.role_words import Action, Role
from dossier.services import rights


@dataclass(frozen=True, slots=True)
class ShownCell:
    """What a role may of an action; ``ways`` in Chinese and English, none for a denial."""

    ways: tuple[tuple[str, str], ...] = ()
    note: str = ""
    source: str = ""
    """Where it differs from the matrix's own."""


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """The matrix of a day for some roles."""

    matrices: Matrices
    day: date
    roles: Sequence[Role]

    def rows(self) -> Iterator[tuple[Action, list[ShownCell]]]:
        """Each action with a cell for each role."""
        for action in self.matrices.words.actions.values():
            yield action, [self._cell(action, role) for role in self.roles]

    def _cell(self, action: Action, role: Role) -> ShownCell:
        matrix = self.matrices.on(self.day)
        cell = matrix.cell(role.code, action.code, self.day) if matrix else None
        if matrix is None or cell is None:
            return ShownCell()
        source = "" if cell.source == matrix.source else cell.source
        return ShownCell(self._ways(cell), cell.note, source)

    def _ways(self, cell: Cell) -> tuple[tuple[str, str], ...]:
        return tuple(rights.said(self.matrices.words, way) for way in cell.ways)
