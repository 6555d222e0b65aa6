"""A station in which nothing goes on but what a test asks for: so a moment belongs to what is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.support.duty import Desk
from tests.support.life import Life
from tests.support.moments import Moment, Moments
from tests.support.places import eventually
from tests.support.record import count_reports, read_log
from tests.support.running import Station

NEVER_BY_ITSELF_S: Final = 3600.0


class Quiet(Life):
    """A station in which only that happens what a test asks for; the console watches."""

    def __init__(self, station: Station, moments: Moments | None = None) -> None:
        """Without `moments` nothing can be struck."""
        super().__init__(station, pace_s=NEVER_BY_ITSELF_S, seed=1)
        self.reporters = []
        self.moments = moments
        self.reported: list[str] = []

    def start(self) -> None:
        """Everybody is in their place, and each pole has pressed once."""
        self.screen.start()
        for pole in (*self.poles, self.simple):
            pole.start()
        for each in self.desks:
            each.sign_on()
        for tracker in self.trackers:
            Desk(self.station, tracker.unit).sign_on()
        eventually(lambda: all(p.presses and not p.list_pending() for p in (*self.poles, self.simple)))
        eventually(self.is_quiet)

    def strike(self, moment: Moment, act: Callable[[], Any]) -> None:
        """The program was killed at this moment of what `act` does, has come back, and `act` was answered."""
        assert self.moments is not None
        pid = self.station.wait_until_answering("node")
        eventually(self.is_quiet)
        self.moments.kill(pid, moment)
        act()
        self.station.wait_until_answering("node", unlike=pid)

    def judge_in_peace(self) -> None:
        """When everybody has heard everything: nothing is lost, nothing is twice, the console is right."""
        eventually(self.is_quiet)
        self.judge_what_was_said()
        opened = Counter(
            line.subject for line in read_log(self.station.record) if line.kind == "incident_opened"
        )
        assert all(opened[id_] == 1 for id_ in self.reported)

    def press(self) -> None:
        """One press of one pole; it has its receipt."""
        press = self.poles[0].press()
        eventually(lambda: press.receipts)

    def press_simply(self) -> None:
        """One press of a pole that hands it over once; it is in the record."""
        self.simple.press()
        database, made = self.station.record, self.simple.presses
        eventually(lambda: count_reports(database, [self.simple.point]) == len(made))

    def report(self) -> None:
        """One report over HTTP; it is answered."""
        taken = self.desks[0].take_call()
        self.reported.append(taken["id"])
