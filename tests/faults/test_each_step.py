"""kill -9 of the program at each step of a press, a report, a dispatch and a batch of positions.

Nothing else goes on in the station, so the moment belongs to what is asked: before its first byte is written, in the
middle of its transaction, before and after the flush to disk, before and after the first word about it. Whoever asked
asks again until they are answered, and then the record is compared with what they were told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.support.duty import STEP_EVENTS, Desk
from tests.support.life import NO_ESCALATION, Life
from tests.support.moments import (
    AFTER_FLUSH,
    AFTER_WORD,
    BEFORE_FLUSH,
    BEFORE_WORD,
    BEFORE_WRITE,
    SECOND_WORD,
    Moment,
    Moments,
)
from tests.support.places import eventually
from tests.support.record import count_reports, read_log
from tests.support.running import Station, running

NEVER_BY_ITSELF_S: Final = 3600.0
MOMENTS: Final = {
    "before the first byte": BEFORE_WRITE,
    "in mid-transaction": BEFORE_WRITE._replace(let_pass=3),
    "before the flush": BEFORE_FLUSH,
    "after the flush": AFTER_FLUSH,
    "before the first word": BEFORE_WORD,
    "after the first word": AFTER_WORD,
    "before the second word": SECOND_WORD,
}
IN_EVERY_RUN: Final = ("before the flush", "before the first word")
"""The rest is a part of `make faults`."""


class Quiet(Life):
    """A station in which only that happens what a test asks for; the console watches."""

    def __init__(self, station: Station, moments: Moments) -> None:
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
        eventually(self.is_quiet, within_s=30.0)

    def strike(self, moment: Moment, act: Callable[[], Any]) -> None:
        """The program was killed at this moment of what `act` does, has come back, and `act` was answered."""
        pid = self.station.wait_until_answering("node")
        eventually(self.is_quiet, within_s=30.0)
        self.moments.kill(pid, moment)
        act()
        self.station.wait_until_answering("node", unlike=pid)

    def judge_in_peace(self) -> None:
        """When everybody has heard everything: nothing is lost, nothing is twice, the console is right."""
        eventually(self.is_quiet, within_s=30.0)
        self.judge_what_was_said()
        opened = Counter(
            line.subject for line in read_log(self.station.database) if line.kind == "incident_opened"
        )
        assert all(opened[id_] == 1 for id_ in self.reported)

    def press(self) -> None:
        """One press of one pole; it has its receipt."""
        press = self.poles[0].press()
        eventually(lambda: press.receipts, within_s=30.0)

    def press_simply(self) -> None:
        """One press of a pole that hands it over once; it is in the record."""
        self.simple.press()
        database, made = self.station.database, self.simple.presses
        eventually(lambda: count_reports(database, [self.simple.point]) == len(made), within_s=30.0)

    def report(self) -> None:
        """One report over HTTP; it is answered."""
        taken = self.desks[0].take_call()
        self.reported.append(taken["id"])


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quiet]:
    """One station for all; it is judged after each strike."""
    folder = tmp_path_factory.mktemp("steps")
    moments = Moments(folder)
    (folder / "data").mkdir()
    (folder / "data" / "safezone.toml").write_text(NO_ESCALATION, "utf-8")
    with running(folder / "data", env=moments.env) as station:
        life = Quiet(station, moments)
        life.start()
        yield life
        life.settle()
        print("in the end:", life.judge())
        life.finish()


ALL: Final = [
    pytest.param(moment, id=name, marks=[] if name in IN_EVERY_RUN else pytest.mark.matrix)
    for name, moment in MOMENTS.items()
]


@pytest.mark.parametrize("moment", ALL)
def test_a_press_of_a_pole_that_repeats(quiet: Quiet, moment: Moment) -> None:
    quiet.strike(moment, quiet.press)
    quiet.judge_in_peace()


@pytest.mark.matrix
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_press_of_a_pole_that_knows_only_puback(quiet: Quiet, moment: Moment) -> None:
    quiet.strike(moment, quiet.press_simply)
    quiet.judge_in_peace()


@pytest.mark.matrix
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_report(quiet: Quiet, moment: Moment) -> None:
    quiet.strike(moment, quiet.report)
    quiet.judge_in_peace()


@pytest.mark.parametrize("moment", ALL)
@pytest.mark.parametrize(
    "step",
    [each if each == "dispatch" else pytest.param(each, marks=pytest.mark.matrix) for each in STEP_EVENTS],
)
def test_a_step_of_an_incident(quiet: Quiet, step: str, moment: Moment) -> None:
    steps = list(STEP_EVENTS)
    desk, incident = quiet.desks[0], quiet.desks[0].take_call()
    for earlier in steps[: steps.index(step)]:
        incident = desk.carry_out(earlier, incident)
    quiet.strike(moment, lambda: desk.carry_out(step, incident))
    for later in steps[steps.index(step) + 1 :]:
        incident = desk.carry_out(later, desk.look(incident["id"]))
    quiet.judge_in_peace()


@pytest.mark.parametrize("moment", ALL)
def test_a_batch_of_positions(quiet: Quiet, moment: Moment) -> None:
    quiet.strike(moment, quiet.trackers[0].send)
    quiet.judge_in_peace()
