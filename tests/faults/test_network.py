"""The network between poles and broker, and between console and program, is cut, slow, or says things twice.

A pulled cable closes nothing and carries nothing: the kind of cut that nobody is told of.
"""

from __future__ import annotations

import copy
import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.journeys.cable import Cable, cable_to
from tests.support.life import NO_ESCALATION, Life, living
from tests.support.places import eventually, let_pass
from tests.support.poles import hang_up
from tests.support.record import count_claims, read_log
from tests.support.running import Station, finish, running

SAYS_SO_WITHIN_S = 15.0


@contextmanager
def _at_the_end_of_cables(station: Station) -> Iterator[tuple[Station, Cable, Cable]]:
    """The station as it is seen from afar, with the cable of the web and that of MQTT."""
    with cable_to(int(station.url.rpartition(":")[2])) as web, cable_to(station.mqtt_port) as mqtt:
        far = copy.copy(station)
        far.url, far.api, far.mqtt_port = web.url, f"{web.url}/api/v1", mqtt.port
        yield far, web, mqtt


def _judge(life: Life, near: Station, what: str) -> None:
    life.settle()
    life.station = near
    print(f"{what}: {life.judge()}")


@pytest.mark.matrix
@pytest.mark.parametrize("cut_s", [4.0, 20.0])
def test_the_poles_are_cut_off_from_the_broker(tmp_path: Path, cut_s: float) -> None:
    with (
        running(tmp_path / "data", settings=NO_ESCALATION) as station,
        _at_the_end_of_cables(station) as (far, _, mqtt),
        living(far, pace_s=0.5) as life,
    ):
        mqtt.pull()
        presses = [pole.press() for pole in life.poles]
        let_pass(cut_s)
        assert [press.receipts for press in presses] == [[], [], []]
        mqtt.plug()
        began = time.monotonic()
        eventually(lambda: all(press.receipts for press in presses))
        _judge(
            life,
            station,
            f"poles cut off for {cut_s:.0f} s, receipts {time.monotonic() - began:.1f} s after it",
        )


@pytest.mark.matrix
def test_the_console_is_cut_off_and_knows_it(tmp_path: Path) -> None:
    with (
        running(tmp_path / "data", settings=NO_ESCALATION) as station,
        _at_the_end_of_cables(station) as (far, web, _),
        living(station, pace_s=0.5) as life,
    ):
        life.screen.finish()
        screen = type(life.screen)(far, after=0)
        life.screen = screen
        screen.start()
        eventually(lambda: screen.place > 10)
        cuts, pulled_s = len(screen.connections), time.monotonic()
        web.pull()
        eventually(lambda: len(screen.connections) > cuts)
        noticed_s = screen.connections[cuts].until_s - pulled_s
        assert noticed_s < SAYS_SO_WITHIN_S
        let_pass(3.0)
        web.plug()
        _judge(life, station, f"console cut off, noticed after {noticed_s:.1f} s")


@pytest.mark.matrix
@pytest.mark.parametrize("delay_s", [0.3, 1.0])
def test_everything_is_slow(tmp_path: Path, delay_s: float) -> None:
    with (
        running(tmp_path / "data", settings=NO_ESCALATION) as station,
        _at_the_end_of_cables(station) as (far, web, mqtt),
    ):
        web.delay_s = mqtt.delay_s = delay_s
        with living(far, pace_s=1.0) as life:
            life.wait_for_more()
            _judge(life, station, f"every piece {delay_s} s late")


@pytest.mark.matrix
def test_connections_are_reset_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(3)
    with (
        running(tmp_path / "data", settings=NO_ESCALATION) as station,
        _at_the_end_of_cables(station) as (far, web, mqtt),
        living(far, pace_s=0.3) as life,
    ):
        for _ in range(30):
            let_pass(chance.uniform(0.1, 0.6))
            chance.choice((web, mqtt)).cut()
        _judge(life, station, "30 times every connection cut")


# ── twice, in any order, and never heard ──


