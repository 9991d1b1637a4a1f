"""Parcels."""

from alembic import op
from fulfillment import ddl

revision = "0001"
down_revision = None

TABLES = """
create table parcel (
    parcel_id uuid primary key,
    order_id uuid not null,
    seller_id uuid not null,
    carrier text not null,
    tracking_code text not null unique,
    status text not null,
    address jsonb,
    moves_at timestamptz,
    version bigint not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint parcel_once_per_seller unique (order_id, seller_id),
    constraint parcel_status check (status in ('booked', 'in_transit', 'delivered', 'withdrawn')),
    constraint parcel_moves_until_its_end check ((moves_at is null) = (status in ('delivered', 'withdrawn')))
);
create index parcel_due on parcel (moves_at) where moves_at is not null;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(ddl.OUTBOX)
    op.execute(ddl.STEP_REPLY)
