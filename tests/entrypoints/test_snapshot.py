"""Old snapshot + events = new snapshot, for every event that a screen shows: a console needs no second look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from safezone.core.event import Event, kind_of
from safezone.events import assets as asset_events
from safezone.events import incidents as incident_events
from safezone.events import patrol as patrol_events
from safezone.events import zone as zone_events
from tests.support.feed import Feed
from tests.support.scenarios import MARKET, ON_THE_SCREEN, Scenario, opened
from tests.support.scenarios_estate import OWNER, new_asset
from tests.support.station import Api, RunningStation

_GROUND = tuple(
    each for each in vars(zone_events).values() if isinstance(each, type) and issubclass(each, Event)
)
_RETENTION: tuple[type[Event], ...] = (
    incident_events.LegalHoldPlaced,
    incident_events.LegalHoldLifted,
    incident_events.ContentErased,
)
NOT_IN_THE_FEED: dict[type[Event], str] = {
    **dict.fromkeys(
        _GROUND, "the ground is drawn from GET /api/v1/zone, which a screen asks again when it hears of one"
    ),
    **dict.fromkeys(
        _RETENTION,
        "a held incident looks the same, and what is erased was closed long before and has left every screen",
    ),
}
"""Events that no scenario here makes, each with the reason."""


def every_event() -> set[type[Event]]:
    """Every kind of event of the domains."""
    modules = (asset_events, incident_events, patrol_events, zone_events)
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return {each for each in found if issubclass(each, Event) and each is not Event}


# ── folding, as documented: replace by id, take out what is gone; the frame's views are how things stand ──

LIMIT_OF = {
    "reported": "acknowledge_limit_s",
    "acknowledged": "dispatch_limit_s",
    "dispatched": "accept_limit_s",
    "en_route": "arrive_limit_s",
}
"""The clocks that run have the new limit as soon as it is changed."""
LISTS = ("incidents", "units", "assets")
MOVES_BY_ITSELF: dict[str, tuple[str, ...]] = {
    "": ("seq", "at"),
    # A sign of life is telemetry and stands in no frame of its own; readiness, which is judged by it, does.
    "assets": ("last_heartbeat_at",),
}


def fold(snapshot: dict[str, Any], frames: list[dict[str, Any]]) -> dict[str, Any]:
    """The snapshot after these change frames."""
    folded = dict(snapshot)
    by_id = {name: {view["id"]: view for view in snapshot[name]} for name in LISTS}
    for frame in frames:
        for name in LISTS:
            by_id[name].update({view["id"]: view for view in frame.get(name, [])})
            for gone in frame.get("gone", []):
                by_id[name].pop(gone, None)
        folded["handover"] = frame.get("handover", folded["handover"])
        if settings := frame.get("settings"):
            folded["settings"] = settings
            for incident in by_id["incidents"].values():
                if incident["clock"]:
                    limit_s = settings.get(LIMIT_OF.get(incident["clock"]["stage"]))
                    incident["clock"] = {**incident["clock"], "limit_s": limit_s}
    return folded | by_id


def comparable(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What must be equal, things by id."""
    kept = {name: value for name, value in snapshot.items() if name not in MOVES_BY_ITSELF[""]}
    for name in LISTS:
        views = kept[name].values() if isinstance(kept[name], dict) else kept[name]
        left_out = MOVES_BY_ITSELF.get(name, ())
        kept[name] = {v["id"]: {key: value for key, value in v.items() if key not in left_out} for v in views}
    return kept


@pytest.fixture(scope="module")
def seen() -> Iterator[set[str]]:
    """The kinds of events that the scenarios have made; at the end it is every kind that a screen shows."""
    kinds: set[str] = set()
    yield kinds
    missing = {kind_of(event) for event in every_event() - set(NOT_IN_THE_FEED)} - kinds
    if len(kinds) > 20:  # Not when somebody runs a single scenario.
        assert not missing, f"no scenario makes these events: {sorted(missing)}"


@pytest.mark.parametrize("scenario", ON_THE_SCREEN, ids=lambda scenario: scenario.__name__)
def test_old_snapshot_and_events_are_the_new_snapshot(
    running: RunningStation, seen: set[str], scenario: Scenario
) -> None:
    operator = running.api()
    opened(operator, place=MARKET, text="something was going on before")
    running.settle()
    old = operator.ask("/api/v1/console")
    with Feed(running.url, operator.token, after=old["seq"]) as live:
        live.until("heartbeat")
        scenario(running, operator)
        running.rest()
        new = operator.ask("/api/v1/console")
        pushed = [frame.data for frame in live.changes_up_to(new["seq"])]
    with Feed(running.url, operator.token, after=old["seq"]) as feed:
        read = [frame.data for frame in feed.changes_up_to(new["seq"])]
    for frames in (pushed, read):
        assert [frame["seq"] for frame in frames] == list(range(old["seq"] + 1, new["seq"] + 1))
        assert comparable(fold(old, frames)) == comparable(new)
    assert comparable(old) != comparable(new), "the scenario shows nothing"
    seen |= {frame["kind"] for frame in read}


