"""Fifty thousand pieces of equipment: found, filtered and drawn, over HTTP and in a real Chromium.

A station of its own, with a zone of two kilometres by two, is filled with equipment of every kind on 20 by 20 km around it,
by importing lists, as an officer would. Then a client in a process of its own asks for the first page, searches in Thai,
filters and asks for the map; and a Chromium opens the equipment's room, searches, filters and draws the map about with
the mouse. Aim: found and drawn within 200 ms.
"""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from bench.figures import counted, machine, spread_ms
from bench.running import Running, call, for_a_while
from safezone.assets.kinds import KINDS

AIM_S: Final = 0.2
IN_ONE_LIST: Final = 5_000
OWNERS: Final = ("municipality", "province", "market", "temple", "school", "gold-shops", "police", "hospital")
STREETS: Final = ("สองนางสถิต", "ชยางกูร", "พิทักษ์พนมเขต", "ตลาดอินโดจีน", "ริมโขง", "วิวิธสุรการ")
WEST, SOUTH, WIDE_DEG = 104.62, 16.45, 0.19
MIDDLE_LON, MIDDLE_LAT = 104.715, 16.545
QUESTIONS: Final = {
    "first page": ["/api/v1/assets?limit=60"],
    "Thai search": [f"/api/v1/assets?limit=60&q={quote(q)}" for q in ("ริมโขง", "โดรน ซอย 77", "ไม่มีที่ใด")],
    "filter": [f"/api/v1/assets?limit=60&{q}" for q in ("kind=drone", "readiness=DOWN", "owner=temple&lifecycle=approved")],
    "promises overdue": ["/api/v1/assets?limit=60&promise=overdue"],
    "counts": ["/api/v1/estate/tally"],
    "map, all of it": ["/api/v1/estate/map?zoom=11"],
    "map, a quarter": ["/api/v1/estate/map?zoom=14&bbox=104.67,16.5,104.77,16.6"],
    "map, Thai search": [f"/api/v1/estate/map?zoom=11&q={quote('ริมโขง')}"],
    "map, filter": ["/api/v1/estate/map?zoom=12&kind=drone", "/api/v1/estate/map?zoom=12&readiness=DOWN"],
    "console": ["/api/v1/console"],
}  # fmt: skip


