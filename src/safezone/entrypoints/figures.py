"""What is counted while the program runs: plain numbers, written by one thread each, read when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final

from safezone.core.errors import Refused
from safezone.core.lane import Batch
from safezone.core.once import Once
from safezone.incidents.commands import ReportEmergency

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COMMANDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Spread:
    """How many values fell up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """One more value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulated(self) -> list[tuple[str, float]]:
        """Each bound with the number of values up to it, as Prometheus wants it; the last is `+Inf`."""
        said, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            said.append((bound, float(so_far)))
        return said


class LaneFigures:
    """What the lane did; called in its thread after each batch, when everybody has been answered."""

    def __init__(self) -> None:
        self.commands: Counter[tuple[str, str]] = Counter()
        """By command and outcome: `stored`, `refused` or `failed`."""
        self.reports: Counter[tuple[str, str]] = Counter()
        """By channel and outcome: `stored`, `repeated`, `refused` or `failed`."""
        self.waited = Spread()
        """From being handed in to being on disk, or refused (seconds)."""
        self.batch = Spread(COMMANDS)
        self.commit = Spread()
        """The commit alone (seconds)."""

    def __call__(self, batch: Batch) -> None:
        """Count this batch."""
        self.batch.add(len(batch.asks))
        self.commit.add(batch.ended_s - batch.worked_s)
        ended_s = batch.ended_s
        for ask in batch.asks:
            self.waited.add(ended_s - ask.asked_s)
            command = ask.command.command if type(ask.command) is Once else ask.command
            outcome = outcome_of(ask.error)
            self.commands[type(command).__name__, outcome] += 1
            if type(command) is ReportEmergency:
                repeated = outcome == "stored" and _is_repeated(ask.result)
                self.reports[command.channel, "repeated" if repeated else outcome] += 1


def _is_repeated(receipt: object) -> bool:
    """A receipt that was kept under an Idempotency-Key comes back as plain JSON."""
    return isinstance(receipt, dict) or bool(getattr(receipt, "repeated", False))


def outcome_of(error: BaseException | None) -> str:
    """What came of a command: `stored`, `refused` or `failed`."""
    return "stored" if error is None else "refused" if isinstance(error, Refused) else "failed"


class WebFigures:
    """The requests over HTTP; written in the event loop."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """By method, route (as it is written in the API, never the address itself) and status."""
        self.took = Spread()
        """Seconds from the request to the end of its answer; the live feed, which has no end, is left out."""

    def note(self, method: str, route: str, status: int, took_s: float) -> None:
        """One request was answered."""
        self.requests[method, route, status] += 1
        if route != "/api/v1/live":
            self.took.add(took_s)


class ProbeFigures:
    """The synthetic presses; written in the event loop."""

    def __init__(self) -> None:
        self.sent = self.missed = 0
        self.took = Spread()
        """Seconds from a press to its receipt."""


class Figures:
    """Everything that is counted in one program."""

    def __init__(self) -> None:
        self.lane = LaneFigures()
        self.web = WebFigures()
        self.probe = ProbeFigures()
