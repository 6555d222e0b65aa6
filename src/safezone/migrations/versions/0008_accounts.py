"""people's accounts, and when a session was last used"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("credential", sa.Column("account_id", sa.String(length=36), nullable=True))
    op.add_column("credential", sa.Column("makes_account", sa.Boolean(), nullable=True))
    op.add_column("credential", sa.Column("exports", sa.Boolean(), nullable=True))
    op.add_column("credential", sa.Column("proven_at_us", sa.BigInteger(), nullable=True))
    op.create_index("credential_by_account", "credential", ["station", "account_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("duty", sa.String(length=120), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=True),
        sa.Column("partner_id", sa.String(length=64), nullable=True),
        sa.Column("scope", sa.String(length=120), nullable=True),
        sa.Column("person_ref", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=True),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("password_ref", sa.String(length=36), nullable=True),
        sa.Column("password_at_us", sa.BigInteger(), nullable=True),
        sa.Column("totp_ref", sa.String(length=36), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery_ref", sa.String(length=36), nullable=True),
        sa.Column("recovery_left", sa.Integer(), nullable=False),
        sa.Column("recovery_used", sa.String(length=64), nullable=False),
        sa.Column("signed_in_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("station", "id"),
        info={"source": "log"},
    )
    op.create_index("account_by_login", "account", ["station", "login"], unique=True)
    op.create_table(
        "known_browser",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "account_id", "secret_sha256"),
        info={"source": "door"},
    )
    op.create_table(
        "session_use",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=36), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("station", "credential_id"),
        info={"source": "telemetry"},
    )


def downgrade() -> None:
    for name in ("session_use", "known_browser", "account"):
        op.drop_table(name)
    op.drop_index("credential_by_account", "credential")
    for name in ("proven_at_us", "exports", "makes_account", "account_id"):
        op.drop_column("credential", name)
