"""The schema. No column holds a name, an address or a text that somebody wrote."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={"ix": "%(table_name)s_%(column_0_name)s", "ck": "%(table_name)s_%(constraint_name)s"}
)


def _now() -> Column[object]:
    return Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now())


def _work() -> list[Column[object]]:
    """What a row that a worker takes up has: see storage/leases.py."""
    return [
        Column("state", Text, nullable=False, server_default="pending"),
        # not before this; while a lease lasts, its end
        Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("lease", Uuid),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("lost", Integer, nullable=False, server_default="0"),
        Column("enqueued_at", DateTime(timezone=True)),
        Column("last_error", Text),
        Column("traceparent", Text),
        _now(),
        Column("done_at", DateTime(timezone=True)),
    ]


intents = Table(
    "intents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("recipient", Uuid, nullable=False),
    Column("order_id", Uuid),
    Column("context", JSONB, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    # the names of pictures that are being drawn, and for how long it waits for them
    Column("pictures_until", DateTime(timezone=True)),
    Column("waits_for", ARRAY(Text)),
    *_work(),
    UniqueConstraint("cause", "template", "recipient", name="intents_once"),
    CheckConstraint("state in ('pending', 'sent', 'skipped', 'dead')", name="state"),
    Index("intents_due", "due_at", postgresql_where=text("state = 'pending'")),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("context", JSONB, nullable=False),
    *_work(),
    UniqueConstraint("cause", "template", name="announcements_once"),
    CheckConstraint("state in ('pending', 'sent', 'skipped', 'dead')", name="state"),
    Index("announcements_due", "due_at", postgresql_where=text("state = 'pending'")),
)

baskets = Table(
    "baskets",
    metadata,
    Column("basket_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("shopper_id", Uuid),
    Column("status", Text, nullable=False),
    Column("lines", JSONB, nullable=False),
    # the version that put other things or quantities into it; a new price is no news of its owner's
    Column("contents_version", BigInteger, nullable=False),
    Column("contents_at", DateTime(timezone=True), nullable=False),
    Index("baskets_left", "contents_at", postgresql_where=text("status = 'open' and shopper_id is not null")),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", Uuid, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("confirmed_on", Date),
    Column("refunded_on", Date),
    Index("orders_confirmed_on", "confirmed_on"),
    Index("orders_refunded_on", "refunded_on"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Uuid, ForeignKey("orders.order_id", ondelete="cascade"), primary_key=True),
    Column("seller_id", Uuid, primary_key=True),
    Column("product_id", Uuid, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
)

# a source is named by catalog after its bytes: the same name, the same picture
pictures = Table(
    "pictures",
    metadata,
    Column("source", Text, primary_key=True),
    Column("content_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _now(),
)

# who asked first lets it be drawn; the others wait for the same drawing
drawings = Table(
    "drawings",
    metadata,
    Column("product_id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("refused", Boolean, nullable=False, server_default="false"),
)

renditions = Table(
    "renditions",
    metadata,
    Column("product_id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("size", Integer, primary_key=True),
    Column("png", LargeBinary, nullable=False),
    _now(),
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("inbox_handled", "handled_at"),
)
