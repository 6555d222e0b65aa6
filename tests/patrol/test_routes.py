"""The units and their positions over HTTP, with real tokens, a real lane and the refusals as they look on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient
from sqlalchemy import func, select

from safezone.core import auth, once
from safezone.core.auth import IssueCredential
from safezone.core.authenticator import Authenticator
from safezone.core.desk import Desk
from safezone.core.errors import Refused
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role
from safezone.core.in_force import SettingsInForce
from safezone.core.settings import Settings
from safezone.entrypoints import problems
from safezone.entrypoints.who import Doorman
from safezone.patrol import routes
from safezone.patrol.commands import SetDuty
from safezone.patrol.tables import position
from tests.patrol.station import HERE, STATION, SUPERVISOR, PatrolStation, a_station
from tests.support.engines import EngineName
from tests.support.places import shared_data

CHANNEL = Path(__file__).resolve().parents[1] / "channels" / "osmand"


class Web:
    """The patrol's routes as the program serves them, and tokens for whoever asks."""

    def __init__(self, station: PatrolStation) -> None:
        self.station = station
        auth.register(station.bus)
        once.register(station.bus)
        authenticator = Authenticator(station.database, station.clock, station.lane)
        self.desk = Desk(
            station=STATION,
            in_force=SettingsInForce(Settings()),
            database=station.database,
            bus=station.bus,
            clock=station.clock,
            lane=station.lane,
            authenticator=authenticator,
        )
        self.kept: list[tuple[str, bytes, Words, Identity]] = []
        app = Litestar(
            routes.routes(self.desk, self._keep),
            dependencies={
                "identity": Provide(Doorman(authenticator, STATION).identity_of),
                "desk": Provide(lambda: self.desk, sync_to_thread=False),
            },
            exception_handlers={Refused: problems.on_refused},
            signature_namespace={"Identity": Identity, "Desk": Desk},
            logging_config=None,
        )
        self.client = TestClient(app)

    async def _keep(self, source: str, raw: bytes, words: Words, identity: Identity) -> None:
        self.kept.append((source, raw, words, identity))

    def token(self, role: Role, unit_id: str | None = None) -> str:
        point_id = "sos-01" if role == "sos_point" else None
        issue = IssueCredential(
            sort="token", role=role, name=unit_id or role, unit_id=unit_id, point_id=point_id
        )
        secret: str = self.station.ask(issue, auth.installer(STATION)).secret
        return secret

    def as_(self, role: Role, unit_id: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, unit_id)}"}

    def kept_positions(self) -> int:
        count: int = self.station.rows(select(func.count()).select_from(position))[0][0]
        return count


@pytest.fixture
def web(engine: EngineName, tmp_path: Path) -> Iterator[Web]:
    with a_station(tmp_path) as station:
        station.clock.advance(60)
        web = Web(station)
        with web.client:
            yield web
        web.desk.close()


def fix(web: Web, ago_s: float = 0, **more: Any) -> dict[str, Any]:
    at = datetime.fromtimestamp(web.station.clock.now().timestamp() - ago_s, UTC)
    return {"at": at.isoformat(), "lon": HERE[0], "lat": HERE[1], **more}


def test_a_unit_sends_a_batch_and_hears_what_became_of_each(web: Web) -> None:
    fixes = [
        fix(web, 20),
        fix(web, 30, lon=HERE[0] + 1e-4),
        fix(web, 5, lon=500.0),
        fix(web, accuracy_m=-1, battery_pct=71),
    ]
    answer = web.client.post("/api/v1/positions", json={"fixes": fixes}, headers=web.as_("unit", "car-1"))
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [(r["mark"], r["kept"], r["drawn"]) for r in results] == [
        ("ok", True, True),
        ("late", True, False),
        ("impossible", False, False),
        ("ok", True, True),
    ]
    assert results[1]["words"]["th"].startswith("ตำแหน่งมาช้า")
    view = web.client.get("/api/v1/units/car-1", headers=web.as_("operator")).json()
    assert view["fix"]["battery_pct"] == 71
    assert view["fix"]["accuracy_m"] is None
    assert view["fix"]["at"].endswith("Z")


def test_off_duty_the_answer_says_so(web: Web) -> None:
    car = web.as_("unit", "car-1")
    off = web.client.post("/api/v1/units/car-1/duty", json={"on": False}, headers=car)
    assert (off.status_code, off.json()["state"]) == (200, "off_duty")
    answer = web.client.post("/api/v1/positions", json={"fixes": [fix(web)]}, headers=car)
    assert answer.json()["results"][0]["mark"] == "off_duty"
    assert "ลงชื่อเข้าเวร" in answer.json()["results"][0]["words"]["th"]
    assert web.kept_positions() == 0


