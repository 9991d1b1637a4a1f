"""Several at once, on one basket."""

import asyncio
from uuid import uuid4

from tests.component.conftest import Shop
from tests.component.test_purchases import order_event


async def test_of_two_writers_one_wins(shop: Shop) -> None:
    products = [await shop.sell() for _ in range(10)]
    guest = await shop.guest()
    answers = await asyncio.gather(
        *(guest.send("POST", "/lines", json={"product_id": str(p), "quantity": 1}) for p in products)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    assert {a.json()["current_version"] for a in answers if a.status_code == 412} == {2}
    assert len((await guest.look())["lines"]) == 1


async def test_many_requests_make_one_basket(shop: Shop) -> None:
    headers = shop.token(str(uuid4()))
    answers = await asyncio.gather(*(shop.api.post("/baskets", headers=headers) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_members_basket_is_open_also_while_one_is_bought(shop: Shop) -> None:
    tea = await shop.sell()
    for _ in range(10):
        member = await shop.member(str(uuid4()))
        await member.add(tea)
        answers, _ = await asyncio.gather(
            asyncio.gather(*(shop.api.get("/baskets/mine", headers=member.headers) for _ in range(32))),
            shop.tell("orders.order", order_event(member, {tea: 1})),
        )
        assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "open")}


async def test_a_version_covers_the_price_that_was_shown(shop: Shop) -> None:
    """Prices change while a shopper changes the basket: whoever sees one version sees one total."""
    tea, cup = await shop.sell(1000), await shop.sell(500)
    guest = await shop.guest()
    await guest.add(tea)
    shown: dict[int, set[int]] = {}

    async def prices() -> None:
        for step in range(1, 16):
            await shop.change(tea, price_minor=1000 + step)
            await shop.change(cup, price_minor=500 + step)

    async def shopping() -> None:
        for step in range(20):
            path, body = ("/lines", {"product_id": str(cup), "quantity": 1})
            answer = await (
                guest.send("DELETE", f"/lines/{cup}") if step % 2 else guest.send("POST", path, json=body)
            )
            if answer.status_code == 200:
                guest.seen = answer.json()
                see(guest.seen["version"], guest.seen["total_minor"])
            else:
                assert answer.status_code in {404, 412}
                await look()

    async def look() -> None:
        answer = await guest.send("GET")
        guest.seen = answer.json()
        see(guest.seen["version"], guest.seen["total_minor"])

    async def looking() -> None:
        for _ in range(40):
            answer = (await guest.send("GET")).json()
            see(answer["version"], answer["total_minor"])

    def see(version: int, total: int) -> None:
        shown.setdefault(version, set()).add(total)

    await asyncio.gather(prices(), shopping(), looking())
    await look()
    assert {version: totals for version, totals in shown.items() if len(totals) > 1} == {}
    told = await shop.events(guest.id)
    assert [version for version, _ in told] == list(range(1, guest.seen["version"] + 1))
