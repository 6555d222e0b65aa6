"""A station of several processes: whichever of them is killed, nothing is lost, and every screen hears of everything."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from safezone.core.accounts import rules
from tests.support.callers import Pole, Reporter
from tests.support.collector import Collector, collector
from tests.support.feed import Feed
from tests.support.places import eventually
from tests.support.record import count_claims, head_of, read_log
from tests.support.running import DEMO_SET, Station, finish, running
from tests.support.screens import Screen

PARTS = ("broker", "doors", "jobs", "web-1", "web-2")
ROUNDS = int(os.environ.get("SAFEZONE_FAULT_ROUNDS", "1"))
SEED = int(os.environ.get("SAFEZONE_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
PASSWORD = "a long enough password"
NO_ESCALATION = "[limits]\nacknowledge_limit_s = 86_400\n"


@pytest.fixture(scope="module")
def taken() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture(scope="module")
def station(taken: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    data = tmp_path_factory.mktemp("separate") / "data"
    settings = f'{NO_ESCALATION}[traces]\nendpoint = "{taken.endpoint}"\n'
    with running(data, station_set=DEMO_SET, settings=settings, words=["--separate"]) as found:
        yield found


def test_each_part_is_a_process_and_all_of_them_are_well(station: Station) -> None:
    assert set(station.children()) == set(PARTS)
    assert len(set(station.children().values())) == len(PARTS)
    eventually(lambda: station.readiness().status_code == 200)
    assert {"fanout", "process_doors", "process_jobs"} <= set(station.readiness().json()["parts"])
    assert finish(["rebuild", "--data", str(station.data)]).returncode == 78, "it must not run beside them"


def test_a_trace_goes_from_the_process_that_stores_to_the_one_that_shows(
    station: Station, taken: Collector
) -> None:
    pole = Pole(station, "sos-02", pace_s=3_600.0, repeat_s=3_600.0)
    pole.press_no_more()
    with Feed(station.url, station.tokens["operator"]) as feed:
        feed.until("heartbeat")
        pole.start()
        pressed = pole.press()
        eventually(lambda: pressed.receipts)
        pole.finish()
        door = taken.find_door("press", **{"safezone.sos_point": "sos-02"})
        spans = taken.find_trace(door.trace, "wait for the lane", "commit", "receipt", "live feed")
    assert {each.process for name, each in spans.items() if name != "live feed"} == {"doors"}
    assert spans["live feed"].process in ("web-1", "web-2")
    assert spans["live feed"].parent == door.id


def test_every_screen_says_that_the_poles_cannot_be_heard(station: Station) -> None:
    """The process of a screen knows no pole; it says what the one that takes the presses would say."""

    def until_said(trouble: list[str]) -> None:
        while feed.until("heartbeat").data["trouble"] != trouble:
            pass

    with Feed(station.url, station.tokens["operator"], within_s=90.0) as feed:
        until_said([])
        # The supervisor cannot start another one while it is stopped itself.
        station.process.send_signal(signal.SIGSTOP)
        try:
            os.kill(station.children()["broker"], signal.SIGKILL)
            until_said(["doors"])
        finally:
            station.process.send_signal(signal.SIGCONT)
        until_said([])


def test_a_screen_hears_of_what_another_process_has_stored(station: Station) -> None:
    """Presses come in by one process, reports by others, and duty by whichever takes the request."""
    with httpx.Client(timeout=60) as one, httpx.Client(timeout=60) as other:
        start = head_of(station.database)
        feeds = [Feed(station.url, station.tokens["operator"], after=start) for _ in range(6)]
        try:
            for client, key in ((one, "a"), (other, "b")):
                body = {"kind": "noise", "dedupe_key": key, "text": key}
                assert client.post(f"{station.api}/reports", json=body).status_code == 201
            end = head_of(station.database)
            for feed in feeds:
                ids: list[int] = []
                while not ids or ids[-1] < end:
                    frame = feed.next()
                    assert frame is not None
                    ids += [frame.id] if frame.id else []
                assert ids == list(range(start + 1, end + 1))
        finally:
            for feed in feeds:
                feed.close()


def test_whoever_is_shut_out_by_one_process_is_out_at_all_of_them(station: Station) -> None:
    asked = {"sort": "token", "role": "operator", "name": "short"}
    given = station.ask("POST", "/admin/credentials", asked, who="admin").json()
    feeds = [Feed(station.url, given["secret"]) for _ in range(6)]
    headers = {"Authorization": f"Bearer {given['secret']}"}

    def status_at_some_process() -> int:
        with httpx.Client(timeout=60) as client:  # A connection of its own: any process may take it.
            return client.get(f"{station.api}/units", headers=headers).status_code

    assert {status_at_some_process() for _ in range(12)} == {200}
    revoked = station.ask(
        "POST", f"/admin/credentials/{given['credential_id']}/revoke", {"reason": "lost"}, who="admin"
    )
    assert revoked.is_success
    for feed in feeds:
        assert feed.until("signed_out").event == "signed_out"
        feed.close()
    assert {status_at_some_process() for _ in range(12)} == {401}


def test_who_guesses_gets_no_more_tries_from_two_processes_than_from_one(station: Station) -> None:
    """Both are asked at once, as fast as they answer; whoever has been here before comes in at either all the while."""
    link = {"login": "somchai", "role": "operator"}
    made = station.ask("POST", "/admin/accounts", link, who="admin").json()["link"]
    taken_up = {"token": made.partition("#token=")[2], "password": PASSWORD}
    clients = _one_at_each_process(station)
    try:
        known = clients["web-1"].post("/session/invitation/accept", json=taken_up)
        assert known.status_code == 201, known.text
        clients["web-1"].cookies.clear()
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            answers = [
                answer.result()
                for number in range(15)
                for answer in [pool.submit(_guess, each, f"guess {number}") for each in clients.values()]
            ]
        looked_at = answers.count(401)
        assert set(answers) == {401, 429}
        assert looked_at <= _tries_in(time.monotonic() - began), "as one process would have looked at"
        browser = {"safezone_browser": known.cookies["safezone_browser"]}
        for each in clients.values():
            assert _sign_in(each, PASSWORD).status_code in (201, 429)
            assert _sign_in(each, PASSWORD, browser).status_code == 201, "who is known here does not wait"
    finally:
        for each in clients.values():
            each.close()


def _sign_in(client: httpx.Client, password: str, cookies: dict[str, str] | None = None) -> httpx.Response:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    return client.post(
        "/session/password",
        json={"login": "somchai", "password": password},
        headers=headers if cookies else {},
    )


def _guess(client: httpx.Client, password: str) -> int:
    return _sign_in(client, password).status_code


def _tries_in(elapsed_s: float) -> int:
    """How many attempts one process would look at in this time: the free ones, and one after each wait."""
    tries, waited_s = rules.FREE_FAILURES + 1, 0.0
    while (waited_s := waited_s + rules.delay_after(tries, rules.FREE_FAILURES)) <= elapsed_s:
        tries += 1
    return tries


def _one_at_each_process(station: Station) -> dict[str, httpx.Client]:
    """A client for each web process, by its name: whichever took the connection keeps it."""
    found: dict[str, httpx.Client] = {}
    until_s = time.monotonic() + 60.0
    webs = {name: pid for name, pid in station.children().items() if name.startswith("web")}
    kept = httpx.Limits(
        keepalive_expiry=None
    )  # However long it takes: another connection may be another process's.
    while len(found) < len(webs):
        assert time.monotonic() < until_s, f"all connections are taken by {list(found)}"
        client = httpx.Client(base_url=station.api, timeout=60.0, trust_env=False, limits=kept)
        stream = client.get("/session").extensions["network_stream"]
        mine = stream.get_extra_info("client_addr")[1]
        for name, pid in webs.items():
            if any(mine in each.raddr for each in psutil.Process(pid).net_connections("tcp")):
                found.setdefault(name, client)
        if client not in found.values():
            client.close()
    return found


def test_whichever_process_is_killed_nothing_is_lost_and_every_screen_is_right(station: Station) -> None:
    print(f"SAFEZONE_FAULT_SEED={SEED} repeats the order")
    chance = random.Random(SEED)
    poles = [Pole(station, f"sos-0{number}", pace_s=0.3) for number in range(1, 5)]
    reporters = [Reporter(station, f"page-{number}", pace_s=0.3, seed=number) for number in range(2)]
    screens = [Screen(station, after=0) for _ in range(4)]
    everybody: list[Pole | Reporter | Screen] = [*screens, *poles, *reporters]
    for each in everybody:
        each.start()
    try:
        for victim in [part for _ in range(ROUNDS) for part in chance.sample(PARTS, len(PARTS))]:
            _kill_and_go_on(station, victim, poles)
        for pole in poles:
            pole.press_no_more()
        for reporter in reporters:
            reporter.finish()
        eventually(lambda: not any(pole.list_pending() for pole in poles))
        eventually(lambda: _is_quiet(station.database))
        end = head_of(station.database)
        eventually(lambda: all(screen.place >= end for screen in screens))
    finally:
        for each in everybody:
            each.finish()
    stored = count_claims(read_log(station.database))
    presses = [(pole.point, press.at) for pole in poles for press in pole.presses.values()]
    reports = [(None, said.at) for reporter in reporters for said in reporter.reports]
    print(f"{ROUNDS * len(PARTS)} kills, {len(presses)} presses, {len(reports)} reports")
    assert {stored[each] for each in (*presses, *reports)} == {1}
    for screen in screens:
        assert screen.seqs[:end] == list(range(1, end + 1)), "every event, once and in order"
    verdict = finish(["verify", "--data", str(station.data)])
    assert verdict.returncode == 0, verdict.stdout


def _kill_and_go_on(station: Station, victim: str, poles: list[Pole]) -> None:
    """The process is killed and started again, and every pole has a receipt for a press made since."""
    made = {pole: len(pole.presses) for pole in poles}
    pid = station.kill(victim)
    eventually(lambda: station.children().get(victim, pid) != pid)
    eventually(lambda: all(_has_receipt_after(pole, n) for pole, n in made.items()))


def _has_receipt_after(pole: Pole, n: int) -> bool:
    return any(press.receipts for number, press in list(pole.presses.items()) if number > n)


def _is_quiet(database: Path) -> bool:
    """Nothing was written for a moment: jobs and listeners have caught up as well."""
    head, until_s = head_of(database), time.monotonic() + 1.0
    while time.monotonic() < until_s:
        if head_of(database) != head:
            return False
    return True
