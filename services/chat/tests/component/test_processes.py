"""The processes themselves: told to end, killed, started before their servers."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest

from bazaar_shared.testing import TokenForge, aeventually, temporary_database
from tests.component.client import Client
from tests.component.conftest import Market, server
from tests.component.process import Process, running


async def test_requests_are_finished_at_sigterm(market: Market, environment: dict[str, str]) -> None:
    """One that waits for a lock, a long poll and a socket, while the process is told to end."""
    shopper, seller, conversation = await market.talk()
    with running("serve", **environment, PROCESS_NAME="chat-3") as process:
        client = await Client.connect(process.address, seller.token())
        await client.subscribe(conversation)
        async with httpx.AsyncClient(base_url=process.url, timeout=30) as api:
            polling = asyncio.create_task(
                api.get(f"/conversations/{conversation}/updates", headers=seller.headers)
            )
            await aeventually(lambda: process.metric("chat_long_polls") == 1)
            async with market.pool.acquire() as connection:
                held = connection.transaction()
                await held.start()
                await connection.execute(
                    "select from conversation where id = $1::uuid for update", conversation
                )
                new = {"client_message_id": str(uuid4()), "body": "In flight"}
                path = f"/conversations/{conversation}/messages"
                writing = asyncio.create_task(api.post(path, json=new, headers=shopper.headers))

                async def waits() -> bool:
                    return bool(
                        await connection.fetchval(
                            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                            " and datname = current_database()"
                        )
                    )

                await aeventually(waits)
                process.signal()
                assert 0 <= (await client.hear("reconnect"))["after_ms"] < 2000
                assert await client.closed() == 1001
                assert (await polling).json() == {"items": [], "last_seq": 0}
                await aeventually(lambda: refuses(process))
                assert process.ended is None
                await held.rollback()
            assert (await writing).status_code == 201
        await aeventually(lambda: process.ended == 0, within=30)
    assert await market.pool.fetchval("select body from message") == "In flight"


async def refuses(process: Process) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", process.http)
    except OSError:
        return True
    writer.close()
    return False


async def test_a_killed_replica_loses_nothing(market: Market, environment: dict[str, str]) -> None:
    """Killed while a shopper writes through it: what was confirmed is there, once, and read at the other."""
    shopper, seller, conversation = await market.talk()
    reader = await seller.socket(1)
    await reader.subscribe(conversation)
    ids = [str(uuid4()) for _ in range(15)]
    with running("serve", **environment, PROCESS_NAME="chat-3") as process:
        writer = await Client.connect(process.address, shopper.token())
        for number, message_id in enumerate(ids):
            await writer.say(
                type="send", conversation=conversation, client_message_id=message_id, body=f"{number}"
            )
            if number == 7:
                await writer.hear("sent", 3)
                process.kill()
                break
        await writer.closed()
    confirmed = {one["client_message_id"]: one["seq"] for one in writer.of("sent")}
    assert len(confirmed) >= 3
    # as a client does: all that was not confirmed once more, elsewhere
    for number, message_id in enumerate(ids):
        if message_id not in confirmed:
            answer = await shopper.write(conversation, f"{number}", message_id)
            confirmed[message_id] = answer.json()["seq"]
    await reader.hear("message", seq=15)
    assert [seq for seq, _ in reader.messages(conversation)] == list(range(1, 16))
    rows = await market.pool.fetch("select client_message_id::text, seq from message")
    assert {row["client_message_id"]: row["seq"] for row in rows} == confirmed


async def test_it_waits_for_its_database(environment: dict[str, str], forge: TokenForge) -> None:
    """Started first, it is alive, not ready, says why, and answers 503."""
    gone = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/chat"}
    with running("serve", ready=False, **gone) as process:
        await aeventually(lambda: process.managed("/health/live")[0] == 200, within=60)
        await aeventually(lambda: "ConnectionRefused" in process.managed("/health/ready")[1], within=30)
        assert process.managed("/health/ready")[0] == 503
        async with httpx.AsyncClient(base_url=process.url) as api:
            answer = await api.get("/unread", headers={"Authorization": f"Bearer {forge.token()}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert process.stop() == 0


async def test_a_database_that_is_made_later(environment: dict[str, str]) -> None:
    name = f"test_chat_{uuid4().hex[:12]}"
    url = urlunsplit(urlsplit(server("TEST_POSTGRES_URL"))._replace(path=f"/{name}"))
    admin = await asyncpg.connect(server("TEST_POSTGRES_URL"))
    with running("serve", ready=False, **environment | {"DATABASE_URL": url}) as process:
        await aeventually(lambda: name in process.managed("/health/ready")[1], within=60)
        await admin.execute(f'create database "{name}"')
        await aeventually(process.is_ready, within=30)
        assert process.stop() == 0
    await admin.execute(f'drop database "{name}" with (force)')
    await admin.close()


async def test_consume_waits_for_its_servers(environment: dict[str, str]) -> None:
    gone = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/chat"}
    with running("consume", ready=False, **gone) as process:
        await aeventually(lambda: "ConnectionRefused" in process.managed("/health/ready")[1], within=60)
        assert process.managed("/health/live")[0] == 200
        assert process.stop() == 0


async def test_a_database_that_comes_back_is_used_again(market: Market) -> None:
    """Its connections cut: the sockets stay, and what was written meanwhile arrives."""
    shopper, seller, conversation = await market.talk()
    reader = await seller.socket(1)
    await reader.subscribe(conversation)
    await market.pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'chat'"
    )
    message_id = str(uuid4())

    async def written() -> bool:
        answer = await shopper.write(conversation, "Still there?", message_id)
        assert answer.status_code in {200, 201, 503}
        return answer.is_success

    await aeventually(written)
    await reader.hear("message", seq=1)
    assert reader.messages(conversation) == [(1, "Still there?")]


async def cut_whoever_waits(connection: Any, table: str) -> None:
    waiting = (
        "select pid from pg_locks where not granted and relation = $1::regclass"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    for row in await aeventually(lambda: connection.fetch(waiting, table)):
        await connection.execute("select pg_terminate_backend($1)", row["pid"])


async def test_a_question_that_met_a_cut_connection_is_told_with_its_subject(market: Market) -> None:
    """So that whoever asked can ask again: the frame has no number of its own."""
    _, seller, conversation = await market.talk()
    reader = await seller.socket(1)
    async with market.pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table conversation in access exclusive mode")
        await reader.say(type="subscribe", conversation=conversation, after=0)
        await cut_whoever_waits(connection, "conversation")
        error = await reader.hear("error", conversation=conversation)
    assert (error["problem"]["status"], error["ref"]) == (503, None)
    assert (await reader.subscribe(conversation))["last_seq"] == 0


async def test_many_who_migrate_at_once(environment: dict[str, str]) -> None:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_chat") as url:
        processes = [Process("migrate", **environment | {"DATABASE_URL": url}) for _ in range(3)]
        await aeventually(lambda: [process.ended for process in processes] == [0, 0, 0], within=60)


async def test_the_books(market: Market, environment: dict[str, str]) -> None:
    shopper, _, conversation = await market.talk()
    for number in range(3):
        await shopper.write(conversation, f"secret {number}")
    order = str(uuid4())
    await market.pool.execute(
        "insert into tracked_order values ($1::uuid, $2::uuid, 2, 'confirmed')", order, shopper.id
    )
    lines = await exported(environment)
    assert {"kind": "conversation", "id": conversation, "last_seq": 3, "messages": 3} in lines
    assert {"kind": "tracked_order", "order_id": order, "version": 2, "status": "confirmed"} in lines
    assert "secret" not in json.dumps(lines)


async def exported(environment: dict[str, str]) -> list[dict[str, Any]]:
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "chat", "export"],
        env=dict(os.environ) | environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(text) for text in answer.stdout.decode().splitlines()]


@pytest.mark.parametrize("command", ["serve", "consume"])
def test_what_is_missing_is_one_clear_line(command: str) -> None:
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    answer = subprocess.run(
        [sys.executable, "-m", "chat", command],
        env=bare,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    for name in ("DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL", "COOKIE_KEY_FILE"):
        assert f"{name} is missing" in answer.stderr
