"""The identities of poles and trackers: an administrator's and a technician's."""

from __future__ import annotations

from typing import Any

from tests.entrypoints.askers import routes_in

TABLE = """
                                            public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/devices                      401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/devices/{point_id}/secret    401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/devices/{point_id}/end-old   401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/devices/{point_id}/revoke    401    403  403  403      403        yes   403     403   403       yes        403        403
GET    /api/v1/trackers                     401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/trackers/{unit_id}/secret    401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/trackers/{unit_id}/end-old   401    403  403  403      403        yes   403     403   403       yes        403        403
POST   /api/v1/trackers/{unit_id}/revoke    401    403  403  403      403        yes   403     403   403       yes        403        403
"""
ROUTES = routes_in(TABLE)
POINT, UNIT = "sos-07", "car-2"
"""Not the pole and the tracker that ask in the table of who may do what."""


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A new good request for this row, as arguments for httpx."""
    bodies = {"secret": {"overlap_h": 1}, "revoke": {"reason": "stolen"}}
    url, what = row.path.format(point_id=POINT, unit_id=UNIT), row.path.rsplit("/", 1)[1]
    if what == "revoke":
        asker.admin.act(url.replace("/revoke", "/secret"), {"overlap_h": 0})
    return {"method": row.method, "url": url, "json": bodies.get(what)}
