"""Heartbeats as devices send them, and what else comes in on their topic."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safezone.assets.commands import RecordHeartbeat
from safezone.assets.heartbeat import decode_heartbeat
from safezone.core.errors import Invalid


@pytest.mark.parametrize(
    ("payload", "claimed_at", "battery_pct"),
    [
        (b"", None, None),
        (b"{}", None, None),
        (
            b'{"at":"2026-11-20T19:04:11+07:00","battery_pct":87}',
            datetime(2026, 11, 20, 12, 4, 11, tzinfo=UTC),
            87.0,
        ),
        (b'{"at":"2026-11-20T12:04:11Z","rssi":-71}', datetime(2026, 11, 20, 12, 4, 11, tzinfo=UTC), None),
        (
            b'{"at":"2026-11-20T12:04:11","battery_pct":null}',
            datetime(2026, 11, 20, 12, 4, 11, tzinfo=UTC),
            None,
        ),
        (b'{"at":"0001-01-01T00:00:00+07:00","battery_pct":3.5}', None, 3.5),
    ],
)
def test_what_a_heartbeat_says(
    payload: bytes, claimed_at: datetime | None, battery_pct: float | None
) -> None:
    assert decode_heartbeat("sos-01", payload) == RecordHeartbeat("sos-01", claimed_at, battery_pct)


@pytest.mark.parametrize(
    "payload", [b"alive", b"[]", b'{"at":5}', b'{"battery_pct":"full"}', b"\xff\xfe", b'{"x":' + b"[" * 4000]
)
def test_what_is_no_heartbeat_is_refused_with_the_name_of_the_device(payload: bytes) -> None:
    with pytest.raises(Invalid, match="The heartbeat of sos-01 cannot be read"):
        decode_heartbeat("sos-01", payload)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(payload: bytes) -> None:
    try:
        said = decode_heartbeat("sos-01", payload)
    except Invalid:
        return
    assert said.asset_id == "sos-01"
