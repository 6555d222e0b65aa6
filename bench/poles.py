"""Client: SOS points on connections of their own, pressing over MQTT at a given rate and waiting for receipts."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from safezone.entrypoints import mqtt_wire as wire


class Pole(asyncio.Protocol):
    """One pole; `sent` and `received` hold monotonic times by press number."""

    def __init__(self, bench: Bench, point: str, username: str, password: str) -> None:
        self.bench, self.point, self.username, self.password = bench, point, username, password
        self.sent: dict[int, float] = {}
        self.n = 0
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.topic = f"safezone/{bench.station}/sos/{point}"
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            wire.connect(f"b-{self.point}", self.username, self.password, clean=True, keepalive_s=0)
        )

    def data_received(self, data: bytes) -> None:
        packets, self._buffer = wire.split(self._buffer + data)
        assert self._transport is not None
        for first, body in packets:
            kind = first & 0xF0
            if kind == 0x20:
                self._transport.write(wire.subscribe(1, {f"{self.topic}/receipt": 0}))
            elif kind == 0x90:
                self.subscribed.set_result(None)
            elif kind == 0x30:
                message = wire.read_message(first, body)
                if message.packet_id:
                    self._transport.write(wire.puback(message.packet_id))
                said = json.loads(message.payload)
                self.bench.receipts.append((self.sent[said["n"]], time.monotonic(), said["incident_id"]))

    def press(self) -> None:
        """One press, with its time."""
        self.n += 1
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        payload = json.dumps({"n": self.n, "at": at, "kind": "sos"}).encode()
        assert self._transport is not None
        self.sent[self.n] = time.monotonic()
        self._transport.write(wire.publish(f"{self.topic}/press", payload, (self.n & 0x3FFF) + 1))


class Bench:
    """All poles of one measurement."""

    def __init__(self, station: str) -> None:
        self.station = station
        self.receipts: list[tuple[float, float, str]] = []


async def main(asked: dict[str, Any]) -> None:
    """Connect, say `ready`, press, wait for the last receipts, print what was seen."""
    bench = Bench(asked["station"])
    loop = asyncio.get_running_loop()
    poles: list[Pole] = []
    for start in range(0, len(asked["devices"]), 100):
        some = [
            loop.create_connection(partial(Pole, bench, *device), "127.0.0.1", asked["port"])
            for device in asked["devices"][start : start + 100]
        ]
        joined = [protocol for _, protocol in await asyncio.gather(*some)]
        await asyncio.wait_for(asyncio.gather(*(pole.subscribed for pole in joined)), 60)
        poles += joined
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    total, gap = asked["total"], 1.0 / asked["rate"]
    begin = time.monotonic()
    for number in range(total):
        due = begin + number * gap
        if (ahead := due - time.monotonic()) > 0.0005:
            await asyncio.sleep(ahead)
        poles[number % len(poles)].press()
    pressing_s = time.monotonic() - begin
    deadline = time.monotonic() + asked.get("patience_s", 30)
    while len(bench.receipts) < total and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    print(json.dumps({"pressing_s": pressing_s, "receipts": bench.receipts, "total": total}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
