"""The live feed: every screen gets every event once and in order, also across a reconnect, and only what it may see."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safezone.entrypoints import live
from tests.support.engines import EngineName
from tests.support.feed import Feed, Frame
from tests.support.places import eventually
from tests.support.station import RunningStation

MARKET = {"lon": 104.7297, "lat": 16.5430}


@pytest.fixture
def station(engine: EngineName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningStation]:
    """A station that beats and coalesces faster than usual, so that nobody has to wait for it."""
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(live, "COALESCE_S", 0.05)
    station = RunningStation(tmp_path)
    yield station
    station.close()


def feed(station: RunningStation, name: str = "operator", **more: Any) -> Feed:
    return Feed(station.url, station.tokens.get(name), **more)


def ids(frames: list[Frame]) -> list[int | None]:
    return [frame.id for frame in frames]


def sign_on(station: RunningStation, *units: str) -> None:
    for unit in units:
        station.api(unit).act(f"/api/v1/units/{unit}/duty", {"on": True})
    station.settle()


# ── once and in order ──


@pytest.fixture(scope="module")
def busy(shared: RunningStation) -> RunningStation:
    """A station in whose log there is something of everything."""
    operator = shared.api()
    shared.api("car-1").act("/api/v1/units/car-1/duty", {"on": True})
    for _ in range(12):
        view = operator.incident(operator.report(place=MARKET)["incident_id"])
        view = operator.on(view, "dispatch", unit_ids=["car-1"], second_assignment_reason="the only one")
        operator.on(view, "close", outcome="resolved")
    shared.settle()
    return shared


@settings(max_examples=15)
@given(
    st.floats(0, 1),
    st.lists(st.tuples(st.sampled_from(["after", "last_event_id"]), st.floats(0, 1)), max_size=3),
)
def test_a_feed_that_is_cut_anywhere_goes_on_without_gap_or_repeat(
    busy: RunningStation, start_at: float, cuts: list[tuple[str, float]]
) -> None:
    """It begins somewhere in the log, is cut after a part of what is left, and goes on from its last id."""
    head = busy.head()
    start = place = int(start_at * head)
    got: list[int | None] = []
    for way, part in cuts:
        wanted = int(part * (head - place))
        with feed(
            busy, after=place if way == "after" else None, last_event_id=None if way == "after" else place
        ) as one:
            got += ids(one.changes_up_to(place + wanted)) if wanted else []
        place = got[-1] or start if got else start
    busy.api().report()
    head = busy.head()
    with feed(busy, after=place) as last:
        got += ids(last.changes_up_to(head))
    assert got == list(range(start + 1, head + 1))


def test_the_header_of_a_reconnecting_browser_is_newer_than_its_address(busy: RunningStation) -> None:
    head = busy.head()
    with feed(busy, after=3, last_event_id=head - 1) as one:
        assert ids(one.changes_up_to(head)) == [head]


def test_without_a_place_the_feed_begins_now(busy: RunningStation) -> None:
    with feed(busy) as one:
        one.until("heartbeat")
        eventually(lambda: busy.node.hub.screen_count)
        before = busy.head()
        busy.api().report()
        assert one.until("change").id == before + 1


def test_screens_that_come_and_go_while_much_happens_miss_nothing(station: RunningStation) -> None:
    operator, public, reports = station.api(), station.api("public"), 150
    operator.report()
    start = station.head()

    def watch(number: int) -> list[int | None]:
        """From where it was when this screen came, to the end, with a cut in between."""
        with feed(station, after=start) as one:
            first = one.changes_up_to(start + 20 * (number + 1))
        with feed(station, last_event_id=first[-1].id) as one:
            return ids(first) + ids(one.changes_up_to(start + 2 * reports))

    with ThreadPoolExecutor(12) as pool:
        watching = [pool.submit(watch, number) for number in range(6)]
        list(pool.map(lambda n: public.report("noise", text=f"{n}"), range(reports)))
        seen = [future.result(timeout=60) for future in watching]
    assert station.head() == start + 2 * reports
    assert all(one == list(range(start + 1, start + 2 * reports + 1)) for one in seen)


def test_a_frame_says_what_happened_and_how_it_stands_now(station: RunningStation) -> None:
    operator = station.api()
    with feed(station, after=station.head()) as one:
        incident_id = operator.report("robbery", text="ร้านทอง", place=MARKET)["incident_id"]
        received, opened = one.changes_up_to(station.head())
        assert received.data["kind"] == "report_received"
        assert opened.data["subject"] == incident_id
        assert opened.data["actor"] == "operator:operator"
        assert opened.data["at"] == "2026-11-20T12:00:00Z"
        assert opened.data["incidents"] == [operator.incident(incident_id)]
        operator.on(opened.data["incidents"][0], "acknowledge")
        (taken,) = one.changes_up_to(station.head())
        assert (taken.data["kind"], taken.data["incidents"][0]["state"]) == (
            "incident_acknowledged",
            "acknowledged",
        )


# ── when it cannot go on ──


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 19, "๑"])
def test_a_place_that_is_no_number_is_refused(shared: RunningStation, place: str) -> None:
    refused = shared.api().get("/api/v1/live", after=place)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_place_in_feed")


def test_a_screen_that_knows_more_than_the_log_must_load_anew(shared: RunningStation) -> None:
    """The station was restored from a backup: what the screen shows may not have happened here."""
    with feed(shared, after=shared.head() + 1) as one:
        frame, end = one.next(), one.next()
    assert frame == Frame("reload", {"reason": "unknown_place", "seq": shared.head()}, None)
    assert end is None


def test_a_screen_that_missed_too_much_must_load_anew(
    shared: RunningStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_GAP", 10)
    with feed(shared, after=shared.head() - 11) as one:
        assert [frame.data["reason"] for frame in one] == ["too_far_behind"]
    with feed(shared, after=shared.head() - 10) as one:
        assert len(one.changes_up_to(shared.head())) == 10


def test_a_screen_that_does_not_read_is_cut_off_and_recovers_from_the_log(
    station: RunningStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LARGEST_BACKLOG_BYTES", 100_000)
    start = station.head()
    with socket.socket() as slow, feed(station, after=start, within_s=120.0) as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(60)
        slow.connect(("127.0.0.1", station.port))
        ask = f"GET /api/v1/live?after={start} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {station.tokens['operator']}\r\n\r\n"
        slow.sendall(ask.encode())
        eventually(lambda: station.node.hub.screen_count == 2)
        reports, told = 0, []
        while station.node.hub.screen_count == 2:
            station.api().report("noise", text="ก" * 1000, place=MARKET)
            reports += 1
            assert reports < 3000, "nobody cuts it off"
            # It reads all the time: one that only waits for its turn here would be slow itself.
            told += ids(quick.changes_up_to(station.head()))
        got = b""
        with suppress(ConnectionResetError):
            while piece := slow.recv(65_536):
                got += piece
        head = station.head()
        if told[-1] != head:
            told += ids(quick.changes_up_to(head))
        assert told == list(range(start + 1, head + 1)), "the others are not disturbed"
    whole = [line for line in got.split(b"\n\n")[:-1] if b"event: change" in line]
    read = [int(frame.split(b"id: ")[1].split(b"\n")[0]) for frame in whole]
    assert read == list(range(start + 1, start + 1 + len(read)))
    assert len(read) < head - start, "it was cut off before the end"
    with feed(station, last_event_id=read[-1] if read else start) as again:
        assert read + ids(again.changes_up_to(head)) == list(range(start + 1, head + 1))


def test_trouble_in_preparing_costs_a_reconnect_and_nothing_else(
    station: RunningStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = station.head()

    def fails(*_: object) -> dict[str, Any]:
        raise RuntimeError("no views now")

    with feed(station, after=start) as one:
        one.until("heartbeat")
        eventually(lambda: station.node.hub.screen_count)
        with monkeypatch.context() as broken:
            broken.setattr(type(station.node.hub._sources[0]), "views", fails)
            station.api("public").report()
            assert [frame for frame in one if frame.event == "change"] == [], "ended, not silent"
    station.api().report()
    with feed(station, after=start) as one:
        assert ids(one.changes_up_to(station.head())) == list(range(start + 1, station.head() + 1))


# ── signs of life ──


def test_it_beats_with_the_place_of_the_log_and_the_servers_time(station: RunningStation) -> None:
    with feed(station, after=station.head()) as one:
        first = one.until("heartbeat")
        station.api().report()
        one.changes_up_to(station.head())
        station.clock.advance(10)
        later = next(frame for frame in one if frame.data.get("at") == "2026-11-20T12:00:10Z")
    assert (first.id, later.id) == (None, None), "a heartbeat does not move the reader's place"
    well: dict[str, list[str]] = {"trouble": [], "notices": []}
    assert later.data == {"seq": station.head(), "at": "2026-11-20T12:00:10Z", **well}
    assert first.data["seq"] == station.head() - 2


def test_five_seconds_and_twice_a_second_are_what_is_promised() -> None:
    assert live.HEARTBEAT_S <= 5.0
    assert live.COALESCE_S >= 0.5


# ── who sees what ──


@pytest.mark.parametrize(
    ("name", "status"), [("public", 401), ("sos-01", 403), ("auditor", 403), ("wrong", 401)]
)
def test_who_may_not_listen(shared: RunningStation, name: str, status: int) -> None:
    token = "no such token" if name == "wrong" else shared.tokens.get(name)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    refused = httpx.get(f"{shared.url}/api/v1/live", headers=headers, trust_env=False, timeout=60)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["words"]["th"]


def test_a_unit_sees_its_own_incidents_while_it_is_sent_to_them(station: RunningStation) -> None:
    operator = station.api()
    sign_on(station, "car-1", "moto-1")
    mine, other = (operator.incident(operator.report()["incident_id"]) for _ in range(2))
    start = station.head()
    mine = operator.on(mine, "dispatch", unit_ids=["car-1", "moto-1"])
    operator.on(other, "acknowledge")
    station.api("car-1").step(mine["id"], "car-1", "on_scene")
    operator.on(operator.incident(mine["id"]), "priority", priority=2, reason="calm")
    operator.on(operator.incident(mine["id"]), "close", outcome="resolved")
    operator.act(f"/api/v1/incidents/{mine['id']}/notes", {"text": "after it was over"})
    sent_again = operator.on(operator.incident(other["id"]), "dispatch", unit_ids=["car-1"])
    station.settle()
    with feed(station, "car-1", after=start) as one:
        frames = one.changes_up_to(
            next(
                e.seq for e in station.log() if e.kind == "unit_dispatched" and e.event.subject == other["id"]
            )
        )
    shown = {view["id"] for frame in frames for view in frame.data.get("incidents", [])}
    assert shown == {other["id"]}, "told afterwards, what was closed since is gone and not shown any more"
    assert [frame.data["gone"] for frame in frames if mine["id"] in frame.data.get("gone", [])]
    about_mine = [frame for frame in frames if frame.data["subject"] == mine["id"]]
    assert all(set(frame.data) <= {"seq", "at", "kind", "actor", "subject", "gone"} for frame in about_mine)
    assert not any(frame.data["kind"] in ("note_added", "incident_closed") for frame in frames)
    assert sent_again["id"] == other["id"]


@pytest.mark.parametrize("ending", ["cleared", "refused", "close", "merge"])
def test_a_unit_is_told_when_an_incident_is_no_longer_its(station: RunningStation, ending: str) -> None:
    operator = station.api()
    sign_on(station, "car-1", "moto-1")
    view = operator.incident(operator.report()["incident_id"])
    into = operator.incident(operator.report()["incident_id"])
    with feed(station, "car-1", after=station.head()) as one:
        view = operator.on(view, "dispatch", unit_ids=["car-1"])
        shown = next(frame for frame in one if frame.data.get("incidents"))
        assert shown.data["incidents"][0]["id"] == view["id"]
        match ending:
            case "close":
                operator.on(view, "close", outcome="resolved", note="over")
            case "merge":
                into = operator.on(into, "dispatch", unit_ids=["moto-1"])
                operator.on(view, "merge", into=into["id"])
            case _:
                station.api("car-1").step(view["id"], "car-1", ending)
        told = next(frame for frame in one if view["id"] in frame.data.get("gone", []))
        assert told.event == "change"


def test_a_unit_sees_colleagues_without_their_places(station: RunningStation) -> None:
    sign_on(station, "car-1")
    at = (station.clock.now() + timedelta(seconds=1)).isoformat()
    station.clock.advance(2)
    with feed(station, "moto-1", after=station.head()) as moto, feed(station, after=station.head()) as ccoc:
        eventually(lambda: station.node.hub.screen_count == 2)
        station.api("car-1").act("/api/v1/positions", {"fixes": [{"at": at, **MARKET}]})
        station.api("car-1").act("/api/v1/units/car-1/state", {"state": "unavailable", "reason": "ยางแบน"})
        heard: dict[str, Frame] = {}
        while not {"change", "positions"} <= heard.keys():
            frame = ccoc.next()
            assert frame is not None
            heard[frame.event] = frame
        assert heard["change"].data["units"][0]["state_reason"] == "ยางแบน"
        assert heard["positions"].data["units"][0]["id"] == "car-1"
        (own,) = moto.until("change").data["units"]
        assert (own["id"], own["state"], own["fix"], own["state_reason"]) == (
            "car-1",
            "unavailable",
            None,
            None,
        )
        beats = [moto.next() for _ in range(3)]
        assert [frame.event for frame in beats if frame] == ["heartbeat"] * 3, "no position of somebody else"


def test_positions_come_coalesced_newest_first_served_and_only_to_who_may_see_them(
    station: RunningStation,
) -> None:
    sign_on(station, "car-1", "moto-1")
    head = station.head()
    with (
        feed(station, after=head) as ccoc,
        feed(station, "car-1", after=head) as car,
        feed(station, "moto-1", after=head) as moto,
    ):
        for one in (ccoc, car, moto):
            one.until("heartbeat")
        eventually(lambda: station.node.hub.screen_count == 3)
        fixes, began_s = 40, time.monotonic()
        for n in range(fixes):
            station.clock.advance(1)
            at = station.clock.now().isoformat()
            station.api("car-1").act(
                "/api/v1/positions", {"fixes": [{"at": at, "lon": 104.72 + n / 1e5, "lat": 16.54}]}
            )
        last_at = station.clock.now().isoformat().replace("+00:00", "Z")

        def moves(one: Feed) -> list[Frame]:
            found = []
            for frame in one:
                if frame.event == "positions":
                    found.append(frame)
                    if frame.data["units"][-1]["fix"]["at"] == last_at:
                        break
            return found

        seen = {name: moves(one) for name, one in (("ccoc", ccoc), ("car", car))}
        most = 2 + (time.monotonic() - began_s) / live.COALESCE_S
        for frames in seen.values():
            assert 1 <= len(frames) <= most, "coalesced: one for each turn, however many fixes came"
            times = [frame.data["units"][0]["fix"]["at"] for frame in frames]
            assert times == sorted(times)
            assert {unit["id"] for frame in frames for unit in frame.data["units"]} == {"car-1"}
            assert all(frame.id is None for frame in frames)
        station.api("moto-1").act("/api/v1/positions", {"fixes": [{"at": last_at, **MARKET}]})
        assert [unit["id"] for unit in moto.until("positions").data["units"]] == ["moto-1"], (
            "its own, nobody else's"
        )


# ── out is out ──


@pytest.mark.parametrize("what", ["token", "session"])
def test_who_is_put_out_hears_nothing_more(station: RunningStation, what: str) -> None:
    admin, victim = station.api("admin"), station.api("operator-2")
    token = victim.token
    if what == "session":
        token = victim.http.post("/api/v1/session", json={"token": victim.token}).cookies["safezone_session"]
    (credential,) = [
        one for one in admin.ask("/api/v1/admin/credentials")["items"] if one["name"] == "operator-2"
    ]
    with Feed(station.url, token, after=station.head()) as out, feed(station, after=station.head()) as stays:
        out.until("heartbeat")
        admin.act(f"/api/v1/admin/credentials/{credential['id']}/revoke", {"reason": "left"})
        head = station.head()
        station.api().report()
        heard = list(out)
        assert heard[-1].event == "signed_out"
        assert all(frame.id is None or frame.id <= head for frame in heard)
        assert len(stays.changes_up_to(station.head())) == 3
    with Feed(station.url, token) as refused:
        assert refused.response.status_code == 401


def test_a_session_that_ends_by_itself_is_signed_out(station: RunningStation) -> None:
    operator = station.api()
    session = operator.http.post("/api/v1/session", json={"token": operator.token}).cookies[
        "safezone_session"
    ]
    with Feed(station.url, session) as one:
        one.until("heartbeat")
        station.clock.advance(12 * 3600 + 1)
        assert list(one)[-1].event == "signed_out"
