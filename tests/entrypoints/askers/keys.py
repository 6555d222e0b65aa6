"""Passkeys and the provider: whoever can show one comes in; only somebody with an account has any to look after."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

from safezone.core.accounts import commands as cmds
from safezone.core.accounts.passkeys import AddPasskey, KeyContent
from safezone.core.auth import Issued
from safezone.core.identity import public
from safezone.entrypoints import ticket
from safezone.entrypoints.people import passkey_check as check
from tests.entrypoints.askers import routes_in
from tests.support.authenticator import Authenticator
from tests.support.station import STATION, who

TABLE = """
                                                   public pole unit operator supervisor admin auditor chief commander technician cctv_owner partner
GET    /api/v1/session/oidc                        yes    yes  yes  yes      yes        yes   yes     yes   yes       yes        yes        yes
GET    /api/v1/session/oidc/start                  302    302  302  302      302        302   302     302   302       302        302        302
GET    /api/v1/session/oidc/callback               302    302  302  302      302        302   302     302   302       302        302        302
GET    /api/v1/session/oidc/leave                  302    302  302  302      302        302   302     302   302       302        302        302
GET    /api/v1/session/oidc/left                   302    302  302  302      302        302   302     302   302       302        302        302
GET    /api/v1/session/oidc/front-logout           404    404  404  404      404        404   404     404   404       404        404        404
POST   /api/v1/session/oidc/second                 401    401  401  401      401        401   401     401   401       401        401        401
POST   /api/v1/session/oidc/logout                 404    404  404  404      404        404   404     404   404       404        404        404
GET    /api/v1/session/oidc/links                  401    403  403  403      403        403   403     403   403       403        403        403
DELETE /api/v1/session/oidc/links/{link_id}        401    403  403  403      403        403   403     403   403       403        403        403
POST   /api/v1/session/passkeys/challenge          yes    yes  yes  yes      yes        yes   yes     yes   yes       yes        yes        yes
POST   /api/v1/session/passkeys                    yes    yes  yes  yes      yes        yes   yes     yes   yes       yes        yes        yes
POST   /api/v1/session/passkeys/proof              401    403  403  403      403        403   403     403   403       403        403        403
GET    /api/v1/session/passkeys                    401    403  403  403      403        403   403     403   403       403        403        403
POST   /api/v1/session/passkeys/new/challenge      401    403  403  403      403        403   403     403   403       403        403        403
POST   /api/v1/session/passkeys/new                401    403  403  403      403        403   403     403   403       403        403        403
DELETE /api/v1/session/passkeys/{passkey_id}       401    403  403  403      403        403   403     403   403       403        403        403
"""
"""`/second` without what the provider has shown, `/logout` where there is no provider: `test_oidc` has the rest."""
ROUTES = routes_in(TABLE)
ADDRESS = "http://localhost:8700"
_numbers = itertools.count(1)


def prepare(asker: Any, row: Any) -> dict[str, Any]:
    """A new good request for this row, as arguments for httpx."""
    url = row.path.format(link_id="none", passkey_id="none")
    request: dict[str, Any] = {"method": row.method, "url": url, "headers": {"Host": "localhost:8700"}}
    if row.path.endswith("/passkeys") and row.method == "POST":
        request["headers"]["Cookie"], request["json"] = _signed(asker)
    elif row.path.endswith("/second"):
        request["json"] = {"code": "123456"}
    elif row.path.endswith("/logout"):
        request["data"] = {"logout_token": "x"}
    elif row.path.endswith("/proof"):
        request["json"] = {"credential": {}}
    elif row.path.endswith("/new"):
        request["json"] = {"name": "x", "credential": {}}
    return request


def _signed(asker: Any) -> tuple[str, dict[str, Any]]:
    """Somebody with a key has just signed a challenge of ours."""
    station, key = asker.station, Authenticator(counts=False)
    invited = station.do(
        cmds.CreateAccount(f"key-{next(_numbers)}", cmds.Place(role="operator")), who("admin")
    )
    accepted = cmds.AcceptInvitation(token=invited.secret, password_hash="$argon2id$x")
    issued: Issued = station.do(accepted, public(STATION))
    itself = station.desk.authenticator.get(issued.secret)
    made = check.challenge(ADDRESS, invited.account_id)
    said = key.make(json.loads(check.options_to_add(made, "key", [])), ADDRESS)
    added = check.check_added(made, "key", said)
    content = KeyContent("key", added.content.credential_id, added.content.public_key, "localhost")
    station.do(AddPasskey(content, made.random, 0, False), itself)
    asked = check.challenge(ADDRESS)
    options = json.loads(check.options_to_sign(asked, []))
    carried = ticket.seal(station.desk, check.TO_SIGN_IN, asked, timedelta(minutes=5))
    return f"{check.TO_SIGN_IN}={carried}", {"credential": key.sign(options, ADDRESS)}
