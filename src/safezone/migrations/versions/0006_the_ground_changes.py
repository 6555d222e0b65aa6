"""the ground changes: its history, figures of households and communities, evidence"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KINDS = ("station_created", "zone_drawn", "community_defined", "place_named", "map_sketched")


def upgrade() -> None:
    op.add_column("zone", sa.Column("households", sa.Integer(), nullable=True))
    op.add_column("zone", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column("zone_shape", sa.Column("population", sa.Text(), nullable=True))
    op.create_table(
        "ground_import",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("station", "digest"),
    )
    op.create_table(
        "zone_change",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("reason_ref", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("station", "seq"),
    )
    # The history of a station that is older than this table: what the log says of its ground.
    names = ", ".join(f"'{kind}'" for kind in KINDS)
    op.execute(
        "INSERT INTO zone_change (station, seq, at_us, actor, kind, subject) "  # noqa: S608 - names of this file
        f"SELECT station, seq, at_us, actor, kind, subject FROM log WHERE kind IN ({names})"
    )


def downgrade() -> None:
    op.drop_table("zone_change")
    op.drop_table("ground_import")
    op.drop_column("zone_shape", "population")
    op.drop_column("zone", "evidence")
    op.drop_column("zone", "households")
