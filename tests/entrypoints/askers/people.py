"""Accounts and sessions. What is one's own takes an account, and every caller of the table comes by a token."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.entrypoints.askers import routes_in

TABLE = """
                                                             public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
POST   /api/v1/session/password                              yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
POST   /api/v1/session/invitation                            yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
POST   /api/v1/session/invitation/accept                     yes    yes  yes  yes      yes        yes   yes    yes   yes       yes        yes        yes
POST   /api/v1/session/step-up                               401    403  403  403      403        403   403    403   403       403        403        403

GET    /api/v1/account                                       401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/password                              401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/totp/offer                            401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/totp                                  401    403  403  403      403        403   403    403   403       403        403        403
DELETE /api/v1/account/totp                                  401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/recovery-codes                        401    403  403  403      403        403   403    403   403       403        403        403
GET    /api/v1/account/sessions                              401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/sessions/end-others                   401    403  403  403      403        403   403    403   403       403        403        403
POST   /api/v1/account/sessions/{credential_id}/end          401    403  403  403      403        403   403    403   403       403        403        403

GET    /api/v1/admin/accounts                                401    403  403  403      403        yes   yes    403   403       403        403        403
POST   /api/v1/admin/accounts                                401    403  403  403      403        yes   403    403   403       403        403        403
GET    /api/v1/admin/accounts/{account_id}                   401    403  403  403      403        yes   yes    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/change            401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/suspend           401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/resume            401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/reset             401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/erase             401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/accounts/{account_id}/end-sessions      401    403  403  403      403        yes   403    403   403       403        403        403
GET    /api/v1/admin/sessions                                401    403  403  403      403        yes   403    403   403       403        403        403
POST   /api/v1/admin/sessions/{credential_id}/end            401    403  403  403      403        yes   403    403   403       403        403        403
"""
ROUTES = routes_in(TABLE)
PASSWORD = "a horse on a bridge"
_numbers = count(1)


def _invited(asker: Any) -> tuple[str, str, str]:
    """A new account: its id, its name, the token of its link."""
    login = f"person-{next(_numbers)}"
    made = asker.admin.act(
        "/api/v1/admin/accounts", {"login": login, "role": "operator", "full_name": "ใครสักคน"}
    )
    return made["account"]["id"], login, made["link"].partition("#token=")[2]


def _session(asker: Any) -> str:
    """The id of somebody's session."""
    token = asker.station.tokens["operator"]
    opened = asker.station.api("public").http.post("/api/v1/session", json={"token": token})
    asker.station.api("public").http.cookies.clear()
    assert opened.is_success
    sessions = asker.admin.ask("/api/v1/admin/sessions")["items"]
    assert sessions
    newest: str = max(sessions, key=lambda each: each["id"])["id"]
    return newest


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A good request, on an account or a session that is made for it."""
    named, last = {}, row.path.rsplit("/", 1)[1]
    if "{credential_id}" in row.path:
        named["credential_id"] = _session(asker)
    account_id, login, token = _invited(asker)
    named["account_id"] = account_id
    if last == "resume":
        asker.admin.act(f"/api/v1/admin/accounts/{account_id}/suspend", {"reason": "ลา"})
    if row.path.endswith("session/password"):
        public = asker.station.api("public")
        public.act("/api/v1/session/invitation/accept", {"token": token, "password": PASSWORD})
        public.http.cookies.clear()
    bodies: dict[str, dict[str, Any]] = {
        "/api/v1/session/password": {"login": login, "password": PASSWORD},
        "/api/v1/session/invitation": {"token": token},
        "/api/v1/account/password": {"current": PASSWORD, "password": PASSWORD},
        "/api/v1/account/totp": {"secret": "A" * 32, "code": "123456"},
        "accept": {"token": token, "password": PASSWORD},
        "step-up": {"password": PASSWORD},
        "accounts": {"login": f"{login}-more", "role": "operator"},
        "change": {"role": "technician"},
        "suspend": {"reason": "ลา"},
    }
    sent = {"json": bodies.get(row.path) or bodies.get(last, {})} if row.method == "POST" else {}
    if last in ("offer", "recovery-codes", "end-others", "end", "resume", "reset", "erase", "end-sessions"):
        sent = {}
    return {"method": row.method, "url": row.path.format(**named), **sent}
