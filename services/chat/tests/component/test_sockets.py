"""Sockets: how they are opened, come back, and are closed."""

import asyncio
import json
import socket as sockets
import time
from contextlib import suppress
from uuid import uuid4

import pytest
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError

from bazaar_shared.testing import TokenForge, aeventually
from tests.component.client import Client
from tests.component.conftest import Market, Person


async def write(person: Person, conversation: str, *bodies: str) -> None:
    for number, body in enumerate(bodies):
        assert (await person.write(conversation, body, replica=number % 2)).status_code == 201


async def test_who_comes_back_misses_nothing(market: Market) -> None:
    """Cut off, and back at the other replica, with what was seen."""
    shopper, seller, conversation = await market.talk()
    await write(shopper, conversation, "1", "2")
    first = await seller.socket(0)
    assert (await first.subscribe(conversation, after=1))["last_seq"] == 2
    await first.hear("message")
    assert first.messages(conversation) == [(2, "2")]
    first.cut()
    await write(shopper, conversation, "3", "4")
    second = await seller.socket(1)
    await second.subscribe(conversation, after=2)
    await write(shopper, conversation, "5")
    await second.hear("message", seq=5)
    assert second.messages(conversation) == [(3, "3"), (4, "4"), (5, "5")]


async def test_a_long_history_is_caught_up_with_in_order(market: Market) -> None:
    """Longer than a page and than the client's queue, while others write."""
    shopper, seller, conversation = await market.talk()
    await market.pool.execute(
        "insert into message (conversation_id, seq, id, client_message_id, author_side, author_id, body,"
        " created_at) select $1::uuid, n, gen_random_uuid(), gen_random_uuid(), 'shopper', $2::uuid,"
        " repeat('long ', 300), now() - interval '1 hour' from generate_series(1, 1000) n",
        conversation,
        shopper.id,
    )
    await market.pool.execute("update conversation set last_seq = 1000 where id = $1::uuid", conversation)
    reader = await seller.socket(1)
    subscribing = asyncio.create_task(reader.subscribe(conversation))
    await write(shopper, conversation, *(f"{n}" for n in range(10)))
    await subscribing
    await reader.hear("message", seq=1010, within=30)
    assert [seq for seq, _ in reader.messages(conversation)] == list(range(1, 1011))