class _Wire:
    """A pole's line with nobody at the end who thinks: it says what it is told to say."""

    def __init__(self, station: Station, point: str, *, listens: bool = True) -> None:
        self.topic = f"safezone/{station.id}/sos/{point}"
        self.receipts: list[dict[str, Any]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"wire-{point}", clean_session=True)
        self.client.username_pw_set(*station.poles[point])
        self.client.on_message = lambda *said: self.receipts.append(json.loads(said[2].payload))
        self._listens = threading.Event()
        if listens:
            self.client.on_connect = lambda client, *_: client.subscribe(f"{self.topic}/receipt")
            self.client.on_subscribe = lambda *_: self._listens.set()
        self.client.connect("127.0.0.1", station.mqtt_port)
        self.client.loop_start()
        # Not only connected: a receipt that comes before it listens is lost to it.
        eventually(self._listens.is_set if listens else self.client.is_connected)

    def say(self, n: int, at: datetime) -> None:
        said = {"n": n, "at": at.isoformat(), "kind": "sos"}
        self.client.publish(f"{self.topic}/press", json.dumps(said), qos=1)

    def has_heard(self, receipts: int) -> bool:
        return len(self.receipts) >= receipts

    def leave(self) -> None:
        hang_up(self.client)


def test_presses_and_reports_that_come_many_times_and_in_any_order(tmp_path: Path) -> None:
    """Forty presses and twenty reports, each five times, shuffled, by two doors at once: each is stored once."""
    chance = random.Random(11)
    with running(tmp_path / "data", settings=NO_ESCALATION) as station:
        now = datetime.now(UTC)
        presses = {n: now - timedelta(seconds=60 - n) for n in range(1, 41)}
        wire = _Wire(station, "sos-04")
        copies = [n for n in presses for _ in range(5)]
        chance.shuffle(copies)
        keys = [f"again-{n}" for n in range(20)] * 5
        chance.shuffle(keys)

        def report(key: str) -> tuple[str, int, str]:
            body = {"kind": "noise", "text": key, "dedupe_key": key}
            answer = httpx.post(f"{station.api}/reports", json=body, timeout=60)
            return key, answer.status_code, answer.json()["report_id"]

        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(report, keys)
            for said, n in enumerate(copies):
                # Beyond 128 that wait the program would count some instead of storing each (test_floods.py).
                eventually(partial(wire.has_heard, said - 100))
                wire.say(n, presses[n])
            told = list(answers)
        eventually(partial(wire.has_heard, len(copies)))
        wire.leave()
        claims = count_claims(read_log(station.database))
        assert {n: claims[("sos-04", at)] for n, at in presses.items()} == dict.fromkeys(presses, 1)
        assert len({id_ for _, _, id_ in told}) == len({(key, id_) for key, _, id_ in told}) == 20
        assert sorted(status for _, status, _ in told) == [200] * 80 + [201] * 20
        assert finish(["verify", "--data", str(station.data)]).returncode == 0
        print(f"{len(copies)} messages of 40 presses, {len(told)} requests of 20 reports: each stored once")


def test_a_receipt_that_never_arrives(tmp_path: Path) -> None:
    """The pole hears nothing and says it for ever: one report, one incident, and the log stays as short as it was."""
    with running(tmp_path / "data", settings=NO_ESCALATION) as station:
        deaf, other, at = _Wire(station, "sos-05", listens=False), _Wire(station, "sos-06"), datetime.now(UTC)
        deaf.say(1, at)
        eventually(lambda: count_claims(read_log(station.database))[("sos-05", at)] == 1)
        lines = len([line for line in read_log(station.database) if line.kind == "report_received"])
        for _ in range(500):
            deaf.say(1, at)
        other.say(1, at)
        eventually(lambda: other.receipts)
        deaf.leave()
        other.leave()
        log = read_log(station.database)
        assert count_claims(log)[("sos-05", at)] == 1
        assert len([line for line in log if line.kind == "report_received"]) == lines + 1
        incidents = [each for each in station.list_incidents() if each["sos_point"] == "sos-05"]
        assert [each["report_count"] for each in incidents] == [1]
