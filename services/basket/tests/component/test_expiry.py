"""Guests' baskets that were forgotten."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from basket.baskets.expiry import expire

from tests.component.conftest import Holder, Shop

MONTH = timedelta(days=30)


async def age(shop: Shop, holder: Holder, days: int, column: str = "touched_at") -> None:
    await shop.pool.execute(
        f"update basket set {column} = now() - make_interval(days => $2) where id = $1::uuid", holder.id, days
    )


async def statuses(shop: Shop) -> dict[str, str]:
    return {str(row["id"]): row["status"] for row in await shop.pool.fetch("select id, status from basket")}


async def test_a_forgotten_guests_basket_expires(shop: Shop) -> None:
    tea = await shop.sell()
    old, young, member = await shop.guest(), await shop.guest(), await shop.member(str(uuid4()))
    await old.add(tea)
    await age(shop, old, 31)
    await age(shop, young, 29)
    await age(shop, member, 400)
    assert await expire(MONTH) is False
    assert await statuses(shop) == {old.id: "expired", young.id: "open", member.id: "open"}
    assert (await shop.events(old.id))[-1] == (3, "expired")
    assert (await old.send("DELETE", "/lines", version=3)).status_code == 409
    await old.look()
    assert (await shop.merge(old, member)).status_code == 409


async def test_a_price_keeps_no_forgotten_basket_alive(shop: Shop) -> None:
    tea = await shop.sell(1000)
    old, touched = await shop.guest(), await shop.guest()
    await old.add(tea)
    await touched.add(tea)
    await age(shop, old, 31)
    await age(shop, touched, 31)
    await touched.done("PUT", f"/lines/{tea}", json={"quantity": 1})
    await shop.change(tea, price_minor=1100)
    await expire(MONTH)
    assert await statuses(shop) == {old.id: "expired", touched.id: "open"}


async def test_what_ended_long_ago_is_deleted(shop: Shop) -> None:
    tea = await shop.sell()
    expired, merged, member = await shop.guest(), await shop.guest(), await shop.member(str(uuid4()))
    await expired.add(tea)
    await merged.add(tea)
    await shop.merge(merged, member)
    await shop.pool.execute("update basket set status = 'expired' where id = $1::uuid", expired.id)
    await expire(MONTH)
    assert len(await statuses(shop)) == 3
    for holder in (expired, merged, member):
        await age(shop, holder, 31, "updated_at")
    await expire(MONTH)
    assert await statuses(shop) == {member.id: "open"}
    assert await shop.pool.fetchval("select count(*) from basket_line") == 1


async def test_old_changes_are_forgotten(shop: Shop) -> None:
    tea = await shop.sell()
    member = await shop.member(str(uuid4()))
    await member.add(tea)
    await shop.pool.execute("update basket_change set at = now() - interval '31 days'")
    await member.add(tea)
    await expire(MONTH)
    assert [change["version"] for change in (await member.look(since=0))["changes"]] == [3]


async def test_a_turn_is_bounded_and_replicas_share_the_work(shop: Shop) -> None:
    await shop.pool.execute(
        "insert into basket"
        " (id, token_hash, status, currency, version, left_out, created_at, updated_at, touched_at)"
        " select gen_random_uuid(), 'x', 'open', 'EUR', 1, '[]', now(), now(), now() - interval '31 days'"
        " from generate_series(1, 250)"
    )
    assert await expire(MONTH) is True
    assert await shop.pool.fetchval("select count(*) from basket where status = 'expired'") == 100
    await asyncio.gather(*(expire(MONTH) for _ in range(4)))
    await expire(MONTH)
    assert (
        await shop.pool.fetchval("select count(*) from basket where status = 'expired' and version = 2")
        == 250
    )
    assert await shop.pool.fetchval("select count(*) from outbox") == 250
    assert await expire(MONTH) is False


async def test_who_is_changing_it_now_keeps_it(shop: Shop) -> None:
    guest = await shop.guest()
    await age(shop, guest, 31)
    async with shop.pool.acquire() as connection, connection.transaction():
        await connection.execute("select from basket where id = $1::uuid for update", guest.id)
        await expire(MONTH)
    assert await statuses(shop) == {guest.id: "open"}
