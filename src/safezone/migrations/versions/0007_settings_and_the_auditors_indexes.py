"""settings that were changed in the browser, and indexes by which an auditor searches the log"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "setting",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("reason_ref", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("station", "key", name="pk_setting"),
    )
    op.create_index("log_by_time", "log", ["station", "at_us", "seq"])
    op.create_index("log_by_actor", "log", ["station", "actor", "at_us", "seq"])
    op.create_index("log_by_kind", "log", ["station", "kind", "at_us", "seq"])


def downgrade() -> None:
    for name in ("log_by_time", "log_by_actor", "log_by_kind"):
        op.drop_index(name, "log")
    op.drop_table("setting")
