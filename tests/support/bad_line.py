"""A bad line between two machines, for tests: two network namespaces, and between them a wire that loses, delays,
reorders and doubles packets, below TCP.

    with bad_line() as line:
        with line.near():                        # this thread, and what it starts, is on the station's machine
            ...                                  # listens on NEAR
        with line.far():                         # … on the machine of the poles and consoles
            line.weather = Weather(loss=0.1)

The wire is a pair of tun devices whose packets pass through this process: no kernel module is needed, and the same seed
loses the same share. It takes root on Linux; where it cannot be made the test is skipped, and says so.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import selectors
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

NEAR: Final = "10.77.0.1"
FAR: Final = "10.77.0.2"
"""Addresses that exist in the two namespaces only."""
_NEW_NET: Final = 0x4000_0000  # CLONE_NEWNET
_SET_TUN: Final = 0x4004_54CA  # TUNSETIFF
_TUN_WITHOUT_HEADER: Final = 0x0001 | 0x1000  # IFF_TUN | IFF_NO_PI
_LONGEST: Final = 2048
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Weather(NamedTuple):
    """What happens to a packet on its way, in either direction; the shares are from 0 to 1."""

    loss: float = 0.0
    twice: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    """Up to so much later than others: whoever is sent later may arrive earlier."""


class BadLine:
    """The wire; `weather` may be changed at any time."""

    def __init__(self, near_net: int, far_net: int, ends: tuple[int, int], seed: int) -> None:
        self.weather = Weather()
        self.passed = self.lost = self.doubled = self.overtaken = 0
        self._nets = (near_net, far_net)
        self._ends = ends
        self._chance = random.Random(seed)
        self._on_their_way: list[tuple[float, int, int, bytes]] = []
        self._count = itertools.count()
        self._last_number = dict.fromkeys(ends, -1)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="bad line", daemon=True)
        self._thread.start()

    @contextmanager
    def near(self) -> Iterator[None]:
        """This thread is on the station's machine until the block ends, with every thread and process it starts."""
        with _inside(self._nets[0]):
            yield

    @contextmanager
    def far(self) -> Iterator[None]:
        """… on the machine of the poles and consoles."""
        with _inside(self._nets[1]):
            yield

    def finish(self) -> None:
        """Nothing passes any more."""
        self._end.set()
        self._thread.join()

    def __str__(self) -> str:
        return f"{self.passed} packets passed, {self.lost} lost, {self.doubled} doubled, {self.overtaken} overtaken"

    def _carry(self) -> None:
        with selectors.DefaultSelector() as ready:
            for this, other in (self._ends, self._ends[::-1]):
                ready.register(this, selectors.EVENT_READ, other)
            while not self._end.is_set():
                for key, _ in ready.select(self._until_next_s()):
                    self._take(os.read(key.fd, _LONGEST), key.data)
                self._hand_over()

    def _until_next_s(self) -> float:
        due_s = self._on_their_way[0][0] if self._on_their_way else float("inf")
        return min(0.1, max(0.0, due_s - time.monotonic()))

    def _take(self, packet: bytes, to: int) -> None:
        now = self.weather
        if self._chance.random() < now.loss:
            self.lost += 1
            return
        copies = 1 + (self._chance.random() < now.twice)
        self.doubled += copies - 1
        for _ in range(copies):
            due_s = time.monotonic() + now.delay_s + self._chance.random() * now.jitter_s
            heapq.heappush(self._on_their_way, (due_s, next(self._count), to, packet))

    def _hand_over(self) -> None:
        while self._on_their_way and self._on_their_way[0][0] <= time.monotonic():
            _, number, to, packet = heapq.heappop(self._on_their_way)
            self.passed += 1
            self.overtaken += number < self._last_number[to]
            self._last_number[to] = max(number, self._last_number[to])
            os.write(to, packet)


@contextmanager
def bad_line(seed: int = 1) -> Iterator[BadLine]:
    """Two machines and the wire between them; gone with everything in them afterwards."""
    with ExitStack() as stack:
        home = stack.enter_context(_opened("/proc/thread-self/ns/net"))
        nets, ends = [], []
        for address in (NEAR, FAR):
            try:
                _enter_new_net()
                stack.callback(_enter, home)
                end = stack.enter_context(_opened("/dev/net/tun"))
                fcntl.ioctl(end, _SET_TUN, struct.pack("16sH22x", b"line", _TUN_WITHOUT_HEADER))
                _ip("link", "set", "lo", "up")
                _ip("addr", "add", f"{address}/24", "dev", "line")
                _ip("link", "set", "line", "up", "mtu", "1400")
            except (OSError, subprocess.CalledProcessError) as problem:
                pytest.skip(f"no bad line can be made (that takes root, tun and `ip` on Linux): {problem}")
            nets.append(stack.enter_context(_opened("/proc/thread-self/ns/net")))
            ends.append(end)
            _enter(home)
        line = BadLine(nets[0], nets[1], (ends[0], ends[1]), seed)
        stack.callback(line.finish)
        yield line


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def _opened(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_RDWR if Path(path).name == "tun" else os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _inside(net: int) -> Iterator[None]:
    with _opened("/proc/thread-self/ns/net") as before:
        _enter(net)
        try:
            yield
        finally:
            _enter(before)


def _enter_new_net() -> None:
    if _libc.unshare(_NEW_NET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _enter(net: int) -> None:
    if _libc.setns(net, _NEW_NET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
