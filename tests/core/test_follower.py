"""Two programs on one database: each tells its own observers of everything, once and in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safezone.core.follower import Follower
from safezone.core.lane import Committed, WriterLane
from safezone.core.once import ForgetAnswers
from tests.core.ground import STATION, SYSTEM, Ground, Say
from tests.support.places import eventually


class Program:
    """A lane of its own on the ground's database, and what its observers were told."""

    def __init__(self, ground: Ground) -> None:
        self.lane = WriterLane(ground.database, ground.bus, ground.clock)
        self.told: list[Committed] = []
        self.announced: list[int] = []
        self.lane.observe(self.told.append)
        self.follower = Follower(ground.database, ground.bus.reader(), STATION, self.lane.tell)
        self.follower.start()
        self.began = self.follower.position
        self.follower.announce = lambda seq, _signals, _traces: self.announced.append(seq)
        self.lane.report_to(self.follower.take)
        self.lane.start()

    def say(self, thing: str) -> None:
        """It is stored, and the observers here were told: the lane answers before it tells."""
        seq = self.lane.submit(Say(thing), SYSTEM).result(timeout=60)
        eventually(lambda: self.announced and self.announced[-1] > seq and seq in self.seqs())

    def seqs(self) -> list[int]:
        return [entry.seq for committed in self.told for entry in committed.entries]


@pytest.fixture
def programs(ground: Ground) -> Iterator[tuple[Program, Program]]:
    ground.do(Say("before they began"))
    both = Program(ground), Program(ground)
    yield both
    for each in both:
        each.lane.stop()


def lines(ground: Ground, program: Program) -> list[int]:
    """Every line of the log that was written since the program began."""
    return list(range(program.began + 1, ground.head() + 1))


def test_what_others_have_stored_is_told_when_somebody_says_that_there_is_more(
    ground: Ground, programs: tuple[Program, Program]
) -> None:
    one, other = programs
    one.say("a")
    one.say("b")
    assert one.announced[-1] == ground.head()
    assert other.seqs() == []
    other.follower.look()
    other.follower.look()
    assert one.seqs() == other.seqs() == lines(ground, one)


def test_what_others_stored_before_us_is_told_before_our_own(
    ground: Ground, programs: tuple[Program, Program]
) -> None:
    one, other = programs
    for number in range(3):
        one.say(f"one {number}")
        other.say(f"other {number}")
    one.follower.look()
    assert one.seqs() == other.seqs() == lines(ground, one)


def test_a_signal_is_told_after_the_lines_that_came_with_it(programs: tuple[Program, Program]) -> None:
    one, other = programs
    one.say("a")
    other.follower.look(["moved"])
    assert [each.signals for each in other.told] == [[], ["moved"]]
    assert [bool(each.entries) for each in other.told] == [True, False]


def test_news_that_come_twice_or_late_are_told_once(
    ground: Ground, programs: tuple[Program, Program]
) -> None:
    one, other = programs
    one.say("a")
    other.say("b")
    for each in (one, other, one, other):
        each.follower.look()
    assert one.seqs() == other.seqs() == lines(ground, one)
    assert one.follower.position == other.follower.position == ground.head()


def test_what_others_stored_is_told_by_a_command_that_stores_nothing(
    ground: Ground, programs: tuple[Program, Program]
) -> None:
    one, other = programs
    one.say("a")
    other.lane.submit(ForgetAnswers(), SYSTEM).result(timeout=60)
    eventually(lambda: other.seqs() == lines(ground, other))
    assert other.announced == []


def test_a_line_of_a_newer_version_is_passed_over(ground: Ground, programs: tuple[Program, Program]) -> None:
    one, other = programs
    one.say("a")
    one.say("b")
    hidden = ground.head()
    ground.tamper("UPDATE log SET kind = 'of_a_newer_version' WHERE seq = ?", hidden)
    one.say("c")
    other.say("d")
    other.follower.look()
    assert other.seqs() == [seq for seq in lines(ground, other) if seq != hidden]
    assert other.follower.position == ground.head()
