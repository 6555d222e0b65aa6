"""passkeys, names at a provider, and what may be used once"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("added_at_us", sa.BigInteger(), nullable=False),
        sa.Column("used_at_us", sa.BigInteger(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("suspicious_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("station", "id"),
        info={"source": "log"},
    )
    op.create_index("passkey_by_account", "passkey", ["station", "account_id"], unique=False)
    op.create_table(
        "provider_link",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("ref", sa.String(length=36), nullable=False),
        sa.Column("linked_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "id"),
        info={"source": "log"},
    )
    op.create_index("provider_link_by_account", "provider_link", ["station", "account_id"], unique=False)
    op.create_table(
        "spent_ticket",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "digest"),
        info={"source": "door"},
    )


def downgrade() -> None:
    for name in ("spent_ticket", "provider_link", "passkey"):
        op.drop_table(name)
