"""a credential may belong to a partner"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("credential", sa.Column("partner_id", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("credential", "partner_id")
