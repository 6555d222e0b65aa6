"""Asks the embedded broker which of its users are connected now, over the port that only this machine reaches."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from safezone.core.errors import Unavailable
from safezone.entrypoints.broker.config import LOOKER_INBOX, MAX_CONNECTIONS, WHO_IS_CONNECTED, BrokerState

TIMEOUT_S: Final = 3.0
LARGEST_LINE: Final = 64 << 10
LARGEST_ANSWER: Final = 16 << 20


class _Connection(msgspec.Struct):
    authorized_user: str = ""


class _Connections(msgspec.Struct):
    connections: list[_Connection] = []


class _Answer(msgspec.Struct):
    data: _Connections


async def connected_users(state: BrokerState, user: str = "") -> set[str]:
    """The names under which somebody is connected now (only whether `user` is, where one is given).

    Unavailable when the broker does not answer, or was prepared by a version that did not ask such things.
    """
    if state.looker is None or not state.nats_port:
        raise Unavailable("the broker was started by an older version; it can be asked after its next start")
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _ask(state, state.looker.username, state.looker.password, user)
    except (OSError, TimeoutError, EOFError, ValueError, msgspec.DecodeError) as problem:
        raise Unavailable(f"the broker does not say who is connected: {problem!r}") from problem


async def _ask(state: BrokerState, username: str, password: str, user: str) -> set[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", state.nats_port, limit=LARGEST_LINE)
    try:
        hello = {"verbose": False, "pedantic": False, "user": username, "pass": password, "version": "1"}
        question = {"auth": True, "limit": MAX_CONNECTIONS, **({"user": user} if user else {})}
        asked = msgspec.json.encode(question)
        writer.write(
            b"CONNECT %s\r\nSUB %s 1\r\nPUB %s %s %d\r\n%s\r\n"
            % (
                msgspec.json.encode(hello),
                LOOKER_INBOX.encode(),
                WHO_IS_CONNECTED.encode(),
                LOOKER_INBOX.encode(),
                len(asked),
                asked,
            )
        )
        while True:
            line = await reader.readuntil(b"\r\n")
            if line.startswith(b"-ERR"):
                raise ValueError(line.decode("ascii", "replace").strip())
            if line.startswith(b"MSG "):
                break
        size = int(line.split()[-1])
        if size > LARGEST_ANSWER:
            raise ValueError(f"an answer of {size} bytes")
        said = msgspec.json.decode(await reader.readexactly(size), type=_Answer)
    finally:
        writer.close()
    return {each.authorized_user for each in said.data.connections if each.authorized_user}
