"""The tables of accounts. Names, telephone numbers, password hashes and secrets are not in them: only where they are sealed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Text

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
    Column("reach", String(8)),
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

passkey = table(
    "passkey",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("ref", String(36), nullable=False),
    Column("added_at_us", BigInteger, nullable=False),
    Column("used_at_us", BigInteger),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("suspicious_at_us", BigInteger),
    Index("passkey_by_account", "station", "account_id"),
    source="log",
)

provider_link = table(
    "provider_link",
    Column("station", String(32), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("ref", String(36), nullable=False),
    Column("linked_at_us", BigInteger, nullable=False),
    Index("provider_link_by_account", "station", "account_id"),
    source="log",
)

spent_ticket = table(
    "spent_ticket",
    Column("station", String(32), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    source="door",
)

provider_session = table(
    "provider_session",
    Column("station", String(32), primary_key=True),
    Column("credential_id", String(36), primary_key=True),
    Column("sid_sha256", String(64)),
    Column("id_token", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index("provider_session_by_sid", "station", "sid_sha256"),
    source="door",
)

guess = table(
    "guess",
    Column("station", String(32), primary_key=True),
    Column("key_sha256", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Index("guess_by_time", "station", "until_us"),
    source="door",
)
