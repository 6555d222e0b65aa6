"""The settings and the audit: who may look, who may change."""

from __future__ import annotations

from typing import Any

from tests.entrypoints.askers import routes_in
from tests.support.places import eventually

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/settings                                      401    403  403  403      yes        yes   yes    yes   403       403        403        403
GET    /api/v1/settings/{key}                                401    403  403  403      yes        yes   yes    yes   403       403        403        403
POST   /api/v1/settings/{key}                                401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/settings/{key}/reset                          401    403  403  403      403        yes   403    403   403       403        403        403

GET    /api/v1/notices                                       401    403  403  yes      yes        yes   yes    yes   403       yes        403        403
GET    /api/v1/purposes                                      401    403  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
GET    /api/v1/audit                                         401    403  403  403      403        yes   yes    yes   403       403        403        403
GET    /api/v1/audit/choices                                 401    403  403  403      403        yes   yes    yes   403       403        403        403
GET    /api/v1/audit/lines/{seq}                             401    403  403  403      403        yes   yes    yes   403       403        403        403
POST   /api/v1/audit/export                                  401    403  403  403      403        403   403    403   403       403        403        403
GET    /api/v1/audit/chain                                   401    403  403  403      403        yes   yes    yes   403       403        403        403
POST   /api/v1/audit/chain/check                             401    403  403  403      403        yes   yes    yes   403       403        403        403
POST   /api/v1/audit/checkpoints                             401    403  403  403      403        yes   yes    403   403       403        403        403
GET    /api/v1/audit/checkpoints/{name}                      401    403  403  403      403        yes   yes    yes   403       403        403        403
GET    /api/v1/audit/checkpoints/{name}/print                401    403  403  403      403        yes   yes    yes   403       403        403        403
"""
ROUTES = routes_in(TABLE)
"""An export takes a fresh proof, or a token that was given out for exports: see `test_audit`."""
KEY = "limits.arrive_limit_s"


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A new good request for this row, as arguments for httpx."""
    if row.path.startswith(("/api/v1/audit", "/api/v1/notices", "/api/v1/purposes")):
        return _prepare_audit(asker, row)
    request = {"method": row.method, "url": row.path.format(key=KEY)}
    if row.method == "GET":
        return request
    version = asker.admin.ask(f"/api/v1/settings/{KEY}")["setting"]["version"]
    body: dict[str, Any] = {"reason": "ทดลอง", "expected_version": version}
    if not row.path.endswith("/reset"):
        body["value"] = 240
    return {**request, "json": body}


def _prepare_audit(asker: Any, row: Any) -> dict[str, Any]:
    named = {"seq": 1, "name": ""}
    if "{name}" in row.path:
        named["name"] = asker.admin.act("/api/v1/audit/checkpoints")["checkpoints"][0]["name"]
    if row.path.endswith("/check"):
        eventually(lambda: _no_check_runs(asker))
    request: dict[str, Any] = {"method": row.method, "url": row.path.format(**named)}
    if row.path.endswith("/export"):
        request["json"] = {"purpose": {"code": "audit"}}
    return request


def _no_check_runs(asker: Any) -> bool:
    check = asker.admin.ask("/api/v1/audit/chain")["check"]
    return check is None or check["ended_at"] is not None
