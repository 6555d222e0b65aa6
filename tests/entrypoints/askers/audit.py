"""The settings and the audit: who may look, who may change."""

from __future__ import annotations

from typing import Any

from tests.entrypoints.askers import routes_in

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/settings                                      401    403  403  403      yes        yes   yes    yes   403       403        403        403
GET    /api/v1/settings/{key}                                401    403  403  403      yes        yes   yes    yes   403       403        403        403
POST   /api/v1/settings/{key}                                401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/settings/{key}/reset                          401    403  403  403      403        yes   403    403   403       403        403        403
"""
ROUTES = routes_in(TABLE)
KEY = "limits.arrive_limit_s"


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A new good request for this row, as arguments for httpx."""
    request = {"method": row.method, "url": row.path.format(key=KEY)}
    if row.method == "GET":
        return request
    version = asker.admin.ask(f"/api/v1/settings/{KEY}")["setting"]["version"]
    body: dict[str, Any] = {"reason": "ทดลอง", "expected_version": version}
    if not row.path.endswith("/reset"):
        body["value"] = 240
    return {**request, "json": body}