async def test_who_claims_to_have_seen_the_future_gets_what_comes(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    reader = await seller.socket()
    await reader.subscribe(conversation, after=10_000)
    await write(shopper, conversation, "1")
    await reader.hear("message", seq=1)


async def test_who_unsubscribes_hears_nothing_more(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    reader, other = await seller.socket(), await seller.socket()
    for client in (reader, other):
        await client.subscribe(conversation)
    await reader.say(type="unsubscribe", conversation=conversation)
    await reader.say(type="ping")
    await reader.hear("pong")
    await write(shopper, conversation, "1")
    await other.hear("message", seq=1)
    await reader.hear("unread")
    assert reader.messages(conversation) == []


@pytest.mark.parametrize("kind", list(TokenForge().bad_tokens()))
async def test_bad_tokens_open_no_socket(market: Market, forge: TokenForge, kind: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await market.connect(forge.bad_tokens()[kind])
    assert refused.value.code == 401
    answer = await market.api[0].get(
        "/unread", headers={"Authorization": f"Bearer {forge.bad_tokens()[kind]}"}
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_strangers_and_services_open_no_socket(market: Market) -> None:
    service = market.neighbors.forge.token("service:orders", ("service",))
    for token, status in ((None, 401), (service, 403)):
        with pytest.raises(HTTPClientError) as refused:
            await market.connect(token)
        assert refused.value.code == status
        assert json.loads(refused.value.response.body)["status"] == status


async def test_a_browsers_ways_in(market: Market) -> None:
    """The token as a subprotocol, which is not the one that is chosen, or the storefront's cookie."""
    person = market.person()
    offered = ["bazaar.v1", f"bearer.{person.token()}"]
    by_protocol = await market.connect(None, subprotocols=offered)
    assert (await by_protocol.hear("hello"))["account"] == person.id
    assert by_protocol.socket.selected_subprotocol == "bazaar.v1"
    headers = {"Cookie": f"bazaar_access={person.token()}", "Origin": market.origin(0)}
    by_cookie = await market.connect(None, headers=headers)
    assert (await by_cookie.hear("hello"))["account"] == person.id


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://shop.127.0.0.1"},
    ],
)
async def test_other_origins_pages_open_no_socket(market: Market, headers: dict[str, str]) -> None:
    person = market.person()
    for credentials in (
        {"Cookie": f"bazaar_access={person.token()}"},
        {"Authorization": f"Bearer {person.token()}"},
    ):
        with pytest.raises(HTTPClientError) as refused:
            await market.connect(None, headers=headers | credentials)
        assert refused.value.code == 403
        assert json.loads(refused.value.response.body)["type"].endswith("/forbidden")


async def test_an_allowed_origin(market: Market) -> None:
    headers = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    client = await market.connect(market.person().token(), headers=headers)
    await client.hear("hello")


@pytest.mark.parametrize("header", ["Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"])
async def test_what_is_no_handshake_is_a_problem(market: Market, header: str) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    del headers[header]
    answer = await market.person().ask("GET", "/socket", headers=headers)
    assert answer.status_code in {400, 426}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_socket_ends_with_its_token(market: Market) -> None:
    client = await market.person().socket(exp=int(time.time()) + 3)
    assert 1 <= (await client.hear("expiring"))["seconds"] <= 3
    assert await client.closed() == 4001


async def test_a_socket_that_is_renewed_stays(market: Market) -> None:
    person, other = market.person(), market.person()
    client = await person.socket(exp=int(time.time()) + 3)
    await client.hear("expiring")
    await client.say(type="renew", token=other.token())
    assert (await client.hear("error"))["problem"]["status"] == 403
    await client.say(type="renew", token=market.neighbors.forge.expired(person.id))
    assert (await client.hear("error", 2))["problem"]["status"] == 401
    await client.say(type="renew", token=person.token())
    await client.hear("renewed")
    short = await person.socket(exp=int(time.time()) + 3)
    assert await short.closed() == 4001  # by then the first one's token would have ended as well
    await client.say(type="ping")
    await client.hear("pong")


async def test_sockets_of_an_ended_session_are_closed(market: Market) -> None:
    """At all replicas; another session of the same account goes on."""
    person = market.person()
    ended = [await person.socket(replica) for replica in (0, 1)]
    other = await person.socket(sid=str(uuid4()))
    odd = await person.socket(sid="not-one-of-identitys")
    for client in (*ended, other, odd):
        await client.hear("hello")
    market.neighbors.ended.add(person.session)
    for client in ended:
        assert await client.closed() == 4002
    for client in (other, odd):
        await client.say(type="ping")
        await client.hear("pong")


async def test_who_does_not_read_is_dropped_and_nobody_else(market: Market) -> None:
    shopper, seller, conversation = await market.talk()
    good = await seller.socket(0)
    await good.subscribe(conversation)
    dropped = 'chat_dropped_total{reason="too_slow"}'
    before = market.replicas[0].metric(dropped)
    reader, writer = await asyncio.open_connection(sock=lazy_socket(market.replicas[0].http), limit=2**10)
    writer.write(handshake(market.replicas[0].address, seller.token()))
    assert b"101" in await reader.readuntil(b"\r\n\r\n")
    writer.write(masked(json.dumps({"type": "subscribe", "conversation": conversation}).encode()))
    last = 0
    while market.replicas[0].metric(dropped) == before and last < 10_000:
        await market.pool.execute("update message set created_at = created_at - interval '11 seconds'")
        written = [shopper.write(conversation, "x" * 2000, replica=1) for _ in range(20)]
        assert {answer.status_code for answer in await asyncio.gather(*written)} == {201}
        last += 20
    assert market.replicas[0].metric(dropped) == before + 1
    await good.hear("message", seq=last, within=30)
    assert [seq for seq, _ in good.messages(conversation)] == list(range(1, last + 1))
    writer.close()


def lazy_socket(port: int) -> sockets.socket:
    """One whose kernel takes little for it."""
    lazy = sockets.socket()
    lazy.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 2048)
    lazy.connect(("127.0.0.1", port))
    lazy.setblocking(False)
    return lazy


def handshake(address: str, token: str) -> bytes:
    lines = (
        "GET /api/chat/socket HTTP/1.1",
        f"Host: {address}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Authorization: Bearer {token}",
    )
    return "\r\n".join((*lines, "", "")).encode()


def masked(payload: bytes) -> bytes:
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        '{"type": "whatever"}',
        '{"conversation": "x"}',
        '{"type": 1}',
        '{"type":"ping"',
        "{" * 9000,
    ],
)
async def test_what_is_no_frame_closes_the_socket(market: Market, text: str) -> None:
    client = await market.person().socket()
    await client.socket.write_message(text)
    assert (await client.hear("error"))["problem"]["type"].endswith("/malformed-body")
    assert await client.closed() == 4400


