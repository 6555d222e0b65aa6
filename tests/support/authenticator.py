"""An authenticator as a program: makes passkeys and signs with them, as a stick or a telephone does; it can be copied."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, CAN_BE_BACKED_UP, BACKED_UP, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


class Authenticator:
    """Holds one key for one site. `counts` like a stick; a synchronised passkey says 0 every time."""

    def __init__(self, *, counts: bool = True, verifies: bool = True, backed_up: bool = False) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(16)
        self.user_handle = b""
        self.count = 0
        self._counts, self._verifies, self._backed_up = counts, verifies, backed_up

    def copy(self) -> Authenticator:
        """What somebody has who could read the key out."""
        copied = Authenticator(counts=self._counts)
        copied.__dict__ |= {**self.__dict__, "count": deepcopy(self.count)}
        return copied

    def make(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """The answer to `navigator.credentials.create`."""
        self.user_handle = _bytes(options["user"]["id"])
        numbers = self.private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        key = (
            bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cbor2.dumps(public)
        )
        attested = {"fmt": "none", "attStmt": {}, "authData": self._data(options["rp"]["id"], HAS_KEY) + key}
        return self._answer(
            {
                "clientDataJSON": _text(_client_data("webauthn.create", options["challenge"], origin)),
                "attestationObject": _text(cbor2.dumps(attested)),
            }
        )

    def sign(self, options: dict[str, Any], origin: str, rp_id: str | None = None) -> dict[str, Any]:
        """The answer to `navigator.credentials.get`."""
        data = self._data(rp_id or options.get("rpId") or urlsplit(origin).hostname or "", 0)
        client = _client_data("webauthn.get", options["challenge"], origin)
        signed = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": _text(client),
                "authenticatorData": _text(data),
                "signature": _text(signed),
                "userHandle": _text(self.user_handle),
            }
        )

    def _data(self, rp_id: str, flags: int) -> bytes:
        self.count += 1 if self._counts else 0
        flags |= USER_PRESENT | (USER_VERIFIED if self._verifies else 0)
        flags |= CAN_BE_BACKED_UP | BACKED_UP if self._backed_up else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = _text(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