def main(words: list[str] | None = None) -> None:
    """As it is called."""
    parser = counted("assets", __doc__, "equipment", times=60)
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own")
    parser.add_argument("--no-browser", action="store_true", help="leave the Chromium out")
    asked = parser.parse_args(words)
    print(f"\n{asked.count} pieces of equipment; {machine()}")
    with (
        _database(postgresql=asked.postgresql) as settings,
        for_a_while(settings=settings, place_of=_pole) as station,
    ):
        print(f"  engine: {'PostgreSQL' if settings else 'SQLite'}, {fill(station, asked.count)}")
        _ask(station, asked.times)
        if not asked.no_browser:
            _look(station, asked.times // 2, asked.count)
    print(f"  {machine()}")


@contextmanager
def _database(*, postgresql: bool) -> Iterator[str]:
    """The settings that name the database; empty for SQLite."""
    if not postgresql:
        yield ""
        return
    from tests.support.postgres import durable_server

    server = durable_server({"shared_buffers": "256MB"})
    try:
        yield f"database_url = {json.dumps(server.url(server.create(), driver=False))}\n"
    finally:
        server.close()


def fill(station: Running, count: int) -> str:
    """So much equipment is in the register, by lists of 5,000; a little of it was looked at. Says how long that took."""
    lots = random.Random(7)
    for n, owner in enumerate(OWNERS):
        body = {"name": {"th": f"หน่วยงานที่ {n}", "en": owner}, "sector": "agency"}
        call(station.url, station.token, "POST", f"/api/v1/estate/owners/{owner}", body)
    mous = {}
    for owner, until in (("market", "2020-01-01"), ("municipality", "2099-12-31")):
        body = {
            "owner_id": owner,
            "number": f"มห {owner}",
            "from_day": "2019-01-01",
            "until_day": until,
            "scope": {"th": "ใช้ร่วมกัน", "en": "shared"},
        }
        made = call(station.url, station.token, "POST", "/api/v1/estate/mous", body)["items"]
        mous[owner] = next(each["id"] for each in made if each["owner_id"] == owner)
    began = time.perf_counter()
    rows = [_row(n, lots, mous) for n in range(count)]
    for start in range(0, count, IN_ONE_LIST):
        _import(station, rows[start : start + IN_ONE_LIST])
    took = time.perf_counter() - began
    looked_at = [each["code"].lower() for each in rows if each["kind"] in ("camera", "drone")][:200]
    for n, asset_id in enumerate(looked_at):
        path = f"/api/v1/assets/{asset_id}/checks"
        call(station.url, station.token, "POST", path, {"ok": n % 3 > 0})
    return f"imported in {took:.1f} s, {len(looked_at)} looked at"


def _pole(number: int) -> tuple[float, float]:
    """Poles on a square of two kilometres in the middle, which is the zone."""
    across, up = number % 5, number // 5
    return MIDDLE_LON + (across - 2) * 0.0045, MIDDLE_LAT + (up - 2) * 0.0045


def _row(number: int, lots: random.Random, mous: dict[str, str]) -> dict[str, Any]:
    kind = lots.choice(list(KINDS))
    owner = lots.choice(OWNERS)
    street, lane = lots.choice(STREETS), lots.randrange(200)
    return {
        "code": f"{kind[:3].upper()}-{number:05d}",
        "kind": kind,
        "name_th": f"{KINDS[kind].name.th} {street} ซอย {lane}",
        "name_en": f"{KINDS[kind].name.en} {number}",
        "lon": round(WEST + WIDE_DEG * lots.random(), 6),
        "lat": round(SOUTH + WIDE_DEG * lots.random(), 6),
        "lifecycle": lots.choice(("in_service",) * 6 + ("proposed", "approved", "procured", "installed")),
        "owner": owner,
        "mou": mous.get(owner, ""),
        "model": f"M-{lots.randrange(90)}",
    }


def _import(station: Running, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    sheet = csv.DictWriter(text, list(rows[0]))
    sheet.writeheader()
    sheet.writerows(rows)
    request = urllib.request.Request(
        f"{station.url}/api/v1/estate/import?name=bench.csv&dry_run=false&confirmed=true",
        text.getvalue().encode(),
        {"Authorization": f"Bearer {station.token}", "Content-Type": "application/octet-stream"},
    )
    with urllib.request.urlopen(request, timeout=600) as answer:
        last = json.loads(answer.read().splitlines()[-1])
    if not last.get("report", {}).get("stored"):
        raise RuntimeError(f"not imported: {json.dumps(last, ensure_ascii=False)[:600]}")


def _ask(station: Running, times: int) -> None:
    """What a client in a process of its own sees, and what it costs the node, which a busy machine changes least."""
    print("  over HTTP, one question at a time")
    for name, paths in QUESTIONS.items():
        asked = json.dumps({name: paths})
        words = [sys.executable, "-m", "bench.asking", station.url, station.token, str(times), asked]
        before = station.cpu()["node"]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        cost_ms = (station.cpu()["node"] - before) / (times + len(paths)) * 1e3
        found = json.loads(done.stdout)[name]
        size = f"{found['wire'] / 1e3:.1f} kB on the wire of {found['unpacked'] / 1e3:.0f}"
        print(
            f"    {name:<18} {spread_ms(found['took'])}; node {cost_ms:.0f} ms of processor; {size}",
            flush=True,
        )


def _look(station: Running, times: int, count: int) -> None:
    """What somebody at the screen sees."""
    from bench.estate_screen import look

    seen = look(station.url, station.token, times, count)
    print(f"  in Chromium (1366×768, drawn by the processor), {seen.drawn} drawn; aim {AIM_S * 1e3:.0f} ms")
    for name, took in (
        ("console, from its address to the queue", seen.console),
        ("map, from its tab to all drawn", seen.opened),
        ("search → drawn on the map", seen.searched),
        ("filter → drawn on the map", seen.filtered),
        ("search → list", seen.listed),
        ("between two pictures while panning", seen.frames),
    ):
        print(f"    {name:<40} {spread_ms(took)}")


if __name__ == "__main__":
    main()
