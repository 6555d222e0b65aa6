"""Who may do what over HTTP: every address of the program, with every role, as one table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from litestar.routes import ASGIRoute, HTTPRoute
from PIL import Image

from safezone.core.auth import IssueCredential, Issued, installer
from safezone.core.log import last_seq
from safezone.entrypoints.http import WEB_DIST
from safezone.entrypoints.who import COOKIE
from safezone.incidents.commands import EraseDue
from tests.entrypoints.askers import FAMILIES, with_others
from tests.support.station import REGIONAL, UNITS, Api, RunningStation, who

PEOPLE = (
    "public", "sos-01", "car-1", "operator", "supervisor", "admin",
    "auditor", "chief", "commander", "technician", "cctv-owner", "partner",
)  # fmt: skip
"""Whose column is whose: `car-1` is sent to the incident that is asked about, `sos-01` is a pole's own secret."""
CALLERS = (*PEOPLE, "tracker", REGIONAL)

MEANT_FOR_THEM = {
    "sign_in", "bad_token", "not_your_role", "not_your_unit", "no_account", "exports_not_given", "begin_again",
    "scope_is_station",
}  # fmt: skip
"""Refusals that are about who asks."""

# `yes`: it is done (2xx). A page answers 503 where the web face is not built.
TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /healthz                                              yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /metrics                                              yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /livez                                                yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /readyz                                               yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /schema                                               yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /schema/openapi.json                                  yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /schema/{path}                                        404    404  404  404      404        404   404    404   404       404        404        404

POST   /api/v1/session                                       yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/session                                       401    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
DELETE /api/v1/session                                       yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes

POST   /api/v1/reports                                       yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/reports/{tracking_code}                       yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes

GET    /api/v1/console                                       401    403  403  yes      yes        yes   403    403   403       403        403        403
GET    /api/v1/live                                          401    403  yes  yes      yes        yes   403    403   403       403        403        403
GET    /api/v1/zone                                          401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/assets                                        401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/assets/{asset_id}                             401    403  yes  yes      yes        yes   yes    yes   yes       yes        404        403
GET    /api/v1/units                                         401    403  yes  yes      yes        yes   yes    yes   yes       403        403        403
GET    /api/v1/units/{unit_id}                               401    403  yes  yes      yes        yes   yes    yes   yes       403        403        403

GET    /api/v1/incidents                                     401    403  yes  yes      yes        yes   403    403   403       403        403        403
GET    /api/v1/incidents/{incident_id}                       401    403  yes  yes      yes        yes   403    403   403       403        403        403
GET    /api/v1/incidents/{incident_id}/recommendation        401    403  403  yes      yes        yes   403    403   403       403        403        403
GET    /api/v1/incidents/{incident_id}/photos/{photo_id}     401    403  yes  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/acknowledge           401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/dispatch              401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/priority              401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/place                 401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/merge                 401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/close                 401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/reopen                401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/notes                 401    403  yes  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/hold                  401    403  403  403      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/hold/lift             401    403  403  403      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/photos                401    403  yes  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/incidents/{incident_id}/assignments/{unit_id} 401    403  yes  yes      yes        yes   403    403   403       403        403        403

POST   /api/v1/units                                         401    403  403  403      yes        yes   403    403   403       403        403        403
POST   /api/v1/units/{unit_id}/duty                          401    403  yes  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/units/{unit_id}/state                         401    403  yes  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/positions                                     401    403  yes  403      403        403   403    403   403       403        403        403
GET    /osmand                                               401    403  yes  403      403        403   403    403   403       403        403        403
POST   /osmand                                               401    403  yes  403      403        403   403    403   403       403        403        403

GET    /api/v1/handover                                      401    403  403  yes      yes        yes   403    403   403       403        403        403
POST   /api/v1/handover                                      401    403  403  yes      yes        yes   403    403   403       403        403        403

