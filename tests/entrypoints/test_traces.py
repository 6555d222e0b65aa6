"""Traces of presses, reports and dispatches, as a collector gets them; and that nothing waits for a collector."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from safezone.core.errors import CannotStart
from safezone.core.settings_outside import Traces as TraceSettings
from safezone.entrypoints import traces as module
from safezone.entrypoints.traces import MOST_WAITING, Traces, traces_of
from tests.support.callers import Pole
from tests.support.collector import Collector, Span, collector
from tests.support.feed import Feed
from tests.support.places import eventually, free_port
from tests.support.running import Station, running

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAID = "ผู้แจ้งบอกเป็นความลับ"
REPORTER = {"name": "ผู้แจ้งตัวอย่าง", "phone": "0000000123"}
STEPS = ("wait for the lane", "handle ReportEmergency", "commit", "receipt", "live feed")


@pytest.fixture(scope="module")
def taken() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture(scope="module")
def station(taken: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    data = tmp_path_factory.mktemp("traces") / "data"
    settings = f'[traces]\nendpoint = "{taken.endpoint}"\n'
    with running(data, settings=settings) as station:
        yield station


@pytest.fixture(scope="module")
def screen(station: Station) -> Iterator[Feed]:
    with Feed(station.url, station.tokens["operator"], within_s=300.0) as feed:
        feed.until("heartbeat")
        yield feed


def press(station: Station, point: str) -> str:
    """The incident of a press that got its receipt."""
    # Not repeated: on a busy machine the trace of the repetition, which stores nothing, would be the newest.
    pole = Pole(station, point, pace_s=3_600.0, repeat_s=3_600.0)
    pole.press_no_more()
    pole.start()
    pressed = pole.press()
    incident = eventually(lambda: pressed.receipts)[0]
    pole.finish()
    return incident


def report(station: Station, traceparent: str, **more: Any) -> httpx.Response:
    body = {"kind": "other", "text": SAID, "reporter": REPORTER, "place": {"lon": 104.7297, "lat": 16.5411}}
    headers = {"traceparent": traceparent, "Authorization": f"Bearer {station.tokens['operator']}"}
    return httpx.post(
        f"{station.api}/reports", json=body | more, headers=headers, trust_env=False, timeout=60
    )


def assert_in_order(door: Span, spans: dict[str, Span], *names: str) -> None:
    """Each step is a part of the door's span and begins where the one before it has ended, or later."""
    for name in names:
        assert spans[name].parent == door.id, name
        assert door.began_ns <= spans[name].began_ns <= spans[name].ended_ns, name
    for one, following in pairwise(names):
        assert spans[one].ended_ns <= spans[following].began_ns, (one, following)


def test_a_press_is_one_trace_from_the_broker_to_the_screen(
    station: Station, taken: Collector, screen: Feed
) -> None:
    press(station, "sos-03")
    door = taken.find_door("press", **{"safezone.sos_point": "sos-03"})
    spans = taken.find_trace(door.trace, "press", *STEPS)
    assert door.parent == ""
    assert_in_order(door, spans, "wait for the lane", "handle ReportEmergency", "commit", "receipt")
    assert spans["live feed"].parent == door.id
    assert spans["live feed"].ended_ns > spans["commit"].ended_ns
    assert spans["live feed"].said == {"safezone.screens": 1}
    assert spans["handle ReportEmergency"].said == {"safezone.outcome": "stored"}


def test_a_report_is_a_part_of_the_trace_that_its_sender_names(
    station: Station, taken: Collector, screen: Feed
) -> None:
    assert report(station, f"00-{TRACE}-{CALLER}-01").status_code == 201
    spans = taken.find_trace(TRACE, "POST /api/v1/reports", *STEPS)
    door = spans["POST /api/v1/reports"]
    assert door.parent == CALLER
    assert door.said == {
        "http.request.method": "POST",
        "http.route": "/api/v1/reports",
        "http.response.status_code": 201,
    }
    assert_in_order(door, spans, "wait for the lane", "handle ReportEmergency", "commit", "receipt")


def test_a_dispatch_is_traced_and_its_route_names_no_incident(station: Station, taken: Collector) -> None:
    incident = press(station, "sos-04")
    assert station.ask("POST", "/units/car-1/duty", {"on": True}, who="มุกดา 11").is_success
    for action, more in (("acknowledge", {}), ("dispatch", {"unit_ids": ["car-1"]})):
        version = station.ask("GET", f"/incidents/{incident}").json()["incident"]["version"]
        done = station.ask("POST", f"/incidents/{incident}/{action}", {"expected_version": version, **more})
        assert done.is_success, done.text
    door = taken.find_door("POST /api/v1/incidents/{incident_id}/dispatch")
    spans = taken.find_trace(door.trace, "handle DispatchUnits", "commit", "receipt")
    assert spans["handle DispatchUnits"].parent == door.id
    assert incident.encode() not in taken.raw


