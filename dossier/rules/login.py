"""Numbers of the ways in: rulebook/login.yaml as values, and how long a pause is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from dossier.rules.rulebook import load_rulebook


@dataclass(frozen=True, slots=True)
class LoginRules:
    """What rulebook/login.yaml says; units are in the names."""

    common_passwords: int
    passwords_at_once: int
    password_wait_seconds: float
    forget: timedelta
    code_digits: int
    code_step_seconds: int
    code_drift_steps: int
    recovery_codes: int
    recovery_characters: int
    second_factor_within: timedelta
    oidc_within: timedelta


@cache
def login_rules() -> LoginRules:
    """The rules in force."""
    body = load_rulebook("login")
    password, factor, steps = body["password"], body["second_factor"], body["steps"]
    return LoginRules(
        common_passwords=password["common"],
        passwords_at_once=password["checked_at_once"],
        password_wait_seconds=password["wait_seconds"],
        forget=timedelta(hours=body["throttle"]["forget_hours"]),
        code_digits=factor["digits"],
        code_step_seconds=factor["step_seconds"],
        code_drift_steps=factor["drift_steps"],
        recovery_codes=factor["recovery_codes"],
        recovery_characters=factor["recovery_characters"],
        second_factor_within=timedelta(seconds=steps["second_factor_seconds"]),
        oidc_within=timedelta(seconds=steps["oidc_seconds"]),
    )


def pause_seconds(number: int, *, first: float, most: float) -> float:
    """Length of the pause with this number, counted from 1: each is twice as long, up to ``most``.

    Example:
        >>> [pause_seconds(n, first=60, most=3600) for n in (1, 2, 3, 7, 2000)]
        [60, 120, 240, 3600, 3600]
    """
    doubled = first * 2 ** min(number - 1, 62)
    return most if doubled >= most else doubled
