"""The processes themselves: killed, started before their servers, stopped in peace, without a broker."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bazaar_shared.envelope import Event
from bazaar_shared.testing import aeventually, temporary_database
from tests.component.conftest import Shop, server
from tests.component.process import Process, running

TOPICS = ("basket.basket", "catalog.product", "inventory.stock", "orders.order", "dead-letter.basket")


@pytest.fixture
async def kafka() -> str:
    """Topics are made by the deployment: no broker of ours makes one because somebody used it."""
    servers = server("TEST_KAFKA_BOOTSTRAP")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        missing = set(TOPICS) - set(await admin.list_topics())
        await admin.create_topics([NewTopic(topic, 1, 1) for topic in missing])
    finally:
        await admin.close()
    return servers


async def send(servers: str, topic: str, *events: Event) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        for event in events:
            await producer.send(topic, event.to_json(), key=event.subject.encode())
        await producer.flush()


async def sent_of(servers: str, key: str, topic: str = "basket.basket") -> list[int]:
    """The versions on the topic, in their order."""
    reading = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    async with reading as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        versions = []
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                records = (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
                ours = [record.value for record in records if record.key == key.encode()]
                versions += [Event.from_json(value).version for value in ours]
    return versions


async def test_a_killed_server_loses_nothing_that_it_answered(
    shop: Shop, environment: dict[str, str]
) -> None:
    """Killed while shoppers shop: what was answered is there, with its event; the rest is whole or absent."""
    tea = await shop.sell()
    body = {"product_id": str(tea), "quantity": 1}
    answered: dict[str, int] = {}

    async def shopping(api: httpx.AsyncClient) -> None:
        made = (await api.post("/baskets")).json()
        version = 1
        while True:
            answered[made["id"]] = version
            headers = {"Basket-Token": made["token"], "If-Match": f'"{version}"'}
            answer = await api.post(f"/baskets/{made['id']}/lines", json=body, headers=headers)
            version = answer.json()["version"]

    with running("serve", **environment) as process:
        async with httpx.AsyncClient(base_url=process.url) as api:
            shoppers = [asyncio.create_task(shopping(api)) for _ in range(5)]
            await aeventually(lambda: sum(answered.values()) > 40, within=60)
            process.kill()
            ends = await asyncio.gather(*shoppers, return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends)
    for basket, version in answered.items():
        row = await shop.pool.fetchrow(
            "select version,"
            " coalesce((select sum(quantity) from basket_line where basket_id = basket.id), 0) as held"
            " from basket where id = $1::uuid",
            basket,
        )
        assert version <= row["version"] <= version + 1
        assert row["held"] == min(row["version"] - 1, 99)
        assert [told for told, _ in await shop.events(basket)] == list(range(1, row["version"] + 1))


async def test_a_killed_relay_loses_nothing(shop: Shop, environment: dict[str, str], kafka: str) -> None:
    tea = await shop.sell()
    guest = await shop.guest()
    env = environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka}
    with running("relay", **env) as first:
        await guest.add(tea)
        first.kill()
        await guest.add(tea)
    with running("relay", **env) as second:

        async def all_sent() -> bool:
            return await shop.pool.fetchval("select count(*) from outbox where sent_at is null") == 0

        await aeventually(all_sent, within=60)
        assert second.stop() == 0
    versions = await sent_of(kafka, guest.id)
    assert sorted(set(versions)) == [1, 2, 3]


async def test_a_killed_consumer_loses_nothing(shop: Shop, environment: dict[str, str], kafka: str) -> None:
    tea, last = await shop.sell(1000), uuid4()
    guest = await shop.guest()
    await guest.add(tea)
    env = environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka}
    prices = [shop.product_event(tea, price_minor=1000 + n) for n in range(1, 301)]
    await send(kafka, "catalog.product", *prices, shop.product_event(last))

    async def learnt(product: UUID, version: int) -> bool:
        known = await shop.pool.fetchval("select version from product where id = $1", product)
        return (known or 0) >= version

    with running("consume", ready=False, **env) as first:
        await aeventually(lambda: learnt(tea, 20), within=120)
        first.kill()
    with running("consume", ready=False, **env) as second:
        await aeventually(lambda: learnt(tea, 301), within=120)
        await aeventually(lambda: learnt(last, 1), within=120)
        assert second.stop() == 0
    basket = await guest.look()
    assert (basket["version"], basket["total_minor"]) == (302, 1300)
    assert [version for version, _ in await shop.events(guest.id)] == list(range(1, 303))


async def test_what_cannot_be_handled_is_laid_aside(
    shop: Shop, environment: dict[str, str], kafka: str
) -> None:
    """The events behind it are handled all the same; replayed, it is refused again."""
    broken, good = uuid4(), uuid4()
    env = environment | {"KAFKA_BOOTSTRAP_SERVERS": kafka}
    await send(kafka, "catalog.product", shop.product_event(broken, price_minor=-1), shop.product_event(good))

    async def known(product: UUID) -> bool:
        return bool(await shop.pool.fetchval("select true from product where id = $1", product))

    with running("consume", ready=False, **env) as process:
        await aeventually(lambda: known(good), within=120)
        assert process.stop() == 0
    assert await sent_of(kafka, str(broken), "dead-letter.basket") == [1]
    replay = Process("replay-dead-letters", **env)
    await aeventually(lambda: replay.ended is not None, within=60)
    assert replay.ended == 0
    assert not await known(broken)


async def test_it_answers_while_kafka_and_the_other_services_are_away(
    shop: Shop, environment: dict[str, str]
) -> None:
    """No broker, no identity: guests shop on, and a member's token cannot be judged."""
    away = environment | {"JWKS_URL": "http://127.0.0.1:1/jwks.json"}
    tea = await shop.sell()
    with running("serve", **away) as process:
        async with httpx.AsyncClient(base_url=process.url) as api:
            made = (await api.post("/baskets")).json()
            headers = {"Basket-Token": made["token"], "If-Match": '"1"'}
            body = {"product_id": str(tea), "quantity": 1}
            answer = await api.post(f"/baskets/{made['id']}/lines", json=body, headers=headers)
            assert answer.status_code == 200
            member = await api.get("/baskets/mine", headers=shop.token(str(uuid4())))
            assert (member.status_code, member.headers["retry-after"]) == (503, "1")
        assert process.stop() == 0


