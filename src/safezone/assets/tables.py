"""The tables of the equipment: all but `asset_sign` are written by events alone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Text

from safezone.core.db import table

asset = table(
    "asset",
    Column("station", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("code", String(64), nullable=False),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("lifecycle", String(16), nullable=False),
    Column("owner_th", Text, nullable=False),
    Column("owner_en", Text, nullable=False),
    Column("site_id", String(64)),
    Column("camera_count", Integer),
    Column("readiness", String(8), nullable=False),
    Column("reason_th", Text),
    Column("reason_en", Text),
    Column("readiness_since_us", BigInteger, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("owner_id", String(64)),
    Column("model", String(200)),
    Column("legal_basis", String(200)),
    Column("mou_id", String(64)),
    Column("cost_satang", BigInteger),
    Column("budget_line", String(200)),
    Column("fiscal_year", Integer),
    Column("warranty_until", String(10)),
    Column("in_service_us", BigInteger),
    Column("checked_us", BigInteger),
    Column("check_ok", Boolean),
    Column("tested_us", BigInteger),
    Column("order_severity", String(8)),
    Column("touched_us", BigInteger),
    Column("test_until_us", BigInteger),
    Column("words", Text),
    Index("asset_on_map", "station", "lon", "lat", "site_id", "lifecycle", "readiness", "kind", "id"),
    Index("asset_by_kind", "station", "kind", "lifecycle", "readiness", "id"),
    Index("asset_by_site", "station", "site_id"),
    Index("asset_by_owner", "station", "owner_id"),
    Index("asset_by_touch", "station", "touched_us"),
    source="log",
)
"""`words` is what a search looks into: code, names, owner and model in small letters, in one piece."""

asset_version = table(
    "asset_version",
    Column("station", String(32), primary_key=True),
    Column("event_id", String(36), nullable=False),
    source="log",
)

asset_sign = table(
    "asset_sign",
    Column("station", String(32), primary_key=True),
    Column("asset_id", String(64), primary_key=True),
    Column("heard_at_us", BigInteger, nullable=False),
    Column("via", String(16), nullable=False),
    Column("claimed_at_us", BigInteger),
    Column("battery_pct", Float),
    source="telemetry",
)

asset_batch = table(
    "asset_batch",
    Column("station", String(32), primary_key=True),
    Column("asset_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    source="log",
)
"""In which lines of the log, that are about many, an asset stands."""

asset_owner = table(
    "asset_owner",
    Column("station", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("name_th", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("sector", String(24), nullable=False),
    Column("contact_ref", String(36)),
    source="log",
)

mou = table(
    "mou",
    Column("station", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("owner_id", String(64), nullable=False),
    Column("number", String(120), nullable=False),
    Column("from_day", String(10), nullable=False),
    Column("until_day", String(10), nullable=False),
    Column("scope_th", Text, nullable=False),
    Column("scope_en", Text, nullable=False),
    Column("paper_ref", String(36)),
    Column("paper_name_ref", String(36)),
    Column("paper_type", String(64)),
    Column("paper_us", BigInteger),
    source="log",
)

work_order = table(
    "work_order",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("asset_id", String(64), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("text_ref", String(36), nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("opened_by", String(120), nullable=False),
    Column("due_day", String(10)),
    Column("fixer", String(120)),
    Column("fixed_by", String(120)),
    Column("note_ref", String(36)),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
    Column("test_id", String(36)),
    Index("work_order_by_asset", "station", "asset_id"),
    Index("work_order_by_state", "station", "state"),
    source="log",
)

loan = table(
    "loan",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("asset_id", String(64), nullable=False),
    Column("borrower_ref", String(36), nullable=False),
    Column("lent_us", BigInteger, nullable=False),
    Column("lent_by", String(120), nullable=False),
    Column("until_day", String(10), nullable=False),
    Column("condition_ref", String(36)),
    Column("lon", Float),
    Column("lat", Float),
    Column("returned_us", BigInteger),
    Column("returned_ok", Boolean),
    Column("return_ref", String(36)),
    Index("loan_by_asset", "station", "asset_id"),
    source="log",
)

pole_test = table(
    "pole_test",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("asset_id", String(64), nullable=False),
    Column("started_us", BigInteger, nullable=False),
    Column("started_by", String(120), nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("incident_id", String(36)),
    Column("pressed_us", BigInteger),
    Column("seen_us", BigInteger),
    Column("outcome", String(24)),
    Column("lamp_us", BigInteger),
    Column("lamp_lit", Boolean),
    Column("closed_us", BigInteger),
    Column("result", String(8)),
    Column("why", String(24)),
    Index("pole_test_by_asset", "station", "asset_id"),
    source="log",
)

asset_file = table(
    "asset_file",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("asset_id", String(64), nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("name_ref", String(36), nullable=False),
    Column("content_ref", String(36), nullable=False),
    Column("added_us", BigInteger, nullable=False),
    Column("added_by", String(120), nullable=False),
    Column("removed_us", BigInteger),
    Index("asset_file_by_asset", "station", "asset_id"),
    source="log",
)

asset_place = table(
    "asset_place",
    Column("station", String(32), primary_key=True),
    Column("asset_id", String(64), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("by_whom", String(120), nullable=False),
    source="log",
)
"""Where a thing was put, by hand, from when on."""
