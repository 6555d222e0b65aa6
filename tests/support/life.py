"""A station's whole life for tests of faults: everything at once, and then the judgement.

with living(station) as life:
...                       # one fault
life.settle()             # nobody says anything new; everybody has the answer that is owed
judgement = life.judge()  # fails where a promise was broken; returns what was counted
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import httpx

from tests.support.callers import Pole, Reporter
from tests.support.duty import STEP_EVENTS, Desk, Tracker
from tests.support.places import eventually
from tests.support.record import (
    Line,
    count_claims,
    count_reports,
    head_of,
    list_fixes,
    list_reports,
    read_log,
)
from tests.support.running import Station, finish
from tests.support.screens import Screen

NO_ESCALATION = "[limits]\nacknowledge_limit_s = 86_400\n"
"""So that nothing changes any more once everybody has their answer, and what is shown can be compared exactly."""


class Judgement(NamedTuple):
    """What was said and found; every field is a count."""

    presses: int
    reports: int
    steps: int
    fixes: int
    fixes_refused: int
    """Answered not to be kept: the unit is off duty, as the server's clock sees it."""
    events: int
    connections: int

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self._asdict().items()) + ": lost 0, twice 0"


class _Busy(Protocol):
    def start(self) -> None: ...

    def finish(self) -> None: ...


