"""New databases are given what the first of their kind was given, in as few errands as can be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from sqlalchemy import event

from dossier.db import Database

OWN_AFFAIR = ("PRAGMA", "BEGIN", "SELECT pg_catalog.")
"""Beginnings of what a connection asks for its own sake."""


class Remembered:
    """Makes a new database's tables as they were made the first time.

    Args:
        make: the product's own way, which compiles each statement and looks before each table.
    """

    def __init__(self, make: Callable[[Database], Any]) -> None:
        self._make = make
        self._heard: dict[str, list[tuple[str, Any]]] = {}

    def __call__(self, database: Database) -> None:
        """Give it its tables; it must be empty."""
        dialect = database.writer.dialect.name
        if dialect not in self._heard:
            self._heard[dialect] = _together(self._listened(database), dialect)
            return
        with database.writer.begin() as connection:
            for statement, values in self._heard[dialect]:
                connection.exec_driver_sql(statement, values or None)

    def _listened(self, database: Database) -> list[tuple[str, Any]]:
        heard: list[tuple[str, Any]] = []

        def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
            if not statement.startswith(OWN_AFFAIR):
                heard.append((statement, values))

        event.listen(database.writer, "before_cursor_execute", hear)
        self._make(database)
        event.remove(database.writer, "before_cursor_execute", hear)
        return heard


def _together(heard: list[tuple[str, Any]], dialect: str) -> list[tuple[str, Any]]:
    """PostgreSQL takes statements without values together, and each errand costs it a turn."""
    if dialect != "postgresql":
        return heard
    found: list[tuple[str, Any]] = []
    for has_values, group in groupby(heard, key=lambda each: bool(each[1])):
        each = list(group)
        found += each if has_values else [(";\n".join(text for text, _ in each), None)]
    return found
