"""Asks the provider, and nobody else: its own hosts, by TLS, no redirect followed, little time, little data."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import time
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from safezone.core.errors import Unavailable

LARGEST: Final = 256 << 10
"""No document of a provider is larger than this."""
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
AT_ONCE: Final = 8


class ProviderAway(Unavailable):
    """The provider does not answer as one; the words are for the log."""


class ProviderRefuses(Unavailable):
    """The provider has understood and says no, such as to a code that was used already."""


class Fetcher:
    """The only way to the provider. `hosts`: the names (and ports) that may be asked."""

    def __init__(self, hosts: frozenset[str], timeout_s: float) -> None:
        self._hosts = hosts
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(AT_ONCE)

    def check(self, url: str) -> SplitResult:
        """The parts of an address that may be asked; ProviderAway for every other."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ProviderAway(f"not an address: {url!r}") from None
        loopback = parts.hostname in LOOPBACK
        fits = (
            parts.scheme == "https" or (parts.scheme == "http" and loopback),
            parts.username is None,
            parts.hostname is not None and host_of(parts.scheme, parts.hostname, port) in self._hosts,
        )
        if not all(fits):
            raise ProviderAway(f"{url!r} is not of the provider: see [oidc] endpoint_hosts")
        return parts

    async def get_json(self, url: str) -> Any:
        """The document at this address."""
        return await self._fetch(url, None, {})

    async def post_form(self, url: str, body: str, headers: dict[str, str]) -> Any:
        """The answer to a form."""
        return await self._fetch(url, body, {**headers, "Content-Type": "application/x-www-form-urlencoded"})

    async def _fetch(self, url: str, body: str | None, headers: dict[str, str]) -> Any:
        parts = self.check(url)
        async with self._turns:
            status, content = await asyncio.to_thread(self._blocking, parts, body, headers)
        try:
            answer = msgspec.json.decode(content)
        except (msgspec.DecodeError, RecursionError):
            answer = None
        if 400 <= status < 500 and body is not None:
            said = answer.get("error") if isinstance(answer, dict) else None
            raise ProviderRefuses(f"{parts.hostname} refuses: {status} {str(said)[:80]}")
        if status != 200 or not isinstance(answer, dict):
            raise ProviderAway(f"{url} answers {status} and no JSON object")
        return answer

    def _blocking(self, parts: SplitResult, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """One exchange on a thread of its own; ended after the time however slowly the other side drips."""
        until_s = time.monotonic() + self._timeout_s
        host = parts.hostname or ""
        made: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            made = http.client.HTTPSConnection(host, parts.port, timeout=self._timeout_s, context=context)
        else:
            made = http.client.HTTPConnection(host, parts.port, timeout=self._timeout_s)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            made.request(
                "GET" if body is None else "POST", target, body, {"Accept": "application/json", **headers}
            )
            # Closed by itself only where it was read to its end.
            with made.getresponse() as answer:
                content = bytearray()
                while piece := answer.read1(65_536):
                    content += piece
                    left_s = until_s - time.monotonic()
                    if len(content) > LARGEST or left_s <= 0:
                        raise ProviderAway(f"{host} says too much, or too slowly")
                    if made.sock is not None:
                        made.sock.settimeout(left_s)
                return answer.status, bytes(content)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise ProviderAway(f"{host} does not answer: {problem!r}") from problem
        finally:
            made.close()


def host_of(scheme: str, hostname: str, port: int | None) -> str:
    """A host as it stands in a list: the name, and the port where it is not the usual one."""
    usual = {"https": 443, "http": 80}.get(scheme)
    return hostname.lower() if port in (None, usual) else f"{hostname.lower()}:{port}"
