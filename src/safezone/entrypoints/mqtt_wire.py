"""How MQTT 3.1.1 looks on the wire: the few packets that the station's own door sends and understands.

Source: OASIS MQTT 3.1.1 (section numbers below). Pure: bytes in, meaning out. Not here, because the door does not
need them: QoS 2, wills, retained messages of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
SUBACK: Final = 9
PINGRESP: Final = 13

PING: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"

MAX_PACKET_BYTES: Final = 1 << 20
"""A packet longer than this is not for us: no message of this program comes near it."""


class MalformedPacket(ValueError):
    """What came is not MQTT 3.1.1; after it nothing on this connection can be trusted."""


class Message(NamedTuple):
    """One PUBLISH packet (3.3)."""

    topic: str
    payload: bytes
    packet_id: int
    """0 with QoS 0: there is nothing to acknowledge."""
    repeated: bool
    """The broker has sent it before (DUP)."""


def connect(client_id: str, username: str, password: str, *, clean: bool, keepalive_s: int) -> bytes:
    """CONNECT (3.1). `clean=False` asks the broker to keep the session, and what is not acknowledged, for us."""
    flags = 0xC0 | (0x02 if clean else 0)
    body = (
        _text("MQTT")
        + bytes((4, flags))
        + keepalive_s.to_bytes(2, "big")
        + _text(client_id)
        + _text(username)
        + _text(password)
    )
    return b"\x10" + _length(len(body)) + body


def subscribe(packet_id: int, filters: Mapping[str, int]) -> bytes:
    """SUBSCRIBE (3.8) to each topic filter with its QoS (0 or 1)."""
    body = packet_id.to_bytes(2, "big") + b"".join(
        _text(name) + bytes((qos,)) for name, qos in filters.items()
    )
    return b"\x82" + _length(len(body)) + body


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """PUBLISH (3.3): QoS 1 with a packet id, QoS 0 with packet id 0."""
    body = _text(topic) + (packet_id.to_bytes(2, "big") if packet_id else b"") + payload
    return (b"\x32" if packet_id else b"\x30") + _length(len(body)) + body


def puback(packet_id: int) -> bytes:
    """PUBACK (3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def split(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole packets in `buffer` as (first byte, body), and the rest; MalformedPacket if it is not MQTT."""
    packets: list[tuple[int, bytes]] = []
    at, end = 0, len(buffer)
    while end - at >= 2:
        length, start = buffer[at + 1], at + 2
        if length & 0x80:  # more than one length byte, low seven bits first (2.2.3)
            length &= 0x7F
            shift = 7
            while start < end:
                byte = buffer[start]
                start += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
                if shift > 21:
                    raise MalformedPacket("a length of more than four bytes")
            else:
                break
        if length > MAX_PACKET_BYTES:
            raise MalformedPacket(f"a packet of {length} bytes")
        if end - start < length:
            break
        packets.append((buffer[at], buffer[start : start + length]))
        at = start + length
    return packets, buffer[at:]


def read_message(first_byte: int, body: bytes) -> Message:
    """The message in a PUBLISH packet; MalformedPacket if it ends too early.

    A topic that is not UTF-8 is read with replacement characters: the message is then nobody's, but it can be kept and
    acknowledged. Refusing it would make the broker send it again forever.
    """
    try:
        start = 2 + ((body[0] << 8) | body[1])
        topic = body[2:start]
        packet_id = 0
        if first_byte & 0x06:
            packet_id = (body[start] << 8) | body[start + 1]
            start += 2
    except IndexError:
        raise MalformedPacket("a PUBLISH that ends too early") from None
    if start > len(body):
        raise MalformedPacket("a PUBLISH that ends too early")
    return Message(topic.decode("utf-8", "replace"), body[start:], packet_id, bool(first_byte & 0x08))


def _length(count: int) -> bytes:
    out = bytearray()
    while True:
        count, byte = count >> 7, count & 0x7F
        if not count:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def _text(value: str) -> bytes:
    data = value.encode()
    if len(data) > 0xFFFF:
        raise ValueError("longer than MQTT can say (65,535 bytes)")
    return len(data).to_bytes(2, "big") + data
