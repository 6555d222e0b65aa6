"""The process that gets the certificate: `python -m safezone.entrypoints.acme.child FOLDER [PORT]`, started by the supervisor.

Of its own, whatever the other processes of the station are: there is one of it, so that one speaks with the authority; a
press waits for nothing that it does; and it gets a certificate also while the station is being founded.
"""

from __future__ import annotations

import asyncio
import fcntl
import signal
import sys
import threading
from pathlib import Path

from safezone.core.clock import SystemClock
from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Settings, load_settings
from safezone.entrypoints import logs
from safezone.entrypoints.acme.answering import Answering
from safezone.entrypoints.acme.folder import AcmeFolder
from safezone.entrypoints.acme.keeping import CertificateKeeper
from safezone.entrypoints.lifeline import tell_ready
from safezone.entrypoints.voice import say


def main(path: Path, port: int | None = None) -> int:
    """Returns when it was told to stop; 78, and one line, when it cannot start as it is set up."""
    settings_file = path / "safezone.toml"
    logs.set_up(settings_file)
    try:
        settings = load_settings(settings_file)
        folder = AcmeFolder(path / "acme")
        folder.prepare(settings.acme.domains)
        with (path / "run" / "acme.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Whoever had this work before us is at its end.
            asyncio.run(_serve(settings, folder, port))
    except CannotStart as problem:
        return _end(problem.words)
    except OSError as problem:
        return _end(Words(th=f"อ่านหรือเขียนไม่ได้: {problem}", en=f"Cannot read or write: {problem}"))
    return 0


def _end(words: Words) -> int:
    say(f"safezone: {words}", "safezone.acme", "ERROR")
    return 78


async def _serve(settings: Settings, folder: AcmeFolder, port: int | None) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    answering = Answering(settings, port)
    await answering.start()
    tell_ready()
    keeper = CertificateKeeper(settings.acme, folder, SystemClock(), answering)
    # Not waited for at the end: an order that is broken off begins anew.
    threading.Thread(target=keeper.run, args=(threading.Event(),), daemon=True, name="certificate").start()
    await told.wait()
    await answering.stop()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
