"""The tables of accounts. Names, telephone numbers, password hashes and secrets are not in them: only where they are sealed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String

from safezone.core.db import table

account = table(
    "account",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("login", String(40), nullable=False),
    Column("role", String(16), nullable=False),
    Column("duty", String(120), nullable=False),
    Column("unit_id", String(64)),
    Column("partner_id", String(64)),
    Column("scope", String(120)),
    Column("person_ref", String(36)),
    Column("state", String(16), nullable=False),
    Column("expires_at_us", BigInteger),
    Column("created_at_us", BigInteger, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("password_ref", String(36)),
    Column("password_at_us", BigInteger),
    Column("totp_ref", String(36)),
    Column("totp_step", BigInteger),
    Column("recovery_ref", String(36)),
    Column("recovery_left", Integer, nullable=False),
    Column("recovery_used", String(64), nullable=False),
    Column("signed_in_at_us", BigInteger),
    Index("account_by_login", "station", "login", unique=True),
    source="log",
)

known_browser = table(
    "known_browser",
    Column("station", String(32), primary_key=True),
    Column("account_id", String(36), primary_key=True),
    Column("secret_sha256", String(64), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    source="door",
)
