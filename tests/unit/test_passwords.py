"""How passwords are kept, by the product's own parameters."""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from argon2.profiles import RFC_9106_LOW_MEMORY


def test_a_password_is_kept_by_argon2id_as_rfc_9106_asks(kept_by: PasswordHasher) -> None:
    least = RFC_9106_LOW_MEMORY
    assert kept_by.type is Type.ID
    assert kept_by.time_cost >= least.time_cost
    assert kept_by.memory_cost >= least.memory_cost
    assert kept_by.salt_len >= least.salt_len
    kept = kept_by.hash("一段很长的口令")
    assert kept.startswith("$argon2id$")
    assert "一段" not in kept
    assert kept_by.verify(kept, "一段很长的口令")
    assert kept != kept_by.hash("一段很长的口令")
