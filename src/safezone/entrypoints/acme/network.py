"""The only way to the authority: its one host, by TLS, no redirect followed, no proxy, little time, little data."""

from __future__ import annotations

import ssl
import time
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests
from acme import messages
from acme.client import ClientNetwork
from josepy import jwa, jwk
from requests.adapters import HTTPAdapter

from safezone import __version__

LARGEST: Final = 1 << 20
"""No answer of an authority is larger than this."""
ANSWER_WITHIN_S: Final = 30.0
STALE_NONCES: Final = 4
"""So often the same request is said again because the authority has forgotten the number that it gave us for it."""


class Elsewhere(Exception):
    """The authority sends us to an address that is not its own, or says too much; the words are for the log."""


class OneHost(HTTPAdapter):
    """Sends nothing to any other host than that of the directory."""

    def __init__(self, directory_url: str) -> None:
        super().__init__()
        self._place = _place_of(urlsplit(directory_url))
        self.retry_after_s: int | None = None
        """What the last refusal asked us to wait for."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """As any other; Elsewhere for an address that the administrator has not named."""
        parts = urlsplit(request.url or "")
        if parts.scheme != "https" or parts.username is not None or _place_of(parts) != self._place:
            raise Elsewhere(f"{request.url!r} is not of the directory's host {self._place[0]}")
        until_s = time.monotonic() + ANSWER_WITHIN_S
        # Bound here, and read here: what drips or does not end is let go.
        answer = super().send(request, *args, **{**kwargs, "stream": True})
        content = bytearray()
        for piece in answer.iter_content(65_536):
            content += piece
            if len(content) > LARGEST or time.monotonic() > until_s:
                answer.close()
                raise Elsewhere(f"{parts.hostname} says too much, or too slowly")
        # As requests does it when it has read an answer to its end.
        answer._content = bytes(content)
        said = answer.headers.get("Retry-After", "")
        if answer.status_code in (429, 503) and said.isdigit():
            self.retry_after_s = min(int(said), 7 * 86_400)
        return answer


class Network(ClientNetwork):
    """The library's, kept to the one host."""

    def __init__(self, key: jwk.JWK, directory_url: str, ca_file: str) -> None:
        agent = f"safezone/{__version__}"
        super().__init__(key, alg=jwa.ES256, user_agent=agent, timeout=int(ANSWER_WITHIN_S))
        # The library says bool; requests takes the file of an authority as well.
        self.verify_ssl = ca_file or _of_the_machine() or True  # type: ignore[assignment]
        self.host = OneHost(directory_url)
        # No proxy and no password from the environment.
        self.session.trust_env = False
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self.host)

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As the library's, which says it twice; a number that is not known any more is no reason to begin again."""
        for _ in range(STALE_NONCES):
            try:
                return super().post(*args, **kwargs)
            except messages.Error as problem:
                if problem.code != "badNonce":
                    raise
        return super().post(*args, **kwargs)

    def _send_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        return super()._send_request(method, url, *args, **{**kwargs, "allow_redirects": False})


def _place_of(parts: SplitResult) -> tuple[str, int]:
    return ((parts.hostname or "").lower(), parts.port or 443)


def _of_the_machine() -> str | None:
    """The file with the authorities that the machine trusts, as the rest of the program does."""
    return ssl.get_default_verify_paths().cafile
