"""What happens at a station, in a few scripts: together they make every kind of event that the domains know."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
from PIL import Image

from safezone.assets.commands import AssessReadiness, RecordHeartbeat, RegisterAssets
from safezone.assets.station_set import AssetSet
from safezone.core.accounts import commands as accounts
from safezone.core.accounts import passkeys, provider_links
from safezone.core.auth import Issued
from safezone.core.geo import Point
from safezone.core.i18n import Words
from safezone.core.identity import Identity, Role, public
from safezone.core.listeners import MAX_TRIES, NoteFailure, ResumeListener
from safezone.core.purpose import DeclareLook, Purpose
from safezone.events import assets as asset_events
from safezone.incidents.commands import CountPresses, EraseDue, EscalateOverdue
from safezone.patrol.commands import RegisterUnits, UnitEntry
from safezone.zone.commands import ImportGround
from tests.support.scenarios_estate import ESTATE
from tests.support.station import REGIONAL, START, STATION, Api, RunningStation, who

SYSTEM, ADMIN = who("system", "test"), who("admin", "admin-1")
MARKET = {"lon": 104.7297, "lat": 16.5430}
FAR_AWAY = Point(104.80, 16.60)
"""Further than any camera sees, so that equipment registered here changes no incident's view."""

Scenario = Callable[[RunningStation, Api], None]
"""Called with a station and its operator."""


def opened(operator: Api, **more: Any) -> dict[str, Any]:
    """A robbery that was reported by telephone."""
    return operator.incident(operator.report("robbery", **more)["incident_id"])


def from_press_to_close(station: RunningStation, operator: Api) -> None:
    """A press, a second one, nobody takes it in time; two units, one of which comes; over, and not over."""
    pole, car, moto = station.api("sos-03"), station.api("car-1"), station.api("moto-1")
    for unit, api in (("car-1", car), ("moto-1", moto)):
        api.act(f"/api/v1/units/{unit}/duty", {"on": True})
    view = operator.incident(pole.report()["incident_id"])
    station.clock.advance(20)
    pole.report()
    counted = CountPresses(
        incident_id=view["id"], sos_point="sos-03", count=12, lowest_n=130, highest_n=141, first_at=START
    )  # fmt: skip
    station.do(counted, SYSTEM)
    station.do(EscalateOverdue(), SYSTEM)
    view = operator.on(operator.incident(view["id"]), "acknowledge")
    view = operator.on(view, "dispatch", unit_ids=["car-1", "moto-1"])
    assert moto.step(view["id"], "moto-1", "refused", reason="ยางแบน").is_success
    for step in ("accepted", "en_route", "on_scene"):
        station.clock.advance(5)
        assert car.step(view["id"], "car-1", step).is_success
    station.settle()
    car.act(f"/api/v1/incidents/{view['id']}/notes", {"text": "ถึงแล้ว"})
    car.http.post(f"/api/v1/incidents/{view['id']}/photos", content=_picture()).raise_for_status()
    view = operator.on(operator.incident(view["id"]), "close", outcome="resolved", note="เรียบร้อย")
    view = operator.on(view, "reopen", reason="she called again")
    operator.on(view, "dispatch", unit_ids=["car-1"])


def twins_become_one(station: RunningStation, operator: Api) -> None:
    """Two reports of the same thing, one of them with a unit, are put together."""
    station.api("car-2").act("/api/v1/units/car-2/duty", {"on": True})
    one, other = opened(operator, place=MARKET), opened(operator, place=MARKET, text="the same")
    one = operator.on(operator.incident(one["id"]), "dispatch", unit_ids=["car-2"])
    one = operator.on(one, "priority", priority=2, reason="calmer than it sounded")
    one = operator.on(one, "place", place={"lon": MARKET["lon"] + 0.0001, "lat": MARKET["lat"]})
    operator.on(one, "merge", into=other["id"])


def units_come_and_go(station: RunningStation, operator: Api) -> None:
    """On duty, away for lunch, back, off duty; one is taken ill; one gets another call sign."""
    foot = station.api("foot-1")
    foot.act("/api/v1/units/foot-1/duty", {"on": True})
    foot.act("/api/v1/units/foot-1/state", {"state": "unavailable", "reason": "พักกินข้าว"})
    foot.act("/api/v1/units/foot-1/state", {"state": "available"})
    foot.act("/api/v1/units/foot-1/duty", {"on": False})
    view = opened(operator)
    operator.act("/api/v1/units/foot-2/duty", {"on": True})
    operator.on(view, "dispatch", unit_ids=["foot-2"])
    station.settle()
    supervisor = station.api("supervisor")
    supervisor.act("/api/v1/units/foot-2/duty", {"on": False, "reason": "ป่วยกะทันหัน"})
    renamed = UnitEntry(unit_id="moto-2", call_sign="มุกดา 99", kind="motorcycle", name=Words("ใหม่", "new"))
    station.do(RegisterUnits([renamed]), ADMIN)


