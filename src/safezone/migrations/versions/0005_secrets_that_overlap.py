"""a device has several secrets for a while, each with a user name of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("credential", sa.Column("login", sa.String(length=140), nullable=True))
    op.add_column("credential", sa.Column("replaced_by", sa.String(length=36), nullable=True))


def downgrade() -> None:
    op.drop_column("credential", "replaced_by")
    op.drop_column("credential", "login")
