"""What a name and a password may be, which code is good, how long a guesser waits: decided without clock, SQL or luck."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

from safezone.core.i18n import Words

State = Literal["invited", "active", "suspended", "erased"]

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 256
TOTP_PERIOD_S: Final = 30
TOTP_DIGITS: Final = 6
TOTP_WINDOW: Final = 1
"""Intervals before and after this one whose code is taken too: the clock of a telephone is never quite right."""
TOTP_SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 8
_RECOVERY_LETTERS: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
RECOVERY_LENGTH: Final = 12
"""58 random bits: too many to try, few enough to copy from paper."""

FREE_FAILURES_OF_AN_ADDRESS: Final = 20
"""A whole station may be behind one address, and everybody there may mistype."""
FREE_FAILURES_OF_CODES: Final = 20
"""Of one account, wherever they come from, by those who have its password: a code has six digits and addresses are cheap."""
FREE_FAILURES: Final = 4
"""Mistypings that cost nothing."""
LONGEST_DELAY_S: Final = 300.0

_COMMON: Final = frozenset(
    ("password", "passw0rd", "12345678", "123456789", "1234567890", "qwertyuiop", "1q2w3e4r5t", "iloveyou", "safezone",
     "safe zone", "administrator", "police191", "thailand", "11111111111")
)  # fmt: skip


def normal_login(text: str) -> str | None:
    """The form of a name to sign in by under which it is kept and compared; None when it can be none.

    Letters (Thai too), digits and `. _ -`, 2 to 40 of them: what stands in the log as `operator:name`.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())
    if not 2 <= len(folded) <= 40 or folded[0] in "._-":
        return None
    fits = all(char in "._-" or unicodedata.category(char)[0] in "LMN" for char in folded)
    return folded if fits else None


def erased_login(login: str) -> str:
    """What stands in the place of a name once its account was erased: it is known again, and given to nobody else.

    No name can look like it, because none begins with a sign.
    """
    return f"#{hashlib.sha256(login.encode()).hexdigest()[:39]}"


def login_in(actor: str) -> str:
    """The name to sign in by in how the log names somebody: `operator:somchai`, on patrol `unit:car-1/somchai`."""
    return actor.partition(":")[2].rpartition("/")[2]


def erased_name(account_id: str) -> str:
    """How an erased account is called wherever a name stood: by its id alone."""
    return f"#{account_id}"


def normal_password(text: str) -> str:
    """The form under which a password is hashed (NFC, as in RFC 8265): the same keys give the same on every system."""
    return unicodedata.normalize("NFC", text)


def find_weakness(password: str, login: str) -> Words | None:
    """Why this cannot be a password; None when it can. No rule about signs and capitals: length is what counts."""
    folded = password.casefold()
    if len(password) < SHORTEST_PASSWORD:
        return Words(
            th=f"รหัสผ่านต้องยาวอย่างน้อย {SHORTEST_PASSWORD} ตัวอักษร ใช้หลายคำต่อกันได้",
            en=f"A password takes at least {SHORTEST_PASSWORD} characters; several words together are fine.",
        )
    if len(password) > LONGEST_PASSWORD:
        return Words(
            th=f"รหัสผ่านยาวได้ไม่เกิน {LONGEST_PASSWORD} ตัวอักษร ใช้ที่สั้นกว่านี้",
            en=f"A password has at most {LONGEST_PASSWORD} characters; use a shorter one.",
        )
    if len(login) >= 4 and login in folded:
        return Words(
            th="รหัสผ่านต้องไม่มีชื่อผู้ใช้อยู่ข้างใน เลือกคำอื่น",
            en="A password must not contain the user name; choose other words.",
        )
    if (
        len(set(folded)) < 4
        or any(folded.strip("!.0123456789 ") == each for each in _COMMON)
        or folded in _COMMON
    ):
        return Words(
            th="รหัสผ่านนี้เดาง่ายเกินไป ใช้หลายคำที่ไม่เกี่ยวกันต่อกัน",
            en="This password is too easy to guess; use several words that have nothing to do with each other.",
        )
    return None


# ── codes ──


def totp_secret_bytes(secret: str) -> bytes | None:
    """The secret behind its base-32 letters; None when it is none, or too short to be one."""
    try:
        raw = base64.b32decode(secret, casefold=False)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) >= TOTP_SECRET_BYTES else None


def totp_at(secret: bytes, step: int) -> str:
    """The code of one interval (RFC 6238 with HMAC-SHA-1, 30 seconds, six digits: what every app makes)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**TOTP_DIGITS:0{TOTP_DIGITS}d}"


def find_step(secret: bytes, code: str, at_s: int, last_step: int | None) -> int | None:
    """The interval whose code this is, near the moment and later than the last that was used; None when there is none."""
    now, found = at_s // TOTP_PERIOD_S, None
    digits = "".join(str(unicodedata.digit(char, "")) for char in code if not char.isspace())
    for step in range(max(0, now - TOTP_WINDOW), now + TOTP_WINDOW + 1):
        same = hmac.compare_digest(totp_at(secret, step), digits)
        if same and step > (last_step if last_step is not None else -1):
            found = step
    return found


def looks_like_recovery(code: str) -> bool:
    """Whether somebody has typed a recovery code and not one of an app."""
    return len(normal_recovery(code)) == RECOVERY_LENGTH


def normal_recovery(code: str) -> str:
    """A recovery code without the signs between its groups, in capitals."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", code).upper())


def recovery_code_of(raw: bytes) -> str:
    """A recovery code made of (at least 12) random bytes, in groups of four."""
    number = int.from_bytes(raw, "big")
    letters = []
    for _ in range(RECOVERY_LENGTH):
        number, index = divmod(number, len(_RECOVERY_LETTERS))
        letters.append(_RECOVERY_LETTERS[index])
    text = "".join(letters)
    return "-".join(text[start : start + 4] for start in range(0, RECOVERY_LENGTH, 4))


def hash_recovery(code: str) -> str:
    """The form in which a recovery code is kept; it is random, so no slow hash is needed."""
    return hashlib.sha256(normal_recovery(code).encode()).hexdigest()


def find_recovery(hashes: Sequence[str], used: Sequence[int], code: str) -> int | None:
    """Which of the recovery codes this is; None when it is none of them or was used."""
    hashed, found = hash_recovery(code), None
    for number, each in enumerate(hashes):
        if hmac.compare_digest(each, hashed) and number not in used:
            found = number
    return found


# ── guessing ──


def delay_after(failures: int, free: int) -> float:
    """Seconds until the next attempt, after so many that failed: nothing at first, then twice as long each time."""
    if failures <= free:
        return 0.0
    return min(LONGEST_DELAY_S, 2.0 ** min(failures - free - 1, 20))