def the_shift_ends(_station: RunningStation, operator: Api) -> None:
    """Two handover notes."""
    operator.act("/api/v1/handover", {"text": "กะเช้า: เสา sos-05 เงียบ"})
    operator.act("/api/v1/handover", {"text": "กะบ่าย: ปกติ"})


def equipment_falls_silent(station: RunningStation, _operator: Api) -> None:
    """A pole is well, then watched, then down."""
    pole = who("sos_point", "sos-04")
    station.do(RecordHeartbeat("sos-04", battery_pct=80.0), pole)
    station.do(AssessReadiness(START), SYSTEM)
    station.clock.advance(200)
    station.do(AssessReadiness(START), SYSTEM)
    station.clock.advance(200)
    station.do(AssessReadiness(START), SYSTEM)


def equipment_is_added(station: RunningStation, _operator: Api) -> None:
    """A camera site, two cameras at it, one after the other, and a pole."""
    owner = Words("เทศบาล", "the municipality")

    def register(**more: Any) -> None:
        station.do(RegisterAssets(AssetSet(**more)), ADMIN)

    site = asset_events.CameraSiteRegistered(
        site_id="cs-90",
        code="CS-90",
        name=Words("จุดใหม่", "new site"),
        point=FAR_AWAY,
        owner=owner,
        lifecycle="proposed",
    )
    register(sites=[site])
    for camera_id in ("cam-90", "cam-91"):
        camera = asset_events.CameraRegistered(
            camera_id=camera_id, site_id="cs-90", code=camera_id, name=Words("กล้อง", "camera"), owner=owner,
            lifecycle="proposed",
        )  # fmt: skip
        register(cameras=[camera])
    point = asset_events.SosPointRegistered(
        point_id="sos-90", code="SOS-90", name=Words("เสาใหม่", "new pole"), point=FAR_AWAY, owner=owner,
        lifecycle="installed",
    )  # fmt: skip
    register(sos_points=[point])


def people_come_and_go(station: RunningStation, operator: Api) -> None:
    """A token is given out, used, signed out and taken back."""
    admin = station.api("admin")
    issued = admin.act("/api/v1/admin/credentials", {"sort": "token", "role": "operator", "name": "relief"})
    relief = Api(station.url, issued["secret"])
    cookie = relief.http.post("/api/v1/session", json={"token": issued["secret"]}).cookies["safezone_session"]
    session = Api(station.url, cookie)
    session.http.delete("/api/v1/session").raise_for_status()
    admin.act(f"/api/v1/admin/credentials/{issued['credential_id']}/revoke", {"reason": "the shift is over"})
    for api in (relief, session):
        api.http.close()
    assert operator.get("/api/v1/session").is_success
    station.api("technician").act("/api/v1/devices/sos-03/secret", {"overlap_h": 24})
    station.api("technician").act("/api/v1/devices/sos-03/revoke", {"reason": "stolen"})


def a_listener_is_parked(station: RunningStation, _operator: Api) -> None:
    """Something that listens fails until it is parked, and is let go on.

    One that no program leads any more, so that nobody hears anything in between.
    """
    for _ in range(MAX_TRIES):
        station.do(NoteFailure("of.an.older.program", station.head() + 1, "cannot"), SYSTEM)
    station.do(ResumeListener("of.an.older.program"), SYSTEM)


def content_is_erased(station: RunningStation, operator: Api) -> None:
    """A case is held; what is not held is erased when its time is over."""
    held, gone = (opened(operator, text=f"เรื่องที่ {n}") for n in (1, 2))
    for view in (held, gone):
        operator.on(view, "close", outcome="resolved", note="เรียบร้อย")
    hold = f"/api/v1/incidents/{held['id']}/hold"
    station.api("supervisor").act(hold, {"reason": "คดีที่ 1"})
    station.clock.advance(86_400)
    station.do(EraseDue("incident", 1), SYSTEM)
    station.api("supervisor").act(f"{hold}/lift", {"reason": "สิ้นสุดคดี"})


def the_ground_changes(station: RunningStation, _operator: Api) -> None:
    """The chief draws, names, counts and takes away; every kind of change once."""
    chief, words = station.api("chief"), {"th": "ใหม่", "en": "New"}
    west, south, east, north = 104.72, 16.53, 104.74, 16.55
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    drawn = {"geometry": {"type": "Polygon", "coordinates": [corners]}, "reason": "ขยายเขต"}
    why = dict.fromkeys(("risk", "landmark", "economic"), words)
    for path, body in (
        ("communities", {"id": "c-new", "name": words, "coverage": "part", **drawn}),
        ("places", {"id": "p-new", "name": words, "point": {"lon": west, "lat": south}, "reason": "ใหม่"}),
        ("population", {"residents": 90, "source": words, "community_id": "c-new"}),
        ("criteria", {"criteria": why}),
        ("communities/c-new/remove", {"reason": "ยุบรวม"}),
        ("places/p-new/remove", {"reason": "ปิดแล้ว"}),
        ("boundary", drawn),
    ):
        version = chief.ask("/api/v1/zone/details")["version"]
        chief.act(f"/api/v1/zone/{path}", {"expected_version": version, **body})
    version = chief.ask("/api/v1/zone/details")["version"]
    area = [[[(west, south), (east, south), (east, north), (west, south)]]]
    taken = ImportGround(
        expected_version=version, digest="0" * 64, file="a.kml", format="kml", crs="EPSG:4326", reason="วัดใหม่", boundary=area
    )  # fmt: skip
    station.do(taken, who("chief", "chief-1"))


