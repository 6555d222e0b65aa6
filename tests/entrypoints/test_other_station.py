"""Two stations in one database: what belongs to one is, for everybody of the other, as if it were not there."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image

from safezone.assets.commands_register import AttachMouPaper, NameOwner, RecordMou
from safezone.assets.commands_upkeep import AddFile, OpenWorkOrder, StartPoleTest
from safezone.assets.station_set import read_station_set
from safezone.core.accounts import commands as accounts
from safezone.core.changing_settings import ChangeSetting
from safezone.core.clock import ManualClock
from safezone.core.credential_list import list_credentials
from safezone.core.i18n import Words
from safezone.core.identity import Identity
from safezone.core.log import last_seq
from safezone.core.pictures import clean_photo
from safezone.core.settings import Settings
from safezone.entrypoints.house import DataFolder, Engine
from safezone.entrypoints.node_process import DEMO_SET, DEMO_TOKENS
from safezone.entrypoints.setting_up import NewStation, create_station
from safezone.incidents import commands as cmds
from safezone.incidents.queries import get_detail
from safezone.main import wire
from tests.entrypoints.askers import estate
from tests.entrypoints.test_permissions import CALLERS, COMES_IN, ROWS, Row
from tests.support.station import REGIONAL, START, STATION, Api, RunningStation, template

OTHER = "narathiwat"
SECRET = "ข้อความลับของอีกสถานี"
VARIES = {"date", "content-length"}


class Theirs(msgspec.Struct):
    """What the other station has."""

    new: NewStation
    incident_id: str
    version: int
    photo_id: str
    tracking_code: str
    unit_id: str
    asset_id: str
    credential_id: str
    account_id: str
    order_id: str
    test_id: str
    file_id: str
    mou_id: str


def make_other_station(path: Path) -> Theirs:
    """The other station lies in the database of the folder, with everything that can be asked for by an id."""
    set_of_it = path / "set"
    shutil.copytree(DEMO_SET, set_of_it)
    for file in set_of_it.iterdir():
        text = file.read_text("utf-8").replace('id = "mdh"', f'id = "{OTHER}"')
        file.write_text(re.sub(r"\b(car|moto|foot|sos|cam|cs)-(?=\d)", r"their-\1-", text), "utf-8")
    folder = DataFolder(path)
    folder.make()
    shutil.copy(template().database_file, folder.database_file)
    shutil.copy(template().database_file.with_name("master.key"), path / "master.key")
    settings = Settings()
    engine = Engine(wire(settings), folder.open_database(settings), OTHER, ManualClock(START))
    engine.start()
    try:
        return _fill(engine, create_station(engine, read_station_set(set_of_it), tokens=DEMO_TOKENS))
    finally:
        engine.stop()


def _fill(engine: Engine, new: NewStation) -> Theirs:
    operator = Identity(OTHER, "operator", "theirs")

    def do(command: Any) -> Any:
        return engine.lane.submit(command, operator).result(timeout=60)

    reporter = cmds.Reporter(name=SECRET, phone="0800000000")
    receipt = do(cmds.ReportEmergency(dedupe_key="1", channel="phone", text=SECRET, reporter=reporter))
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    clean = clean_photo(drawn.getvalue())
    do(cmds.AddPhoto(receipt.incident_id, clean.image, clean.media_type, clean.width_px, clean.height_px))
    do(cmds.AcknowledgeIncident(receipt.incident_id, 1))
    do(cmds.NoteHandover(SECRET))
    their_admin = Identity(OTHER, "admin", "theirs")
    place = accounts.Place(role="operator", duty=SECRET, person=accounts.Person(SECRET))
    account = engine.lane.submit(accounts.CreateAccount("theirs", place), their_admin).result(timeout=60)
    order_id = do(OpenWorkOrder("their-sos-01", "watch", SECRET))
    test_id = engine.lane.submit(StartPoleTest("their-sos-01"), their_admin).result(timeout=60)
    paper = AddFile("their-sos-01", SECRET, clean.media_type, clean.image)
    file_id = engine.lane.submit(paper, their_admin).result(timeout=60)
    engine.lane.submit(NameOwner("theirs", Words(SECRET, SECRET), "agency"), their_admin).result(timeout=60)
    agreed = RecordMou("theirs", "1", date(2026, 1, 1), date(2027, 1, 1), Words(SECRET, SECRET))
    mou_id = engine.lane.submit(agreed, their_admin).result(timeout=60)
    paper_of = AttachMouPaper(mou_id, SECRET, clean.media_type, clean.image)
    engine.lane.submit(paper_of, their_admin).result(timeout=60)
    desk = engine.desk
    with desk.database.read() as conn:
        detail = get_detail(conn, operator, receipt.incident_id, engine.house.surroundings, desk.reader)
        credential = list_credentials(conn, OTHER, desk.clock.now())[0]
    return Theirs(
        new, receipt.incident_id, detail.incident.version, detail.photos[0].id, receipt.tracking_code,
        "their-car-1", "their-sos-01", credential.id, account.account_id, order_id, test_id, file_id, mou_id,
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStation, Theirs]]:
    path = tmp_path_factory.mktemp("two-stations")
    theirs = make_other_station(path)
    station = RunningStation(path)
    yield station, theirs
    station.close()


def names_of(theirs: Theirs, *, made_up: bool) -> dict[str, str]:
    """What the addresses name: things of the other station, or things that nobody has."""
    if made_up:
        nothing = "01900000-0000-7000-8000-000000000000"
        names = dict.fromkeys(
            (
                "incident_id",
                "photo_id",
                "credential_id",
                "erasure_id",
                "account_id",
                "order_id",
                "test_id",
                "file_id",
                "mou_id",
            ),
            nothing,
        )
        return {
            **names,
            "tracking_code": "ZZZZ-ZZZZ",
            "unit_id": "no-unit-at-all",
            "asset_id": "no-asset-at-all",
            "station_id": "no-station-at-all",
        }
    found: dict[str, str] = {
        name: getattr(theirs, name) for name in theirs.__struct_fields__ if name not in ("new", "version")
    }
    return {**found, "station_id": OTHER}


def body_of(row: Row, names: dict[str, str], version: int) -> dict[str, Any]:
    if (row.method, row.path) in estate.ROUTES:
        return estate.BODIES.get(row.path.rsplit("/", 1)[1], {})
    at = {"expected_version": version}
    bodies: dict[str, dict[str, Any]] = {
        "acknowledge": at, "dispatch": {**at, "unit_ids": ["car-1"]}, "merge": {**at, "into": names["incident_id"]},
        "priority": {**at, "priority": 3, "reason": "calm"}, "place": {**at, "place": {"lon": 104.72, "lat": 16.54}},
        "close": {**at, "outcome": "resolved"}, "reopen": {**at, "reason": "not over"}, "notes": {"text": "seen"},
        "{unit_id}": {"state": "accepted"}, "duty": {"on": True}, "state": {"state": "available"},
        "revoke": {"reason": "lost"}, "hold": {"reason": "a case"}, "lift": {"reason": "the case is over"},
        "change": {"role": "operator"}, "suspend": {"reason": "lost"},
    }  # fmt: skip
    last = row.path.rsplit("/", 1)[1]
    return (
        {}
        if last in ("end", "end-old", "end-sessions", "erase", "reset", "resume", "secret")
        else bodies[last]
    )


WITH_ID = [
    row
    for row in ROWS
    if re.search(
        r"\{(incident_id|photo_id|tracking_code|unit_id|asset_id|credential_id|account_id|order_id|test_id|mou_id|station_id)\}",
        row.path,
    )
]


def ask(row: Row, names: dict[str, str], version: int, http: httpx.Client) -> tuple[int, str, dict[str, str]]:
    """The answer, with what the question named blotted out."""
    sent: dict[str, Any] = {}
    if row.path.endswith("/photos"):
        drawn = io.BytesIO()
        Image.new("RGB", (4, 4)).save(drawn, "PNG")
        sent = {"content": drawn.getvalue()}
    elif row.method == "POST":
        sent = {"json": body_of(row, names, version)}
    if row.path.endswith(("/files", "/paper")) and row.method == "POST":
        sent = {"content": b"%PDF-1.7 %%EOF", "params": {"name": "a paper"}}
    answer = http.request(row.method, row.path.format(**names), **sent)
    text = answer.text
    for name in names.values():
        text = text.replace(name, "…")
    return answer.status_code, text, {k: v for k, v in answer.headers.items() if k not in VARIES}


@pytest.mark.parametrize("row", WITH_ID, ids=str)
def test_their_things_are_not_there_for_anybody_here(row: Row, both: tuple[RunningStation, Theirs]) -> None:
    station, theirs = both
    for caller in CALLERS:
        http = station.api(caller).http
        real = ask(row, names_of(theirs, made_up=False), theirs.version, http)
        nothing = ask(row, names_of(theirs, made_up=True), theirs.version, http)
        assert real == nothing, f"{caller} can tell that it is there"
        assert real[0] in (401, 403, 404), f"{caller} got {real[0]}"
        assert SECRET not in real[1]


def test_their_things_cannot_be_named_in_what_is_said_either(both: tuple[RunningStation, Theirs]) -> None:
    station, theirs = both
    operator, car = station.api("operator"), station.api("car-1")

    def new() -> dict[str, Any]:
        incident = operator.incident(station.api("public").report("other")["incident_id"])
        return operator.on(incident, "acknowledge")

    # Others than those that are looked for in the lists: what a caller says of a place is shown as it was said.
    for mine, other in (("their-car-2", "no-unit-at-all"), ("their-sos-02", "no-asset-at-all")):
        incident = new()
        at = {"expected_version": incident["version"]}
        answers = [
            operator.post(
                f"/api/v1/incidents/{incident['id']}/dispatch", {**at, "unit_ids": [name]}
            ).text.replace(name, "…")
            for name in (mine, other)
        ]
        assert answers[0] == answers[1]
        views = [
            operator.incident(station.api("public").report("sos", sos_point=name)["incident_id"])
            for name in (mine, other)
        ]
        assert [view["place_confirmed"] for view in views] == [False, False]
        assert views[0]["place"] is views[1]["place"] is None
    incident = new()
    merges = [
        operator.post(
            f"/api/v1/incidents/{incident['id']}/merge",
            {"expected_version": incident["version"], "into": into},
        ).text.replace(into, "…")
        for into in (theirs.incident_id, "01900000-0000-7000-8000-000000000000")
    ]
    assert merges[0] == merges[1]
    fix = {"lon": 104.72, "lat": 16.54, "unit_id": theirs.unit_id}
    assert car.post("/api/v1/positions", {"fixes": [fix]}).status_code == 403


ASKED_FOR = ("/api/v1/admin/access", "/api/v1/audit")
"""They name what this station's own people have asked for, there or not; the tests above asked for their things."""


