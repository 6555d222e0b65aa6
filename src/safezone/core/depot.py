"""Where backups are kept: a folder (another disk, a share) or a bucket of an S3-compatible store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import urlsplit

from safezone.core.errors import CannotStart
from safezone.core.i18n import Words
from safezone.core.settings import Backup

PART: Final = ".part"


class Depot(Protocol):
    """Files by name; a file is there whole or not at all."""

    def list(self) -> list[str]:
        """The names of all files, in order."""

    def store(self, name: str) -> Any:
        """`with depot.store(name) as out:` — what was written is there, on disk, once the block has ended well."""

    def open(self, name: str) -> Any:
        """`with depot.open(name) as file:` — its bytes, from the first."""

    def remove(self, name: str) -> None:
        """It is not there any more."""


def open_depot(to: str, settings: Backup, scratch: Path) -> Depot:
    """The place that `to` names, a path or `s3://bucket/prefix`; CannotStart when it cannot be reached."""
    try:
        return _S3(to, settings, scratch) if to.startswith("s3://") else _Folder(Path(to))
    except CannotStart:
        raise
    except Exception as problem:
        why = why_not(problem)
        raise CannotStart(
            Words(
                th=f"เข้าที่เก็บสำเนาสำรอง {to} ไม่ได้: {why.th}",
                en=f"Cannot get at the backups in {to}: {why.en}",
            )
        ) from problem


def why_not(problem: Exception) -> Words:
    """What a store that does not let us in means by it, and what to do."""
    code = getattr(problem, "code", None)
    if code in {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}:
        return Words(
            th=f"ที่เก็บไม่รับกุญแจ ({code}): ตรวจ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY และสิทธิ์ของกุญแจในบักเก็ตนี้",
            en=f"the store refuses the keys ({code}): look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and at what they "
            "may do in this bucket.",
        )
    if code == "RequestTimeTooSkewed":
        return Words(
            th="นาฬิกาของเครื่องนี้ต่างจากของที่เก็บมากเกินไป: ตั้งเวลาให้ตรง (clock.md)",
            en="the clocks of this machine and of the store are too far apart: put this one right (clock.md).",
        )
    if code == "NoSuchBucket":
        return Words(th="ไม่มีบักเก็ตนี้: สร้างก่อน", en="there is no such bucket: create it first.")
    if "fail to fetch credentials" in str(problem):
        return Words(
            th="ไม่พบกุญแจ: ตั้ง AWS_ACCESS_KEY_ID และ AWS_SECRET_ACCESS_KEY ในสภาพแวดล้อมของโปรแกรม",
            en="there are no keys: put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into the environment of the program.",
        )
    if isinstance(reason := getattr(problem, "reason", None), Exception):  # urllib3, after its last attempt.
        what = str(reason).rsplit(": ", 1)[-1]
        return Words(th=f"ไม่ตอบ ({what})", en=f"it does not answer ({what}).")
    return Words(th=str(problem), en=str(problem))


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)

    def list(self) -> list[str]:
        return sorted(each.name for each in self._path.iterdir() if each.is_file() and each.suffix != PART)

    @contextmanager
    def store(self, name: str) -> Iterator[BinaryIO]:
        for stale in self._path.glob(f"*{PART}"):
            stale.unlink(missing_ok=True)  # Of a run that was killed; only one runs at a time.
        part = self._path / f"{name}{PART}"
        try:
            with part.open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                yield out
                out.flush()
                os.fsync(out.fileno())
            part.replace(self._path / name)
            self._sync()
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with (self._path / name).open("rb") as file:
            yield file

    def remove(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)
        self._sync()

    def _sync(self) -> None:
        """The folder's own entries are on disk too."""
        folder = os.open(self._path, os.O_RDONLY)
        with suppress(OSError):  # Some network shares cannot do it.
            os.fsync(folder)
        os.close(folder)


class _S3:
    """What is stored is written beside the database first: an upload that breaks off is begun again, not half there."""

    def __init__(self, to: str, settings: Backup, scratch: Path) -> None:
        try:
            # An optional extra, and only for those who keep their backups there.
            from minio import Minio  # noqa: PLC0415
            from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider  # noqa: PLC0415
        except ImportError:
            raise CannotStart(
                Words(
                    th="ที่เก็บแบบ S3 ต้องติดตั้งส่วนเสริมก่อน: pip install 'safezone[s3]'",
                    en="An S3 store needs an extra: pip install 'safezone[s3]'",
                )
            ) from None
        address, endpoint = urlsplit(to), urlsplit(settings.s3_endpoint or "https://s3.amazonaws.com")
        self._bucket, self._prefix = address.netloc, address.path.strip("/")
        self._scratch = scratch
        self._client = Minio(
            endpoint.netloc,
            secure=endpoint.scheme != "http",
            region=settings.s3_region or None,
            credentials=ChainedProvider([EnvAWSProvider(), AWSConfigProvider()]),
        )
        # Asked by GET: to a HEAD (`bucket_exists`) a store answers 403 and cannot say why.
        next(iter(self._client.list_objects(self._bucket, prefix=self._key(""))), None)

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def list(self) -> list[str]:
        start = len(self._key(""))
        found = self._client.list_objects(self._bucket, prefix=self._key(""))
        return sorted(str(each.object_name)[start:] for each in found if not each.is_dir)

    @contextmanager
    def store(self, name: str) -> Iterator[BinaryIO]:
        part = self._scratch / f"{name}{PART}"
        try:
            with part.open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                yield out
            self._client.fput_object(self._bucket, self._key(name), str(part))
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        part = self._scratch / f"{name}{PART}"
        answer = self._client.get_object(self._bucket, self._key(name))
        try:
            with part.open("w+b") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
                file.seek(0)
                yield file
        finally:
            answer.close()
            answer.release_conn()
            part.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        self._client.remove_object(self._bucket, self._key(name))
