"""accounts that were erased have no name in the tables; sessions at a provider; guesses that all processes count together"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ACCOUNT = sa.table("account", *map(sa.column, ("station", "id", "login", "state")))
CREDENTIAL = sa.table("credential", *map(sa.column, ("station", "account_id", "name")))


def upgrade() -> None:
    op.create_table(
        "provider_session",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=36), nullable=False),
        sa.Column("sid_sha256", sa.String(length=64), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "credential_id"),
        info={"source": "door"},
    )
    op.create_index("provider_session_by_sid", "provider_session", ["station", "sid_sha256"], unique=False)
    op.create_table(
        "guess",
        sa.Column("station", sa.String(length=32), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "key_sha256"),
        info={"source": "door"},
    )
    op.create_index("guess_by_time", "guess", ["station", "until_us"], unique=False)
    _take_names_away()


def _take_names_away() -> None:
    """As a replay says it: who was erased has no name, and what was given out for them neither."""
    conn = op.get_bind()
    for row in conn.execute(sa.select(ACCOUNT).where(ACCOUNT.c.state == "erased")).all():
        of_it = (ACCOUNT.c.station == row.station) & (ACCOUNT.c.id == row.id)
        hashed = hashlib.sha256(row.login.encode()).hexdigest()[:39]
        conn.execute(ACCOUNT.update().where(of_it).values(login=f"#{hashed}"))
        given = (CREDENTIAL.c.station == row.station) & (CREDENTIAL.c.account_id == row.id)
        conn.execute(CREDENTIAL.update().where(given).values(name=f"#{row.id}"))


def downgrade() -> None:
    """The names are in the log alone; an account that was erased does without."""
    op.drop_table("guess")
    op.drop_table("provider_session")
