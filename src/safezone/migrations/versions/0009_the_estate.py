"""owners, agreements, lifecycle, work orders, loans, tests and papers of the equipment"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("asset") as batch:
        batch.alter_column("lon", existing_type=sa.Float(), nullable=True)
        batch.alter_column("lat", existing_type=sa.Float(), nullable=True)
        for column in _columns():
            batch.add_column(column)
    for index, over in (("asset_by_owner", "owner_id"), ("asset_by_touch", "touched_us")):
        op.create_index(index, "asset", ["station", over], unique=False)
    # As a replay says it: what was registered in service has been in service since then.
    op.execute(
        "UPDATE asset SET in_service_us = (SELECT log.at_us FROM log WHERE log.station = asset.station "
        "AND log.subject = asset.id AND log.kind IN ('camera_site_registered', 'camera_registered', "
        "'sos_point_registered')) WHERE lifecycle = 'in_service'"
    )
    _make("asset_batch", (_asset_id(), sa.Column("seq", sa.BigInteger(), nullable=False)), "asset_id", "seq")
    _make(
        "asset_owner",
        (
            sa.Column("id", sa.String(length=64), nullable=False),
            sa.Column("name_th", sa.Text(), nullable=False),
            sa.Column("name_en", sa.Text(), nullable=False),
            sa.Column("sector", sa.String(length=24), nullable=False),
            sa.Column("contact_ref", sa.String(length=36), nullable=True),
        ),
    )
    _make(
        "mou",
        (
            sa.Column("id", sa.String(length=64), nullable=False),
            sa.Column("owner_id", sa.String(length=64), nullable=False),
            sa.Column("number", sa.String(length=120), nullable=False),
            sa.Column("from_day", sa.String(length=10), nullable=False),
            sa.Column("until_day", sa.String(length=10), nullable=False),
            sa.Column("scope_th", sa.Text(), nullable=False),
            sa.Column("scope_en", sa.Text(), nullable=False),
        ),
    )
    _make(
        "work_order",
        (
            _id(),
            sa.Column("number", sa.Integer(), nullable=False),
            _asset_id(),
            sa.Column("severity", sa.String(length=8), nullable=False),
            sa.Column("state", sa.String(length=12), nullable=False),
            sa.Column("text_ref", sa.String(length=36), nullable=False),
            sa.Column("opened_us", sa.BigInteger(), nullable=False),
            sa.Column("opened_by", sa.String(length=120), nullable=False),
            sa.Column("due_day", sa.String(length=10), nullable=True),
            sa.Column("fixer", sa.String(length=120), nullable=True),
            sa.Column("fixed_by", sa.String(length=120), nullable=True),
            sa.Column("note_ref", sa.String(length=36), nullable=True),
            sa.Column("changed_us", sa.BigInteger(), nullable=False),
            sa.Column("changed_by", sa.String(length=120), nullable=False),
            sa.Column("test_id", sa.String(length=36), nullable=True),
        ),
    )
    _make(
        "loan",
        (
            _id(),
            _asset_id(),
            sa.Column("borrower_ref", sa.String(length=36), nullable=False),
            sa.Column("lent_us", sa.BigInteger(), nullable=False),
            sa.Column("lent_by", sa.String(length=120), nullable=False),
            sa.Column("until_day", sa.String(length=10), nullable=False),
            sa.Column("condition_ref", sa.String(length=36), nullable=True),
            sa.Column("lon", sa.Float(), nullable=True),
            sa.Column("lat", sa.Float(), nullable=True),
            sa.Column("returned_us", sa.BigInteger(), nullable=True),
            sa.Column("returned_ok", sa.Boolean(), nullable=True),
            sa.Column("return_ref", sa.String(length=36), nullable=True),
        ),
    )
    _make(
        "pole_test",
        (
            _id(),
            _asset_id(),
            sa.Column("started_us", sa.BigInteger(), nullable=False),
            sa.Column("started_by", sa.String(length=120), nullable=False),
            sa.Column("until_us", sa.BigInteger(), nullable=False),
            sa.Column("incident_id", sa.String(length=36), nullable=True),
            sa.Column("pressed_us", sa.BigInteger(), nullable=True),
            sa.Column("seen_us", sa.BigInteger(), nullable=True),
            sa.Column("outcome", sa.String(length=24), nullable=True),
            sa.Column("lamp_us", sa.BigInteger(), nullable=True),
            sa.Column("lamp_lit", sa.Boolean(), nullable=True),
            sa.Column("closed_us", sa.BigInteger(), nullable=True),
            sa.Column("result", sa.String(length=8), nullable=True),
            sa.Column("why", sa.String(length=24), nullable=True),
        ),
    )
    _make(
        "asset_file",
        (
            _id(),
            _asset_id(),
            sa.Column("media_type", sa.String(length=64), nullable=False),
            sa.Column("size", sa.Integer(), nullable=False),
            sa.Column("name_ref", sa.String(length=36), nullable=False),
            sa.Column("content_ref", sa.String(length=36), nullable=False),
            sa.Column("added_us", sa.BigInteger(), nullable=False),
            sa.Column("added_by", sa.String(length=120), nullable=False),
        ),
    )
    _make(
        "asset_place",
        (
            _asset_id(),
            sa.Column("seq", sa.BigInteger(), nullable=False),
            sa.Column("at_us", sa.BigInteger(), nullable=False),
            sa.Column("lon", sa.Float(), nullable=False),
            sa.Column("lat", sa.Float(), nullable=False),
            sa.Column("by_whom", sa.String(length=120), nullable=False),
        ),
        "asset_id",
        "seq",
    )
    for name in ("work_order", "loan", "pole_test", "asset_file"):
        op.create_index(f"{name}_by_asset", name, ["station", "asset_id"], unique=False)
    op.create_index("work_order_by_state", "work_order", ["station", "state"], unique=False)


def _columns() -> list[sa.Column[Any]]:
    text = {
        "owner_id": 64,
        "model": 200,
        "legal_basis": 200,
        "mou_id": 64,
        "budget_line": 200,
        "warranty_until": 10,
        "order_severity": 8,
    }
    big = ("cost_satang", "in_service_us", "checked_us", "tested_us", "touched_us", "test_until_us")
    return [
        *(sa.Column(name, sa.String(length=length), nullable=True) for name, length in text.items()),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in big),
        sa.Column("fiscal_year", sa.Integer(), nullable=True),
        sa.Column("check_ok", sa.Boolean(), nullable=True),
    ]


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.String(length=36), nullable=False)


def _asset_id() -> sa.Column[Any]:
    return sa.Column("asset_id", sa.String(length=64), nullable=False)


def _make(name: str, columns: tuple[sa.Column[Any], ...], *keys: str) -> None:
    op.create_table(
        name,
        sa.Column("station", sa.String(length=32), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("station", *(keys or ("id",))),
        info={"source": "log"},
    )


def downgrade() -> None:
    for name in (
        "asset_place",
        "asset_file",
        "pole_test",
        "loan",
        "work_order",
        "mou",
        "asset_owner",
        "asset_batch",
    ):
        op.drop_table(name)
    for name in ("asset_by_owner", "asset_by_touch"):
        op.drop_index(name, "asset")
    with op.batch_alter_table("asset") as batch:
        for column in _columns():
            batch.drop_column(column.name)
