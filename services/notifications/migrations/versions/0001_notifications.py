"""Intents, announcements, what reminders and reports are made of, pictures, inbox."""

from alembic import op
from bazaar_shared.inbox import INBOX_DDL

revision = "0001"
down_revision = None

WORK = """
  state text not null default 'pending'
    constraint {table}_state check (state in ('pending', 'sent', 'skipped', 'dead')),
  due_at timestamptz not null default now(),
  lease uuid,
  attempts int not null default 0,
  lost int not null default 0,
  enqueued_at timestamptz,
  last_error text,
  traceparent text,
  created_at timestamptz not null default now(),
  done_at timestamptz,
"""

TABLES = f"""
create table intents (
  id uuid primary key,
  cause text not null,
  template text not null,
  recipient uuid not null,
  order_id uuid,
  context jsonb not null,
  message_id text not null unique,
  pictures_until timestamptz,
  waits_for text[],
  {WORK.format(table="intents")}
  constraint intents_once unique (cause, template, recipient)
);
create index intents_due on intents (due_at) where state = 'pending';

create table announcements (
  id uuid primary key,
  cause text not null,
  template text not null,
  context jsonb not null,
  {WORK.format(table="announcements")}
  constraint announcements_once unique (cause, template)
);
create index announcements_due on announcements (due_at) where state = 'pending';

create table baskets (
  basket_id uuid primary key,
  version bigint not null,
  shopper_id uuid,
  status text not null,
  lines jsonb not null,
  contents_version bigint not null,
  contents_at timestamptz not null
);
create index baskets_left on baskets (contents_at) where status = 'open' and shopper_id is not null;

create table orders (
  order_id uuid primary key,
  currency text not null,
  confirmed_on date,
  refunded_on date
);
create index orders_confirmed_on on orders (confirmed_on);
create index orders_refunded_on on orders (refunded_on);

create table order_lines (
  order_id uuid not null references orders (order_id) on delete cascade,
  seller_id uuid not null,
  product_id uuid not null,
  quantity int not null,
  amount_minor bigint not null,
  primary key (order_id, seller_id, product_id)
);

create table pictures (
  source text primary key,
  content_type text not null,
  content bytea not null,
  created_at timestamptz not null default now()
);

create table drawings (
  product_id uuid not null,
  source text not null,
  asked_at timestamptz not null default now(),
  refused boolean not null default false,
  primary key (product_id, source)
);

create table renditions (
  product_id uuid not null,
  source text not null,
  size int not null,
  png bytea not null,
  created_at timestamptz not null default now(),
  primary key (product_id, source, size)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(INBOX_DDL)
