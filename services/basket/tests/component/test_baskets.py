"""Making, reading and changing baskets, as guests and as members."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bazaar_shared.contracts import load, violations
from bazaar_shared.envelope import Event
from tests.component.conftest import SELLER, Shop

CONTRACT = Path(__file__).parents[4] / "shared/contracts/asyncapi/bazaar.yaml"


async def test_a_guest_is_given_a_basket_and_a_token_once(shop: Shop) -> None:
    answer = await shop.api.post("/baskets")
    assert answer.status_code == 201
    basket = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/api/basket/baskets/{basket['id']}"
    assert answer.headers["cache-control"] == "no-store"
    token = basket.pop("token")
    assert len(token) == 43
    read = await shop.api.get(f"/baskets/{basket['id']}", headers={"Basket-Token": token})
    assert read.json() == basket
    assert basket == {
        "id": basket["id"],
        "version": 1,
        "status": "open",
        "owner": "guest",
        "lines": [],
        "total_minor": 0,
        "tax_minor": 0,
        "currency": "EUR",
        "item_count": 0,
        "buyable": False,
        "order_id": None,
        "updated_at": basket["updated_at"],
    }
    kept = await shop.pool.fetchval("select token_hash from basket")
    assert len(kept) == 32
    assert token.encode() not in kept


async def test_a_members_basket_is_made_once(shop: Shop) -> None:
    headers = shop.token(str(uuid4()))
    first = await shop.api.post("/baskets", headers=headers)
    again = await shop.api.post("/baskets", headers=headers)
    mine = await shop.api.get("/baskets/mine", headers=headers)
    assert [first.status_code, again.status_code, mine.status_code] == [201, 200, 200]
    assert first.json() == again.json() == mine.json()
    assert first.json()["owner"] == "member"
    assert "token" not in first.json()
    assert await shop.pool.fetchval("select count(*) from basket") == 1
    assert await shop.events(first.json()["id"]) == [(1, "open")]


async def test_what_a_line_shows(shop: Shop) -> None:
    tea = await shop.sell(1290, name="Dragon Well")
    await shop.stock(tea, 8)
    guest = await shop.guest()
    basket = await guest.add(tea, 2)
    assert basket["lines"] == [
        {
            "product_id": str(tea),
            "name": "Dragon Well",
            "seller_id": str(SELLER),
            "seller_slug": "teas",
            "category": "tea",
            "picture_url": "/pictures/tea",
            "quantity": 2,
            "unit_price_minor": 1290,
            "line_total_minor": 2580,
            "added_price_minor": 1290,
            "available": 8,
            "status": "ok",
        }
    ]
    assert (basket["version"], basket["total_minor"], basket["tax_minor"]) == (2, 2580, 169)
    assert (basket["item_count"], basket["buyable"]) == (2, True)
    assert await guest.look() == basket


async def test_adding_setting_removing_clearing(shop: Shop) -> None:
    tea, cup, pot = await shop.sell(250), await shop.sell(900), await shop.sell(2900)
    guest = await shop.guest()
    await guest.add(tea, 2)
    await guest.add(tea, 3)
    await guest.add(cup)
    await guest.add(pot)
    assert guest.lines == {str(tea): 5, str(cup): 1, str(pot): 1}
    await guest.done("PUT", f"/lines/{cup}", json={"quantity": 4})
    await guest.done("DELETE", f"/lines/{tea}")
    assert (guest.lines, guest.seen["total_minor"]) == ({str(cup): 4, str(pot): 1}, 4 * 900 + 2900)
    await guest.done("DELETE", "/lines")
    assert (guest.lines, guest.seen["version"]) == ({}, 8)
    assert [version for version, _ in await shop.events(guest.id)] == list(range(1, 9))


async def test_adding_stops_at_what_a_line_can_hold(shop: Shop) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    await guest.add(tea, 98)
    await guest.add(tea, 98)
    assert guest.lines == {str(tea): 99}


async def test_what_changes_nothing_changes_no_version(shop: Shop) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    await guest.done("DELETE", "/lines")
    assert guest.seen["version"] == 1
    await guest.add(tea, 2)
    await guest.done("PUT", f"/lines/{tea}", json={"quantity": 2})
    assert guest.seen["version"] == 2
    assert await shop.events(guest.id) == [(1, "open"), (2, "open")]


async def test_setting_the_same_quantity_says_that_the_price_was_seen(shop: Shop) -> None:
    tea = await shop.sell(1000)
    guest = await shop.guest()
    await guest.add(tea)
    await shop.change(tea, price_minor=1100)
    assert (await guest.look())["lines"][0]["status"] == "price_changed"
    version = guest.seen["version"]
    await guest.done("PUT", f"/lines/{tea}", json={"quantity": 1})
    assert (guest.line(tea)["status"], guest.line(tea)["added_price_minor"]) == ("ok", 1100)
    assert guest.seen["version"] == version


async def test_fifty_lines_and_no_more(shop: Shop) -> None:
    guest = await shop.guest()
    for _ in range(50):
        await guest.add(await shop.sell())
    one_more = {"product_id": str(await shop.sell()), "quantity": 1}
    answer = await guest.send("POST", "/lines", json=one_more)
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == ["too_many_lines"]
    # one that is there takes no place
    await guest.add(UUID(guest.seen["lines"][0]["product_id"]))
    assert len(guest.lines) == 50


@pytest.mark.parametrize(
    ("available", "status", "buyable"),
    [(None, "ok", True), (3, "ok", True), (2, "short", False), (0, "out_of_stock", False)],
)
async def test_stock_is_shown_and_stands_in_the_way(
    shop: Shop, available: int | None, status: str, buyable: bool
) -> None:
    tea = await shop.sell(1000)
    if available is not None:
        await shop.stock(tea, available)
    guest = await shop.guest()
    basket = await guest.add(tea, 3)
    assert (guest.line(tea)["status"], guest.line(tea)["available"]) == (status, available)
    assert (basket["buyable"], basket["total_minor"]) == (buyable, 3000)


async def test_what_is_not_sold_any_more_is_not_in_the_total(shop: Shop) -> None:
    tea, cup = await shop.sell(1000), await shop.sell(700)
    guest = await shop.guest()
    await guest.add(tea, 2)
    await guest.add(cup)
    await shop.change(tea, status="archived")
    basket = await guest.look()
    assert (guest.line(tea)["status"], guest.line(cup)["status"]) == ("unavailable", "ok")
    assert (basket["total_minor"], basket["item_count"], basket["buyable"]) == (700, 3, False)
    answer = await guest.send("PUT", f"/lines/{tea}", json={"quantity": 1})
    assert [error["field"] for error in answer.json()["errors"]] == ["product_id"]
    await guest.done("DELETE", f"/lines/{tea}")
    assert guest.seen["buyable"] is True


async def test_a_product_in_another_currency_is_not_sold_here(shop: Shop) -> None:
    tea = await shop.sell(1000, currency="USD")
    guest = await shop.guest()
    answer = await guest.send("POST", "/lines", json={"product_id": str(tea), "quantity": 1})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unavailable")


async def test_what_happened_since(shop: Shop) -> None:
    tea, cup = await shop.sell(1000, name="Tea"), await shop.sell(700, name="Cup")
    guest = await shop.guest()
    await guest.add(tea, 2)
    await guest.add(cup)
    seen = guest.seen["version"]
    await guest.done("PUT", f"/lines/{tea}", json={"quantity": 5})
    await guest.done("DELETE", f"/lines/{cup}")
    await shop.change(tea, name="Tea", price_minor=1100)
    await shop.change(tea, name="Tea", price_minor=1100, status="archived")
    basket = await guest.look(since=seen)
    told = [(c["version"], c["kind"], c["name"], c["was"], c["now"]) for c in basket["changes"]]
    assert told == [
        (seen + 1, "quantity_changed", "Tea", 2, 5),
        (seen + 2, "removed", "Cup", 1, None),
        (seen + 3, "price_changed", "Tea", 1000, 1100),
        (seen + 4, "unavailable", "Tea", None, None),
    ]
    assert (await guest.look(since=basket["version"]))["changes"] == []
    assert "changes" not in await guest.look()


async def test_each_event_keeps_its_promise(shop: Shop) -> None:
    tea = await shop.sell(1000)
    member = await shop.member(str(uuid4()))
    await member.add(tea, 2)
    envelopes = await shop.pool.fetch("select envelope from outbox where topic = 'basket.basket' order by id")
    events = [json.loads(row["envelope"]) for row in envelopes]
    assert events[-1]["data"] == {
        "basket_id": member.id,
        "status": "open",
        "shopper_id": events[-1]["data"]["shopper_id"],
        "order_id": None,
        "lines": [{"product_id": str(tea), "quantity": 2, "unit_price_minor": 1000}],
        "total_minor": 2000,
        "currency": "EUR",
    }
    assert [event["type"] for event in events] == ["bazaar.basket.basket.v1"] * 2


async def test_events_are_what_the_contract_promises(shop: Shop) -> None:
    """Of an open basket, a merged one and an empty one."""
    tea = await shop.sell(1000)
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await guest.add(tea, 2)
    await shop.merge(guest, member)
    await shop.change(tea, status="archived")
    contract = load(CONTRACT)
    rows = await shop.pool.fetch("select envelope from outbox where topic = 'basket.basket'")
    assert len(rows) == 6
    for row in rows:
        assert violations(contract, "basket.basket", Event.from_json(row["envelope"])) == []
