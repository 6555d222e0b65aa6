"""what a search of the equipment looks into, in one piece, and what its map and counts are read from"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INDEXES = {
    "asset_on_map": ["lon", "lat", "site_id", "lifecycle", "readiness", "kind", "id"],
    "asset_by_kind": ["kind", "lifecycle", "readiness", "id"],
}
TEXTS = ("code", "name_th", "name_en", "owner_th", "owner_en", "model")


def upgrade() -> None:
    op.add_column("asset", sa.Column("words", sa.Text(), nullable=True))
    conn = op.get_bind()
    asset = sa.table("asset", *map(sa.column, ("station", "id", "words", *TEXTS)))
    found = [
        {
            "of_station": row.station,
            "of_id": row.id,
            "new": "\n".join(getattr(row, text) or "" for text in TEXTS).lower(),
        }
        for row in conn.execute(sa.select(asset))
    ]
    if found:
        of_it = (asset.c.station == sa.bindparam("of_station")) & (asset.c.id == sa.bindparam("of_id"))
        conn.execute(asset.update().where(of_it).values(words=sa.bindparam("new")), found)
    for name, columns in INDEXES.items():
        op.create_index(name, "asset", ["station", *columns], unique=False)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "asset")
    op.drop_column("asset", "words")
