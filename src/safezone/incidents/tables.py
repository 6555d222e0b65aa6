"""The tables in which the incidents stand; only `store.py` writes them, only `queries.py` and `handlers.py` read them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Text

from safezone.core.db import table

incident = table(
    "incident",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_actor", String(120), nullable=False),
    Column("last_kind", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("about", String(24), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("sos_point", String(64)),
    Column("lon", Float),
    Column("lat", Float),
    Column("cell", String(32)),
    Column("place_ref", String(36)),
    Column("place_confirmed", Boolean, nullable=False),
    Column("summary_ref", String(36)),
    Column("report_count", Integer, nullable=False),
    Column("opened_at_us", BigInteger, nullable=False),
    Column("last_report_at_us", BigInteger, nullable=False),
    Column("acknowledged_at_us", BigInteger),
    Column("acknowledged_by", String(120)),
    Column("dispatched_at_us", BigInteger),
    Column("en_route_at_us", BigInteger),
    Column("on_scene_at_us", BigInteger),
    Column("closed_at_us", BigInteger),
    Column("escalated_at_us", BigInteger),
    Column("reopened_at_us", BigInteger),
    Column("outcome", String(24)),
    Column("merged_into", String(36)),
    Index("incident_by_number", "station", "year", "number", unique=True),
    Index("incident_by_cell", "station", "cell", "last_report_at_us"),
    Index("incident_by_state", "station", "state", "opened_at_us"),
    source="log",
)

report = table(
    "report",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("incident_id", String(36), nullable=False),
    Column("dedupe_sha256", String(64), nullable=False),
    Column("tracking_code", String(10), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("claimed_at_us", BigInteger),
    Column("claim_trusted", Boolean, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("about", String(24), nullable=False),
    Column("sos_point", String(64)),
    Column("lon", Float),
    Column("lat", Float),
    Column("cell", String(32)),
    Column("place_ref", String(36)),
    Column("text_ref", String(36)),
    Column("reporter_ref", String(36)),
    Column("joined", Boolean, nullable=False),
    Index("report_once", "station", "dedupe_sha256", unique=True),
    Index("report_by_code", "station", "tracking_code"),
    Index("report_by_incident", "station", "incident_id"),
    Index("report_by_point", "station", "sos_point", "at_us"),
    source="log",
)

assignment = table(
    "assignment",
    Column("station", String(32), primary_key=True),
    Column("incident_id", String(36), primary_key=True),
    Column("unit_id", String(64), primary_key=True),
    Column("call_sign", String(80), nullable=False),
    Column("step", String(12), nullable=False),
    Column("arrived", Boolean, nullable=False),
    Column("assigned_at_us", BigInteger, nullable=False),
    Column("accepted_at_us", BigInteger),
    Column("en_route_at_us", BigInteger),
    Column("on_scene_at_us", BigInteger),
    Column("cleared_at_us", BigInteger),
    Column("reason_ref", String(36)),
    Index("assignment_by_unit", "station", "unit_id", "step"),
    source="log",
)

note = table(
    "note",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("incident_id", String(36)),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("text_ref", String(36), nullable=False),
    Index("note_by_incident", "station", "incident_id", "at_us"),
    source="log",
)

photo = table(
    "photo",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("incident_id", String(36), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("actor", String(120), nullable=False),
    Column("image_ref", String(36), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Index("photo_by_incident", "station", "incident_id"),
    source="log",
)

twin = table(
    "twin",
    Column("station", String(32), primary_key=True),
    Column("incident_id", String(36), primary_key=True),
    Column("other_id", String(36), primary_key=True),
    Column("distance_m", Integer, nullable=False),
    Index("twin_by_other", "station", "other_id"),
    source="log",
)

legal_hold = table(
    "legal_hold",
    Column("station", String(32), primary_key=True),
    Column("incident_id", String(36), primary_key=True),
    Column("placed_at_us", BigInteger, nullable=False),
    Column("placed_by", String(120), nullable=False),
    Column("reason_ref", String(36), nullable=False),
    source="log",
)

erasure = table(
    "erasure",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("data_class", String(24), nullable=False),
    Column("days", Integer, nullable=False),
    Column("before_us", BigInteger, nullable=False),
    Column("subjects", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Index("erasure_by_seq", "station", "seq"),
    source="log",
)

erased = table(
    "erased",
    Column("station", String(32), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("data_class", String(24), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    source="log",
)

refused_message = table(
    "refused_message",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("door", String(16), nullable=False),
    Column("source", String(200), nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("reason_th", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    source="door",
)
