"""MQTT 3.1.1 as bytes: what other programs send is understood, and what we send is what the standard says."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safezone.entrypoints import mqtt_wire as wire

_PRESS = b'{"n": 7, "at": "2026-11-20T19:04:11+07:00", "kind": "sos"}'
CAPTURED = [
    # What nats-server 2.15.1 sent for a press published by paho-mqtt at QoS 1, and again when it was not acknowledged.
    (
        b"2[\x00\x1dsafezone/mdh/sos/sos-03/press\x00\x01" + _PRESS,
        wire.Message("safezone/mdh/sos/sos-03/press", _PRESS, 1, False),
    ),
    (
        b":[\x00\x1dsafezone/mdh/sos/sos-03/press\x00\x01" + _PRESS,
        wire.Message("safezone/mdh/sos/sos-03/press", _PRESS, 1, True),
    ),
    (b"\x3a\x07\x00\x01a\x00\x2ahi", wire.Message("a", b"hi", 42, True)),
    (b"\x30\x05\x00\x01ahi", wire.Message("a", b"hi", 0, False)),
    (b"\x30\x06\x00\x02\xff\xfehi", wire.Message("��", b"hi", 0, False)),
    (b"\x32\x05\x00\x01a\x00\x01", wire.Message("a", b"", 1, False)),
]


@pytest.mark.parametrize(("packet", "meaning"), CAPTURED)
def test_a_message_is_understood(packet: bytes, meaning: wire.Message) -> None:
    [(first_byte, body)], rest = wire.split(packet)
    assert rest == b""
    assert wire.read_message(first_byte, body) == meaning


def test_what_we_send_is_what_the_standard_says() -> None:
    assert wire.connect("c", "u", "p", clean=True, keepalive_s=60) == bytes.fromhex(
        "1013 0004 4d515454 04 c2 003c 0001 63 0001 75 0001 70"
    )
    assert wire.connect("c", "u", "p", clean=False, keepalive_s=60)[9] == 0xC0
    assert wire.subscribe(10, {"a/b": 1, "c/d": 0}) == bytes.fromhex(
        "82 0e 000a 0003 612f62 01 0003 632f64 00"
    )
    assert wire.publish("a/b", b"hi", 10) == bytes.fromhex("32 09 0003 612f62 000a 6869")
    assert wire.publish("a/b", b"hi", 0) == bytes.fromhex("30 07 0003 612f62 6869")
    assert wire.puback(0x1234) == bytes.fromhex("40 02 1234")


@pytest.mark.parametrize(
    ("count", "encoded"), [(127, "7f"), (128, "8001"), (16_383, "ff7f"), (16_384, "808001")]
)
def test_lengths_are_those_of_the_standard(count: int, encoded: str) -> None:
    """The boundaries in table 2.4 of MQTT 3.1.1."""
    packet = wire.publish("", b"x" * (count - 2), 0)
    assert packet[1:].startswith(bytes.fromhex(encoded))
    assert [len(body) for _, body in wire.split(packet)[0]] == [count]


messages = st.builds(
    wire.publish, st.text(max_size=40), st.binary(max_size=400), st.integers(min_value=0, max_value=0xFFFF)
)


@given(packets=st.lists(messages, max_size=8), cuts=st.lists(st.integers(min_value=1, max_value=300)))
def test_packets_arrive_whole_however_the_network_cuts_them(packets: list[bytes], cuts: list[int]) -> None:
    stream, got, rest = b"".join(packets), [], b""
    while stream:
        size = cuts.pop() if cuts else len(stream)
        piece, stream = stream[:size], stream[size:]
        whole, rest = wire.split(rest + piece)
        got += whole
    assert rest == b""
    assert [bytes((first,)) + wire._length(len(body)) + body for first, body in got] == packets


@given(
    topic=st.text(max_size=60),
    payload=st.binary(max_size=300),
    packet_id=st.integers(min_value=0, max_value=0xFFFF),
)
def test_what_is_published_is_what_is_read(topic: str, payload: bytes, packet_id: int) -> None:
    [(first_byte, body)], _ = wire.split(wire.publish(topic, payload, packet_id))
    assert wire.read_message(first_byte, body) == (topic, payload, packet_id, False)


@given(st.binary(max_size=200))
@example(b"\x30\xff\xff\xff\xff\x7f")
@example(b"\x32\x03\x00\x01a")
@example(b"\x32\x00")
def test_rubbish_is_told_from_mqtt_and_nothing_else_happens(data: bytes) -> None:
    try:
        packets, rest = wire.split(data)
        for first_byte, body in packets:
            wire.read_message(first_byte, body)
    except wire.MalformedPacket:
        return
    assert data.endswith(rest)


@pytest.mark.parametrize("data", [b"\x30\xff\xff\xff\xff\x7f", b"\x30\xff\xff\xff\x7f" + b"x" * 10])
def test_a_length_out_of_bounds_is_refused_before_it_is_waited_for(data: bytes) -> None:
    with pytest.raises(wire.MalformedPacket):
        wire.split(data)
