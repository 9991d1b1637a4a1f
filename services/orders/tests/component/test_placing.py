"""POST /api/orders: all of an order is stored, or nothing."""

import asyncio
import json
from uuid import uuid4

import pytest
from orders.domain.money import included_tax

from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually
from tests.component.conftest import ADDRESS, NOTHING, OTHER_SELLER, SELLER, Market


async def test_an_order_is_stored_with_its_lines_saga_key_and_event(market: Market) -> None:
    tea = await market.sell(250, tax=700, name="A tea")
    map_ = await market.sell(1999, tax=1900, name="A map", seller=OTHER_SELLER)
    answer = await market.post(market.body([(tea, 3), (map_, 1)], 2749), key="the-first-key")

    assert answer.status_code == 202
    order = answer.json()
    assert answer.headers["Location"] == f"/api/orders/{order['id']}"
    assert order | {"created_at": "", "updated_at": ""} == {
        "id": order["id"],
        "status": "pending",
        "reason": None,
        "lines": [
            {
                "line_no": 1,
                "product_id": str(tea),
                "seller_id": str(SELLER),
                "name": "A tea",
                "quantity": 3,
                "unit_price_minor": 250,
                "tax_rate_bp": 700,
                "line_total_minor": 750,
            },
            {
                "line_no": 2,
                "product_id": str(map_),
                "seller_id": str(OTHER_SELLER),
                "name": "A map",
                "quantity": 1,
                "unit_price_minor": 1999,
                "tax_rate_bp": 1900,
                "line_total_minor": 1999,
            },
        ],
        "total_minor": 2749,
        "tax_minor": included_tax(750, 700) + included_tax(1999, 1900),
        "discount_minor": 0,
        "currency": "EUR",
        "delivery_address": ADDRESS,
        "basket_id": None,
        "parcels": [],
        "version": 1,
        "created_at": "",
        "updated_at": "",
        "saga": {"state": "reserving", "step": "reserve_stock", "attempts": 0},
    }
    assert await market.counts() == {
        "orders": 1, "order_line": 2, "saga": 1, "idempotency_key": 1, "outbox": 1, "journal": 0,
    }  # fmt: skip
    assert await market.order(order["id"]) == order


async def test_the_first_event_is_the_one_that_is_told_everywhere(market: Market) -> None:
    order = await market.buy(1000, 2)
    row = await market.pool.fetchrow("select topic, key, envelope from outbox")
    event = Event.from_json(row["envelope"])
    assert (row["topic"], row["key"], event.subject) == ("orders.order", order["id"], order["id"])
    assert (event.source, event.type) == ("/bazaar/orders", "bazaar.orders.order.placed.v1")
    assert event.version == 1
    assert event.traceparent is not None
    assert event.data == {
        "order_id": order["id"],
        "status": "pending",
        "reason": None,
        "shopper_id": market.shopper,
        "total_minor": 2000,
        "currency": "EUR",
        "basket_id": None,
        "basket_version": None,
        "lines": [
            {
                "product_id": order["lines"][0]["product_id"],
                "seller_id": str(SELLER),
                "quantity": 2,
                "unit_price_minor": 1000,
                "line_total_minor": 2000,
            }
        ],
    }
    assert "Lovelace" not in row["envelope"], "no personal data in events"


async def test_the_statement_wakes_the_relay_and_the_saga_worker(market: Market) -> None:
    heard: list[str] = []
    async with market.pool.acquire() as listener:
        for channel in ("outbox", "saga"):
            await listener.add_listener(channel, lambda *about: heard.append(about[2]))
        await market.buy()
        await listener.execute("select 1")
        assert sorted(heard) == ["outbox", "saga"]
        await listener.reset()


async def test_the_same_key_and_body_give_the_first_answer(market: Market) -> None:
    product = await market.sell(500)
    body = market.body([(product, 1)], 500)
    first = await market.post(body, key="once-and-again")
    # the order has gone on, and the price too: the answer is still the first one
    await market.pool.execute("update product_price set price_minor = 900")
    await market.pool.execute("update orders set status = 'confirmed', version = 3, updated_at = now()")
    again = await market.post(body, key="once-and-again")
    assert again.status_code == 202
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert (await market.counts())["orders"] == 1


async def test_the_same_body_may_be_written_differently(market: Market) -> None:
    product = await market.sell(500)
    body = market.body([(product, 1)], 500)
    first = await market.post(body, key="once-and-again")
    written = {name: body[name] for name in reversed(body)} | {"voucher": None}
    written["lines"] = [{"quantity": 1, "product_id": str(product).upper()}]
    again = await market.post(written, key="once-and-again")
    assert again.content == first.content


async def test_the_same_key_for_another_body_is_refused(market: Market) -> None:
    product = await market.sell(500)
    await market.post(market.body([(product, 1)], 500), key="once-and-again")
    answer = await market.post(market.body([(product, 2)], 1000), key="once-and-again")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused")
    assert (await market.counts())["orders"] == 1


async def test_keys_belong_to_their_shopper(market: Market) -> None:
    product = await market.sell(500)
    body = market.body([(product, 1)], 500)
    first = await market.post(body, key="once-and-again")
    market.shopper = str(uuid4())
    second = await market.post(body, key="once-and-again")
    assert first.json()["id"] != second.json()["id"]