async def test_it_waits_for_its_database(environment: dict[str, str]) -> None:
    """Started first, it is alive, not ready, says why, and answers 503."""
    gone = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/basket"}
    with running("serve", ready=False, **gone) as process:
        await aeventually(lambda: process.managed("/health/live")[0] == 200, within=60)
        await aeventually(lambda: "ConnectionRefused" in process.managed("/health/ready")[1], within=30)
        assert process.managed("/health/ready")[0] == 503
        async with httpx.AsyncClient(base_url=process.url) as api:
            answer = await api.post("/baskets")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["type"].endswith("/unavailable")
        assert process.stop() == 0


async def test_a_database_that_is_made_later(environment: dict[str, str]) -> None:
    name = f"test_basket_{uuid4().hex[:12]}"
    url = urlunsplit(urlsplit(server("TEST_POSTGRES_URL"))._replace(path=f"/{name}"))
    admin = await asyncpg.connect(server("TEST_POSTGRES_URL"))
    with running("serve", ready=False, **environment | {"DATABASE_URL": url}) as process:
        await aeventually(lambda: name in process.managed("/health/ready")[1], within=60)
        await admin.execute(f'create database "{name}"')
        await aeventually(process.is_ready, within=30)
        async with httpx.AsyncClient(base_url=process.url) as api:
            assert (await api.post("/baskets")).status_code == 201
        assert process.stop() == 0
    await admin.execute(f'drop database "{name}" with (force)')
    await admin.close()


@pytest.mark.parametrize("command", ["relay", "consume"])
async def test_the_loops_wait_for_their_servers(environment: dict[str, str], command: str) -> None:
    gone = environment | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/basket"}
    with running(command, ready=False, **gone) as process:
        await aeventually(lambda: "ConnectionRefused" in process.managed("/health/ready")[1], within=60)
        assert process.managed("/health/live")[0] == 200
        assert process.stop() == 0


