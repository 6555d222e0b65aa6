"""Whatever people do with incidents, in whatever order and with screens that are behind: nothing is lost, nothing twice.

A hypothesis state machine over the public HTTP API of a running station, with a model of what must be true.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.feed import Feed
from tests.support.station import RunningStation

ON_DUTY = ("car-1", "moto-1", "foot-1")
POLES = ("sos-01", "sos-02")
TWIN_WINDOW_S = 60
ORDER = {"assigned": 0, "accepted": 1, "en_route": 2, "on_scene": 3, "cleared": 4, "refused": 4}
OVER = ("cleared", "refused")


@dataclass
class Sent:
    """A unit on an incident, as the model has it."""

    step: str = "assigned"
    reason: str | None = None


@dataclass
class Incident:
    """An incident, as the model has it."""

    id: str
    versions: list[int] = field(default_factory=lambda: [1])
    reports: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    units: dict[str, Sent] = field(default_factory=dict)
    taken: bool = False
    closed: str | None = None
    merged_into: str | None = None
    was_reached: bool = False

    def active(self) -> dict[str, Sent]:
        return {unit: sent for unit, sent in self.units.items() if sent.step not in OVER}

    def state(self) -> str:
        steps = {sent.step for sent in self.active().values()}
        if self.closed or not self.taken:
            return "closed" if self.closed else "reported"
        if self.was_reached or "on_scene" in steps:
            return "on_scene"
        if "en_route" in steps:
            return "en_route"
        return "dispatched" if steps else "acknowledged"


@dataclass
class Press:
    """A press of a pole, for ever the same report."""

    pole: str
    n: int
    at: str
    report_id: str


which = st.integers(0, 7)
behind = st.sampled_from([0, 0, 0, 1, 2])
"""How many decisions the screen of whoever acts is behind."""
units = st.lists(st.sampled_from(ON_DUTY), min_size=1, max_size=2)


class Life(RuleBasedStateMachine):
    """Two operators, three units, two poles and the public."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="safezone-life-")
        self.station = RunningStation(Path(self._folder.name))
        self.operators = [self.station.api("operator"), self.station.api("operator-2")]
        self.incidents: dict[str, Incident] = {}
        self.presses: list[Press] = []
        self.keys: dict[str, tuple[str, dict[str, Any]]] = {}
        self.last_press: dict[str, list[tuple[float, str]]] = {pole: [] for pole in POLES}
        self.now_s = 0.0
        self.turn = 0

    @initialize()
    def begin_the_shift(self) -> None:
        for unit in ON_DUTY:
            self.station.api(unit).act(f"/api/v1/units/{unit}/duty", {"on": True})

    def teardown(self) -> None:
        try:
            self.check_everything()
        finally:
            self.station.close()
            self._folder.cleanup()

    # ── what people do ──

    @rule(seconds=st.sampled_from([1, 20, 45, 61]))
    def time_passes(self, seconds: int) -> None:
        self.now_s += seconds
        self.station.clock.advance(seconds)

    @rule(pole=st.sampled_from(POLES))
    def press(self, pole: str) -> None:
        n, at = len(self.presses), self.station.clock.now().isoformat()
        status, answer = self._press(pole, n, at)
        assert status == 201
        twin = self._open_incident_of(pole)
        assert answer["joined"] == (twin is not None)
        if twin is None:
            self._opened(answer)
        else:
            assert answer["incident_id"] == twin
            self.incidents[twin].reports.append(answer["report_id"])
        self.presses.append(Press(pole, n, at, answer["report_id"]))
        self.last_press[pole].append((self.now_s, answer["report_id"]))

    @precondition(lambda self: self.presses)
    @rule(chosen=which)
    def press_again(self, chosen: int) -> None:
        """The pole has not heard its receipt and repeats the same press."""
        press = self.presses[chosen % len(self.presses)]
        status, answer = self._press(press.pole, press.n, press.at)
        assert (status, answer["report_id"]) == (200, press.report_id)
        assert answer["incident_id"] == self._where(press.report_id)

    @rule(key=st.sampled_from("abc"), kind=st.sampled_from(["robbery", "noise"]))
    def report(self, key: str, kind: str) -> None:
        """By telephone; the operator's browser may send the same form twice."""
        body = {"kind": kind, "dedupe_key": key, "place": {"lon": 104.7297, "lat": 16.543}}
        answer = self.operators[0].post("/api/v1/reports", body)
        if key in self.keys:
            assert (answer.status_code, answer.json()["report_id"]) == (200, self.keys[key][1]["report_id"])
            return
        assert answer.status_code == 201
        self.keys[key] = (kind, answer.json())
        self._opened(answer.json())

    @precondition(lambda self: self.incidents)
    @rule(chosen=which, old=behind)
    def acknowledge(self, chosen: int, old: int) -> None:
        one = self._pick(chosen)
        if self._decide(one, "acknowledge", old, {}, refuses=not one.closed and one.taken):
            one.taken = True

    @precondition(lambda self: self.incidents)
    @rule(chosen=which, old=behind, wanted=units, reason=st.sampled_from([None, "nobody else"]))
    def dispatch(self, chosen: int, old: int, wanted: list[str], reason: str | None) -> None:
        one = self._pick(chosen)
        sent_now = [unit for unit in dict.fromkeys(wanted) if unit not in one.active()]
        busy = {unit for unit in sent_now if self._on(unit)}
        body = {"unit_ids": wanted, "second_assignment_reason": reason}
        if self._decide(
            one, "dispatch", old, body, refuses=bool(busy and not reason), changes=bool(sent_now)
        ):
            one.taken = True
            one.units |= {unit: Sent(reason=reason if unit in busy else None) for unit in sent_now}

    @precondition(lambda self: any(one.units for one in self.incidents.values()))
    @rule(chosen=which, nth=which, step=st.sampled_from(sorted(set(ORDER) - {"assigned"})))
    def go_on(self, chosen: int, nth: int, step: str) -> None:
        one = self._pick(chosen, among=[each for each in self.incidents.values() if each.units])
        unit = sorted(one.units)[nth % len(one.units)]
        now = one.units[unit].step
        answer = self.station.api(unit).step(one.id, unit, step)
        backwards = now in OVER or ORDER[step] <= ORDER[now] or (now, step) == ("on_scene", "refused")
        assert answer.status_code == (409 if step != now and backwards else 200), answer.text
        if answer.is_success:
            one.units[unit].step = step
            one.was_reached |= step == "on_scene"
            if step == "refused" and now != "refused":
                one.units[unit].reason = None

    @precondition(lambda self: len(self.incidents) > 1)
    @rule(chosen=which, other=which, old=behind)
    def merge(self, chosen: int, other: int, old: int) -> None:
        one, into = self._pick(chosen), self._pick(other)
        refused = 422 if one is into else 409 if into.closed else None
        if self._decide(
            one, "merge", old, {"into": into.id}, refuses=refused is not None, status=refused, on=into
        ):
            moving = {unit: sent for unit, sent in one.active().items() if unit not in into.active()}
            into.taken |= bool(moving)
            into.units |= {unit: Sent(sent.step, sent.reason) for unit, sent in moving.items()}
            into.was_reached |= any(sent.step == "on_scene" for sent in moving.values())
            into.reports, one.reports = into.reports + one.reports, []
            one.merged_into = into.id
            self._over(one, "duplicate")

    @precondition(lambda self: self.incidents)
    @rule(chosen=which, old=behind, outcome=st.sampled_from(["resolved", "false_alarm", "prank"]))
    def close(self, chosen: int, old: int, outcome: str) -> None:
        one = self._pick(chosen)
        if self._decide(one, "close", old, {"outcome": outcome}):
            self._over(one, outcome)

    @precondition(lambda self: any(one.closed for one in self.incidents.values()))
    @rule(chosen=which, old=behind)
    def reopen(self, chosen: int, old: int) -> None:
        one = self._pick(chosen, among=[each for each in self.incidents.values() if each.closed])
        if self._decide(
            one, "reopen", old, {"reason": "not over"}, refuses=one.merged_into is not None, closed=True
        ):
            one.closed, one.taken, one.was_reached = None, True, False

    @precondition(lambda self: self.incidents)
    @rule(chosen=which, text=st.sampled_from(["โน้ต", "note"]))
    def write_down(self, chosen: int, text: str) -> None:
        one = self._pick(chosen)
        self._operator().act(f"/api/v1/incidents/{one.id}/notes", {"text": text})
        one.notes.append(text)

    # ── what is true after each of it ──

    @invariant()
    def no_unit_is_on_two_incidents_by_accident(self) -> None:
        for unit in ON_DUTY:
            reasons = [one.units[unit].reason for one in self.incidents.values() if unit in one.active()]
            assert reasons.count(None) <= 1, f"{unit}: {reasons}"

    def check_everything(self) -> None:
        """The model, every incident with its story, the queue, the feed and the record itself say the same."""
        operator = self.operators[0]
        self.station.rest()
        listed = {
            view["id"]: view for view in operator.ask("/api/v1/incidents", state="all", limit=500)["items"]
        }
        assert set(listed) == set(self.incidents), (
            "an incident that was acknowledged is missing, or one is too many"
        )
        log = self.station.log()
        told: Counter[str] = Counter()
        for one in self.incidents.values():
            detail = operator.ask(f"/api/v1/incidents/{one.id}")
            view = detail["incident"]
            assert view == listed[one.id]
            assert (view["state"], view["outcome"], view["merged_into"]) == (
                one.state(),
                one.closed,
                one.merged_into,
            )
            assert view["version"] == one.versions[-1]
            assert {a["unit_id"]: (a["state"], a["reason"]) for a in view["assignments"]} == {
                unit: (sent.step, sent.reason) for unit, sent in one.units.items()
            }
            assert sorted(report["id"] for report in detail["reports"]) == sorted(one.reports)
            assert [note["text"] for note in detail["notes"]] == one.notes
            assert [line["seq"] for line in detail["timeline"]] == [
                e.seq for e in log if e.event.subject == one.id
            ]
            told.update(report["id"] for report in detail["reports"])
        said = [press.report_id for press in self.presses] + [
            answer["report_id"] for _, answer in self.keys.values()
        ]
        assert told == Counter(said), "a report is missing, or is there twice"
        verdict = self.station.verdict()
        assert verdict.content, verdict
        head = self.station.head()
        with Feed(self.station.url, operator.token, after=0) as feed:
            assert [frame.id for frame in feed.changes_up_to(head)] == list(range(1, head + 1))

    # ── how the model asks ──

    def _press(self, pole: str, n: int, at: str) -> tuple[int, dict[str, Any]]:
        body = {"kind": "sos", "dedupe_key": str(n), "claimed_at": at}
        answer = self.station.api(pole).post("/api/v1/reports", body)
        return answer.status_code, answer.json()

    def _operator(self) -> Any:
        self.turn += 1
        return self.operators[self.turn % 2]

    def _pick(self, chosen: int, among: list[Incident] | None = None) -> Incident:
        them = list(self.incidents.values()) if among is None else among
        return them[chosen % len(them)]

    def _opened(self, answer: dict[str, Any]) -> None:
        assert answer["incident_id"] not in self.incidents
        self.incidents[answer["incident_id"]] = Incident(answer["incident_id"], reports=[answer["report_id"]])

    def _where(self, report_id: str) -> str:
        return next(one.id for one in self.incidents.values() if report_id in one.reports)

    def _open_incident_of(self, pole: str) -> str | None:
        for at_s, report_id in reversed(self.last_press[pole]):
            one = self.incidents[self._where(report_id)]
            if self.now_s - at_s <= TWIN_WINDOW_S and not one.closed:
                return one.id
        return None

    def _on(self, unit: str) -> list[str]:
        return [one.id for one in self.incidents.values() if unit in one.active()]

    def _over(self, one: Incident, outcome: str) -> None:
        for sent in one.active().values():
            sent.step = "cleared"
        one.closed = outcome

    def _decide(
        self,
        one: Incident,
        action: str,
        old: int,
        body: dict[str, Any],
        *,
        refuses: bool = False,
        status: int | None = None,
        closed: bool = False,
        changes: bool = True,
        on: Incident | None = None,
    ) -> bool:
        """Act on an incident as a screen shows it that is `old` decisions behind; True when it was done."""
        seen = one.versions[max(0, len(one.versions) - 1 - old)]
        answer: httpx.Response = self._operator().post(
            f"/api/v1/incidents/{one.id}/{action}", {"expected_version": seen, **body}
        )
        if seen != one.versions[-1] or bool(one.closed) != closed:
            expected = 409
        else:
            expected = (status or 409) if refuses else 200
        assert answer.status_code == expected, (
            f"{action}: {answer.status_code} instead of {expected}: {answer.text}"
        )
        if seen != one.versions[-1]:
            assert answer.json()["code"] == "overtaken"
            assert answer.json()["current"]["version"] == one.versions[-1], (
                "whoever is behind is told how it stands"
            )
        for each in (one, on) if answer.is_success and changes else ():
            if each is not None:
                now = self.operators[0].incident(each.id)["version"]
                assert now > each.versions[-1]
                each.versions.append(now)
        return answer.is_success


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=max(8, settings().max_examples // 12), stateful_step_count=40)
