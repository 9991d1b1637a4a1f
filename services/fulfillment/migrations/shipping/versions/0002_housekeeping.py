"""The relay's housekeeping finds what is old by its age."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("create index outbox_sent on outbox (sent_at) where sent_at is not null")
