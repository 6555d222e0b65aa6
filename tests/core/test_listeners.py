"""Listeners: each hears every event of its kinds once and in order; one that fails delays nobody and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safezone.core import listeners
from safezone.core.auth import IssueCredential
from safezone.core.credentials import CredentialIssued
from safezone.core.errors import NotAllowed
from safezone.core.event import Entry, Event
from safezone.core.identity import Identity
from safezone.core.listeners import (
    MAX_TRIES,
    ListenerParked,
    ListenerResumed,
    Listeners,
    ResumeListener,
    list_listeners,
)
from safezone.core.work import UnitOfWork
from tests.core.ground import STATION, SYSTEM, Ground, Said, Say
from tests.support.engines import EngineName
from tests.support.places import eventually


class Heard(Event, frozen=True, tag="test_heard"):
    """A listener acted on a line of the log."""

    subject_field = "by"
    by: str
    seq: int


class Ear:
    """Acts by recording what it heard; fails, after acting, at the lines that it is told to fail at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails_at: set[int] = set()
        self.fails_times = 1_000_000
        self.says_more = False
        self.attempts: list[int] = []

    def hear(self, entry: Entry, _event: Any, uow: UnitOfWork) -> None:
        self.attempts.append(entry.seq)
        uow.record(Heard(by=self.name, seq=entry.seq))
        if self.says_more:
            uow.record(Said(thing="more"))
        if entry.seq in self.fails_at and self.attempts.count(entry.seq) <= self.fails_times:
            raise RuntimeError(f"{self.name} cannot act on line {entry.seq}")


