"""What two people say to each other, over both replicas, by HTTP and by socket."""

import asyncio
from uuid import uuid4

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
    await asyncio.sleep(0)
