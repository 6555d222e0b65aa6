"""the paper of an agreement; a paper of an asset stays in the book until its content is erased in its time"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

PAPER = {"paper_ref": 36, "paper_name_ref": 36, "paper_type": 64}


def upgrade() -> None:
    for name, length in PAPER.items():
        op.add_column("mou", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("mou", sa.Column("paper_us", sa.BigInteger(), nullable=True))
    op.add_column("asset_file", sa.Column("removed_us", sa.BigInteger(), nullable=True))
    _bring_back()


def _bring_back() -> None:
    """As a replay says it: what was removed has a row too, with the time at which it was."""
    conn = op.get_bind()
    log = sa.table("log", *map(sa.column, ("station", "at_us", "actor", "kind", "data")))
    kinds = ("asset_file_added", "asset_file_removed")
    added = {}
    for row in conn.execute(sa.select(log).where(log.c.kind.in_(kinds)).order_by(log.c.at_us)):
        said = json.loads(row.data)
        key = (row.station, said["file_id"])
        if row.kind == "asset_file_added":
            added[key] = (row, said)
            continue
        was, about = added[key]
        conn.execute(
            _FILE.insert().values(
                station=row.station,
                id=about["file_id"],
                asset_id=about["asset_id"],
                media_type=about["media_type"],
                size=about["size"],
                name_ref=about["name"]["ref"],
                content_ref=about["content"]["ref"],
                added_us=was.at_us,
                added_by=was.actor,
                removed_us=row.at_us,
            )
        )


_FILE = sa.table(
    "asset_file",
    *map(
        sa.column,
        (
            "station",
            "id",
            "asset_id",
            "media_type",
            "size",
            "name_ref",
            "content_ref",
            "added_us",
            "added_by",
            "removed_us",
        ),
    ),
)


def downgrade() -> None:
    op.execute("DELETE FROM asset_file WHERE removed_us IS NOT NULL")
    op.drop_column("asset_file", "removed_us")
    for name in ("paper_us", *PAPER):
        op.drop_column("mou", name)
