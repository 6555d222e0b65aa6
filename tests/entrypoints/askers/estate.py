"""The routes of the equipment: the register, its owners and agreements, and its upkeep."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.entrypoints.askers import routes_in

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
POST   /api/v1/assets                                        401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/assets/{asset_id}/detail                      401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/assets/{asset_id}/facts                       401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/assets/{asset_id}/lifecycle                   401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/assets/{asset_id}/place                       401    403  403  403      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/assets/{asset_id}/checks                      401    403  403  yes      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/assets/{asset_id}/work-orders                 401    403  403  yes      yes        yes   403    yes   403       yes        yes        403
POST   /api/v1/assets/{asset_id}/loans                       401    403  403  yes      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/assets/{asset_id}/returns                     401    403  403  yes      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/assets/{asset_id}/tests                       401    403  403  403      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/assets/{asset_id}/files                       401    403  403  403      yes        yes   403    yes   403       yes        403        403
GET    /api/v1/assets/{asset_id}/files/{file_id}             401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/assets/{asset_id}/files/{file_id}/remove      401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/estate/kinds                                  401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/tally                                  401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/map                                    401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/owners                                 401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/estate/owners/{owner_id}                      401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/estate/mous                                   401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/estate/mous                                   401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/estate/mous/{mou_id}/paper                    401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/estate/mous/{mou_id}/paper                    401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/work-orders                            401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/estate/work-orders/{order_id}/step            401    403  403  403      yes        yes   403    yes   403       yes        403        403
GET    /api/v1/estate/loans                                  401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/tests                                  401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
POST   /api/v1/estate/import                                 401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/estate/export                                 401    403  403  403      403        403   403    403   403       403        403        403
GET    /api/v1/estate/labels                                 401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        403
GET    /api/v1/estate/template                               401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/estate/tests/{test_id}/lamp                   401    403  403  403      yes        yes   403    yes   403       yes        403        403
POST   /api/v1/estate/tests/{test_id}/stop                   401    403  403  403      yes        yes   403    yes   403       yes        403        403
"""
ROUTES = routes_in(TABLE)
"""An export takes a fresh proof, or a token that was given out for exports: see `test_taking_out`."""
BODIES: dict[str, dict[str, Any]] = {
    "export": {"purpose": {"code": "audit"}},
    "facts": {"model": "M-1"},
    "lifecycle": {"lifecycle": "installed", "reason": "to be mended"},
    "place": {"place": {"lon": 104.73, "lat": 16.544}},
    "checks": {"ok": True},
    "work-orders": {"severity": "watch", "text": "dim"},
    "loans": {"borrower": "the market", "until_day": "2099-01-01"},
    "returns": {"ok": True},
    "step": {"step": "assigned", "fixer": "somebody"},
    "lamp": {"lit": True},
}
"""What is said, by the last word of the address."""

_numbers = count(1)
PLACE = {"lon": 104.7296, "lat": 16.5431}


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A request that is good in every way: about a thing of the camera owner's that is new each time."""
    number, admin = next(_numbers), asker.station.api("admin")
    owner = {"name": {"th": "เทศบาล (ตัวอย่าง)", "en": "Municipality (example)"}, "sector": "local_government"}
    admin.act("/api/v1/estate/owners/municipality", owner)
    kind = "sos_point" if "/tests" in row.path else "light_pole"
    new = {"kind": kind, "code": f"perm-{number}", "name": {"th": "ทดลอง", "en": "trial"}, "place": PLACE}
    new |= {"owner_id": "municipality", "lifecycle": "in_service"}
    bodies: dict[str, Any] = {
        **BODIES,
        "/api/v1/assets": new,
        "{owner_id}": owner,
        "mous": {
            "owner_id": "municipality",
            "number": "1/2569",
            "from_day": "2026-01-01",
            "until_day": "2027-12-31",
            "scope": {"th": "กล้อง", "en": "cameras"},
        },
    }
    named = {"owner_id": "municipality", "asset_id": new["code"]}
    if row.path != "/api/v1/assets":
        admin.act("/api/v1/assets", new)
    at = f"/api/v1/assets/{new['code']}"
    if "{order_id}" in row.path:
        opened = admin.act(f"{at}/work-orders", bodies["work-orders"])
        named["order_id"] = opened["orders"][0]["id"]
    if row.path.endswith("/returns"):
        admin.act(f"{at}/loans", bodies["loans"])
    if "{test_id}" in row.path:
        named["test_id"] = admin.act(f"{at}/tests")["tests"][0]["id"]
    if "{mou_id}" in row.path:
        made = admin.act("/api/v1/estate/mous", bodies["mous"])
        named["mou_id"] = made["items"][0]["id"]
        sent = admin.http.post(
            row.path.format(**named), params={"name": "signed"}, content=b"%PDF-1.7\n%%EOF"
        )
        assert sent.is_success, sent.text
    if "{file_id}" in row.path:
        sent = admin.http.post(f"{at}/files", params={"name": "a picture"}, content=asker.photo)
        named["file_id"] = sent.json()["files"][0]["id"]
    request: dict[str, Any] = {"method": row.method, "url": row.path.format(**named)}
    if row.path.endswith("/labels"):
        return {**request, "params": {"ids": new["code"]}}
    if row.path.endswith("/import"):
        query = {"name": "list.csv", "dry_run": "false"}
        return {**request, "params": query, "content": f"code,kind,name_th\nlist-{number},drone,โดรน\n"}
    if row.path.endswith("/paper") and row.method == "POST":
        return {**request, "params": {"name": "signed"}, "content": b"%PDF-1.7\n%%EOF"}
    if row.path.endswith("/files"):
        return {**request, "params": {"name": "a picture"}, "content": asker.photo}
    if row.method == "POST":
        body = bodies.get(row.path) or bodies.get(row.path.rsplit("/", 1)[1])
        return {**request, "json": body} if body is not None else request
    return request
