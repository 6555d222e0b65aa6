"""The provider as we know it: where its doors are, with which keys it signs, and whom it says has come in."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from safezone.core.clock import Clock
from safezone.core.identity import Identity
from safezone.core.provider_settings import Oidc
from safezone.entrypoints.oidc.fetch import Fetcher, ProviderAway, host_of

logger = logging.getLogger("safezone.oidc")

DISCOVERY_S: Final = 3600.0
KEYS_S: Final = 600.0
KEYS_AGAIN_S: Final = 30.0
"""For a key that we do not know the provider is asked anew, but no more often than this."""
AWAY_S: Final = 15.0
"""A provider that did not answer is not asked again for so long: the page says that it is away and goes on."""
SIGNED_BY: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""Never `none`, and nothing that is signed with a secret which we have too."""
LONGEST_NAME: Final = 255
BACK_CHANNEL_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"


class NotProven(Exception):
    """The provider's word is not good for what we have asked; why, for the log."""


class Doors(msgspec.Struct, frozen=True):
    """What the provider says about itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False
    end_session_endpoint: str = ""
    """Empty: one cannot be sent there to sign out."""
    frontchannel_logout_supported: bool = False
    frontchannel_logout_session_supported: bool = False


class ComeIn(msgspec.Struct, frozen=True):
    """Somebody whom the provider has shown: what it says of them, and its token, good to go out by."""

    claims: Mapping[str, Any]
    id_token: str


class Asked(msgspec.Struct, frozen=True):
    """What was asked of the provider for one sign-in, and comes back with the browser."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    link: Identity | None = None
    """Somebody with an account, signed in, who wants to link it."""


