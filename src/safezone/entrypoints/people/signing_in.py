"""Finds out whether a name, a password and a code belong together; guessing is slow, and locks nobody else out.

In a station of one process nothing of it enters the lane before it is right; several count together (`guesses.py`), two
attempts of each at a time. An attempt that fails makes the next one of the same name from the same
address wait longer, and after many also every other name from there; it never closes the account. Who has the password
and guesses the code waits whatever address it comes from: there are only a million codes. Where somebody has
signed in before (a cookie says so), what strangers do counts for nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request

from safezone.core.accounts import commands as cmds
from safezone.core.accounts import refusals, rules
from safezone.core.accounts.guessing import Counted
from safezone.core.accounts.passwords import is_password
from safezone.core.accounts.selection import Secrets, find_secrets
from safezone.core.credentials import sha256_hex
from safezone.core.db import to_us
from safezone.core.desk import Desk
from safezone.core.errors import Refused, TooMany
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.sessions import Hint
from safezone.entrypoints.gate import address_key
from safezone.entrypoints.pacing import Turns
from safezone.entrypoints.people.guesses import Attempts

BROWSER_COOKIE: Final = "safezone_browser"
"""By it a browser is known in which somebody has signed in before; it lets nobody in."""
AT_ONCE: Final = 2
"""Passwords that are compared at the same time; each takes 32 MiB and a core for a moment."""

T = TypeVar("T")


class Asked(msgspec.Struct, frozen=True):
    """From where an attempt comes."""

    address: str
    browser_secret: str
    hint: Hint


class Shown(msgspec.Struct, frozen=True):
    """What was shown and is right."""

    secrets: Secrets
    by: tuple[str, ...]
    second: cmds.Second


class SigningIn:
    """One for the whole program."""

    def __init__(self, desk: Desk, attempts: Attempts) -> None:
        self._desk = desk
        self._attempts = attempts
        self._turns = Turns(1)
        self._tried_at_once = asyncio.Semaphore(AT_ONCE)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
        self._own = [ipaddress.ip_network(each) for each in desk.settings.accounts.own_networks]

    async def sign_in(self, login: str, password: str, code: str, asked: Asked) -> Shown:
        """Who has shown what; NotSignedIn, TooMany or NotAllowed otherwise."""
        named = rules.normal_login(login) or ""
        secrets = await self._desk.ask(
            find_secrets, self._desk.station, self._now_us(), login=named, browser_secret=asked.browser_secret
        )
        known = secrets.knows_browser
        counted = [
            _of_name(f"{sha256_hex(asked.browser_secret)} {named}" if known else f"{named} {asked.address}")
        ]
        of_codes: tuple[Counted, ...] = ()
        if not (known or self._is_own(asked.hint.address)):
            counted.append(Counted(asked.address, rules.FREE_FAILURES_OF_AN_ADDRESS))
            of_codes = (Counted(f"code {secrets.account_id}", rules.FREE_FAILURES_OF_CODES),)
        # One at a time: whoever sends a thousand at once waits for them alone, and learns no more than one by one.
        turn = counted[0].key if known else asked.address
        shown = await self._try(
            turn, tuple(counted), lambda: self._compare(secrets, password, code, of_codes)
        )
        if secrets.state in ("suspended", "expired"):
            raise refusals.closed(secrets.state)
        return shown

    async def prove(self, identity: Identity, password: str, code: str) -> Shown:
        """As `sign_in`, for somebody who is signed in: the password, and a code where the account has an app."""

        async def look(secrets: Secrets) -> Shown | None:
            return await self._compare(secrets, password, code)

        return await self._try_own(f"session {identity.credential_id}", identity.account_id, look)

    async def check_password(self, identity: Identity, password: str) -> None:
        """Return when it is the password of whoever is signed in, before they choose another."""

        async def look(secrets: Secrets) -> Shown | None:
            right = await self.compare(secrets.password_hash, password)
            return Shown(secrets, ("password",), cmds.Second()) if right else None

        await self._try_own(f"session {identity.credential_id}", identity.account_id, look)

    async def second(self, account_id: str, code: str) -> Shown:
        """The code that is still missing after somebody else has vouched for this person; guesses count as above."""

        async def look(secrets: Secrets) -> Shown | None:
            second = self._second(secrets, code)
            return None if second is None else Shown(secrets, (_name_of(second),), second)

        return await self._try_own(f"second {account_id}", account_id, look)

    async def _try_own(
        self, key: str, account_id: str | None, look: Callable[[Secrets], Awaitable[Shown | None]]
    ) -> Shown:
        """An attempt at an account that is known already."""
        desk = self._desk
        secrets = await desk.ask(find_secrets, desk.station, self._now_us(), account_id=account_id)
        return await self._try(key, (_of_name(key),), lambda: look(secrets))

    async def _try(
        self, turn: str, counted: tuple[Counted, ...], look: Callable[[], Awaitable[Shown | None]]
    ) -> Shown:
        """One attempt at a time for each turn, and a wait after each that failed."""
        async with self._turns.turn(turn):
            _check(await self._attempts.wait_s(counted))
            async with self._tried_at_once:
                _check(await self._attempts.begin(counted))
                try:
                    shown = await look()
                except Refused:
                    await self._attempts.forgive(counted, wholly=False)
                    raise
            if shown is None:
                raise refusals.bad_sign_in()
            await self._attempts.forgive(counted, wholly=True)
        return shown

    async def compare(self, kept: str | None, password: str) -> bool:
        """Whether this is the password, found out on another thread."""
        return await self.work(lambda: is_password(kept, password))

    async def work(self, work: Callable[[], T]) -> T:
        """What takes long on purpose, two at a time."""
        async with self._at_once:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _compare(
        self, secrets: Secrets, password: str, code: str, of_codes: tuple[Counted, ...] = ()
    ) -> Shown | None:
        """What was shown, if it is right. `of_codes`: wrong codes behind the right password are counted so, from wherever."""
        if not await self.compare(secrets.password_hash, password):
            return None
        if secrets.totp_secret is None and not secrets.recovery_hashes:
            return Shown(secrets, ("password",), cmds.Second())
        if not code and secrets.totp_secret is None:
            return Shown(secrets, ("password",), cmds.Second())
        if not code:
            raise refusals.code_needed()
        if of_codes:
            _check(await self._attempts.begin(of_codes))
        second = self._second(secrets, code)
        if second is None:
            return None
        if of_codes:
            await self._attempts.forgive(of_codes, wholly=True)
        return Shown(secrets, ("password", _name_of(second)), second)

    def _second(self, secrets: Secrets, code: str) -> cmds.Second | None:
        if rules.looks_like_recovery(code):
            number = rules.find_recovery(secrets.recovery_hashes, secrets.recovery_used, code)
            return None if number is None else cmds.Second(recovery_code=number)
        raw = rules.totp_secret_bytes(secrets.totp_secret or "")
        step = (
            None
            if raw is None
            else rules.find_step(raw, code, self._now_us() // 1_000_000, secrets.totp_step)
        )
        return None if step is None else cmds.Second(totp_step=step)

    def _is_own(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return any(address in each for each in self._own)

    def _now_us(self) -> int:
        return to_us(self._desk.clock.now())


_TOO_MANY: Final = Words(
    th="ลองผิดหลายครั้งเกินไป รอสักครู่แล้วลองใหม่ บัญชีไม่ได้ถูกล็อก",
    en="Too many attempts have failed; wait a moment and try again. The account is not locked.",
)


def _of_name(key: str) -> Counted:
    return Counted(key, rules.FREE_FAILURES)


def _check(wait_s: float) -> None:
    if wait_s:
        raise TooMany("too_many_attempts", _TOO_MANY, retry_after_s=max(1, round(wait_s + 0.5)))


def _name_of(second: cmds.Second) -> str:
    return "recovery_code" if second.recovery_code is not None else "totp"


def asked_from(request: Request[Any, Any, Any]) -> Asked:
    """From where a request comes, and in which browser."""
    host = request.client.host if request.client else ""
    browser = request.cookies.get(BROWSER_COOKIE, "")[:100]
    return Asked(
        address_key(host), browser, Hint(host, browser_family(request.headers.get("user-agent", "")))
    )


def check_code(secret: str, code: str, at_us: int) -> int:
    """The interval of a code that proves that an app has this secret; Invalid when it does not."""
    raw = rules.totp_secret_bytes(secret)
    step = None if raw is None else rules.find_step(raw, code, at_us // 1_000_000, None)
    if step is None:
        raise refusals.bad_code()
    return step


_FAMILIES: Final = (
    (r"\bLine/", "LINE"), (r"\bEdgA?/", "Edge"), (r"\bOPR/", "Opera"), (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\b(Firefox|FxiOS)/", "Firefox"), (r"\b(HeadlessChrome|Chrome|CriOS)/", "Chrome"), (r"\bSafari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone|iPad", "iOS"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_family(agent: str) -> str:
    """`Chrome, Windows`: enough to know one's own browser again, and no more."""
    family = next((name for pattern, name in _FAMILIES if re.search(pattern, agent)), "")
    system = next((name for pattern, name in _SYSTEMS if re.search(pattern, agent)), "")
    return ", ".join(each for each in (family, system) if each)