class Life:
    """Poles that repeat, one that knows only PUBACK, people who report, an operator, two phones and a console."""

    def __init__(self, station: Station, *, pace_s: float, seed: int) -> None:
        self.station = station
        self.poles = [Pole(station, f"sos-0{n}", pace_s=pace_s, repeat_s=1.0) for n in (1, 2, 3)]
        self.simple = Pole(station, "sos-07", pace_s=pace_s, knows_receipts=False)
        self.reporters = [Reporter(station, f"page-{n}", pace_s=pace_s, seed=seed + n) for n in range(2)]
        self.desks = [Desk(station, "car-1"), Desk(station, "car-2")]
        self.trackers = [Tracker(station, "moto-1"), Tracker(station, "moto-2")]
        self.screen = Screen(station, after=0)

    def start(self) -> None:
        """All of them begin; returns when each kind has been answered once."""
        for unit in (tracker.unit for tracker in self.trackers):
            Desk(self.station, unit).sign_on()
        for each in self._everybody():
            each.start()
        self.wait_for_more()

    def _everybody(self) -> list[_Busy]:
        """The console and the poles first."""
        return [self.screen, self.simple, *self.poles, *self.reporters, *self.desks, *self.trackers]

    def wait_for_more(self, within_s: float = 180.0) -> None:
        """Every pole, reporter, desk and phone has had another answer since this was called."""
        before = self._answers()
        eventually(
            lambda: all(now > then for now, then in zip(self._answers(), before, strict=True)),
            within_s=within_s,
        )

    def _answers(self) -> list[int]:
        return [
            *(sum(pole.is_answered(press) for press in list(pole.presses.values())) for pole in self.poles),
            *(sum(bool(said.answers) for said in list(who.reports)) for who in self.reporters),
            *(len(desk.steps) for desk in self.desks),
            *(tracker.answers for tracker in self.trackers),
        ]

    def settle(self, within_s: float = 180.0) -> float:
        """Nobody says anything new, everybody has their answer, the console is at the end; seconds that it took."""
        began = time.monotonic()
        for pole in (*self.poles, self.simple):
            pole.press_no_more()
        for each in self._everybody()[len(self.poles) + 2 :]:
            each.finish()
        eventually(lambda: not any(p.list_pending() for p in (*self.poles, self.simple)), within_s=within_s)
        database, simple = self.station.record, self.simple
        eventually(lambda: count_reports(database, [simple.point]) >= len(simple.presses), within_s=within_s)
        eventually(self.is_quiet, within_s=within_s)
        return time.monotonic() - began

    def is_quiet(self) -> bool:
        """Listeners have heard everything and the console shows it."""
        try:
            if self.station.readiness().status_code != 200:
                return False
            listed = self.station.ask("GET", "/admin/listeners", who="admin")
        except httpx.TransportError:
            return False
        if not listed.is_success:
            return False
        return not any(each["lag"] for each in listed.json()["items"]) and self.screen.place == head_of(
            self.station.record
        )

    def finish(self) -> None:
        """All of them have gone home."""
        for each in self._everybody():
            each.finish()

    def judge_what_was_said(self) -> Judgement:
        """Fails where anything acknowledged is missing, anything is twice, or a screen is wrong."""
        log = read_log(self.station.record)
        return Judgement(
            self._judge_presses(log),
            self._judge_reports(log),
            self._judge_steps(log),
            self._judge_fixes(),
            sum(len(tracker.not_kept) for tracker in self.trackers),
            self._judge_screen(log),
            len(self.screen.connections) + 1,
        )

    def judge(self) -> Judgement:
        """As `judge_what_was_said`, and `safezone verify` is content."""
        found = self.judge_what_was_said()
        verified = finish(["verify", "--data", str(self.station.data), "--json"])
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert all(not v["broken"] and not v["differences"] for v in json.loads(verified.stdout))
        return found

    def _judge_presses(self, log: list[Line]) -> int:
        stored: dict[Any, list[str]] = {}
        for claim, report in list_reports(log):
            stored.setdefault(claim, []).append(report["incident_id"])
        poles = [*self.poles, self.simple]
        for pole in poles:
            for press in pole.presses.values():
                incidents = stored.get((pole.point, press.at), [])
                assert len(incidents) == 1, f"{pole.point} press {press.n}: {len(incidents)} times"
                assert set(press.receipts) <= set(incidents), f"{pole.point} press {press.n}"
        said = {(pole.point, press.at) for pole in poles for press in pole.presses.values()}
        invented = {claim for claim in stored if claim[0] is not None} - said
        assert not invented, f"presses that nobody made: {invented}"
        return len(said)

    def _judge_reports(self, log: list[Line]) -> int:
        stored = {report["report_id"]: claim for claim, report in list_reports(log)}
        counted = count_claims(log)
        said = [each for reporter in self.reporters for each in reporter.reports if each.answers]
        for each in said:
            assert counted[(None, each.at)] == 1, f"{each.key}: {counted[(None, each.at)]} times"
            assert {stored[body["report_id"]] for _, body in each.answers} == {(None, each.at)}, each.key
        return len(said)

    def _judge_steps(self, log: list[Line]) -> int:
        done = Counter((line.subject, line.kind) for line in log)
        steps = [each for desk in self.desks for each in desk.steps]
        wrong = [each for each in steps if done[(each[0], STEP_EVENTS[each[1]])] != 1]
        assert not wrong, f"answered, and not once in the log: {wrong}"
        return len(steps)

    def _judge_fixes(self) -> int:
        kept = list_fixes(self.station.record)
        sent = [(tracker.unit, at) for tracker in self.trackers for at in tracker.sent]
        wrong = [each for each in sent if kept[each] != 1]
        assert not wrong, f"{len(wrong)} of {len(sent)} confirmed fixes are not kept once: {wrong[:3]}"
        return len(sent)

    def _judge_screen(self, log: list[Line]) -> int:
        seen = self.screen.seqs
        # Something more may have happened since the log was read: then the console has it already.
        odd = next((at for at, seq in enumerate(seen, 1) if at != seq), None)
        assert odd is None, (
            f"the console did not get every event once and in order: {seen[odd - 1 : odd + 5]} from {odd} on"
        )
        assert len(seen) >= len(log), f"the console has {len(seen)} events of {len(log)}"
        shown = {each["id"]: each for each in self.station.list_incidents()}
        wrong = [
            (name, seen_now.get(name), value)
            for incident_id, view in shown.items()
            for name, value in view.items()
            if (seen_now := self.screen.incidents.get(incident_id, {})).get(name) != value
        ]
        assert not wrong, f"the console shows what is not so: {wrong[:5]}"
        assert self.screen.incidents == shown, "the console shows incidents that are not there"
        return len(seen)


@contextmanager
def living(station: Station, *, pace_s: float = 0.25, seed: int = 1) -> Iterator[Life]:
    """Everything goes on in this station until the block ends."""
    life = Life(station, pace_s=pace_s, seed=seed)
    try:
        life.start()
        yield life
    finally:
        life.finish()
