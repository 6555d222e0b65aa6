"""Files in one encrypted archive (a tar inside age), written and read as a stream: memory does not grow with its size."""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words

BLOCK: Final = 1 << 20


class Member(msgspec.Struct, frozen=True):
    """One file of an archive."""

    name: str
    bytes: int
    sha256: str


class Counting:
    """A file to write to that also knows how much went in and its SHA-256."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._out.write(data)
        self._hash.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        self._out.flush()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def new_identity() -> tuple[str, str]:
    """A new age key pair: what opens archives (secret) and what seals them (`age1…`)."""
    from pyrage import x25519  # noqa: PLC0415 - a station's start does not need it

    made = x25519.Identity.generate()
    return str(made), str(made.to_public())


def member_of(name: str, path: Path) -> Member:
    """What an archive's table of contents says of a file."""
    with path.open("rb") as file:
        return Member(name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def write_archive(files: Sequence[tuple[str, Path]], recipients: Sequence[str], out: Counting) -> None:
    """The files, each under its name, sealed so that only the recipients' identities open them.

    CannotStart when a recipient is not an age recipient, OSError when a file cannot be read or `out` not written.
    """
    import pyrage  # noqa: PLC0415 - as above

    try:
        known = [pyrage.x25519.Recipient.from_str(each) for each in recipients]
    except pyrage.RecipientError as problem:
        raise CannotStart(
            Words(
                th=f"ผู้รับของ age ไม่ถูกต้อง ({problem}): ต้องขึ้นต้นด้วย age1 (safezone backup-key new สร้างให้ได้)",
                en=f"Not an age recipient ({problem}): it begins with age1 (safezone backup-key new makes one).",
            )
        ) from problem

    def pack(into: BinaryIO) -> None:
        with tarfile.open(fileobj=into, mode="w|", bufsize=BLOCK) as tar:
            for name, path in files:
                info = tarfile.TarInfo(name)
                info.size, info.mode = path.stat().st_size, 0o600
                with path.open("rb") as file:
                    tar.addfile(info, file)

    _through_pipe(pack, lambda source: pyrage.encrypt_io(source, out, known))


def read_archive(
    source: BinaryIO, identities: Sequence[str], into: Path, allowed: Sequence[str]
) -> list[Member]:
    """The archive's files lie in `into`; returns what they are.

    CannotStart when no identity opens it, when it is damaged, or when it holds a name that is not `allowed`.
    """
    import pyrage  # noqa: PLC0415 - as above

    try:
        known = [pyrage.x25519.Identity.from_str(each) for each in identities]
    except pyrage.IdentityError as problem:
        raise CannotStart(_not_opened(str(problem))) from problem
    found: list[Member] = []

    def unpack(stream: BinaryIO) -> None:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=BLOCK) as tar:
            for info in tar:
                inside = tar.extractfile(info) if info.isfile() and info.name in allowed else None
                if inside is None:
                    raise CannotStart(_not_opened(f"unexpected: {info.name!r}"))
                path = into / info.name
                with path.open("xb") as file:
                    os.fchmod(file.fileno(), 0o600)
                    counting = Counting(file)
                    while block := inside.read(BLOCK):
                        counting.write(block)
                    file.flush()
                    os.fsync(file.fileno())
                found.append(Member(info.name, counting.bytes, counting.sha256))
            # To the very end, so that age has checked every part of it.
            while stream.read(BLOCK):
                pass

    try:
        _through_pipe(lambda out: pyrage.decrypt_io(source, out, known), unpack)
    except (pyrage.DecryptError, tarfile.TarError, EOFError) as problem:
        raise CannotStart(_not_opened(str(problem) or type(problem).__name__)) from problem
    except OSError as problem:
        if problem.errno is not None:
            raise  # The disk's trouble, not the archive's.
        raise CannotStart(_not_opened(str(problem))) from problem
    return found


def _not_opened(why: str) -> Words:
    return Words(
        th=f"เปิดสำเนาสำรองไม่ได้ ({why}): กุญแจผิดดอก หรือไฟล์เสียหาย",
        en=f"The backup cannot be opened ({why}): the wrong identity, or a damaged file.",
    )


def _through_pipe(write: Callable[[BinaryIO], None], read: Callable[[BinaryIO], None]) -> None:
    """`write` fills a pipe on a thread of its own while `read` empties it; the writer's failure is the first to be told."""
    out_of, into = os.pipe()
    failed: list[Exception] = []

    def fill() -> None:
        try:
            with os.fdopen(into, "wb", buffering=0) as end:
                write(_Whole(end))  # type: ignore[arg-type]
        except BrokenPipeError:
            pass  # The reader has given up, and says why itself.
        except Exception as problem:  # noqa: BLE001 - told below, on the thread that asked
            failed.append(problem)

    filling = threading.Thread(target=fill, name="archive", daemon=True)
    filling.start()
    try:
        with os.fdopen(out_of, "rb") as end:
            read(end)
    except Exception:
        filling.join()
        if failed:
            raise failed[0] from None
        raise
    filling.join()
    if failed:
        raise failed[0]


class _Whole:
    """A raw file whose `write` writes everything it is given."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        while left:
            left = left[self._raw.write(left) :]
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""
