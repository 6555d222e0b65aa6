"""A whole OpenID Provider for journeys: Authlib's server behind Flask, with a page to sign in, one to consent, and logout.

Nothing of the protocol is ours: codes, PKCE, client authentication and ID tokens are Authlib's, as a provider that is
built with it would run them. (`provider` beside it is the one that cheats when a test asks it to.)
"""

from __future__ import annotations

import secrets
import threading
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

import msgspec
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, render_template_string, request, session
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT = "safezone"
PAGE = """<!doctype html><meta charset="utf-8"><title>{{ title }}</title>
<h1>{{ title }}</h1>{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
<form method="post">{% for name, kind in fields %}<label>{{ name }} <input name="{{ name }}" type="{{ kind }}"></label>{% endfor %}
{% for word in buttons %}<button name="choice" value="{{ word }}">{{ word }}</button>{% endfor %}</form>"""


class _Client(ClientMixin):  # type: ignore[misc]
    """The station, as it is registered there."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.redirect_uri = ""

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in scope.split() if each in ("openid", "profile", "email"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, self.secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic" or endpoint != "token"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(msgspec.Struct, AuthorizationCodeMixin):  # type: ignore[misc]
    """A code that was given out, and for what."""

    code: str
    user: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return ["pwd"]


class OpenIdProvider:
    """People and their passwords; `register` says where the station is before anybody comes."""

    def __init__(self, people: dict[str, str]) -> None:
        self.people, self.secret = people, secrets.token_urlsafe(12)
        self._client = _Client(self.secret)
        self._codes: dict[str, _Code] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self._logout = self._front = self._out = ""
        self.sids: dict[str, str] = {}
        app = Flask("openid")
        app.config.update(SECRET_KEY=secrets.token_hex(), SESSION_COOKIE_NAME="openid_session")
        self._routes(app)
        self._way_out(app)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def register(self, station: str) -> None:
        """The station at this address is the client."""
        self._client.redirect_uri = f"{station}/api/v1/session/oidc/callback"
        self._logout = f"{station}/api/v1/session/oidc/logout"
        self._front = f"{station}/api/v1/session/oidc/front-logout"
        self._out = f"{station}/api/v1/session/oidc/left"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sign_out(self, user: str) -> None:
        """Somebody signs out there: the station is told behind the browser's back."""
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": self.subject_of(user),
            "iat": int(time.time()),
            "exp": int(time.time()) + 120,
            "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        token = jwt.encode({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}, claims, self._key, ["RS256"])
        with urllib.request.urlopen(self._logout, urlencode({"logout_token": token}).encode()) as answer:
            assert answer.status == 204

    def subject_of(self, user: str) -> str:
        return f"person-{list(self.people).index(user) + 1001}"

    def _routes(self, app: Flask) -> None:
        server = AuthorizationServer(app, lambda _: self._client, lambda *_: None)
        server.register_grant(_grant(self), [_code_of(self), CodeChallenge(required=True)])

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Any:
            return jsonify(
                issuer=self.issuer,
                authorization_endpoint=f"{self.issuer}/authorize",
                token_endpoint=f"{self.issuer}/token",
                jwks_uri=f"{self.issuer}/keys",
                end_session_endpoint=f"{self.issuer}/sign-out",
                frontchannel_logout_supported=True,
                frontchannel_logout_session_supported=True,
                code_challenge_methods_supported=["S256"],
                token_endpoint_auth_methods_supported=["client_secret_basic"],
            )

        @app.get("/favicon.ico")
        def picture() -> Any:
            return "", 204

        @app.get("/keys")
        def keys() -> Any:
            return jsonify(keys=[self._key.as_dict(private=False)])

        @app.post("/token")
        def token() -> Any:
            return server.create_token_response()

        @app.route("/sign-in", methods=["GET", "POST"])
        def sign_in() -> Any:
            problem = ""
            if request.method == "POST":
                user = request.form["user"]
                if self.people.get(user) == request.form["password"]:
                    session["user"], session["sid"] = user, secrets.token_urlsafe(12)
                    self.sids[user] = session["sid"]
                    return redirect(request.args["next"])
                problem = "No such person, or another password"
            fields = [("user", "text"), ("password", "password")]
            return render_template_string(
                PAGE, title="Sign in", problem=problem, fields=fields, buttons=["in"]
            )

        @app.route("/authorize", methods=["GET", "POST"])
        def authorize() -> Any:
            user = session.get("user")
            if user is None:
                return redirect(f"/sign-in?{urlencode({'next': request.full_path})}")
            try:
                grant = server.get_consent_grant(end_user=user)
            except OAuth2Error as problem:
                return jsonify(dict(problem.get_body())), problem.status_code
            if request.method == "POST":
                allowed = user if request.form["choice"] == "allow" else None
                return server.create_authorization_response(grant_user=allowed, grant=grant)
            title = f"{user}: may the station know who you are?"
            return render_template_string(PAGE, title=title, fields=[], buttons=["allow", "deny"])

    def _way_out(self, app: Flask) -> None:
        @app.get("/sign-out")
        def sign_out() -> Any:
            """By the station, with its ID token (RP-initiated logout); or at this provider's own page, which tells the
            station in a frame (front-channel logout).
            """
            sid = session.get("sid", "")
            session.clear()
            back = request.args.get("post_logout_redirect_uri")
            if back is None:
                said = urlencode({"iss": self.issuer, "sid": sid})
                return render_template_string(
                    '<h1>signed out</h1><iframe name="station" src="{{ where }}"></iframe>',
                    where=f"{self._front}?{said}",
                )
            hint = jwt.decode(request.args["id_token_hint"], self._key, algorithms=["RS256"]).claims
            assert (hint["aud"], hint["sid"], back) == (CLIENT, sid, self._out)
            return redirect(f"{back}?{urlencode({'state': request.args['state']})}")


def _grant(provider: OpenIdProvider) -> type[AuthorizationCodeGrant]:
    codes = provider._codes

    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            codes[code] = _Code(
                code, request.user, asked["redirect_uri"], request.payload.scope, asked["nonce"],
                asked["code_challenge"], asked["code_challenge_method"],
            )  # fmt: skip

        def query_authorization_code(self, code: str, _client: Any) -> _Code | None:
            return codes.get(code)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            del codes[authorization_code.code]

        def authenticate_user(self, authorization_code: _Code) -> str:
            return authorization_code.user

    return Grant


def _code_of(provider: OpenIdProvider) -> OpenIDCode:
    class Code(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, _request: Any) -> bool:
            return any(each.nonce == nonce for each in provider._codes.values())

        def resolve_client_private_key(self, _client: Any) -> Any:
            return provider._key

        def get_encode_header(self, _client: Any) -> dict[str, str]:
            return {"alg": "RS256", "kid": "k1"}

        def get_client_claims(self, _client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": CLIENT}

        def generate_user_info(self, user: str, _scope: str) -> UserInfo:
            return UserInfo(sub=provider.subject_of(user), preferred_username=user, sid=provider.sids[user])

    return Code(require_nonce=True)
