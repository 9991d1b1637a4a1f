"""A guest signs in: of each product the larger quantity, however often and by how many it is asked."""

import asyncio
from uuid import uuid4

from tests.component.conftest import Shop
from tests.component.test_refusals import problem


async def test_the_larger_quantity_of_each(shop: Shop) -> None:
    tea, cup, pot = await shop.sell(250), await shop.sell(900), await shop.sell(2900)
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await member.add(tea, 1)
    await member.add(cup, 5)
    await guest.add(tea, 3)
    await guest.add(cup, 2)
    await guest.add(pot, 1)
    answer = await shop.merge(guest, member)
    assert answer.status_code == 200
    merged = answer.json()
    assert {line["product_id"]: line["quantity"] for line in merged["lines"]} == {
        str(tea): 3, str(cup): 5, str(pot): 1,
    }  # fmt: skip
    assert (merged["id"], merged["version"], merged["left_out"]) == (member.id, 4, [])
    assert answer.headers["etag"] == '"4"'
    told = (await member.look(since=3))["changes"]
    assert [(change["kind"], change["was"], change["now"]) for change in told] == [
        ("quantity_changed", 1, 3),
        ("added", None, 1),
    ]
    assert (await guest.look())["status"] == "merged"
    assert await shop.events(guest.id) == [(1, "open"), (2, "open"), (3, "open"), (4, "open"), (5, "merged")]


async def test_asked_again_it_answers_the_same(shop: Shop) -> None:
    tea = await shop.sell()
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await guest.add(tea, 3)
    first, second = await shop.merge(guest, member), await shop.merge(guest, member)
    assert first.json() == second.json()
    assert first.json()["version"] == 2
    assert (await guest.look())["version"] == 3


async def test_many_at_once_merge_once(shop: Shop) -> None:
    tea, cup = await shop.sell(), await shop.sell()
    guest = await shop.guest()
    await guest.add(tea, 3)
    await guest.add(cup, 2)
    subject = str(uuid4())
    member = shop.token(subject)
    body = {"basket_id": guest.id, "token": guest.headers["Basket-Token"]}
    answers = await asyncio.gather(
        *(shop.api.post("/baskets/mine/merge", json=body, headers=member) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["version"] == 2
    assert await shop.pool.fetchval("select count(*) from basket where status = 'open'") == 1


async def test_a_guest_who_goes_on_shopping_while_merging_loses_nothing(shop: Shop) -> None:
    """What is added is in the member's basket, or it was refused."""
    products = [await shop.sell() for _ in range(6)]
    member, guest = await shop.member(str(uuid4())), await shop.guest()

    async def shopping() -> set[str]:
        taken = set()
        for product in products:
            answer = await guest.send("POST", "/lines", json={"product_id": str(product), "quantity": 1})
            if answer.status_code == 200:
                guest.seen = answer.json()
                taken.add(str(product))
            else:
                problem(answer, 409, "conflict")
        return taken

    taken, merged = await asyncio.gather(shopping(), shop.merge(guest, member))
    assert merged.status_code == 200
    assert set((await member.look()) and member.lines) == taken


async def test_what_finds_no_place_is_named(shop: Shop) -> None:
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    shared = await shop.sell()
    await member.add(shared)
    for _ in range(48):
        await member.add(await shop.sell())
    first, second, third = (
        await shop.sell(name="First"),
        await shop.sell(name="Second"),
        await shop.sell(name="Third"),
    )
    for product in (first, shared, second, third):
        await guest.add(product, 2)
    merged = (await shop.merge(guest, member)).json()
    assert len(merged["lines"]) == 50
    assert merged["left_out"] == [
        {"product_id": str(second), "name": "Second", "quantity": 2},
        {"product_id": str(third), "name": "Third", "quantity": 2},
    ]
    assert (await shop.merge(guest, member)).json()["left_out"] == merged["left_out"]


async def test_an_empty_basket_changes_nothing(shop: Shop) -> None:
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    assert (await shop.merge(guest, member)).json()["version"] == 1
    assert (await guest.look())["status"] == "merged"


async def test_a_merged_basket_is_closed(shop: Shop) -> None:
    tea = await shop.sell()
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await shop.merge(guest, member)
    await guest.look()
    answer = await guest.send("POST", "/lines", json={"product_id": str(tea), "quantity": 1})
    assert problem(answer, 409, "conflict")["basket_status"] == "merged"


async def test_who_may_not_merge(shop: Shop) -> None:
    one, other, guest = await shop.member(str(uuid4())), await shop.member(str(uuid4())), await shop.guest()
    wrong = {"basket_id": guest.id, "token": "x" * 43}
    problem(await shop.api.post("/baskets/mine/merge", json=wrong, headers=one.headers), 404, "not-found")
    unknown = {"basket_id": str(uuid4()), "token": guest.headers["Basket-Token"]}
    problem(await shop.api.post("/baskets/mine/merge", json=unknown, headers=one.headers), 404, "not-found")
    members = {"basket_id": other.id, "token": "x"}
    problem(await shop.api.post("/baskets/mine/merge", json=members, headers=one.headers), 404, "not-found")
    problem(
        await shop.api.post("/baskets/mine/merge", json=wrong | {"x": 1}, headers=one.headers),
        422,
        "validation-failed",
    )
    assert (await shop.merge(guest, one)).status_code == 200
    problem(await shop.merge(guest, other), 409, "conflict")


async def test_after_a_purchase_it_still_answers_with_the_open_basket(shop: Shop) -> None:
    tea = await shop.sell()
    member, guest = await shop.member(str(uuid4())), await shop.guest()
    await guest.add(tea)
    await shop.merge(guest, member)
    await shop.pool.execute("update basket set status = 'checked_out' where id = $1::uuid", member.id)
    again = (await shop.merge(guest, member)).json()
    assert again["id"] != member.id
    assert (again["status"], again["lines"]) == ("open", [])
