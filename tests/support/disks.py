"""Small disks of their own for tests, which can be full or read-only without harm to anything else."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(at: Path, size_kib: int, *, read_only: bool = False) -> Iterator[Path]:
    """An empty file system of this size at the new folder `at`, in memory; gone with all it holds afterwards.

    The test is skipped, and says so, where mounting is not allowed.
    """
    at.mkdir(parents=True)
    options = f"size={size_kib}k" + (",ro" if read_only else "")
    if shutil.which("mount") is None:
        pytest.skip("no small disk can be mounted: this machine has no `mount`")
    asked = ["mount", "-t", "tmpfs", "-o", options, "safezone-test", str(at)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted (that takes root on Linux): {done.stderr.strip()}")
    try:
        yield at
    finally:
        # Lazily: a process that a failed test has left behind must not keep the mount.
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def fill(disk: Path) -> Path:
    """Not a byte is free any more; returns the file that takes the room, to be deleted."""
    ballast = disk / "ballast"
    with ballast.open("ab") as file:
        for step in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    os.write(file.fileno(), b"\0" * step)
                except OSError:
                    break
    return ballast


class FaultyDisk:
    """An ext4 of its own in a file; the kernel can be made to find an error on it, and takes every write from it then."""

    def __init__(self, at: Path, image: Path) -> None:
        self.at = at
        self._image = image
        self._device = ""

    def put_in(self) -> None:
        """It is mounted, and becomes read-only at the first error, as most systems mount theirs."""
        _call("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.at))
        self._device = Path(_call("findmnt", "-n", "-o", "SOURCE", str(self.at)).strip()).name

    def fail(self) -> None:
        """The kernel has found an error on it."""
        Path(f"/sys/fs/ext4/{self._device}/trigger_fs_error").write_text("1")

    def take_out(self) -> None:
        """Nobody uses it any more; CalledProcessError when somebody does."""
        _call("umount", str(self.at))

    def check(self) -> None:
        """What the error has left behind is put in order; 1 says that it was."""
        done = subprocess.run(["e2fsck", "-p", str(self._image)], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr


@contextmanager
def faulty_disk(at: Path, size_kib: int) -> Iterator[FaultyDisk]:
    """A disk at the new folder `at`, mounted; gone with all it holds afterwards. Skipped where that is not allowed."""
    at.mkdir(parents=True)
    image = at.parent / f"{at.name}.ext4"
    with image.open("wb") as file:
        file.truncate(size_kib * 1024)
    disk = FaultyDisk(at, image)
    try:
        _call("mkfs.ext4", "-q", str(image))
        disk.put_in()
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no disk can be made that fails (that takes root and ext4 on Linux): {problem}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(at)], capture_output=True, check=False)
        image.unlink()


def _call(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout
