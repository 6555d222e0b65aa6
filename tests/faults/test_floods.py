"""Callers who send very much, very slowly or for ever: bounded, and none of them delays somebody else's emergency."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from safezone.core.settings import Settings, Web
from safezone.entrypoints import connections
from safezone.incidents.tables import report
from tests.support.callers import Pole
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.running import Station, running
from tests.support.station import RunningStation

ELSEWHERE = "127.0.0.2"
"""Another address of this machine: somebody else, as far as the station can tell."""
SOON_S = 2.0
"""Within it an emergency is on disk while somebody else floods; on a quiet machine it takes some milliseconds.

Measured again where it took longer: a machine that is busy with other things delays one emergency or another, a flood
that is not held off delays them all.
"""

Start = Callable[[Web], RunningStation]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a station with these settings."""
    started: list[RunningStation] = []

    def run(web: Web) -> RunningStation:
        started.append(RunningStation(tmp_path, Settings(web=web)))
        return started[-1]

    yield run
    for each in started:
        each.close()


def line_to(station: RunningStation, said: bytes, source: str = ELSEWHERE) -> socket.socket:
    """A connection from this address on which so much was said."""
    line = socket.create_connection(("127.0.0.1", station.port), timeout=60, source_address=(source, 0))
    line.sendall(said)
    return line


def is_closed(line: socket.socket) -> bool:
    """Whether the station has ended this connection; waits for it."""
    try:
        while line.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def reports_in(station: RunningStation, source: str = "127.0.0.1") -> float:
    """Seconds from the call for help to the answer that it is on disk, over a new connection from this address."""
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(base_url=station.url, transport=transport, timeout=60, trust_env=False) as client:
        began_s = time.monotonic()
        assert client.post("/api/v1/reports", json={"kind": "sos"}).status_code == 201
        return time.monotonic() - began_s


# ── slowly, and for ever ──

HALF_A_HEAD = b"POST /api/v1/reports HTTP/1.1\r\nHost: here\r\nX-Slow: "
HALF_A_BODY = b"POST /api/v1/reports HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"