class Ears:
    """A ground with two listeners, `good` for words and `other` for words and credentials."""

    def __init__(self, folder: Path, ground: Ground | None = None) -> None:
        self.ground = ground or Ground(folder)
        self.good, self.other = Ear("good"), Ear("other")
        self.ground.bus.apply(Heard, lambda _conn, _entry, _event: None)
        self.ground.bus.listen("good", self.good.hear, [Said])
        self.ground.bus.listen("other", self.other.hear, [Said, CredentialIssued])
        self.listeners = Listeners(self.ground.database, self.ground.bus, self.ground.lane, STATION)

    def heard(self, by: str) -> list[int]:
        """Which lines of the log this listener has acted on."""
        return [e.event.seq for e in self.ground.log() if isinstance(e.event, Heard) and e.event.by == by]

    def lines(self, *kinds: type[Event]) -> list[int]:
        return [e.seq for e in self.ground.log() if isinstance(e.event, kinds)]

    def views(self) -> dict[str, listeners.ListenerView]:
        with self.ground.database.read() as conn:
            return {view.name: view for view in list_listeners(conn, self.ground.bus, STATION)}

    def settle(self) -> None:
        """Both have heard everything, or are parked."""
        eventually(lambda: all(v.lag == 0 or v.state == "parked" for v in self.views().values()))

    def close(self) -> None:
        self.listeners.stop()
        self.ground.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six tries in milliseconds instead of seconds."""
    monkeypatch.setattr(listeners, "FIRST_RETRY_S", 0.001)
    monkeypatch.setattr(listeners, "GATHER_S", 0.001)


@pytest.fixture
def ears(tmp_path: Path, engine: EngineName) -> Iterator[Ears]:
    ears = Ears(tmp_path)
    yield ears
    ears.close()


def test_everything_is_heard_once_and_in_order_also_across_restarts(
    tmp_path: Path, engine: EngineName
) -> None:
    """What was said while nobody listened is heard later; what was heard before the end is not heard again."""
    for round_ in range(3):
        ears = Ears(tmp_path)
        for n in range(5):
            ears.ground.do(Say(f"{round_}.{n}a"))
        ears.listeners.start()
        for n in range(250):
            ears.ground.lane.submit(Say(f"{round_}.{n}b"), SYSTEM)
        if round_ < 2:
            ears.close()  # In the middle of it.
    ears.settle()
    assert ears.heard("good") == ears.lines(Said)
    assert ears.heard("other") == ears.lines(Said, CredentialIssued)
    assert ears.ground.verdict().content
    ears.close()


def test_a_failing_listener_is_retried_without_a_trace_of_its_failures(ears: Ears) -> None:
    ears.other.fails_at, ears.other.fails_times = {3}, MAX_TRIES - 1
    for n in range(4):
        ears.ground.do(Say(f"{n}"))
    ears.listeners.start()
    ears.settle()
    assert ears.heard("other") == ears.lines(Said, CredentialIssued), "nothing lost, nothing twice"
    assert ears.other.attempts.count(3) == MAX_TRIES
    view = ears.views()["other"]
    assert (view.state, view.tries, view.error) == ("running", 0, None)


def test_a_listener_that_goes_on_failing_is_parked_and_delays_nobody(ears: Ears) -> None:
    ears.other.fails_at = {3}
    for n in range(4):
        ears.ground.do(Say(f"{n}"))
    ears.listeners.start()
    eventually(lambda: ears.views()["other"].state == "parked")
    ears.ground.do(Say("after"))
    ears.settle()
    assert ears.heard("good") == ears.lines(Said)
    assert ears.heard("other") == [1, 2], "what came before the bad line has got through"
    assert ears.other.attempts.count(3) >= MAX_TRIES
    (parked,) = [e.event for e in ears.ground.log() if isinstance(e.event, ListenerParked)]
    assert (parked.name, parked.at_seq) == ("other", 3)
    assert "cannot act on line 3" in parked.error
    view = ears.views()["other"]
    assert (view.seq, view.tries, view.lag) == (2, MAX_TRIES, len(ears.lines(Said, CredentialIssued)) - 2)

    ears.other.fails_at = set()
    ears.ground.do(ResumeListener("other"))
    ears.settle()
    assert ears.heard("other") == ears.lines(Said, CredentialIssued)
    assert len(ears.lines(ListenerResumed)) == 1
    assert ears.ground.verdict().content


def test_one_that_always_has_more_to_hear_delays_nobody(ears: Ears) -> None:
    """What it does is in the log and concerns itself, so that it never comes to the end of the log."""
    ears.good.says_more = True
    ears.ground.do(Say("something"))
    ears.listeners.start()
    try:
        eventually(lambda: ears.heard("other"))
    finally:
        ears.good.says_more = False
    ears.settle()
    assert ears.heard("good") == ears.lines(Said)
    assert ears.heard("other") == ears.lines(Said, CredentialIssued)


def test_a_parked_listener_stays_parked_over_a_restart(tmp_path: Path, engine: EngineName) -> None:
    ears = Ears(tmp_path)
    ears.other.fails_at = {1}
    ears.listeners.start()
    ears.ground.do(Say("a"))
    eventually(lambda: ears.views()["other"].state == "parked")
    ears.close()
    again = Ears(tmp_path)
    again.listeners.start()
    again.ground.do(Say("b"))
    again.settle()
    assert again.heard("good") == again.lines(Said)
    assert again.heard("other") == []
    assert again.views()["other"].state == "parked"
    again.close()


def test_only_an_administrator_lets_a_listener_go_on(ears: Ears) -> None:
    with pytest.raises(NotAllowed):
        ears.ground.do(ResumeListener("other"), Identity(STATION, "operator", "ccoc-1"))


def test_trouble_with_the_record_is_not_the_listeners_fault(
    ears: Ears, caplog: pytest.LogCaptureFixture
) -> None:
    """While nothing can be stored nobody is parked; when it can be stored again everything is heard."""
    # Nothing for `good` in it, so that keeping its place is all that fails; for `other` acting fails.
    for n in range(5):
        ears.ground.do(IssueCredential(sort="token", role="operator", name=f"{n}"))
    ears.ground.lane.stop()
    ears.listeners.start()
    eventually(
        lambda: (
            "good cannot read or keep its place" in caplog.text and "other failed at line 1" in caplog.text
        )
    )
    ears.ground.lane.start()
    ears.ground.do(Say("it is over"))
    ears.listeners.wake()
    ears.settle()
    assert ears.heard("good") == ears.lines(Said)
    assert ears.heard("other") == ears.lines(Said, CredentialIssued)
    assert not ears.lines(ListenerParked)
