"""The books as NDJSON, for the audit: one JSON object a line, read from each database in one snapshot."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import Connection, text

from fulfillment.settings import OUTBOXES, Settings
from fulfillment.storage import open_database

LIMITS = {"statement_timeout": "60s"}
ROWS_AT_ONCE = 1000

STOCK = """
select s.product_id::text, on_hand, reserved,
       coalesce(sum(on_hand_delta) filter (where kind = 'adjusted'), 0)::bigint as adjusted,
       coalesce(-sum(on_hand_delta) filter (where kind = 'sold'), 0)::bigint as sold,
       coalesce(sum(on_hand_delta) filter (where kind = 'restocked'), 0)::bigint as restocked
from stock s left join stock_movement m using (product_id) group by s.product_id order by s.product_id
"""
RESERVATIONS = """
select order_id::text, state, json_agg(json_build_object('product_id', product_id, 'quantity', quantity)
       order by product_id) as lines
from reservation join reservation_line using (order_id) group by order_id, state order by order_id
"""
# what the ledger says, not what the payment's state says: the audit compares the two
PAYMENTS = """
with moved as (
    select order_id,
           sum(amount_minor) filter (where kind = 'authorized' and account = 'processor_holds') as held,
           sum(amount_minor) filter (where kind = 'captured' and account = 'processor_receivable') as taken,
           sum(amount_minor) filter (where kind = 'refunded' and account = 'refunds') as given_back
    from posting join entry on entry.posting_id = posting.id group by order_id
)
select order_id::text, state, currency, amount_minor, coalesce(held, 0)::bigint as authorized_minor,
       coalesce(taken, 0)::bigint as captured_minor, coalesce(given_back, 0)::bigint as refunded_minor,
       state = 'voided' as voided
from payment left join moved using (order_id) order by order_id
"""
BALANCES = "select account, currency, balance_minor from ledger_balance order by account, currency"
CHARGES = """
with moved as (
    select order_id,
           sum(amount_minor) filter (where kind = 'capture') as taken,
           count(*) filter (where kind = 'capture') as captures,
           sum(amount_minor) filter (where kind = 'refund') as given_back
    from charge group by order_id
), asked as (
    select order_id, bool_or(status = 'voided') as voided, min(currency) as currency,
           sum(amount_minor) filter (where status = 'authorized' and not exists (
               select from charge where authorization_key = key and kind = 'capture')) as held
    from "authorization" group by order_id
)
select order_id, coalesce(taken, 0)::bigint as captured_minor, coalesce(captures, 0) as captures,
       coalesce(given_back, 0)::bigint as refunded_minor, coalesce(held, 0)::bigint as held_minor,
       voided, currency
from asked left join moved using (order_id) order by order_id
"""
PARCELS = "select order_id::text, parcel_id::text, status, updated_at from parcel order by parcel_id"
OUTBOX = """
select count(*) as unsent,
       greatest(coalesce(extract(epoch from now() - min(created_at)), 0), 0)::float8 as oldest_age_seconds
from outbox where sent_at is null
"""
BOOKS: dict[str, tuple[tuple[str, str], ...]] = {
    "inventory": (("stock", STOCK), ("reservation", RESERVATIONS)),
    "payments": (("payment", PAYMENTS), ("ledger_balance", BALANCES)),
    "processor": (("processor_charge", CHARGES),),
    "shipping": (("parcel", PARCELS),),
}


def export(settings: Settings, out: TextIO) -> None:
    for name, url in settings.databases.items():
        engine = open_database(url, connections=1, limits=LIMITS).execution_options(
            isolation_level="REPEATABLE READ", stream_results=True, yield_per=ROWS_AT_ONCE
        )
        try:
            with engine.connect() as connection:
                out.writelines(_line(row) + "\n" for row in books(connection, name))
        finally:
            engine.dispose()


def books(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    for kind, statement in BOOKS[name]:
        for row in connection.execute(text(statement)).mappings():
            yield {"kind": kind, **row}
    if name in OUTBOXES:
        row = connection.execute(text(OUTBOX)).mappings().one()
        yield {"kind": "outbox", "database": name, **row}


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":"), default=datetime.isoformat)