async def test_binary_frames_are_none_of_ours(market: Market) -> None:
    client = await market.person().socket()
    await client.socket.write_message(b'{"type":"ping"}', binary=True)
    assert await client.closed() == 4400


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "send", "body": "x"}, "conversation"),
        ({"type": "send", "conversation": 1, "client_message_id": 1, "body": ""}, "conversation"),
        ({"type": "ping", "extra": 1}, "extra"),
        ({"type": "read", "conversation": str(uuid4()), "seq": -1}, "seq"),
        ({"type": "subscribe", "conversation": str(uuid4()), "after": 2**63}, "after"),
        ({"type": "track", "order": "x"}, "order"),
    ],
)
async def test_a_frame_with_a_wrong_field_is_told_so(market: Market, frame: dict, field: str) -> None:
    client = await market.person().socket()
    await client.say(**frame)
    problem = (await client.hear("error"))["problem"]
    assert (problem["status"], problem["errors"][0]["field"]) == (422, field)
    await client.say(type="ping")
    await client.hear("pong")


@pytest.mark.parametrize("body", ["", "x" * 2001, " \n", "a\0b"])
async def test_bodies_that_are_none(market: Market, body: str) -> None:
    shopper, _, conversation = await market.talk()
    client, message_id = await shopper.socket(), str(uuid4())
    await client.say(type="send", conversation=conversation, client_message_id=message_id, body=body)
    error = await client.hear("error")
    assert (error["problem"]["errors"][0]["field"], error["ref"]) == ("body", message_id)
    answer = await shopper.write(conversation, body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


async def test_a_frame_that_is_too_large(market: Market) -> None:
    client = await market.person().socket()
    with suppress(WebSocketClosedError):
        await client.socket.write_message('{"type":"ping"' + " " * 17_000 + "}")
    assert await client.closed() in {1009, None}  # the close frame may be lost with the rest of the frame
    await aeventually(lambda: market.replicas[0].managed("/health/live")[0] == 200)


async def test_too_many_frames(market: Market) -> None:
    client = await market.person().socket()
    with suppress(WebSocketClosedError):
        for _ in range(150):
            await client.say(type="ping")
    assert await client.closed() == 4008
    assert 100 <= len(client.of("pong")) < 150


async def test_sockets_are_counted(market: Market) -> None:
    before = market.replicas[0].metric("chat_sockets")
    client: Client = await market.person().socket(0)
    await client.hear("hello")
    assert market.replicas[0].metric("chat_sockets") == before + 1
    client.cut()
    await aeventually(lambda: market.replicas[0].metric("chat_sockets") == before)
