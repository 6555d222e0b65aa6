"""Names for things that happened, sortable by the time at which they were given."""

from __future__ import annotations

import os
import threading
import time
import uuid

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, 36 characters, lower case), greater than every one given before it by this process."""
    global _last_ms, _counter
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms = now_ms
            _counter = int.from_bytes(os.urandom(2), "big") >> 5
        else:
            # The same millisecond, or a clock that stepped back: keep the order by counting on (RFC 9562, 6.2).
            _counter += 1
            if _counter > 0xFFF:
                _last_ms += 1
                _counter = 0
        stamp_ms, count = _last_ms, _counter
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{(stamp_ms << 80) | (0x7 << 76) | (count << 64) | (0b10 << 62) | tail:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def tracking_code_of(report_id: str) -> str:
    """The ten-letter code (Crockford base 32, 50 random bits of the id) with which a reporter asks for news."""
    value = uuid.UUID(report_id).int & ((1 << 50) - 1)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(45, -1, -5))