async def test_a_database_that_comes_back_is_used_again(shop: Shop) -> None:
    guest = await shop.guest()
    await shop.pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'basket'"
    )

    async def answers() -> bool:
        answer = await guest.send("GET")
        assert answer.status_code in {200, 503}
        return answer.status_code == 200

    await aeventually(answers)


async def test_requests_are_finished_at_sigterm(shop: Shop, environment: dict[str, str]) -> None:
    """One that waits for a lock while the process is told to stop."""
    tea = await shop.sell()
    with running("serve", **environment) as process:
        async with httpx.AsyncClient(base_url=process.url) as api:
            made = (await api.post("/baskets")).json()
            headers = {"Basket-Token": made["token"], "If-Match": '"1"'}
            body = {"product_id": str(tea), "quantity": 1}
            async with shop.pool.acquire() as connection:
                held = connection.transaction()
                await held.start()
                await connection.execute("select from basket where id = $1::uuid for update", made["id"])
                asked = asyncio.create_task(
                    api.post(f"/baskets/{made['id']}/lines", json=body, headers=headers)
                )

                async def waits() -> bool:
                    return bool(
                        await connection.fetchval(
                            "select count(*) from pg_stat_activity"
                            " where datname = current_database() and wait_event_type = 'Lock'"
                        )
                    )

                await aeventually(waits)
                process.signal()

                async def refuses() -> bool:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", process.http)
                    except OSError:
                        return True
                    writer.close()
                    return False

                await aeventually(refuses)
                assert process.ended is None
                await held.rollback()
            assert (await asked).status_code == 200
        await aeventually(lambda: process.ended == 0, within=30)


class SanicsOwn(Process):
    def starts(self, *command: str) -> list[str]:
        return ["sanic", *command, "--host=127.0.0.1", f"--port={self.http}"]


async def test_sanics_own_command_serves_it(environment: dict[str, str]) -> None:
    """`sanic basket.app:create_app --factory`: its manager and a worker, connections opened in the worker."""
    with SanicsOwn.running("basket.app:create_app", "--factory", **environment) as process:
        async with httpx.AsyncClient(base_url=process.url) as api:
            assert (await api.post("/baskets")).status_code == 201
        assert process.stop() == 0


async def test_many_who_migrate_at_once(environment: dict[str, str]) -> None:
    with temporary_database(server("TEST_POSTGRES_URL"), "test_basket") as url:
        processes = [Process("migrate", **environment | {"DATABASE_URL": url}) for _ in range(3)]
        await aeventually(lambda: [process.ended for process in processes] == [0, 0, 0], within=60)


async def exported(environment: dict[str, str]) -> list[dict[str, Any]]:
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "basket", "export"],
        env=dict(os.environ) | environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return [json.loads(text) for text in answer.stdout.decode().splitlines()]


async def test_the_books(shop: Shop, environment: dict[str, str]) -> None:
    tea = await shop.sell()
    guest, member = await shop.guest(), await shop.member(str(uuid4()))
    await guest.add(tea, 2)
    *lines, outbox = await exported(environment)
    books = {line["id"]: line for line in lines}
    assert books[guest.id] == {
        "kind": "basket",
        "id": guest.id,
        "status": "open",
        "version": 2,
        "order_id": None,
        "shopper": False,
        "lines": [{"product_id": str(tea), "quantity": 2}],
        "updated_at": guest.seen["updated_at"],
    }
    assert (books[member.id]["shopper"], books[member.id]["lines"], len(books)) == (True, [], 2)
    assert (outbox["kind"], outbox["unsent"]) == ("outbox", 3)
    assert outbox["oldest_age_seconds"] >= 0


def test_what_is_missing_is_one_clear_line() -> None:
    bare = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    answer = subprocess.run(
        [sys.executable, "-m", "basket", "serve"],
        env=bare,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "JWKS_URL"):
        assert f"{name} is missing" in answer.stderr
