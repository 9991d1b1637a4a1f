"""The relay's housekeeping finds what is old by its age. A new database has these by the first migration."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("create index if not exists outbox_sent on outbox (sent_at) where sent_at is not null")
    op.execute("create index if not exists inbox_handled on inbox (handled_at)")


def downgrade() -> None:
    op.execute("drop index outbox_sent, inbox_handled")
