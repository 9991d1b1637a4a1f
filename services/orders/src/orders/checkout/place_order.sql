-- Stores an order and all that belongs to it, or nothing: the prices are read, the total is compared with the
-- one the shopper was shown, and the idempotency key is taken, in one statement and one round trip
-- (ADR 0030). It fails on the index orders_living_basket when a living order was made of the same basket
-- under another key.
--
-- No row comes back when a product has no price here, when the total differs or when the key is taken; of two
-- that take one key at the same time, the second waits for the first's commit at the key's unique index. The
-- caller then finds out which.
--
-- $1 order id   $2 subject   $3 route   $4 idempotency key   $5 body's hash   $6 product ids   $7 quantities
-- $8 expected total   $9 currency   $10 delivery address   $11 payment token   $12 seconds to the deadline
-- $13 traceparent   $14 the event's envelope, whose data lacks the lines   $15 basket id   $16 its version
with asked as (
  select product_id, quantity, line_no
  from unnest($6::uuid[], $7::bigint[]) with ordinality as asked (product_id, quantity, line_no)
), priced as materialized (
  select
    line_no, product_id, seller_id, name, quantity, price_minor, tax_rate_bp,
    price_minor * quantity as line_total
  from asked join product_price using (product_id)
  where status = 'active' and currency = $9::text
), summed as materialized (
  select
    coalesce(sum(line_total), 0)::bigint as total,
    -- the included tax, half a unit rounded up: domain/money.py does the same
    coalesce(
      sum((line_total * tax_rate_bp * 2 + 10000 + tax_rate_bp) / (2 * (10000 + tax_rate_bp))), 0
    )::bigint as tax,
    jsonb_agg(jsonb_build_object(
      'line_no', line_no, 'product_id', product_id, 'seller_id', seller_id, 'name', name,
      'quantity', quantity, 'unit_price_minor', price_minor, 'tax_rate_bp', tax_rate_bp,
      'line_total_minor', line_total
    ) order by line_no) as lines,
    jsonb_agg(jsonb_build_object(
      'product_id', product_id, 'seller_id', seller_id, 'quantity', quantity,
      'unit_price_minor', price_minor, 'line_total_minor', line_total
    ) order by line_no) as event_lines
  from priced
  having count(*) = cardinality($6::uuid[])
), key_taken as (
  insert into idempotency_key (subject, route, key, body_hash, order_id)
  select $2::text, $3::text, $4::text, $5::bytea, $1::uuid from summed where total = $8::bigint
  on conflict do nothing
  returning order_id
), placed as (
  insert into orders (
    id, shopper_id, status, total_minor, tax_minor, currency, delivery_address, basket_id, basket_version
  )
  select order_id, $2::text, 'pending', total, tax, $9::text, $10::jsonb, $15::uuid, $16::bigint
  from key_taken, summed
  returning id, created_at
), lines_stored as (
  insert into order_line (
    order_id, line_no, product_id, seller_id, name, quantity, unit_price_minor, tax_rate_bp, line_total_minor
  )
  select id, line_no, product_id, seller_id, name, quantity, price_minor, tax_rate_bp, line_total
  from placed, priced
), saga_begun as (
  insert into saga (order_id, state, deadline, payment_token, traceparent)
  select id, 'reserving', now() + make_interval(secs => $12::float8), $11::text, $13::text from placed
), told as (
  insert into outbox (topic, key, envelope)
  select 'orders.order', id::text, jsonb_set($14::jsonb, '{data,lines}', event_lines) from placed, summed
)
-- heard when this commits: the relay and the saga worker need not wait for their next poll
select created_at, tax as tax_minor, lines::text as lines, pg_notify('outbox', ''), pg_notify('saga', '')
from placed, summed
