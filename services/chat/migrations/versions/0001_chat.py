"""Conversations and their messages, orders that are tracked, and the inbox."""

from alembic import op
from bazaar_shared.inbox import INBOX_DDL

revision = "0001"
down_revision = None

TABLES = """
create table conversation (
  id uuid primary key,
  subject_kind text not null constraint conversation_subject check (subject_kind in ('product', 'order')),
  subject_id uuid not null,
  subject_title text,
  seller_id uuid not null,
  seller_slug text not null,
  seller_name text not null,
  shopper_id uuid not null,
  last_seq bigint not null default 0,
  shopper_read_seq bigint not null default 0,
  seller_read_seq bigint not null default 0,
  shopper_unread bigint not null default 0 check (shopper_unread >= 0),
  seller_unread bigint not null default 0 check (seller_unread >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint conversation_read check (shopper_read_seq <= last_seq and seller_read_seq <= last_seq),
  constraint conversation_once unique (shopper_id, seller_id, subject_kind, subject_id)
);
create index conversation_of_shopper on conversation (shopper_id, updated_at, id);
create index conversation_of_seller on conversation (seller_id, updated_at, id);
create index conversation_unread_by_shopper on conversation (shopper_id) where shopper_unread > 0;
create index conversation_unread_by_seller on conversation (seller_id) where seller_unread > 0;

create table message (
  conversation_id uuid not null references conversation,
  seq bigint not null check (seq > 0),
  id uuid not null unique,
  client_message_id uuid not null,
  author_side text not null constraint message_side check (author_side in ('shopper', 'seller')),
  author_id uuid not null,
  body text not null check (length(body) between 1 and 2000),
  -- the clock's time and not the transaction's: under the conversation's lock it grows with seq
  created_at timestamptz not null default clock_timestamp(),
  primary key (conversation_id, seq),
  constraint message_once unique (conversation_id, author_id, client_message_id)
);
create index message_of_author on message (author_id, created_at);

create table tracked_order (
  order_id uuid primary key,
  shopper_id uuid not null,
  version bigint not null,
  status text not null
);

create table order_event (
  order_id uuid not null references tracked_order,
  version bigint not null,
  status text not null,
  reason text,
  at timestamptz not null,
  primary key (order_id, version)
);
"""


def upgrade() -> None:
    for statement in f"{TABLES}{INBOX_DDL}".split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute("drop table inbox, order_event, tracked_order, message, conversation")
