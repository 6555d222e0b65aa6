"""Looks whether a certificate is due, orders it on a thread, and notes down what came of it."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from safezone.core.certificate_settings import Acme
from safezone.core.clock import Clock
from safezone.core.durable import write_durably
from safezone.core.i18n import Words
from safezone.entrypoints.acme.folder import AcmeFolder, Kept, Suggested, fingerprint, life_of
from safezone.entrypoints.acme.rules import Life, Tried, next_try

logger = logging.getLogger("safezone.acme")

LOOK_EVERY_S: Final = 5.0


class Screen(Protocol):
    """Where the authority finds what it asks for."""

    def show(self, token: str, validation: str) -> None: ...

    def hide_all(self) -> None: ...


class CertificateKeeper:
    """The one who speaks with the authority."""

    def __init__(self, acme: Acme, folder: AcmeFolder, clock: Clock, screen: Screen) -> None:
        self._acme = acme
        self._folder = folder
        self._clock = clock
        self._screen = screen

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; blocking."""
        while not stop.is_set():
            try:
                self.turn()
            except Exception:  # Whatever it is: a certificate is there, and the next turn comes.
                logger.exception("looking after the certificate failed and is tried again")
            stop.wait(LOOK_EVERY_S)

    def turn(self) -> bool:
        """What is due now is done; True when a certificate was got."""
        self._folder.prepare(self._acme.domains)
        kept, life = self._folder.load(), life_of(self._folder.certificate_file)
        now = self._clock.now()
        wish = self._folder.wish_file.exists()
        if self._is_from_here(kept, life):
            kept = self._ask_when(kept, life, now)
        due_at = self.due_at(kept, life)
        if not wish and due_at is not None and due_at > now:
            if kept.next_at != due_at:
                self._folder.keep(msgspec.structs.replace(kept, next_at=due_at))
            return False
        self._folder.wish_file.unlink(missing_ok=True)
        return self._try(kept, now)

    def due_at(self, kept: Kept, life: Life) -> datetime | None:
        """When a certificate is to be asked for next; None: at once."""
        # With other settings there is no reason to wait any longer.
        tried = kept.tried if kept.asked == fingerprint(self._acme) else Tried()
        if not self._is_from_here(kept, life):
            life = msgspec.structs.replace(life, is_self_made=True)
        suggested = kept.suggested
        is_of_this = suggested is not None and suggested.serial == str(life.serial)
        return next_try(
            life, frozenset(self._acme.domains), tried, suggested.at if is_of_this and suggested else None
        )

    def _is_from_here(self, kept: Kept, life: Life) -> bool:
        """Whether the certificate is the authority's that the settings name: a trial directory may have come before it."""
        return not life.is_self_made and kept.directory == self._acme.directory_url

    def _ask_when(self, kept: Kept, life: Life, now: datetime) -> Kept:
        """Now and then the authority is asked when it would have its certificate renewed; its silence means nothing."""
        before = kept.suggested
        if before is not None and before.serial == str(life.serial) and before.ask_again_at > now:
            return kept
        from safezone.entrypoints.acme.ordering import Authority, NoCertificate  # noqa: PLC0415 - takes 300 ms

        at, again = None, now + timedelta(hours=6)
        try:
            authority = Authority(self._acme, self._folder)
            at, again = authority.suggested(self._folder.certificate_file.read_bytes())
        except NoCertificate as problem:
            logger.info("the authority says nothing about renewing: %s", problem.words)
        kept = msgspec.structs.replace(kept, suggested=Suggested(str(life.serial), at, again))
        self._folder.keep(kept)
        return kept

    def _try(self, kept: Kept, now: datetime) -> bool:
        from safezone.entrypoints.acme.ordering import Authority, NoCertificate  # noqa: PLC0415 - takes 300 ms

        asked = fingerprint(self._acme)
        before = kept.tried.failures if kept.asked == asked else 0
        kept = msgspec.structs.replace(kept, asked=asked)
        # Noted down beforehand: a program that dies in the middle of it, again and again, does not flood the authority.
        # What was wrong before stays said until it is known whether this one goes better.
        kept = self._failed(kept, kept.why if before else None, Tried(failures=before + 1, at=now))
        names = ", ".join(self._acme.domains)
        logger.info(
            "ขอใบรับรองของ %s จาก / asking for a certificate of them from %s", names, self._acme.directory_url
        )
        try:
            pem = Authority(self._acme, self._folder).order(self._screen.show)
        except NoCertificate as problem:
            wait = None if problem.wait_s is None else now + timedelta(seconds=problem.wait_s)
            tried = Tried(failures=before + 1, at=now, reached=problem.reached, not_before=wait)
            kept = self._failed(kept, problem.words, tried)
            until = kept.next_at.astimezone(UTC) if kept.next_at else now
            logger.warning("%s (ลองใหม่ / again at %s)", problem.words, f"{until:%Y-%m-%d %H:%M} UTC")
            return False
        finally:
            self._screen.hide_all()
        write_durably(self._folder.certificate_file, pem)
        life = life_of(self._folder.certificate_file)
        kept = Kept(directory=self._acme.directory_url, asked=asked, obtained_at=now)
        self._folder.keep(msgspec.structs.replace(kept, next_at=self.due_at(kept, life)))
        logger.info(
            "ได้ใบรับรองแล้ว ใช้ได้ถึง / a certificate was got, good until %s UTC", f"{life.ends_at:%Y-%m-%d %H:%M}"
        )
        return True

    def _failed(self, kept: Kept, why: Words | None, tried: Tried) -> Kept:
        kept = msgspec.structs.replace(kept, tried=tried, why=why)
        due_at = self.due_at(kept, life_of(self._folder.certificate_file))
        kept = msgspec.structs.replace(kept, next_at=due_at)
        self._folder.keep(kept)
        return kept
