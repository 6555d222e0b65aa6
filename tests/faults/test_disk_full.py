"""The disk fills up while the station runs: nobody is told "received", the program lives, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from tests.support.callers import Pole
from tests.support.disks import fill, small_disk
from tests.support.places import eventually
from tests.support.record import count_claims, count_reports, list_reports, read_log
from tests.support.running import Station, finish, running

NEVER_BY_ITSELF_S = 3600.0


def _report(station: Station, key: str) -> httpx.Response:
    return station.ask("POST", "/reports", {"kind": "fire", "dedupe_key": key}, who=None)


def test_nothing_is_acknowledged_on_a_full_disk_and_all_of_it_afterwards(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 100 * 1024) as disk,
        running(disk / "data", log=tmp_path / "said.log") as station,
    ):
        poles = [
            Pole(station, "sos-01", pace_s=NEVER_BY_ITSELF_S, repeat_s=0.5),
            Pole(station, "sos-02", pace_s=NEVER_BY_ITSELF_S, knows_receipts=False),
        ]
        try:
            _fill_and_free(station, disk, poles)
        finally:
            for pole in poles:
                pole.finish()
        assert finish(["verify", "--data", str(station.data)]).returncode == 0
        log = read_log(station.database)
    claims = count_claims(log)
    for pole in poles:
        found = {press.n: claims[(pole.point, press.at)] for press in pole.presses.values()}
        assert found == dict.fromkeys(pole.presses, 1), pole.point
    assert sum(report["about"] == "fire" for _, report in list_reports(log)) == 2


def _press_in_vain(pole: Pole) -> bool:
    """One more press; True when far more of them wait for the broker than it ever takes at once."""
    pole.press()
    return len(pole.list_pending()) > 40


def _fill_and_free(station: Station, disk: Path, poles: list[Pole]) -> None:
    stubborn, simple = poles
    for pole in poles:
        pole.start()  # Each presses once.
    assert _report(station, "before").status_code == 201
    eventually(lambda: not stubborn.list_pending() and not simple.list_pending() and stubborn.presses)
    node = station.children()["node"]

    ballast = fill(disk)
    refused = eventually(lambda: (answer := _report(station, "during")).status_code == 503 and answer)
    assert isinstance(refused, httpx.Response)
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["code"] == "not_stored"
    assert "191" in refused.json()["words"]["th"]
    assert "191" in refused.json()["words"]["en"]

    presses = [stubborn.press() for _ in range(3)]
    eventually(lambda: all(press.tries >= 3 for press in presses))
    # The broker is on the same disk. It has room in its last page for a while; press until it has none.
    eventually(lambda: _press_in_vain(simple))
    assert [press.receipts for press in presses] == [[], [], []], "a lie"
    ready = station.readiness()
    assert ready.status_code == 503
    assert "full" in ready.json()["parts"]["record"]["reason"]["en"]
    assert station.ask("GET", "/console").status_code == 200, "what is known can still be read"
    assert station.children()["node"] == node

    ballast.unlink()
    freed_s = time.monotonic()
    eventually(lambda: not stubborn.list_pending() and not simple.list_pending())
    # What the simple pole has a PUBACK for need not have reached the program yet, but it must.
    eventually(lambda: count_reports(station.database, [simple.point]) == len(simple.presses))
    print(
        f"{len(simple.presses)} presses of the simple pole, all kept {time.monotonic() - freed_s:.1f} s after there was room"
    )
    assert _report(station, "during").status_code == 201
    eventually(lambda: station.readiness().status_code == 200)
    assert station.children()["node"] == node, "the program lived through it"
