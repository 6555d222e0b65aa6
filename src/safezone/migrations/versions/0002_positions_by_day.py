"""positions by day: on PostgreSQL the table of positions has partitions, SQLite keeps it as it is"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE position RENAME TO position_default")
    op.execute("ALTER TABLE position_default RENAME CONSTRAINT position_pkey TO position_default_pkey")
    op.execute(
        "CREATE TABLE position (LIKE position_default INCLUDING DEFAULTS) PARTITION BY RANGE (claimed_us)"
    )
    op.execute(
        "ALTER TABLE position ADD CONSTRAINT position_pkey PRIMARY KEY (station, unit_id, claimed_us, lon, lat)"
    )
    op.execute("ALTER TABLE position ATTACH PARTITION position_default DEFAULT")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE position RENAME TO position_by_day")
    op.execute("ALTER TABLE position_by_day RENAME CONSTRAINT position_pkey TO position_by_day_pkey")
    op.execute("CREATE TABLE position (LIKE position_by_day INCLUDING DEFAULTS)")
    op.execute("INSERT INTO position SELECT * FROM position_by_day")
    op.execute("DROP TABLE position_by_day")
    op.execute(
        "ALTER TABLE position ADD CONSTRAINT position_pkey PRIMARY KEY (station, unit_id, claimed_us, lon, lat)"
    )