async def test_twenty_twins_are_one_order(market: Market) -> None:
    product = await market.sell(500)
    body = market.body([(product, 1)], 500)
    answers = await asyncio.gather(*(market.post(body, key="twenty-at-once") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert await market.counts() == {
        "orders": 1, "order_line": 1, "saga": 1, "idempotency_key": 1, "outbox": 1, "journal": 0,
    }  # fmt: skip


async def test_a_loser_waits_for_the_winner(market: Market) -> None:
    """Also when it could not have been stored itself any more: the price changed while the winner was being
    stored.
    """
    product = await market.sell(500)
    body = market.body([(product, 1)], 500)
    winner_key, order_id = "a-race-of-two", uuid4()
    async with market.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        first = await market.post(body, key="to-learn-the-hash")
        body_hash = await market.pool.fetchval(
            "select body_hash from idempotency_key where key = 'to-learn-the-hash'"
        )
        await connection.execute(
            "insert into orders select ($1::uuid), shopper_id, status, reason, total_minor, tax_minor,"
            " discount_minor, currency, delivery_address, version, created_at, updated_at"
            " from orders where id = $2::uuid",
            order_id, first.json()["id"],
        )  # fmt: skip
        await connection.execute(
            "insert into saga (order_id, state, deadline) values ($1, 'reserving', now() + interval '1 m')",
            order_id,
        )
        await connection.execute(
            "insert into idempotency_key values ($1, 'POST /api/orders', $2, $3, $4)",
            market.shopper, winner_key, body_hash, order_id,
        )  # fmt: skip
        await market.pool.execute("update product_price set price_minor = 501")
        loser = asyncio.create_task(market.post(body, key=winner_key))
        await _waits_for_a_lock(market)
        assert not loser.done()
        await transaction.commit()
    answer = await loser
    assert answer.status_code == 202
    assert answer.json()["id"] == str(order_id)


async def _waits_for_a_lock(market: Market) -> None:
    waiting = (
        "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )

    async def blocked() -> bool:
        return await market.pool.fetchval(waiting) > 0

    await aeventually(blocked)


async def test_another_total_is_told_with_what_changed(market: Market) -> None:
    steady, changed = await market.sell(300), await market.sell(500)
    await market.pool.execute(
        "update product_price set previous_price_minor = 450, price_changed_at = now() where product_id = $1",
        changed,
    )
    answer = await market.post(market.body([(steady, 1), (changed, 2)], 1200))
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"].endswith("/total-changed")
    assert (problem["expected_total_minor"], problem["actual_total_minor"]) == (1200, 1300)
    assert problem["changes"] == [
        {"product_id": str(changed), "kind": "price_changed", "was": 450, "now": 500}
    ]
    assert await market.counts() == NOTHING


async def test_a_product_no_longer_sold_is_told(market: Market) -> None:
    sold, archived = await market.sell(300), await market.sell(500, status="archived")
    answer = await market.post(market.body([(sold, 1), (archived, 1)], 800))
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["actual_total_minor"] == 300
    assert problem["changes"] == [{"product_id": str(archived), "kind": "unavailable"}]
    assert await market.counts() == NOTHING


async def test_only_unavailable_products_are_told_too(market: Market) -> None:
    archived = await market.sell(500, status="archived")
    answer = await market.post(market.body([(archived, 1)], 0))
    assert answer.status_code == 409
    assert await market.counts() == NOTHING


async def test_an_unknown_product_is_named_by_its_line(market: Market) -> None:
    known = await market.sell(300)
    answer = await market.post(market.body([(known, 1), (uuid4(), 1)], 300))
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "lines[1].product_id", "code": "unknown_product", "message": "no such product is sold here"}
    ]
    assert await market.counts() == NOTHING


async def test_another_currency_is_refused(market: Market) -> None:
    product = await market.sell(300)
    answer = await market.post(market.body([(product, 1)], 300, currency="USD"))
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("currency", "unknown_currency")
    ]
    assert await market.counts() == NOTHING


async def test_a_refused_key_may_be_used_again(market: Market) -> None:
    product = await market.sell(300)
    refused = await market.post(market.body([(product, 1)], 299), key="a-second-try")
    assert refused.status_code == 409
    accepted = await market.post(market.body([(product, 1)], 300), key="a-second-try")
    assert accepted.status_code == 202


@pytest.mark.parametrize("rate", [0, 550, 700, 1900, 2000, 2550])
async def test_tax_is_the_same_in_sql_and_in_python(market: Market, rate: int) -> None:
    prices = [1, 2, 99, 100, 119, 120, 12345, 999_999]
    products = [await market.sell(price, tax=rate) for price in prices]
    body = market.body([(product, 1) for product in products], sum(prices))
    order = (await market.post(body)).json()
    assert order["tax_minor"] == sum(included_tax(price, rate) for price in prices)


async def test_the_payment_token_is_not_in_any_answer_or_event(market: Market) -> None:
    product = await market.sell(300)
    answer = await market.post(market.body([(product, 1)], 300, payment_token="tok_secret"))
    assert "tok_secret" not in answer.text
    stored = await market.pool.fetchval("select envelope::text from outbox")
    assert "tok_secret" not in stored
    assert json.loads(stored)["data"]["order_id"] == answer.json()["id"]


async def test_fifty_lines_are_stored_in_order(market: Market) -> None:
    products = [await market.sell(10 + number) for number in range(50)]
    total = sum(10 + number for number in range(50))
    answer = await market.post(market.body([(product, 1) for product in products], total))
    assert answer.status_code == 202
    assert [line["line_no"] for line in answer.json()["lines"]] == list(range(1, 51))