@pytest.mark.parametrize(
    ("role", "unit_id", "status"), [("operator", None, 403), ("admin", None, 403), ("sos_point", None, 403)]
)
def test_only_a_unit_sends_positions(web: Web, role: Role, unit_id: str | None, status: int) -> None:
    answer = web.client.post("/api/v1/positions", json={"fixes": [fix(web)]}, headers=web.as_(role, unit_id))
    assert (answer.status_code, answer.json()["code"]) == (status, "not_your_unit")
    assert web.client.post("/api/v1/positions", json={"fixes": [fix(web)]}).status_code == 401


def test_a_unit_does_not_speak_for_another(web: Web) -> None:
    fixes = {"fixes": [fix(web, unit_id="moto-1")]}
    answer = web.client.post("/api/v1/positions", json=fixes, headers=web.as_("unit", "car-1"))
    assert answer.status_code == 403
    assert answer.json()["words"]["th"]
    assert web.kept_positions() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"fixes": 3}',
        b'{"fixes":[{"lon":"x","lat":1}]}',
        b'{"fixes":[{"lon":1,"lat":1,"at":"soon"}]}',
    ],
)
def test_rubbish_is_refused_as_a_whole(web: Web, body: bytes) -> None:
    headers = {**web.as_("unit", "car-1"), "Content-Type": "application/json"}
    assert web.client.post("/api/v1/positions", content=body, headers=headers).status_code in (400, 422)


def test_a_batch_has_a_limit(web: Web) -> None:
    car = web.as_("unit", "car-1")
    fixes = [fix(web, ago / 100) for ago in range(routes.MOST_FIXES + 1, 0, -1)]
    assert web.client.post("/api/v1/positions", json={"fixes": fixes}, headers=car).status_code in (400, 422)
    assert web.client.post("/api/v1/positions", json={"fixes": fixes[1:]}, headers=car).status_code == 200


# ── OsmAnd and the Traccar Client ──


def test_the_traccar_client_speaks_with_the_token_as_its_identifier(web: Web) -> None:
    token, ms = web.token("unit", "car-1"), int(web.station.clock.now().timestamp() * 1000)
    query = f"id={token}&lat={HERE[1]}&lon={HERE[0]}&timestamp={ms}&speed=10&batt=50"
    for method in ("GET", "POST"):
        answer = web.client.request(method, f"/osmand?{query}")
        assert answer.status_code == 200
    assert answer.json()["results"][0]["mark"] == "repeated"
    view = web.station.view("car-1")
    assert view.fix is not None
    assert view.fix.speed_kmh == pytest.approx(18.52)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert web.client.post("/osmand", content=query, headers=form).json()["results"][0]["mark"] == "repeated"


def test_the_new_traccar_client_sends_json(web: Web) -> None:
    raw = (CHANNEL / "traccar_client_9.json").read_text()
    raw = raw.replace("K7wq-2mR_car1", web.token("unit", "moto-1"))
    raw = raw.replace("2026-11-20T07:30:05.512Z", web.station.clock.now().isoformat())
    answer = web.client.post("/osmand", content=raw, headers={"Content-Type": "application/json"})
    assert answer.json()["results"][0]["mark"] == "ok"
    assert web.station.view("moto-1").fix is not None


def test_a_tracker_may_carry_its_token_in_a_header_instead(web: Web) -> None:
    answer = web.client.get(f"/osmand?id=1&lat={HERE[1]}&lon={HERE[0]}", headers=web.as_("unit", "car-1"))
    assert answer.json()["results"][0]["mark"] == "ok"


def test_an_unknown_tracker_is_not_let_in_and_nothing_of_it_is_kept(web: Web) -> None:
    for query in ("id=stranger&lat=16.5&lon=104.7", "lat=16.5&lon=104.7", "id=stranger&cell=1,2,3"):
        answer = web.client.get(f"/osmand?{query}")
        assert answer.status_code in (401, 422), query
        assert answer.json()["words"]["th"]
    assert web.kept == []
    assert web.kept_positions() == 0


def test_an_operator_is_not_a_tracker(web: Web) -> None:
    answer = web.client.get(f"/osmand?id={web.token('operator')}&lat=16.5&lon=104.7")
    assert answer.status_code == 403