GET    /api/v1/admin/access                                  401    403  403  403      403        yes   yes    403   403       403        403        403
GET    /api/v1/admin/listeners                               401    403  403  403      yes        yes   yes    yes   yes       yes        403        403
POST   /api/v1/admin/listeners/{name}/resume                 401    403  403  403      403        yes   403    403   403       403        403        403
GET    /api/v1/admin/retention                               401    403  403  403      yes        yes   yes    yes   yes       403        403        403
GET    /api/v1/admin/erasures/{erasure_id}                   401    403  403  403      yes        yes   yes    yes   yes       403        403        403
GET    /api/v1/admin/safekeeping                             401    403  403  403      yes        yes   yes    yes   yes       yes        403        403
GET    /api/v1/admin/refused-messages                        401    403  403  403      403        yes   403    403   403       yes        403        403
GET    /api/v1/admin/credentials                             401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/credentials                             401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/credentials/{credential_id}/revoke      401    403  403  403      403        yes   403    403   403       403        403        403
"""


class Row(NamedTuple):
    """One address, and what each caller gets there."""

    method: str
    path: str
    expected: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _rows() -> list[Row]:
    """Those of the table above, and those that each family of routes brings in a file of its own."""
    texts = [TABLE, *(family.TABLE for family in FAMILIES)]
    lines = (line.split() for text in texts for line in text.splitlines()[2:] if line)
    return [
        Row(method, path, with_others(path, dict(zip(PEOPLE, cells, strict=True))))
        for method, path, *cells in lines
    ]


BUILT = ("/assets/{", "/workers/{")
ROWS = _rows()
# What is sent says who comes in, and no header does.
_OPEN = [row for row in ROWS if row.method == "POST" and row.expected["public"] == "yes"]
COMES_IN = [row for row in _OPEN if row.path.startswith("/api/v1/session")]
_CHANGING = [row for row in ROWS if row.method in ("POST", "DELETE") and row not in COMES_IN]
CHANGES = [row for row in _CHANGING if row.expected["operator"] == "yes"]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStation]:
    station = RunningStation(tmp_path_factory.mktemp("permissions"))
    for unit_id in UNITS:
        station.api("supervisor").act(f"/api/v1/units/{unit_id}/duty", {"on": True})
    yield station
    station.close()


@pytest.fixture(scope="module")
def photo() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    return drawn.getvalue()


class Asker:
    """Knows for each address a request that is good in every way, so that only who asks can be wrong with it."""

    def __init__(self, station: RunningStation, photo: bytes) -> None:
        self.station, self.photo = station, photo
        self.version = 0
        self.operator, self.admin = station.api("operator"), station.api("admin")

    def incident(self, *, sent: str | None = "car-1") -> dict[str, Any]:
        """A new incident to which car-1 is sent (or nobody)."""
        reported = self.station.api("public").report("other", text="a noise")
        self.tracking_code: str = reported["tracking_code"]
        view = self.operator.incident(reported["incident_id"])
        if sent is None:
            return view
        view = self.operator.on(view, "acknowledge")
        return self.operator.on(
            view, "dispatch", unit_ids=[sent], second_assignment_reason="nobody else is near"
        )

    def things(self, row: Row) -> dict[str, str]:
        """What the address names; made anew, because a good request uses it up."""
        named = {
            "unit_id": "car-1",
            "asset_id": "sos-01",
            "path": "nothing",
            "file_path": "none.js",
            "section": "zone",
        }
        if "{incident_id}" in row.path or "{tracking_code}" in row.path:
            view = self._incident_for(row)
            self.version = view["version"]
            named |= {"incident_id": view["id"], "tracking_code": self.tracking_code}
        if "{photo_id}" in row.path:
            named["photo_id"] = self.add_photo(named["incident_id"])
        if "{credential_id}" in row.path:
            spare = {"sort": "token", "role": "operator", "name": "spare"}
            named["credential_id"] = self.admin.act("/api/v1/admin/credentials", spare)["credential_id"]
        if "{name}" in row.path:
            named["name"] = self.admin.ask("/api/v1/admin/listeners")["items"][0]["name"]
        if "{erasure_id}" in row.path:
            self.operator.on(self.incident(sent=None), "close", outcome="resolved")
            self.station.do(EraseDue("incident", 0), who("system", "test"))
            named["erasure_id"] = self.admin.ask("/api/v1/admin/retention")["erasures"][0]["id"]
        if row.path.endswith("/lift"):
            self.admin.act(f"/api/v1/incidents/{named['incident_id']}/hold", {"reason": "case 1"})
        return named

    def _incident_for(self, row: Row) -> dict[str, Any]:
        if row.path.endswith("/acknowledge"):
            return self.incident(sent=None)
        if row.path.endswith("/reopen"):
            return self.operator.on(self.incident(sent=None), "close", outcome="resolved")
        return self.incident()

    def add_photo(self, incident_id: str) -> str:
        """The id of a new photo of this incident."""
        photos = f"/api/v1/incidents/{incident_id}/photos"
        assert self.operator.http.post(photos, content=self.photo).status_code == 201
        added: str = self.operator.ask(f"/api/v1/incidents/{incident_id}")["photos"][0]["id"]
        return added

    def body(self, row: Row) -> dict[str, Any]:
        """What is sent, as arguments for httpx."""
        if row.method != "POST" or row.path == "/osmand" or row.path.endswith("/resume"):
            return {}
        if row.path.endswith("/photos"):
            return {"content": self.photo}
        version = {"expected_version": self.version}
        bodies: dict[str, Any] = {
            "/api/v1/session": {"token": self.station.tokens["operator"]},
            "/api/v1/reports": {"kind": "other"},
            "/api/v1/units": {
                "id": "car-9",
                "call_sign": "มุกดา 99",
                "kind": "car",
                "name_th": "ใหม่",
                "name_en": "new",
            },
            "acknowledge": version,
            "dispatch": {**version, "unit_ids": ["car-2"], "second_assignment_reason": "nobody else is near"},
            "priority": {**version, "priority": 3, "reason": "calm"},
            "place": {**version, "place": {"lon": 104.72, "lat": 16.54}},
            "merge": version,
            "close": {**version, "outcome": "resolved"},
            "reopen": {**version, "reason": "not over"},
            "notes": {"text": "seen"},
            "{unit_id}": {"state": "accepted"},
            "duty": {"on": True},
            "state": {"state": "available"},
            "positions": {"fixes": [{"lon": 104.72, "lat": 16.54}]},
            "handover": {"text": "all quiet"},
            "credentials": {"sort": "token", "role": "auditor", "name": "audit-2"},
            "revoke": {"reason": "lost"},
            "hold": {"reason": "case 1"},
            "lift": {"reason": "over"},
        }
        body = bodies.get(row.path) or bodies[row.path.rsplit("/", 1)[1]]
        if row.path.endswith("/merge"):
            body = {**body, "into": self.incident(sent=None)["id"]}
        return {"json": body}

    def prepare(self, row: Row) -> dict[str, Any]:
        """A new good request, as arguments for httpx."""
        for family in FAMILIES:
            if (row.method, row.path) in family.ROUTES:
                return family.prepare(self, row)
        url = row.path.format(**self.things(row))
        query = {"id": "nobody", "lat": "16.54", "lon": "104.72"} if row.path == "/osmand" else None
        return {"method": row.method, "url": url, "params": query, **self.body(row)}


def send(request: dict[str, Any], http: httpx.Client) -> httpx.Response:
    """The answer; of the live feed, which has no end to wait for, only how it begins."""
    with http.stream(**request) as response:
        if not request["url"].endswith("/live") or not response.is_success:
            response.read()
    return response


@pytest.fixture(scope="module")
def asker(station: RunningStation, photo: bytes) -> Asker:
    return Asker(station, photo)


def test_every_address_of_the_program_has_a_row(station: RunningStation) -> None:
    there = set()
    for route in station.node.app.routes:
        if isinstance(route, HTTPRoute):
            there |= {(method, route.path_format) for method in route.methods - {"OPTIONS"}}
        else:
            assert isinstance(route, ASGIRoute)
            there.add(("GET", route.path_format))
    unbuilt = {(row.method, row.path) for row in ROWS if row.path.startswith(BUILT)}
    listed = {(row.method, row.path) for row in ROWS}
    assert there == (listed if (WEB_DIST / "index.html").exists() else listed - unbuilt)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_caller_gets_what_the_table_says(row: Row, station: RunningStation, asker: Asker) -> None:
    if row.path.startswith(BUILT) and not (WEB_DIST / "index.html").exists():
        pytest.skip("the web face is not built: run make web")
    got, request = {}, asker.prepare(row)
    for caller in CALLERS:
        client = station.api(caller).http
        response = send(request, client)
        client.cookies.clear()
        is_page = row.expected[caller] == "page" and response.status_code in (200, 503)
        got[caller] = "page" if is_page else "yes" if response.is_success else str(response.status_code)
        if response.is_success:
            request = asker.prepare(row)
        elif response.status_code in (401, 403):
            assert response.json()["code"] in MEANT_FOR_THEM
    assert got == row.expected


@pytest.mark.parametrize("row", CHANGES, ids=str)
def test_a_page_of_somebody_else_changes_nothing_with_our_cookie(
    row: Row, station: RunningStation, asker: Asker
) -> None:
    """A browser adds the cookie by itself, also to what a strange page sends; the header only our own page adds."""
    browser = Api(station.url, None)
    browser.act("/api/v1/session", {"token": station.tokens["operator"]})
    assert browser.http.cookies[COOKIE]
    request, head = asker.prepare(row), station.head()
    refused = send(request, browser.http)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_from_our_page")
    assert "operator:operator" not in [entry.actor for entry in station.log(after=head)], "it was done"
    browser.http.headers["X-Safezone"] = "1"
    assert send(request, browser.http).is_success
    browser.http.close()


# ── only one's own ──


def test_a_unit_cannot_act_for_another_unit(station: RunningStation, asker: Asker) -> None:
    car_2, incident = station.api("car-2"), asker.incident()
    fix = {"lon": 104.72, "lat": 16.54}
    for path, body in (
        ("/api/v1/units/car-1/duty", {"on": False}),
        ("/api/v1/units/car-1/state", {"state": "unavailable", "reason": "not mine"}),
        ("/api/v1/positions", {"fixes": [{**fix, "unit_id": "car-1"}]}),
        ("/api/v1/positions", {"fixes": [fix, {**fix, "unit_id": "car-1"}]}),
    ):
        refused = car_2.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_unit"), path
    assert car_2.step(incident["id"], "car-1", "accepted").status_code == 404
    assert station.api("operator").incident(incident["id"])["assignments"][0]["state"] == "assigned"
    assert station.api("operator").ask("/api/v1/units/car-1")["on_duty"] is True


def test_a_unit_sees_only_the_incidents_that_it_is_sent_to(station: RunningStation, asker: Asker) -> None:
    mine, other = asker.incident(sent="foot-1"), asker.incident(sent="foot-2")
    photo_id = asker.add_photo(other["id"])
    foot = station.api("foot-1")
    assert [each["id"] for each in foot.ask("/api/v1/incidents", state="all")["items"]] == [mine["id"]]
    at = f"/api/v1/incidents/{other['id']}"
    assert foot.get(at).json()["code"] == "no_incident"
    assert foot.get(f"{at}/photos/{photo_id}").status_code == 404
    assert foot.post(f"{at}/notes", {"text": "let me see"}).status_code == 404
    assert foot.http.post(f"{at}/photos", content=asker.photo).status_code == 404
    assert foot.step(other["id"], "foot-1", "accepted").status_code == 404
    missing = foot.get("/api/v1/incidents/01900000-0000-7000-8000-000000000000")
    assert missing.json()["code"] == "no_incident", "whether there is one cannot be told from the answer"
    foot.step(mine["id"], "foot-1", "cleared")
    assert foot.get(f"/api/v1/incidents/{mine['id']}").status_code == 404, "it has left"
    assert foot.ask("/api/v1/incidents", state="all")["items"] == []


def test_a_unit_sees_where_it_is_itself_and_nobody_else(station: RunningStation) -> None:
    for unit_id in ("moto-1", "moto-2"):
        assert station.api(unit_id).act("/api/v1/positions", {"fixes": [{"lon": 104.72, "lat": 16.54}]})
    for name, seen in {"moto-1": {"moto-1"}, "auditor": set(), "operator": {"moto-1", "moto-2"}}.items():
        units = station.api(name).ask("/api/v1/units")["items"]
        placed = {unit["id"] for unit in units if unit["fix"] is not None}
        assert placed & {"moto-1", "moto-2"} == seen, name
    assert station.api("moto-1").ask("/api/v1/units/moto-2")["fix"] is None


def test_only_a_unit_leaves_something_for_the_administrator_to_read(station: RunningStation) -> None:
    kept = "/api/v1/admin/refused-messages"
    for name, status in {"public": 422, "sos-01": 403, "operator": 403, "car-1": 200}.items():
        before = len(station.api("admin").ask(kept)["items"])
        assert station.api(name).get("/osmand", lat="here").status_code == status, name
        assert len(station.api("admin").ask(kept)["items"]) - before == (name == "car-1"), name


def test_a_pole_cannot_report_for_another_pole(station: RunningStation) -> None:
    answer = station.api("sos-01").report("sos", sos_point="sos-02", channel="web")
    view = station.api("operator").incident(answer["incident_id"])
    assert (view["sos_point"], view["channel"]) == ("sos-01", "sos_point")


def test_what_came_by_telephone_is_written_by_the_command_centre(station: RunningStation) -> None:
    for name, status in {"public": 401, "car-1": 403, "sos-01": 201, "auditor": 403, "operator": 201}.items():
        said = station.api(name).post("/api/v1/reports", {"kind": "noise", "channel": "phone"})
        assert said.status_code == status, name
        if name == "sos-01":
            incident_id = said.json()["incident_id"]
            assert station.api("operator").incident(incident_id)["channel"] == "sos_point"


# ── nobody, and somebody from elsewhere ──


def test_nobody_and_somebody_of_another_station_are_the_same_here(
    station: RunningStation, asker: Asker
) -> None:
    """A database may hold several stations; each program serves one of them and knows nobody else's people."""
    strangers = [Api(station.url, "never-was")]
    for role in ("admin", "operator", "unit"):
        unit_id = "car-1" if role == "unit" else None
        asked = IssueCredential(sort="token", role=role, name="elsewhere", unit_id=unit_id)
        issued: Issued = station.do(asked, installer("narathiwat"))
        strangers.append(Api(station.url, issued.secret))
        assert strangers[-1].post("/api/v1/session", {"token": issued.secret}).status_code == 401
    with station.read() as conn:
        head_elsewhere = last_seq(conn, "narathiwat")
    for row in ROWS:
        if row.path.startswith(("/api", "/osmand")) and row not in COMES_IN:
            request = asker.prepare(row)
            for stranger in strangers:
                assert send(request, stranger.http).status_code == 401, f"{row} with {stranger.token}"
    with station.read() as conn:
        assert last_seq(conn, "narathiwat") == head_elsewhere, "something was written there"
    for stranger in strangers:
        stranger.http.close()
