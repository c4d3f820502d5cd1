"""Sessions and tokens for programs; by a session's cookie, because a token makes no other keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from dossier.errors import InvalidInputError, NotFoundError, NotPossibleError
from dossier.services import sessions, tokens
from dossier.viewer import Permission, Viewer
from dossier.web import context_of, requires
from dossier.web.arrival import cookie_of
from searchapi.problems import may_answer

router = APIRouter(tags=["account"])
Owner = Annotated[Viewer, requires(Permission.SIGNED_IN, by_session_only=True)]
Everyone = Annotated[bool, Query(alias="all", description="Everybody's; for administrators")]
OWN = may_answer(InvalidInputError)
NAMED = may_answer(InvalidInputError, NotFoundError)
MADE = may_answer(InvalidInputError, NotPossibleError)


class SessionItem(BaseModel):
    """An open login of a browser."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    user: str
    means: str
    remote: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    is_this: bool


class SessionList(BaseModel):
    """Open logins."""

    items: list[SessionItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class TokenItem(BaseModel):
    """A token in force; its secret is told only once, when it is made."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    user: str
    name: str
    scope: list[str] | None
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None


class TokenList(BaseModel):
    """Tokens in force."""

    items: list[TokenItem]
    next_cursor: None = Field(None, description="The list is whole")
    total: int


class TokenWish(BaseModel):
    """What a new token shall be."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=80)
    scope: list[str] | None = Field(None, description="Permissions; null: all of the role's")
    days: int | None = Field(None, ge=1, description="Until it ends; null: the longest allowed")


class TokenMade(BaseModel):
    """A fresh token."""

    id: str
    token: str
    expires_at: datetime


@router.get("/sessions", responses=OWN, summary="Open logins")
def list_sessions(request: Request, viewer: Owner, everyone: Everyone = False) -> SessionList:  # noqa: FBT002
    """One's own, or everybody's."""
    found = sessions.list_sessions(
        context_of(request), viewer, everyone=everyone, current=cookie_of(request)
    )
    items = [SessionItem.model_validate(one) for one in found]
    return SessionList(items=items, total=len(items))


@router.delete("/sessions/{session_id}", status_code=204, responses=NAMED, summary="End a login")
def end_session(request: Request, viewer: Owner, session_id: str) -> None:
    """It is over at its next request."""
    sessions.end_session(context_of(request), viewer, session_id)


@router.get("/tokens", responses=OWN, summary="Tokens in force")
def list_tokens(request: Request, viewer: Owner, everyone: Everyone = False) -> TokenList:  # noqa: FBT002
    """One's own, or everybody's."""
    found = tokens.list_tokens(context_of(request), viewer, everyone=everyone)
    items = [TokenItem.model_validate(one) for one in found]
    return TokenList(items=items, total=len(items))


@router.post("/tokens", status_code=201, responses=MADE, summary="Make a token")
def make_token(request: Request, viewer: Owner, wish: TokenWish) -> TokenMade:
    """For oneself; never more than the own rights, and not beyond the longest life."""
    made = tokens.make_own_token(
        context_of(request), viewer, name=wish.name, scope=wish.scope, days=wish.days
    )
    return TokenMade(id=made.id, token=made.secret, expires_at=made.expires_at)


@router.delete("/tokens/{token_id}", status_code=204, responses=NAMED, summary="Revoke a token")
def revoke_token(request: Request, viewer: Owner, token_id: str) -> None:
    """It ends at its next request."""
    tokens.revoke_token(context_of(request), viewer, token_id)
