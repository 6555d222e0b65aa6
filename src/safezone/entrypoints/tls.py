"""The station's own certificate: shown by the web and by the broker, and taken anew when its files change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings
from safezone.entrypoints.acme.folder import AcmeFolder, life_of

logger = logging.getLogger("safezone.tls")

LOOK_EVERY_S: Final = 5.0
_END: Final = "-----END CERTIFICATE-----"


class Certificate:
    """Stands among the doors of the node. Connections that are open stay as they are when the certificate changes."""

    def __init__(self, certificate_file: str, key_file: str) -> None:
        """CannotStart when the two files cannot be read or do not belong together."""
        self.certificate_file = Path(certificate_file).absolute()
        self.key_file = Path(key_file).absolute()
        self._marks = self._look()
        try:
            self.context = self._new_context()
            self.life = life_of(self.certificate_file)
            """Of the certificate that is shown."""
        except (OSError, ValueError) as problem:
            raise CannotStart(_unusable(self.certificate_file, problem)) from problem
        self._trouble: Words | None = None
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def on_change(self, call: Callable[[], None]) -> None:
        """`call` is called after another certificate was taken."""
        self._listeners.append(call)

    def start(self) -> None:
        """The files are watched from now on."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="certificate")

    async def stop(self) -> None:
        """They are not watched any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def state(self) -> str:
        """`ok`, or why the newest certificate is not the one that is shown."""
        return "ok" if self._trouble is None else self._trouble.en

    def trouble(self) -> Words | None:
        """Why the newest certificate is not the one that is shown; None where it is."""
        return self._trouble

    def look_again(self) -> bool:
        """Whether another certificate was taken; one that cannot be used is told about, and the old one stays."""
        marks = self._look()
        if marks == self._marks:
            return False
        try:
            self._new_context()
            # New connections are shown the new one; those that are open, the live feed too, notice nothing.
            self.context.load_cert_chain(self.certificate_file, self.key_file)
            self.life = life_of(self.certificate_file)
        except (OSError, ValueError) as problem:
            # Perhaps only half of the pair is there yet: it is looked at again.
            if self._trouble is None:
                self._trouble = _unusable(self.certificate_file, problem)
                logger.warning("%s", self._trouble)
            return False
        self._marks, self._trouble = marks, None
        logger.info("ใช้ใบรับรองใหม่แล้ว / another certificate is in use: %s", self.certificate_file.name)
        for call in self._listeners:
            with contextlib.suppress(OSError):
                call()
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look_again()

    def _new_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def _look(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(map(_mark_of, (self.certificate_file, self.key_file)))


def certificate_files(settings: Settings, acme: Path) -> tuple[str, str]:
    """The files of the certificate and its key; empty where there is none. `acme`: the folder for one that is got.

    Where the program gets it itself there is one, self-made at first.
    """
    if not settings.acme.is_on:
        return settings.web.tls_certificate_file, settings.web.tls_key_file
    folder = AcmeFolder(acme)
    folder.prepare(settings.acme.domains)
    return str(folder.certificate_file), str(folder.certificate_file)


def named_address(settings: Settings, port: int) -> str:
    """The address that people open, where the certificate is for our names alone; empty elsewhere."""
    if not settings.acme.is_on:
        return ""
    return settings.web.public_url or f"https://{settings.acme.domains[0]}{'' if port == 443 else f':{port}'}"


def certificate_of(settings: Settings, acme: Path) -> Certificate | None:
    """The certificate of the settings; None where there is none. CannotStart when it cannot be used."""
    certificate, key = certificate_files(settings, acme)
    return Certificate(certificate, key) if certificate else None


def pinned_context(certificate_file: str | Path) -> ssl.SSLContext:
    """For a connection to ourselves: exactly the certificate in this file is believed, whatever name stands in it.

    OSError or ssl.SSLError when there is none.
    """
    leaf = Path(certificate_file).read_text("ascii").split(_END, 1)[0] + _END
    context = ssl.create_default_context(cadata=leaf)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _mark_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino)


def _unusable(file: Path, problem: Exception) -> Words:
    return Words(
        th=f"ใช้ใบรับรอง {file.name} กับกุญแจของมันไม่ได้ ({problem}): ตรวจไฟล์และสิทธิ์การอ่าน",
        en=f"The certificate {file.name} and its key cannot be used ({problem}): check the files and who may read them.",
    )
