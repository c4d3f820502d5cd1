"""Completeness over time for programs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from dossier.errors import InvalidInputError
from dossier.plugins.completeness import history
from dossier.plugins.completeness.asked import Code, Place, wished
from dossier.plugins.completeness.worklist import Wish
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from searchapi.problems import may_answer

router = APIRouter(tags=["completeness"])


class DayItem(BaseModel):
    """The dossiers of a day, by the last count of that day."""

    day: date
    dossiers: int
    complete: int
    percent: int = Field(description="Complete ones of a hundred, rounded down")
    lacking: int = Field(description="Those that lack the type asked for; any where none is")


class HistoryAnswer(BaseModel):
    """The days that were counted, the earliest first."""

    items: list[DayItem]


def of_days(
    missing: Code = "",
    category: Code = "",
    station: Place = None,
    line: Place = None,
    district: Place = None,
) -> Wish:
    """What is asked for; how a paper lacks is not counted by days."""
    return wished(missing, "", category, station, line, district)


@router.get(
    "/completeness/history",
    responses=may_answer(InvalidInputError),
    summary="How many dossiers were complete on each day",
)
def read_history(
    request: Request,
    viewer: Annotated[Viewer, requires(Permission.READ_CUSTOMER)],
    wish: Annotated[Wish, Depends(of_days)],
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> HistoryAnswer:
    """Of places in the viewer's scope; days on which nothing was counted are left out."""
    days = history.look(context_of(request), viewer, wish, first=first, last=last)
    return HistoryAnswer(
        items=[
            DayItem(
                day=one.day,
                dossiers=one.dossiers,
                complete=one.complete,
                percent=one.percent,
                lacking=one.lacking,
            )
            for one in days
        ]
    )
