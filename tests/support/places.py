"""Where tests find things, and how they wait for them without guessing how long it takes."""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pytest

Answer = TypeVar("Answer")

REPO = Path(__file__).resolve().parents[2]
SHARED_DATA = REPO.parent / "shared" / "data"
"""Real data sets that lie beside the checkout on some machines; nothing of them is committed."""
FIRST_PORT: Final = 10_000
SYSTEM_PORTS: Final = 32_768
"""From here on Linux gives ports to connections (net.ipv4.ip_local_port_range)."""


def shared_data(name: str) -> Path:
    """The data set `name` (a path such as `calls/some.csv`); the test is skipped, and says so, without it."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"the data set ../shared/data/{name} is not on this machine")
    return path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now; for programs that cannot be given port 0.

    Below those that the system gives to connections, each worker of a test run with a share of its own, and never twice:
    nobody else takes it before the program has started, and a port that a test lets go stays its own.
    """
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free any more")


def _ports_of_this_worker() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = range(FIRST_PORT + worker, SYSTEM_PORTS, workers)
    # Begun anywhere: somebody else may be running these tests on this machine too.
    begin = random.SystemRandom().randrange(len(share))
    yield from (*share[begin:], *share[:begin])


_ports: Final = _ports_of_this_worker()


def eventually(ask: Callable[[], Answer], *, within_s: float = 60.0, every_s: float = 0.02) -> Answer:
    """The first truthy answer of `ask`; AssertionError with its last answer if there is none in time.

    For what another process does in its own time. It returns at once when the answer is there, so a generous
    limit costs nothing on a good day and does not fail on a slow machine.
    """
    end = time.monotonic() + within_s
    while not (answer := ask()):
        assert time.monotonic() < end, f"not within {within_s} s; the last answer was {answer!r}"
        time.sleep(every_s)
    return answer


def let_pass(delay_s: float) -> None:
    """A drawn moment passes: here waiting is not for something to happen, it is the experiment."""
    time.sleep(delay_s)
