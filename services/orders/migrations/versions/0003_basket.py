"""An order may be made of a basket: which one, in which version, and that only one living order is made of it.

Only expands: the code before it goes on writing orders, of lines, with both columns null. Each statement is a
transaction of its own, and none makes others wait for long. The columns have no default, so no row is
rewritten; what has to wait for a reader gives up after two seconds, for all who come later would wait behind
it, and whoever starts tries again. The index is not built `concurrently`: that waits for every older
snapshot, those of the other processes that wait for the migration lock among them, which wait for it. So
writers wait for one pass over the table, in which no row has a basket yet.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '2s'")
        op.execute(
            "alter table orders add column if not exists basket_id uuid,"
            " add column if not exists basket_version bigint"
        )
        op.execute(
            "create unique index if not exists orders_living_basket on orders (basket_id)"
            " where basket_id is not null and status <> 'cancelled'"
        )
        op.execute("reset lock_timeout")


def downgrade() -> None:
    op.execute("drop index orders_living_basket")
    op.execute("alter table orders drop column basket_id, drop column basket_version")
