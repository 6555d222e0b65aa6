"""The tables of the patrol: the units and their duty, from the log; where they were, with a retention of its own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, String, Text

from safezone.core.db import table

unit = table(
    "unit",
    Column("station", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("call_sign", String(80), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name_th", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("on_duty", Boolean, nullable=False),
    Column("duty_since_us", BigInteger),
    Column("duty_by", String(120)),
    Column("state", String(16), nullable=False),
    Column("unavailable", Boolean, nullable=False),
    Column("reason_ref", String(36)),
    Column("work", Text, nullable=False),
    Column("updated_seq", BigInteger, nullable=False),
    source="log",
)

unit_duty = table(
    "unit_duty",
    Column("station", String(32), primary_key=True),
    Column("unit_id", String(64), primary_key=True),
    Column("on_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("on_at_us", BigInteger, nullable=False),
    Column("on_by", String(120), nullable=False),
    Column("off_at_us", BigInteger),
    Column("off_by", String(120)),
    Column("reason_ref", String(36)),
    source="log",
)

unit_track = table(
    "unit_track",
    Column("station", String(32), primary_key=True),
    Column("unit_id", String(64), primary_key=True),
    # The fix that is drawn; all null until there is one.
    Column("lon", Float),
    Column("lat", Float),
    Column("claimed_us", BigInteger),
    Column("at_us", BigInteger),
    Column("received_us", BigInteger),
    Column("accuracy_m", Float),
    Column("speed_kmh", Float),
    Column("heading_deg", Float),
    Column("battery_pct", Float),
    # What the marking remembers between two fixes, see `rules.Track`; `waiting` (JSON) is null as long as all is well.
    Column("shift_us", BigInteger, nullable=False),
    Column("waiting", Text),
    source="telemetry",
)

position = table(
    "position",
    # Clustered by unit and time: one place in one tree per fix, a unit's trail lies together.
    Column("station", String(32), primary_key=True),
    Column("unit_id", String(64), primary_key=True),
    Column("claimed_us", BigInteger, primary_key=True, autoincrement=False),
    Column("lon", Float, primary_key=True),
    Column("lat", Float, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("mark", String(12), nullable=False),
    Column("accuracy_m", Float),
    Column("speed_kmh", Float),
    Column("heading_deg", Float),
    Column("battery_pct", Float),
    source="telemetry",
)
position.dialect_options["sqlite"]["with_rowid"] = False