def test_what_its_sender_does_not_record_is_not_recorded_here(station: Station, taken: Collector) -> None:
    assert report(station, f"00-{'ab' * 16}-{CALLER}-00").status_code == 201
    assert report(station, f"00-{'cd' * 16}-{CALLER}-01").status_code == 201
    assert report(station, "nonsense").status_code == 201
    taken.find_trace("cd" * 16, "POST /api/v1/reports")
    assert not any(each.trace == "ab" * 16 for each in taken.spans)


def test_a_refusal_says_so(station: Station, taken: Collector) -> None:
    version = {"expected_version": 1}
    assert station.ask("POST", "/incidents/nobody-knows-it/acknowledge", version).status_code == 404
    door = taken.find_door(
        "POST /api/v1/incidents/{incident_id}/acknowledge", **{"http.response.status_code": 404}
    )
    spans = taken.find_trace(door.trace, "handle AcknowledgeIncident")
    assert spans["handle AcknowledgeIncident"].said == {"safezone.outcome": "refused"}
    assert not door.failed


def test_no_span_holds_what_was_said_or_a_secret_or_an_address(station: Station, taken: Collector) -> None:
    """What reached the collector is looked through as it came, byte for byte."""
    secret = f"Bearer {station.tokens['admin']}"
    where = "?token=" + station.tokens["admin"]
    headers = {"Authorization": secret, "X-Forwarded-For": "203.0.113.7", "User-Agent": "one-of-a-kind/1"}
    report(station, f"00-{'ef' * 16}-{CALLER}-01", place_text=SAID, dedupe_key="dedupe-me")
    httpx.post(
        f"{station.api}/session{where}", json={"token": "wrong-" + secret}, headers=headers, timeout=60
    )
    httpx.post(f"{station.url}/nowhere/{SAID}", json={"name": SAID}, headers=headers, timeout=60)
    taken.find_trace("ef" * 16, "POST /api/v1/reports", "receipt")
    taken.find_door("POST other")
    private = [SAID, *REPORTER.values(), "104.7297", "16.5411", "203.0.113.7", "127.0.0.1", "one-of-a-kind"]
    private += [*station.tokens.values(), *(login.password for login in station.poles.values())]
    private += ["dedupe-me", "nowhere", "operator-2", socket.gethostname()]
    assert len(taken.spans) > 20
    for each in private:
        assert each.encode() not in taken.raw, each


def test_nobody_waits_for_a_collector_that_is_away_or_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (free_port(), silent.getsockname()[1]):
            asyncio.run(_keep_very_much(f"http://127.0.0.1:{port}/v1/traces"))
    eventually(lambda: "traces" not in [each.name for each in threading.enumerate()])


async def _keep_very_much(endpoint: str) -> None:
    traces = Traces(TraceSettings(endpoint=endpoint), "mdh", "node")
    traces.start()
    began_s = time.thread_time()
    for _ in range(30_000):
        door = traces.open("consumer")
        assert door is not None
        door.close("press", {"messaging.system": "mqtt"})
    assert (time.thread_time() - began_s) / 30_000 < 0.0005
    assert traces.waiting <= MOST_WAITING
    began_s = time.monotonic()
    await traces.stop()
    assert time.monotonic() - began_s < module.STOP_LIMIT_S + 8.0


def test_a_part_of_them_is_recorded_where_a_part_is_wanted() -> None:
    few = Traces(TraceSettings(endpoint="http://127.0.0.1:1", share=0.25), "mdh", "node")
    recorded = sum(few.open("server") is not None for _ in range(4_000))
    assert 800 < recorded < 1_200
    assert few.open("server", f"00-{TRACE}-{CALLER}-01") is not None
    assert few.open("server", f"00-{TRACE}-{CALLER}-00") is None


def test_without_traces_nothing_of_them_is_loaded() -> None:
    assert traces_of(TraceSettings(), "mdh", "node") is None
    code = "import sys, safezone.main, safezone.entrypoints.node_process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"opentelemetry", "requests", "urllib3", "google.protobuf"} & set(loaded.stdout.split())


def test_where_it_is_not_installed_the_words_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python's own way of saying that a module is not to be found.
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(CannotStart, match=r"pip install 'safezone\[traces\]'"):
        Traces(TraceSettings(endpoint="http://127.0.0.1:1"), "mdh", "node")
