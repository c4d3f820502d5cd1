"""Logins that are half done: what the next step must know, kept here under a cookie's hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete

from dossier.db.login_tables import LoginStep
from dossier.db.session import ScopedSession
from dossier.services.context import Context
from dossier.services.door import digest, fresh_secret

SECOND_FACTOR, OIDC = "second_factor", "oidc"


@dataclass(frozen=True, slots=True)
class Step:
    """What the browser gets: the secret of a short-lived cookie."""

    secret: str
    expires_at: datetime


def begin(
    context: Context,
    session: ScopedSession,
    kind: str,
    body: Mapping[str, Any],
    *,
    within: timedelta,
) -> Step:
    """Keep what the next step must know, in the caller's transaction; old ones are cleared away."""
    now = context.clock.now()
    step = Step(fresh_secret(), now + within)
    session.execute(delete(LoginStep).where(LoginStep.expires_at <= now))
    session.add(
        LoginStep(
            id=digest(step.secret),
            kind=kind,
            body=context.keyring.encrypt(orjson.dumps(dict(body)).decode()),
            expires_at=step.expires_at,
        )
    )
    return step


def look(context: Context, session: ScopedSession, kind: str, secret: str) -> dict[str, Any] | None:
    """What was kept; None when it is unknown, over, or of another kind."""
    row = session.get(LoginStep, digest(secret))
    if row is None or row.kind != kind or row.expires_at <= context.clock.now():
        return None
    return dict(orjson.loads(context.keyring.decrypt(row.body)))


def end(session: ScopedSession, secret: str) -> bool:
    """Forget it, in the caller's transaction; False when another request was quicker."""
    done: Any = session.execute(delete(LoginStep).where(LoginStep.id == digest(secret)))
    return bool(done.rowcount)
