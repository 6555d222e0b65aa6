"""legal holds, erasures, and what was erased"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("placed_at_us", sa.BigInteger(), nullable=False),
        sa.Column("placed_by", sa.String(length=120), nullable=False),
        sa.Column("reason_ref", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("station", "incident_id"),
        info={"source": "log"},
    )
    op.create_table(
        "erasure",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("data_class", sa.String(length=24), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("before_us", sa.BigInteger(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("station", "id"),
        info={"source": "log"},
    )
    op.create_index("erasure_by_seq", "erasure", ["station", "seq"], unique=False)
    op.create_table(
        "erased",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("data_class", sa.String(length=24), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "subject", "data_class"),
        info={"source": "log"},
    )


def downgrade() -> None:
    for name in ("erased", "erasure", "legal_hold"):
        op.drop_table(name)
