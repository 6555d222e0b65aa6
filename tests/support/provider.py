"""An OpenID Connect provider on a port of its own that does everything right, until a test asks it to do one thing wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws
from joserfc.jwk import RSAKey

CLIENT, SECRET = "safezone", "the-client's-secret"


class Provider:
    """`who` is whoever sits in front of the browser. What a test replaces: `forge` (the ID token), `tell` (discovery)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.who: dict[str, Any] = {"sub": "p-1001", "preferred_username": "somchai"}
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.forge: Callable[[dict[str, Any]], str] = self.sign
        self.tell: dict[str, Any] = {}
        self.stays_away = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # ── tokens ──

    def claims(self, nonce: str) -> dict[str, Any]:
        now = int(self.now())
        return {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.who}

    def sign(self, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
        """The token as it should be."""
        head = {"alg": "RS256", "kid": "k1", **header}
        return jws.serialize_compact(
            head, json.dumps(claims).encode(), key or self.key, algorithms=[head["alg"]]
        )

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """HMAC with what everybody knows: the oldest trick there is."""
        head = _part({"alg": "HS256", "kid": "k1"}) + "." + _part(claims)
        made = hmac.new(self.key.as_pem(private=False), head.encode(), hashlib.sha256).digest()
        return head + "." + base64.urlsafe_b64encode(made).decode().rstrip("=")

    def unsigned(self, claims: dict[str, Any]) -> str:
        return f"{_part({'alg': 'none'})}.{_part(claims)}."

    # ── the wire ──

    def _get(self, to: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(to.path)
        self.asked.append(parts.path)
        if self.stays_away:
            to.close_connection = True
            to.connection.close()
        elif parts.path == "/.well-known/openid-configuration":
            _json(
                to,
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize?tenant=7",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    **self.tell,
                },
            )
        elif parts.path == "/keys":
            _json(to, {"keys": [self.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe(8)
            self._codes[code] = query
            to.send_response(302)
            to.send_header("Location", f"{query['redirect_uri']}?code={code}&state={query['state']}")
            to.end_headers()
        else:
            to.send_error(404)

    def _post(self, to: BaseHTTPRequestHandler) -> None:
        form = {
            name: values[0]
            for name, values in parse_qs(to.rfile.read(int(to.headers["Content-Length"])).decode()).items()
        }
        self.asked.append(to.path)
        began = self._codes.pop(form["code"], None)
        basic = base64.b64encode(b"safezone:the-client%27s-secret").decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        good = (
            began is not None
            and began["code_challenge"] == challenge.decode().rstrip("=")
            and began["redirect_uri"] == form["redirect_uri"]
            and to.headers.get("Authorization") == f"Basic {basic}"
        )
        if not good or began is None:
            _json(to, {"error": "invalid_grant"}, 400)
        else:
            token = self.forge(self.claims(began["nonce"]))
            _json(to, {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": token})


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _json(to: BaseHTTPRequestHandler, content: Any, status: int = 200) -> None:
    body = json.dumps(content).encode()
    to.send_response(status)
    to.send_header("Content-Type", "application/json")
    to.send_header("Content-Length", str(len(body)))
    to.end_headers()
    to.wfile.write(body)
