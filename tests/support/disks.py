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