def test_nothing_of_theirs_stands_in_any_list(both: tuple[RunningStation, Theirs]) -> None:
    station, theirs = both
    ids = [getattr(theirs, name) for name in theirs.__struct_fields__ if name not in ("new", "version")]
    for caller in CALLERS:
        for row in ROWS:
            if (
                row.method == "GET"
                and "{" not in row.path
                and row.path.startswith("/api/")
                and "live" not in row.path
                and row.path not in ASKED_FOR
            ):
                answer = station.api(caller).get(
                    row.path, **({"state": "all"} if row.path.endswith("incidents") else {})
                )
                assert not [each for each in (*ids, SECRET, OTHER) if each in answer.text], (
                    f"{row} as {caller}"
                )


@pytest.fixture
def consenting(both: tuple[RunningStation, Theirs]) -> Iterator[Theirs]:
    """As long as the test lasts their administrator has named this station as the seat of their region."""
    station, theirs = both

    def say(seat: str, version: int) -> None:
        said = ChangeSetting(key="region.seat", value=seat, expected_version=version, reason=SECRET)
        station.do(said, Identity(OTHER, "admin", "theirs"))

    say(STATION, 0)
    yield theirs
    with station.read() as conn:
        version = last_seq(conn, OTHER)
    say("", version)


def test_the_commander_of_the_region_gets_their_figures_and_nothing_else(
    both: tuple[RunningStation, Theirs], consenting: Theirs
) -> None:
    station, theirs = both
    http = station.api(REGIONAL).http
    figures = station.api(REGIONAL).ask("/api/v1/region/stations")
    assert [item["id"] for item in figures["items"]] == [STATION, OTHER]
    ids = [getattr(theirs, name) for name in theirs.__struct_fields__ if name not in ("new", "version")]
    for row in ROWS:
        if row in WITH_ID:
            real = ask(row, names_of(theirs, made_up=False), theirs.version, http)
            if row.path.startswith("/api/v1/region/"):
                assert real[0] == 200
            else:
                assert real == ask(row, names_of(theirs, made_up=True), theirs.version, http), row
            assert not [each for each in (*ids, SECRET) if each in real[1]], row
        elif row.method == "GET" and "{" not in row.path and row.path.startswith("/api/"):
            text = "" if "live" in row.path else http.get(row.path).text
            hidden = (*ids, SECRET) if row.path.startswith("/api/v1/region/") else (*ids, SECRET, OTHER)
            assert not [each for each in hidden if each in text], row
    for caller in CALLERS:
        if caller != REGIONAL:
            for path in ("", f"/{OTHER}"):
                answer = station.api(caller).get(f"/api/v1/region/stations{path}")
                assert answer.status_code in (401, 403), caller


def test_nobody_of_theirs_is_known_here(both: tuple[RunningStation, Theirs]) -> None:
    station, theirs = both
    secrets = {**theirs.new.tokens, **{each.id: each.password for each in theirs.new.devices[:1]}}
    mine = station.api("operator").incident(station.api("public").report("other", text=SECRET)["incident_id"])
    names = {
        **names_of(theirs, made_up=True),
        "incident_id": mine["id"],
        "unit_id": "car-1",
        "asset_id": "sos-01",
    }
    for name in ("admin", "operator", "auditor", *list(secrets)[5:8], theirs.new.devices[0].id):
        stranger = Api(station.url, secrets[name])
        for row in ROWS:
            if row.path.startswith("/api/") and row not in COMES_IN and "{name}" not in row.path:
                if row in WITH_ID:
                    status, text, _ = ask(row, names, mine["version"], stranger.http)
                else:
                    answer = stranger.http.request(row.method, row.path, content=json.dumps({}))
                    status, text = answer.status_code, answer.text
                assert status == 401, f"{row} as their {name}"
                assert SECRET not in text
        assert stranger.post("/api/v1/session", {"token": secrets[name]}).status_code in (401, 429)
        stranger.http.close()
