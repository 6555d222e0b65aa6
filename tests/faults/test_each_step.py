"""kill -9 of the program at each step of a press, a report, a dispatch and a batch of positions.

Nothing else goes on in the station, so the moment belongs to what is asked: before its first byte is written, in the
middle of its transaction, before and after the flush to disk, before and after the first word about it. Whoever asked
asks again until they are answered, and then the record is compared with what they were told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.support.duty import STEP_EVENTS
from tests.support.life import NO_ESCALATION
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
from tests.support.quiet import Quiet
from tests.support.running import running

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