@pytest.mark.parametrize("said", [b"", b"GET ", HALF_A_HEAD, HALF_A_BODY])
def test_a_request_without_end_is_ended(said: bytes, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_LIMIT_S", 0.3)
    monkeypatch.setattr(connections, "BODY_LIMIT_S", 0.3)
    station = start(Web())
    with line_to(station, said) as line:
        assert is_closed(line)
    listening = eventually(lambda: _listen(station))
    assert listening
    with listening as feed:
        assert feed.until("heartbeat"), "who was answered and listens is not a slow caller"


def _listen(station: RunningStation) -> Feed | None:
    """The feed; nothing where this test itself was too slow with its question, which may happen on a busy machine."""
    try:
        return Feed(station.url, station.tokens["operator"])
    except httpx.TransportError:
        return None


def test_a_slow_body_goes_on_as_long_as_it_comes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_LIMIT_S", 2.0)
    monkeypatch.setattr(connections, "SLOWEST_BYTES_PER_S", 10)
    station = start(Web())
    body = json.dumps({"kind": "sos", "text": "x" * 100}).encode()
    head = HALF_A_BODY.replace(b"99", str(len(body)).encode())[:-1]
    with line_to(station, head) as line:
        for at in range(0, len(body), 40):
            line.sendall(body[at : at + 40])
            threading.Event().wait(1.1)  # A slow line: together longer than the limit.
        assert line.recv(12) == b"HTTP/1.1 201"


def test_a_head_without_end_is_refused(start: Start) -> None:
    station = start(Web())
    with line_to(station, HALF_A_HEAD) as line, pytest.raises((ConnectionError, TimeoutError)):
        line.sendall(b"x" * 10_000_000)
    eventually(lambda: reports_in(station, ELSEWHERE) < SOON_S)


def test_very_many_silent_connections_keep_nobody_out(start: Start) -> None:
    station = start(Web(waiting_connections=16))
    lines = [line_to(station, HALF_A_HEAD) for _ in range(200)]
    eventually(lambda: reports_in(station) < SOON_S)
    # Even from the very address that they come from.
    eventually(lambda: reports_in(station, ELSEWHERE) < SOON_S)
    assert all(is_closed(line) for line in lines[:180]), "those that waited for longest have made room"
    for line in lines:
        line.close()


# ── very much ──


def test_a_flood_of_reports_delays_nobody_else_and_loses_none(start: Start) -> None:
    station = start(Web())
    answered, flooding, over = list[int](), threading.Event(), threading.Event()

    def flood() -> None:
        transport = httpx.HTTPTransport(local_address=ELSEWHERE)
        with httpx.Client(base_url=station.url, transport=transport, timeout=60, trust_env=False) as client:
            while not over.is_set():
                answered.append(client.post("/api/v1/reports", json={"kind": "noise"}).status_code)
                flooding.set()

    threads = [threading.Thread(target=flood) for _ in range(12)]
    for thread in threads:
        thread.start()
    try:
        assert flooding.wait(60)
        eventually(lambda: sorted(reports_in(station) for _ in range(5))[2] < SOON_S)
        eventually(lambda: len(answered) >= 700)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert set(answered) == {201}
    kept = station.rows(select(report.c.about).where(report.c.about == "noise"))
    assert len(kept) == len(answered), "each of them is there"


def test_whoever_asks_too_often_waits_and_may_still_report(start: Start) -> None:
    station = start(Web(requests_per_s=10))
    public, operator = station.api("public"), station.api("operator")
    began_s, taken = time.monotonic(), 0
    while (refused := public.get("/healthz")).status_code == 200:
        taken += 1
        assert taken <= 100 + 10 * (time.monotonic() - began_s), "a hundred at once, and ten more each second"
    assert refused.status_code == 429
    assert taken >= 100
    assert (refused.json()["code"], int(refused.headers["retry-after"]) >= 1) == ("too_many_requests", True)
    assert "การแจ้งเหตุยังส่งได้ตามปกติ" in refused.json()["words"]["th"]
    assert [public.post("/api/v1/reports", {"kind": "sos"}).status_code for _ in range(50)] == [201] * 50
    for spelled in ("/api/v1/reports/", "/api/v1//reports", "//api/v1/reports/"):
        eventually(lambda: public.get("/healthz").status_code == 429, every_s=0)
        answer = public.http.post(f"{station.url}{spelled}", json={"kind": "sos"})
        assert answer.status_code == 201, f"{spelled} is answered like the address without the slash"
    with httpx.Client(
        transport=httpx.HTTPTransport(local_address=ELSEWHERE), trust_env=False, timeout=60
    ) as other:
        assert other.get(f"{station.url}/healthz").status_code == 200, "another address has its own allowance"
    eventually(lambda: operator.get("/api/v1/session").status_code == 200)
    assert [operator.get("/api/v1/session").status_code for _ in range(50)] == [200] * 50, (
        "as has who is known"
    )


def test_made_up_tokens_are_bounded_and_lock_nobody_out(start: Start) -> None:
    station = start(Web())
    public, before = station.api("public"), station.head()
    began_s = time.monotonic()
    tries = [public.post("/api/v1/session", {"token": f"made-up-{n}"}).status_code for n in range(60)]
    assert tries[:30] == [401] * 30
    assert set(tries[30:]) <= {401, 429}
    assert tries.count(401) <= 30 + 0.5 * (time.monotonic() - began_s)
    assert station.head() == before, "none of them came to the lane"
    for name in ("operator", "supervisor", "car-1"):
        assert public.post("/api/v1/session", {"token": station.tokens[name]}).status_code == 201, name
        public.http.cookies.clear()


# ── over MQTT ──


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with running(tmp_path_factory.mktemp("floods") / "data") as station:
        yield station


def test_a_pole_that_presses_without_end_delays_no_other(whole: Station) -> None:
    calm, mad = Pole(whole, "sos-03", pace_s=3600), Pole(whole, "sos-08", pace_s=3600, repeat_s=3600)
    for pole in (calm, mad):
        pole.press_no_more()
        pole.start()
    first = calm.press()
    eventually(lambda: first.receipts)
    eventually(lambda: _presses_in_a_flood(calm, mad) < SOON_S)
    eventually(lambda: any(each.receipts for each in mad.presses.values()))
    for pole in (calm, mad):
        pole.finish()
    open_now = [each for each in whole.list_incidents("open") if each["sos_point"] == "sos-08"]
    assert len(open_now) == 1, "one pole in one minute is one incident"
    eventually(lambda: whole.readiness().status_code == 200)


def _presses_in_a_flood(calm: Pole, mad: Pole) -> float:
    """Seconds until the one has its receipt while four thousand presses of the other are on their way."""
    for _ in range(4000):
        mad.press()
    began_s = time.monotonic()
    press = calm.press()
    eventually(lambda: press.receipts)
    return time.monotonic() - began_s


def test_who_connects_to_the_broker_and_says_nothing_is_sent_away(whole: Station) -> None:
    lines = [socket.create_connection(("127.0.0.1", whole.mqtt_port), timeout=60) for _ in range(50)]
    assert all(is_closed(line) for line in lines)
    for line in lines:
        line.close()