FAR = {"lon": 104.90, "lat": 16.54}
"""Eighteen kilometres from the demonstration's zone."""
NEAR_FAR = {"lon": 104.901, "lat": 16.54}


def things_come_into_sight_and_go(station: RunningStation, _operator: Api) -> None:
    """A lamp is carried to the zone and away again; a pole far away is shown all the same; a lamp is taken out of use."""
    chief = station.api("chief")
    chief.act("/api/v1/estate/owners/municipality", OWNER)
    chief.act("/api/v1/assets", new_asset("far-site", "camera_site", place=FAR))
    chief.act("/api/v1/assets", new_asset("far-lamp", "light_pole", place=FAR))
    chief.act("/api/v1/assets", new_asset("far-pole", "sos_point", place=FAR))
    chief.act("/api/v1/assets", new_asset("old-lamp", "light_pole"))
    chief.act("/api/v1/assets/old-lamp/lifecycle", {"lifecycle": "retired", "reason": "เสีย"})
    chief.act("/api/v1/assets", new_asset("lost-lamp", "light_pole"))
    chief.act("/api/v1/assets/lost-lamp/place", {"place": FAR})
    chief.act("/api/v1/assets/far-lamp/place", {"place": MARKET})


def test_a_console_is_given_what_it_draws_and_every_pole(running: RunningStation) -> None:
    operator = running.api()
    old = operator.ask("/api/v1/console")
    before = {view["id"] for view in old["assets"]}
    assert not [each for each in old["assets"] if each["kind"] == "camera"], "a site speaks for its cameras"
    things_come_into_sight_and_go(running, operator)
    running.rest()
    new = operator.ask("/api/v1/console")
    with Feed(running.url, operator.token, after=old["seq"]) as feed:
        frames = [frame.data for frame in feed.changes_up_to(new["seq"])]
    shown = comparable(fold(old, frames))
    assert shown == comparable(new)
    assert set(shown["assets"]) - before == {"far-pole", "far-lamp"}
    told = operator.report(place=NEAR_FAR)["incident_id"]
    near = operator.incident(told)["cameras"]
    assert [each["id"] for each in near] == ["far-site"], "named with the incident, though not on the console"
    assert operator.ask("/api/v1/assets/far-site")["readiness"] == "UNKNOWN"


def test_positions_and_changes_end_in_the_new_snapshot(running: RunningStation) -> None:
    """A fix comes by its own frame, newest last; the fold of both is what a new screen is shown."""
    operator, car = running.api(), running.api("car-1")
    car.act("/api/v1/units/car-1/duty", {"on": True})
    old = operator.ask("/api/v1/console")
    with Feed(running.url, operator.token, after=old["seq"]) as live:
        live.until("heartbeat")
        for n in range(5):
            running.clock.advance(2)
            at = (running.clock.now() - timedelta(seconds=1)).isoformat()
            car.act(
                "/api/v1/positions",
                {"fixes": [{"at": at, "lon": 104.72 + n / 1e4, "lat": 16.54, "speed_kmh": 20}]},
            )
        car.act("/api/v1/units/car-1/state", {"state": "unavailable"})
        new = operator.ask("/api/v1/console")
        units = {view["id"]: view for view in old["units"]}
        for frame in live:
            if frame.event == "positions":
                for moved in frame.data["units"]:
                    units[moved["id"]] = {**units[moved["id"]], "fix": moved["fix"]}
            if frame.event == "change":
                units |= {view["id"]: view for view in frame.data.get("units", [])}
            fix = units["car-1"]["fix"]
            if fix and fix["lon"] == pytest.approx(104.7204) and units["car-1"]["state"] == "unavailable":
                break
    assert units == {view["id"]: view for view in new["units"]}


def test_every_exception_is_an_event_and_says_why() -> None:
    assert set(NOT_IN_THE_FEED) - {Event} <= every_event()
    assert all(reason for reason in NOT_IN_THE_FEED.values())
    assert len(every_event()) > 20
