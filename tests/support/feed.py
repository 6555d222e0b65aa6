"""Reads the live feed as a browser does (server-sent events), over a real socket."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple

import httpx
import msgspec


class Frame(NamedTuple):
    """One server-sent event; `id` is None where it does not move the reader's place."""

    event: str
    data: Any
    id: int | None


class Feed:
    """One connection to the live feed; `with Feed(url, token, after=7) as feed: feed.take(…)`."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        after: int | None = None,
        last_event_id: int | None = None,
        silence_s: float = 60.0,
        within_s: float = 120.0,
    ) -> None:
        """`silence_s` without a word, or `within_s` without what is waited for, fails the test."""
        self._until_s = time.monotonic() + within_s
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self._client = httpx.Client(trust_env=False, timeout=silence_s)
        query = {} if after is None else {"after": after}
        request = self._client.build_request("GET", f"{url}/api/v1/live", params=query, headers=headers)
        self.response = self._client.send(request, stream=True)
        self._bytes = self.response.iter_raw()
        self._rest = b""
        self._frames: deque[Frame] = deque()

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The connection is cut, as when a cable is pulled."""
        self.response.close()
        self._client.close()

    def next(self) -> Frame | None:
        """The next frame, waiting for it; None when the server has ended the feed."""
        while not self._frames:
            assert time.monotonic() < self._until_s, "it beats on, but what is waited for does not come"
            piece = next(self._bytes, None)
            if piece is None:
                return None
            self._rest += piece
            *whole, self._rest = self._rest.split(b"\n\n")
            self._frames.extend(_frame_of(one) for one in whole)
        return self._frames.popleft()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.next()) is not None:
            yield frame

    def until(self, event: str) -> Frame:
        """The next frame of this kind; those before it are passed over."""
        for frame in self:
            if frame.event == event:
                return frame
        raise AssertionError(f"the feed ended without {event!r}")

    def changes_up_to(self, seq: int) -> list[Frame]:
        """Every change frame from here to the one of log line `seq`."""
        changes: list[Frame] = []
        for frame in self:
            if frame.event == "change":
                changes.append(frame)
                assert frame.id is not None
                if frame.id >= seq:
                    return changes
        raise AssertionError(f"the feed ended at {changes[-1].id if changes else None}, before line {seq}")


def _frame_of(raw: bytes) -> Frame:
    fields = dict(line.split(b": ", 1) for line in raw.split(b"\n"))
    number = fields.get(b"id")
    return Frame(
        fields[b"event"].decode(), msgspec.json.decode(fields[b"data"]), int(number) if number else None
    )
