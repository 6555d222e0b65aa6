"""The ground: who reads it, and who changes it."""

from __future__ import annotations

import json
import shutil
from typing import Any

from safezone.zone.layers import Layers
from tests.entrypoints.askers import routes_in

TABLE = """
                                                     public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/zone/details                          401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/zone/versions                         401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /map/{name}                                   401    403  404  404      404        404   404    404   404       404        404        404
POST   /api/v1/zone/check                            401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/boundary                         401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/communities                      401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/communities/{community_id}/remove 401   403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/places                           401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/places/{place_id}/remove         401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/population                       401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/criteria                         401    403  403  403      yes        yes   403    yes   403       403        403        403
POST   /api/v1/zone/imports                          401    403  403  403      yes        yes   403    yes   403       403        403        403
GET    /api/v1/zone/imports/{import_id}              401    403  403  403      404        yes   403    404   403       403        403        403
GET    /api/v1/zone/imports/{import_id}/map          401    403  403  403      404        yes   403    404   403       403        403        403
POST   /api/v1/zone/imports/{import_id}/answers      401    403  403  403      404        yes   403    404   403       403        403        403
POST   /api/v1/zone/imports/{import_id}/confirm      401    403  403  403      404        yes   403    404   403       403        403        403
DELETE /api/v1/zone/imports/{import_id}              401    403  403  403      404        yes   403    404   403       403        403        403
GET    /api/v1/zone/layers                           401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/zone/layers/{layer}                   401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /map/ground/{layer}/{version}/{z}/{x}/{y}     401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
"""
ROUTES = routes_in(TABLE)

WORDS = {"th": "ใหม่", "en": "New"}
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[104.72, 16.54], [104.73, 16.54], [104.73, 16.55], [104.72, 16.55], [104.72, 16.54]]],
}
SAID = {"risk": WORDS, "landmark": WORDS, "economic": WORDS}
BODIES: dict[str, dict[str, Any]] = {
    "boundary": {"geometry": SQUARE, "reason": "grown"},
    "communities": {"id": "asked", "name": WORDS, "coverage": "part", "geometry": SQUARE, "reason": "drawn"},
    "places": {"id": "asked", "name": WORDS, "point": {"lon": 104.725, "lat": 16.545}, "reason": "moved"},
    "population": {"residents": 10, "source": WORDS},
    "criteria": {"criteria": SAID},
    "remove": {"reason": "gone"},
}


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A new good request for this row, as arguments for httpx."""
    if "/imports" in row.path or "/layers" in row.path or "/ground" in row.path:
        return _prepare_import(asker, row)
    url = row.path.format(community_id="asked", place_id="asked", name="station.pmtiles")
    if row.method == "GET":
        return {"method": "GET", "url": url}
    if row.path.endswith("/check"):
        return {"method": "POST", "url": url, "json": SQUARE}
    if row.path.endswith("/remove"):
        _change(asker, row.path.split("/")[4])
    last = row.path.rsplit("/", 1)[1]
    return {"method": "POST", "url": url, "json": {"expected_version": _version(asker), **BODIES[last]}}


def _change(asker: Any, what: str) -> None:
    body = {"expected_version": _version(asker), **BODIES[what]}
    asker.admin.act(f"/api/v1/zone/{what}", body)


def _version(asker: Any) -> str:
    version: str = asker.admin.ask("/api/v1/zone/details")["version"]
    return version


def _prepare_import(asker: Any, row: Any) -> dict[str, Any]:
    """An upload belongs to whoever made it: here the administrator."""
    Layers(asker.station.folder.ground).put("water", [{"type": "Feature", "geometry": SQUARE}], "a test", "")
    upload = {"params": {"name": "a.geojson"}, "content": json.dumps(SQUARE).encode()}
    if row.path.endswith("/imports"):
        # Nobody has more than a few that wait.
        shutil.rmtree(asker.station.folder.imports, ignore_errors=True)
        return {"method": "POST", "url": row.path, **upload}
    import_id = "none"
    if "{import_id}" in row.path:
        shutil.rmtree(asker.station.folder.imports, ignore_errors=True)
        answer = asker.admin.http.post("/api/v1/zone/imports", **upload)
        import_id = answer.json()["id"]
    url = row.path.format(import_id=import_id, layer="water", version="any", z=14, x=12957, y=7428)
    bodies = {
        "answers": {},
        "confirm": {
            "expected_version": _version(asker),
            "reason": "drawn",
            "take": [{"n": 0, "as": "boundary"}],
        },
    }
    return {"method": row.method, "url": url, "json": bodies.get(row.path.rsplit("/", 1)[1])}