def settings_are_changed(station: RunningStation, operator: Api) -> None:
    """A limit is changed in the browser while an incident is open, and another is put back to its default."""
    opened(operator)
    admin = station.api("admin")
    for key, value in (("limits.acknowledge_limit_s", 45), ("positions.fix_stale_s", 90)):
        at = f"/api/v1/settings/{key}"
        admin.act(at, {"value": value, "reason": "ทดลองหนึ่งสัปดาห์", "expected_version": 0})
    version = admin.ask(at)["setting"]["version"]
    admin.act(f"{at}/reset", {"reason": "ไม่ได้ผล", "expected_version": version})
    why = Purpose(code="case_work", case="คดี 12/2569", text="ขอดูย้อนหลัง")
    station.do(DeclareLook(what="export_audit", about="audit", purpose=why), ADMIN)


def somebody_has_an_account(station: RunningStation, _operator: Api) -> None:
    """An account is made, taken up, used, changed, suspended, resumed, reset and forgotten."""

    def invite(login: str, role: Role) -> accounts.Invited:
        who = accounts.Person("สมชาย ใจดี", "0800000000")
        invited: accounts.Invited = station.do(
            accounts.CreateAccount(login, accounts.Place(role=role, person=who)), ADMIN
        )
        return invited

    def accept(link: str) -> Identity:
        taken_up = accounts.AcceptInvitation(
            token=link, password_hash="$argon2id$1", totp_secret="S", totp_step=1, recovery_hashes=("a", "b")
        )
        issued: Issued = station.do(taken_up, public(STATION))
        return issued.identity

    me, gone = invite("somchai", "operator"), invite("gone", "technician")
    identity = accept(me.secret)
    for command in (
        accounts.ProveSession(by=("totp",), second=accounts.Second(totp_step=2)),
        accounts.ChoosePassword("$argon2id$2"),
        accounts.EnrolTotp("T", 3),
        accounts.RemoveTotp(),
        accounts.MakeRecoveryCodes(("c",)),
        accounts.ProveSession(by=("recovery_code",), second=accounts.Second(recovery_code=0)),
    ):
        station.do(command, identity)
    _comes_in_otherwise(station, msgspec.structs.replace(identity, proven_at=station.clock.now()))
    for by_admin in (
        accounts.ChangeAccount(me.account_id, accounts.Place(role="operator", duty="ผลัดดึก")),
        accounts.SuspendAccount(me.account_id, "ลา"),
        accounts.ResumeAccount(me.account_id),
        accounts.ResetAccount(me.account_id),
        accounts.EraseAccount(gone.account_id),
    ):
        station.do(by_admin, ADMIN)


def _comes_in_otherwise(station: RunningStation, me: Identity) -> None:
    """Passkeys and a provider, each added, used and removed; one of each is left."""
    kept, spare = (
        station.do(
            passkeys.AddPasskey(passkeys.KeyContent("key", name, b"k", "localhost"), name.hex(), 0, False), me
        )
        for name in (b"1", b"2")
    )
    station.do(passkeys.ProveByPasskey(passkeys.Signed(kept, "once", 7, True)), me)
    station.do(passkeys.RemovePasskey(spare), me)
    for name in ("p-1", "p-2"):
        station.do(
            provider_links.LinkProvider(provider_links.Subject("https://login.example", name), name), me
        )
    with station.read() as conn:
        first, _ = provider_links.list_links(conn, STATION, str(me.account_id))
    station.do(provider_links.UnlinkProvider(first.id), me)


ON_THE_SCREEN: list[Scenario] = [
    from_press_to_close, twins_become_one, units_come_and_go, the_shift_ends, equipment_falls_silent, equipment_is_added,
    settings_are_changed, *ESTATE,
]  # fmt: skip
"""Those that a console shows."""


def the_region_is_looked_at(station: RunningStation, _operator: Api) -> None:
    """A commander of scope region, by a token and as a person, looks at the list and at one station."""
    commander = station.api(REGIONAL)
    commander.ask("/api/v1/region/stations")
    commander.ask(f"/api/v1/region/stations/{STATION}")
    place = accounts.Place(role="commander", reach="region")
    made = station.do(accounts.CreateAccount("province", place), ADMIN)
    station.do(accounts.ChangeAccount(made.account_id, accounts.Place(role="commander")), ADMIN)


EVERYTHING: list[Scenario] = [
    *ON_THE_SCREEN, people_come_and_go, somebody_has_an_account, content_is_erased, a_listener_is_parked, the_ground_changes,
    the_region_is_looked_at,
]  # fmt: skip
"""Together with what made the station: every event that some store applies."""


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 16), "red").save(out, "JPEG")
    return out.getvalue()
