"""What happens to the equipment, in a few scripts: entered, moved on, mended, lent, tried from end to end."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from safezone.assets.commands_upkeep import EndOverdueTests
from tests.support.station import Api, RunningStation, who

SYSTEM = who("system", "test")
PIER = {"lon": 104.7296, "lat": 16.5448}
OWNER = {"name": {"th": "เทศบาล", "en": "Municipality"}, "sector": "local_government", "contact": "ผอ.กองช่าง"}


def new_asset(code: str, kind: str, **more: Any) -> dict[str, Any]:
    """What is said of an asset that is in service and owned by the municipality."""
    said = {"kind": kind, "code": code, "name": {"th": f"ชื่อ {code}", "en": f"name {code}"}}
    return {**said, "lifecycle": "in_service", "owner_id": "municipality", "place": PIER, **more}


def the_register_is_kept(station: RunningStation, _operator: Api) -> None:
    """An owner, an agreement, a site with a camera that moves on, is changed, moved, and comes to its end."""
    chief = station.api("chief")
    chief.act("/api/v1/estate/owners/municipality", OWNER)
    agreement = {
        "owner_id": "municipality",
        "number": "บท 1/2569",
        "from_day": "2026-01-01",
        "until_day": "2026-06-30",
        "scope": {"th": "กล้อง 61 ตัว", "en": "61 cameras"},
    }
    mou_id = chief.act("/api/v1/estate/mous", agreement)["items"][0]["id"]
    paper = chief.http.post(f"/api/v1/estate/mous/{mou_id}/paper", content=b"%PDF-1.7\n%%EOF")
    assert paper.is_success, paper.text
    chief.act("/api/v1/assets", new_asset("new-site", "camera_site"))
    hung = {"site_id": "new-site", "place": None, "lifecycle": "proposed", "mou_id": mou_id}
    chief.act("/api/v1/assets", new_asset("new-cam", "camera", **hung))
    for step in ("approved", "installed", "in_service"):
        chief.act("/api/v1/assets/new-cam/lifecycle", {"lifecycle": step, "reason": "ตามแผน"})
    facts = {"model": "M-1", "cost_satang": 1_250_050, "fiscal_year": 2569, "warranty_until": "2027-01-31"}
    chief.act("/api/v1/assets/new-cam/facts", facts)
    chief.act("/api/v1/assets/new-site/place", {"place": {"lon": 104.731, "lat": 16.545}, "reason": "ถนนใหม่"})
    chief.act("/api/v1/assets/new-cam/lifecycle", {"lifecycle": "retired", "reason": "เสีย"})


def things_are_mended_and_lent(station: RunningStation, operator: Api) -> None:
    """A light pole is looked at, lent, comes back broken, is mended by one and accepted by another; with its papers."""
    chief, technician = station.api("chief"), station.api("technician")
    chief.act("/api/v1/estate/owners/municipality", OWNER)
    chief.act("/api/v1/assets", new_asset("light-1", "light_pole"))
    at = "/api/v1/assets/light-1"
    technician.act(f"{at}/checks", {"ok": True, "note": "สว่างดี"})
    loan = {"borrower": "ตลาดกลางคืน", "until_day": "2099-01-31", "condition": "ดี", "place": PIER}
    technician.act(f"{at}/loans", loan)
    back = operator.act(f"{at}/returns", {"ok": False, "condition": "หลอดแตก"})
    order = f"/api/v1/estate/work-orders/{back['orders'][0]['id']}/step"
    technician.act(order, {"step": "started"})
    technician.act(order, {"step": "done", "note": "เปลี่ยนหลอด"})
    assert technician.post(order, {"step": "accepted"}).json()["code"] == "own_repair"
    operator.act(order, {"step": "rejected", "note": "ยังกะพริบ"})
    technician.act(order, {"step": "done"})
    operator.act(order, {"step": "accepted"})
    drawn = io.BytesIO()
    Image.new("RGB", (32, 16), "red").save(drawn, "JPEG")
    sent = technician.http.post(f"{at}/files", params={"name": "รูป"}, content=drawn.getvalue()).json()
    chief.act(f"{at}/files/{sent['files'][0]['id']}/remove")


def poles_are_tried(station: RunningStation, operator: Api) -> None:
    """One pole passes its test from end to end, another is never heard."""
    technician, pole = station.api("technician"), station.api("sos-04")
    test = technician.act("/api/v1/assets/sos-04/tests")["tests"][0]
    pressed = pole.report()["incident_id"]
    station.settle()
    view = operator.on(operator.incident(pressed), "acknowledge")
    technician.act(f"/api/v1/estate/tests/{test['id']}/lamp", {"lit": True})
    station.settle()
    operator.on(view, "close", outcome="drill")
    station.settle()
    technician.act("/api/v1/assets/sos-05/tests")
    station.clock.advance(1_000)
    station.do(EndOverdueTests(), SYSTEM)


ESTATE: list[Callable[[RunningStation, Api], None]] = [
    the_register_is_kept,
    things_are_mended_and_lent,
    poles_are_tried,
]
"""Together: every event of the register and of upkeep."""