class Provider:
    """The one provider of the settings; asked only when somebody wants to sign in."""

    def __init__(self, settings: Oidc, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        parts = urlsplit(settings.issuer)
        own = host_of(parts.scheme, parts.hostname or "", parts.port)
        hosts = frozenset((own, *(each.lower() for each in settings.endpoint_hosts)))
        self._fetcher = Fetcher(hosts, float(settings.timeout_s))
        self._doors: Doors | None = None
        self._keys: dict[str, Any] | None = None
        self._doors_at_s = self._keys_at_s = self._away_at_s = -1e9
        self._turn = asyncio.Lock()

    async def doors(self) -> Doors:
        """Where the provider's doors are; ProviderAway when it does not say, or says what cannot be its own."""
        async with self._turn:
            now_s = time.monotonic()
            if self._doors is not None and now_s - self._doors_at_s < DISCOVERY_S:
                return self._doors
            if now_s - self._away_at_s < AWAY_S:
                raise ProviderAway("it did not answer a moment ago")
            try:
                said = await self._fetcher.get_json(
                    f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                doors = msgspec.convert(said, Doors)
                if doors.issuer != self.settings.issuer:
                    raise ProviderAway(f"it calls itself {doors.issuer!r}, not {self.settings.issuer!r}")
                for each in (doors.authorization_endpoint, doors.token_endpoint, doors.jwks_uri):
                    self._fetcher.check(each)
            except (ProviderAway, msgspec.ValidationError) as problem:
                self._away_at_s = time.monotonic()
                if isinstance(problem, ProviderAway):
                    raise
                raise ProviderAway(f"its discovery document is none: {problem}") from problem
            self._doors, self._doors_at_s = self._without_foreign_way_out(doors), now_s
            return self._doors

    def _without_foreign_way_out(self, doors: Doors) -> Doors:
        """Signing in goes on where only the way out leads elsewhere."""
        try:
            if doors.end_session_endpoint:
                self._fetcher.check(doors.end_session_endpoint)
        except ProviderAway as problem:
            logger.warning("nobody is sent there to sign out: %s", problem)
            return msgspec.structs.replace(doors, end_session_endpoint="")
        return doors

    async def way_out(self, back: str, state: str, id_token: str | None) -> str:
        """Where the browser is sent to sign out (RP-initiated logout); ProviderAway when there is no such way."""
        from authlib.common.urls import add_params_to_uri  # noqa: PLC0415 - loading takes half a second

        doors = await self.doors()
        if not doors.end_session_endpoint:
            raise ProviderAway("it has no end_session_endpoint")
        params = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back, "state": state}
        if id_token:
            params["id_token_hint"] = id_token
        return str(add_params_to_uri(doors.end_session_endpoint, list(params.items())))

    async def door_for(self, asked: Asked) -> str:
        """Where the browser is sent to sign in."""
        from authlib.common.urls import add_params_to_uri  # noqa: PLC0415 - loading takes half a second
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415 - as above

        doors = await self.doors()
        params = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": asked.redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": create_s256_code_challenge(asked.verifier),
            "code_challenge_method": "S256",
        }
        return str(add_params_to_uri(doors.authorization_endpoint, list(params.items())))

    async def come_in(self, code: str, asked: Asked, answered_by: str | None) -> ComeIn:
        """Who has come in, for the code that the browser has brought; ProviderAway, ProviderRefuses or NotProven."""
        doors = await self.doors()
        # RFC 9207: whoever says who they are says so each time, or it is the answer of somebody else.
        wanted = self.settings.issuer if doors.authorization_response_iss_parameter_supported else None
        if answered_by not in (self.settings.issuer, wanted):
            raise NotProven(f"an answer of {answered_by!r}")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier,
        }
        headers: dict[str, str] = {}
        secret = await asyncio.to_thread(self._secret)
        if secret is None:
            form["client_id"] = self.settings.client_id
        elif "client_secret_basic" in doors.token_endpoint_auth_methods_supported:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": secret}
        answer = await self._fetcher.post_form(doors.token_endpoint, urlencode(form), headers)
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise NotProven("the provider gives no ID token")
        params = {"nonce": asked.nonce, "client_id": self.settings.client_id}
        if isinstance(access_token, str):
            params["access_token"] = access_token
        return ComeIn(await self._claims_in(id_token, params), id_token)

    async def claims_of_logout(self, token: str) -> Mapping[str, Any]:
        """Whose session the provider wants ended (OpenID Connect Back-Channel Logout), by `sub` or `sid`; NotProven otherwise."""
        claims = await self._claims_in(token, {"client_id": self.settings.client_id}, is_logout=True)
        events = claims.get("events")
        if not isinstance(events, dict) or BACK_CHANNEL_LOGOUT not in events or "nonce" in claims:
            raise NotProven("not a logout token")
        return claims

    def _secret(self) -> str | None:
        file = self.settings.client_secret_file
        try:
            return Path(file).read_text("utf-8").strip() if file else None
        except OSError as problem:
            raise ProviderAway(f"[oidc] client_secret_file cannot be read: {problem.strerror}") from problem

    async def _claims_in(
        self, token: str, params: dict[str, str], *, is_logout: bool = False
    ) -> Mapping[str, Any]:
        """What a token says that the provider has signed, for us, now; NotProven says why not.

        It names somebody (`sub`), but for a logout, where the provider's session (`sid`) is enough.
        """
        from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 - loading takes half a second
        from joserfc import jws, jwt  # noqa: PLC0415 - as above
        from joserfc.errors import JoseError  # noqa: PLC0415 - as above
        from joserfc.jwk import KeySet  # noqa: PLC0415 - as above

        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("alg") not in SIGNED_BY:
                raise NotProven(f"signed by {header.get('alg')!r}")
            keys = KeySet.import_key_set(await self._key_set(str(header.get("kid", ""))))  # type: ignore[arg-type]
            decoded = jwt.decode(token, keys, algorithms=list(SIGNED_BY))
            wanted = {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
            }
            claims = CodeIDToken(decoded.claims, decoded.header, wanted, params)
            if is_logout:
                claims.ESSENTIAL_CLAIMS = [each for each in claims.ESSENTIAL_CLAIMS if each != "sub"]
            claims.validate(int(self._clock.now().timestamp()), self.settings.clock_skew_s)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as problem:
            raise NotProven(f"the token is not good: {problem!r}") from problem
        named = "sid" if is_logout and "sub" not in claims else "sub"
        name = claims.get(named)
        if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
            raise NotProven("the token names nobody")
        return dict(claims)

    async def _key_set(self, kid: str) -> dict[str, Any]:
        """The provider's keys; asked for anew when they are old, or when there is none of this name."""
        doors = await self.doors()
        async with self._turn:
            age_s = time.monotonic() - self._keys_at_s
            known = self._keys
            has_it = known is not None and (not kid or any(key.get("kid") == kid for key in known["keys"]))
            if known is None or age_s > KEYS_S or (not has_it and age_s > KEYS_AGAIN_S):
                said = await self._fetcher.get_json(doors.jwks_uri)
                keys = [
                    key for key in said.get("keys", []) if isinstance(key, dict) and key.get("kty") != "oct"
                ]
                if not keys:
                    raise ProviderAway("it has no keys")
                known = self._keys = {"keys": keys}
                self._keys_at_s = time.monotonic()
            return known