def test_a_useless_message_of_a_known_unit_is_kept_and_does_not_block_the_next(web: Web) -> None:
    token = web.token("unit", "car-1")
    answer = web.client.get(f"/osmand?id={token}&timestamp=1377177267&cell=257,02,16,2224")
    assert answer.status_code == 200, "the client would send it again for ever"
    assert answer.json()["results"] == []
    assert answer.json()["refused"]["code"] == "tracker_without_position"
    [(source, raw, words, identity)] = web.kept
    assert (source, identity.unit_id) == ("osmand", "car-1")
    assert b"cell=257" in raw
    assert token.encode() not in raw, "a token is a secret, also in the administrator's list"
    assert words.th


@pytest.mark.parametrize(("name", "drawn"), [("vehicle1-trip1.json", 347), ("vehicle2-trip1.json", 167)])
def test_a_real_trip_through_the_door(web: Web, name: str, drawn: int) -> None:
    messages = [m["ev"] for m in json.loads(shared_data(f"gps/trucks/{name}").read_text())]
    clock, car = web.station.clock, web.token("unit", "car-1")
    arrivals = [datetime.fromisoformat(m.get("receivedTs", m["ts"])) for m in messages]
    fixed = [datetime.fromisoformat(m["pos"]["posTime"]) for m in messages]
    web.station.ask(SetDuty("car-1", False), SUPERVISOR)
    clock.advance((min(fixed) - clock.now()).total_seconds() - 1)
    web.station.sign_on("car-1")
    seen = 0
    for message, arrived, at in zip(messages, arrivals, fixed, strict=True):
        clock.advance(max(0.0, (arrived - clock.now()).total_seconds()))
        place = message["pos"]["latlon"]
        query = f"id={car}&lat={place['lat']}&lon={place['lng']}&timestamp={int(at.timestamp())}"
        [result] = web.client.get(f"/osmand?{query}").json()["results"]
        seen += result["drawn"]
    assert seen == drawn
    fix = web.station.view("car-1").fix
    assert fix is not None
    assert fix.at == max(fixed), "the unit stands where it was last, whatever came late or twice"
    assert web.kept_positions() == len(
        {(at, m["pos"]["latlon"]["lat"]) for at, m in zip(fixed, messages, strict=True)}
    )


# ── units ──


def test_the_list_of_units_shows_each_only_what_is_theirs(web: Web) -> None:
    car = web.as_("unit", "car-1")
    web.client.post("/api/v1/positions", json={"fixes": [fix(web)]}, headers=car)
    seen = {
        r: web.client.get("/api/v1/units", headers=web.as_(r)).json()["items"]
        for r in ("operator", "auditor")
    }
    assert [u["call_sign"] for u in seen["operator"]] == ["มุกดา 11", "มุกดา 21", "มุกดา 31"]
    assert [u["fix"] is not None for u in seen["operator"]] == [True, False, False]
    assert [u["fix"] is not None for u in seen["auditor"]] == [False, False, False]
    assert web.client.get("/api/v1/units").status_code == 401
    assert web.client.get("/api/v1/units/car-9", headers=car).status_code == 404


def test_duty_and_state_over_http(web: Web) -> None:
    car = web.as_("unit", "car-1")
    tired = web.client.post(
        "/api/v1/units/car-1/state", json={"state": "unavailable", "reason": "พัก"}, headers=car
    )
    assert (tired.status_code, tired.json()["state"], tired.json()["state_reason"]) == (
        200,
        "unavailable",
        "พัก",
    )
    other = web.client.post("/api/v1/units/moto-1/duty", json={"on": False}, headers=car)
    assert (other.status_code, other.json()["code"]) == (403, "not_your_unit")
    by_supervisor = web.client.post(
        "/api/v1/units/moto-1/duty", json={"on": False}, headers=web.as_("supervisor")
    )
    assert by_supervisor.json()["duty_by"] == "supervisor:supervisor"
    refused = web.client.post(
        "/api/v1/units/moto-1/state", json={"state": "available"}, headers=web.as_("operator")
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "unit_off_duty")
    assert web.client.post("/api/v1/units/moto-1/state", json={"state": "gone"}, headers=car).status_code in (
        400,
        422,
    )


def test_the_ready_made_answers_are_what_the_schema_says() -> None:
    for (mark, kept), raw in routes._RESULTS.items():
        result = msgspec.json.decode(raw, type=routes.FixResult)
        assert (result.mark, result.kept) == (mark, kept)
