"""how far a commander sees, and who at the seat of a region has looked at which station"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for name in ("account", "credential"):
        op.add_column(name, sa.Column("reach", sa.String(length=8), nullable=True))
    op.create_table(
        "region_look",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("looked_at", sa.String(length=32), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "seq", "looked_at"),
        info={"source": "log"},
    )
    op.create_index("region_look_at", "region_look", ["looked_at", "at_us", "station", "seq"], unique=False)


def downgrade() -> None:
    op.drop_table("region_look")
    for name in ("credential", "account"):
        op.drop_column(name, "reach")
