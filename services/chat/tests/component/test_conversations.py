"""What two people say to each other, over both replicas, by HTTP and by socket."""

import asyncio
from uuid import uuid4

import pytest

from bazaar_shared.testing import aeventually
from tests.component.conftest import Market


async def test_two_people_at_two_replicas(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    mine, theirs = await shopper.socket(0), await seller.socket(1)
    hello = await theirs.hear("hello")
    assert (hello["account"], hello["replica"], len(hello["sellers"])) == (seller.id, "chat-2", 1)
    for client in (mine, theirs):
        assert (await client.subscribe(conversation))["last_seq"] == 0
    message_id = str(uuid4())
    await mine.say(type="send", conversation=conversation, client_message_id=message_id, body="Is it green?")
    assert (await mine.hear("sent"))["seq"] == 1
    told = await theirs.hear("message")
    assert told["message"]["author"] == {"side": "shopper", "account_id": shopper.id, "name": "Ada"}
    assert (told["seq"], told["message"]["body"]) == (1, "Is it green?")
    await theirs.say(type="send", conversation=conversation, client_message_id=str(uuid4()), body="It is.")
    answer = await mine.hear("message", seq=2)
    assert answer["message"]["author"]["name"] == "The teas stall"


async def test_a_conversation_is_opened_once(market: Market) -> None:
    shopper = market.person("Ada")
    seller, product = market.stall()
    body = {"subject": {"kind": "product", "id": product}}
    answers = await asyncio.gather(
        *(shopper.ask("POST", "/conversations", replica, json=body) for replica in (0, 1, 0, 1))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    found = {answer.json()["id"] for answer in answers}
    assert len(found) == 1
    made = answers[0].json()
    assert made["subject"] == {"kind": "product", "id": product, "title": "A tea"}
    assert (made["side"], made["shopper"]) == ("shopper", {"id": shopper.id, "name": "Ada"})
    assert answers[0].headers["location"] == f"/api/chat/conversations/{made['id']}"
    seen = await seller.done("GET", f"/conversations/{made['id']}")
    assert (seen["side"], seen["seller"]["name"]) == ("seller", "The teas stall")


async def test_about_an_order(market: Market) -> None:
    shopper, other = market.person(), market.person()
    one = market.neighbors.open_stall(slug="teas")
    two = market.neighbors.open_stall(slug="pots")
    order = market.neighbors.order(shopper.id, one, two)
    body = {"subject": {"kind": "order", "id": order}}
    refused = await shopper.ask("POST", "/conversations", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "seller_id")
    made = await shopper.done("POST", "/conversations", json=body | {"seller_id": two})
    assert (made["seller"]["slug"], made["subject"]["title"]) == ("pots", None)
    stranger = await other.ask("POST", "/conversations", json=body | {"seller_id": two})
    assert stranger.status_code == 404
    elsewhere = market.neighbors.open_stall()
    wrong = await shopper.ask("POST", "/conversations", json=body | {"seller_id": elsewhere})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "not_its_seller")


async def test_an_operator_is_nobody_special_here(market: Market) -> None:
    """Orders shows operators every order; that makes none of them theirs."""
    shopper, operator = market.person(), market.person(roles=("operator",))
    order = market.neighbors.order(shopper.id, market.neighbors.open_stall())
    body = {"subject": {"kind": "order", "id": order}}
    assert (await operator.ask("POST", "/conversations", json=body)).status_code == 404
    assert (await operator.ask("GET", f"/orders/{order}/events")).status_code == 404
    _, _, conversation = await market.talk()
    assert (await operator.ask("GET", f"/conversations/{conversation}")).status_code == 404


async def test_nobody_talks_with_their_own_stall(market: Market) -> None:
    seller, product = market.stall()
    answer = await seller.ask("POST", "/conversations", json={"subject": {"kind": "product", "id": product}})
    assert (answer.status_code, answer.json()["detail"]) == (409, "this is your own stall")


async def test_strangers_find_nothing(market: Market) -> None:
    _, _, conversation = await market.talk()
    stranger, other_seller = market.person(), market.stall()[0]
    new = {"client_message_id": str(uuid4()), "body": "psst"}
    for person in (stranger, other_seller):
        path = f"/conversations/{conversation}"
        answers = [
            await person.ask("GET", path),
            await person.ask("GET", f"{path}/messages"),
            await person.ask("GET", f"{path}/updates?wait=0"),
            await person.ask("POST", f"{path}/messages", json=new),
            await person.ask("PUT", f"{path}/read", json={"seq": 1}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        client = await person.socket()
        await client.say(type="subscribe", conversation=conversation)
        await client.say(type="send", conversation=conversation, **new)
        assert (await client.hear("error", 2))["problem"]["status"] == 404
        assert client.of("subscribed") == []
    assert await market.pool.fetchval("select count(*) from message") == 0


async def test_one_message_sent_often_is_stored_once(market: Market) -> None:
    """By both replicas, by HTTP and by socket at once."""
    shopper, seller, conversation = await market.talk()
    reader = await seller.socket(1)
    await reader.subscribe(conversation)
    clients = [await shopper.socket(replica) for replica in (0, 1)]
    message_id = str(uuid4())
    sends = [
        client.say(type="send", conversation=conversation, client_message_id=message_id, body="Once")
        for client in clients * 3
    ]
    posts = [shopper.write(conversation, "Once", message_id, replica) for replica in (0, 1) * 3]
    results = await asyncio.gather(*posts, *sends)
    answers = results[:6]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert sorted(answer.status_code for answer in answers)[:5] == [200] * 5
    for client in clients:
        assert (await client.hear("sent", 3))["seq"] == 1
    other = await shopper.write(conversation, "Something else", message_id)
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (409, "conflict")
    assert (await shopper.write(conversation, "Next")).json()["seq"] == 2
    await reader.hear("message", seq=2)
    assert reader.messages(conversation) == [(1, "Once"), (2, "Next")]


async def test_many_writers_and_no_gap(market: Market) -> None:
    """Ten shoppers' sockets at two replicas; each reader has its conversations' messages in their order."""
    seller, product = market.stall()
    shoppers = [market.person() for _ in range(10)]
    conversations = [(await shopper.open(product))["id"] for shopper in shoppers]
    readers = [await seller.socket(replica) for replica in (0, 1)]
    for reader in readers:
        for conversation in conversations:
            await reader.subscribe(conversation)

    async def write(number: int, body: int) -> None:
        """As a client does: a replica that is too busy is asked again, with the same id."""
        message_id, replica = str(uuid4()), body % 2
        async with asyncio.timeout(60):
            while True:
                answer = await shoppers[number].write(conversations[number], f"{body}", message_id, replica)
                if answer.status_code != 503:
                    break
        assert answer.status_code in {200, 201}

    await asyncio.gather(*(write(number, body) for number in range(10) for body in range(15)))
    for reader in readers:
        await reader.until(lambda told: sum(one["type"] == "message" for one in told) == 150)
        for conversation in conversations:
            assert [seq for seq, _ in reader.messages(conversation)] == list(range(1, 16))


async def test_the_limit_counts_over_both_replicas(market: Market) -> None:
    """Twenty in ten seconds for an account; what is sent again does not count."""
    shopper, _, conversation = await market.talk()
    ids = [str(uuid4()) for _ in range(30)]
    answers = await asyncio.gather(
        *(shopper.write(conversation, "Hello", one, number % 2) for number, one in enumerate(ids))
    )
    taken = [answer.status_code for answer in answers]
    assert (taken.count(201), taken.count(429)) == (20, 10)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    repeated = next(one for one, answer in zip(ids, answers, strict=True) if answer.status_code == 201)
    assert (await shopper.write(conversation, "Hello", repeated)).status_code == 200
    client = await shopper.socket(1)
    another = str(uuid4())
    await client.say(type="send", conversation=conversation, client_message_id=another, body="Hello")
    error = await client.hear("error")
    assert (error["problem"]["status"], error["ref"]) == (429, another)
    await market.pool.execute("update message set created_at = created_at - interval '11 seconds'")
    assert (await shopper.write(conversation, "Hello")).status_code == 201


async def test_what_is_unread(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    # two sockets of the stall, which follow no conversation
    sockets = [await seller.socket(replica) for replica in (0, 1)]
    for number in (1, 2):
        await shopper.write(conversation, f"{number}")
    for client in sockets:
        told = await client.hear("unread", unread=2)
        assert (told["conversation"], told["total"]) == (conversation, 2)
    assert await seller.done("GET", "/unread") == {"total": 2}
    assert await shopper.done("GET", "/unread") == {"total": 0}
    await sockets[0].say(type="read", conversation=conversation, seq=1)
    assert (await sockets[1].hear("unread", unread=1))["total"] == 1
    read = f"/conversations/{conversation}/read"
    assert await seller.done("PUT", read, json={"seq": 99}) == {"unread": 0}
    assert await seller.done("PUT", read, json={"seq": 1}) == {"unread": 0}
    for client in sockets:
        assert (await client.hear("unread", unread=0))["total"] == 0
    shown = await seller.done("GET", f"/conversations/{conversation}")
    assert (shown["unread"], shown["read_seq"], shown["last_message"]["body"]) == (0, 2, "2")
    # a socket that comes is told of what is unread
    await seller.write(conversation, "An answer")
    late = await shopper.socket(1)
    assert (await late.hear("unread"))["unread"] == 1


async def test_lists_and_pages(market: Market) -> None:
    seller, product = market.stall()
    shoppers = [market.person(f"Shopper {number}") for number in range(5)]
    conversations = [(await shopper.open(product))["id"] for shopper in shoppers]
    await shoppers[1].write(conversations[1], "me first")
    order = [conversations[number] for number in (1, 4, 3, 2, 0)]
    seen, cursor = [], ""
    while cursor is not None:
        page = await seller.done("GET", f"/conversations?side=seller&limit=2{cursor}")
        seen += page["items"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert [one["id"] for one in seen] == order
    assert seen[0]["shopper"]["name"] == "Shopper 1"
    assert (await seller.done("GET", "/conversations?side=shopper"))["items"] == []
    assert len((await shoppers[0].done("GET", "/conversations"))["items"]) == 1


async def test_history(market: Market) -> None:
    shopper, _, conversation = await market.talk()
    for number in range(1, 10):
        await shopper.write(conversation, f"{number}")
    path = f"/conversations/{conversation}/messages"

    async def seqs(query: str) -> tuple[list[int], str | None]:
        page = await shopper.done("GET", f"{path}?limit=4{query}")
        return [one["seq"] for one in page["items"]], page["next_cursor"]

    newest, back = await seqs("")
    assert newest == [6, 7, 8, 9]
    earlier, back = await seqs(f"&cursor={back}")
    assert earlier == [2, 3, 4, 5]
    assert await seqs(f"&cursor={back}") == ([1], None)
    assert (await seqs("&before=3"))[0] == [1, 2]
    first, on = await seqs("&after=2")
    assert first == [3, 4, 5, 6]
    assert await seqs(f"&cursor={on}") == ([7, 8, 9], None)


async def test_typing_and_presence(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    mine, second, theirs = await shopper.socket(0), await shopper.socket(1), await seller.socket(1)
    assert (await mine.subscribe(conversation))["online"] == []
    await second.subscribe(conversation)
    # in Redis by now: the other replica finds it
    key = f"chat:online:{conversation}"
    assert await aeventually(lambda: market.redis.zcard(key))
    assert (await theirs.subscribe(conversation))["online"] == ["shopper"]
    await mine.hear("presence", side="seller", online=True)
    await theirs.say(type="typing", conversation=conversation)
    await mine.hear("typing", side="seller")
    await mine.say(type="typing", conversation=conversation)
    await theirs.hear("typing", side="shopper")
    assert second.of("typing", side="shopper") == []  # one's own other window
    await theirs.close()
    await mine.hear("presence", side="seller", online=False)
    assert theirs.of("presence", side="shopper", online=False) == []


@pytest.mark.parametrize("away", ["identity", "catalog"])
async def test_without_the_neighbors_shoppers_talk_on(market: Market, away: str) -> None:
    """Names are left out; who works where is not known, and shoppers need not know."""
    seller, product = market.stall()
    shopper = market.person("Unasked")
    conversation = (await shopper.open(product))["id"]
    market.neighbors.away.add(away)
    shopper_again = market.person("Unknown")
    answer = await shopper.write(conversation, "Is anybody there?")
    assert answer.status_code == 201
    listed = await shopper.done("GET", "/conversations", replica=1)
    assert listed["items"][0]["last_message"]["body"] == "Is anybody there?"
    if away == "identity":
        assert listed["items"][0]["shopper"]["name"] is None
    else:
        refused = await seller.ask("GET", "/conversations", replica=1)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        opening = {"subject": {"kind": "product", "id": product}}
        assert (await shopper_again.ask("POST", "/conversations", json=opening)).status_code == 503
