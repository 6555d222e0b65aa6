"""How passwords are hashed and compared: argon2id, slow on purpose, on a thread that nobody else waits for."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

from safezone.core.accounts.rules import normal_password

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB: Final = 32 * 1024
PASSES: Final = 2
"""About 60 ms of one core of a small box, and 32 MiB that a guesser needs for each guess too (OWASP asks for 19)."""


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # noqa: PLC0415 - a tenth of a second, which a start need not wait for

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobodys() -> str:
    """The hash that is compared with when there is no account, so that it takes as long as when there is."""
    return _hasher().hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """What is kept of a password, with its salt and how it was made."""
    return _hasher().hash(normal_password(password))


def is_password(kept: str | None, password: str) -> bool:
    """Whether this is the password behind the hash; False, after the same time, when there is none."""
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415 - as above

    nobodys = _nobodys()  # Made once, and never by the first name alone that nobody has.
    try:
        _hasher().verify(kept or nobodys, normal_password(password))
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None
