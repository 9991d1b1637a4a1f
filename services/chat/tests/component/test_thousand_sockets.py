"""Two replicas, a thousand sockets over both, wires cut and replicas killed while everybody talks: each
reader has each message of its conversations once and in order, and each message is stored once.

The moments are given by what was confirmed so far, not by a clock, and all choices by a seed: it is printed,
and SEED=… takes it again. 200 sockets every day, 1,000 with FULL=1.
"""

import asyncio
import os
import random
import resource
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import asyncpg
import httpx
import pytest

from bazaar_shared.testing import aeventually, temporary_database
from tests.component.conftest import server
from tests.component.crowd import Crowd, Seen, Utterance
from tests.component.neighbors import Neighbors
from tests.component.process import Process

FULL = os.environ.get("FULL", "0") == "1"
SOCKETS = 1000 if FULL else 200
A_SIDE = 5  # sockets of a conversation on each of its two sides; the first one writes
A_STALL = 5  # conversations
SAYS = 8  # messages of each of the two who write
KILLS_AT = (0.15, 0.35, 0.55, 0.75)  # of all messages; the replicas in turn
CUT_EVERY, CUT_AT_ONCE = 10, 4  # messages, sockets
WITHIN = 240.0
FILES = 2 * SOCKETS + 500


@contextmanager
def quick_neighbors() -> Iterator[None]:
    """They answer in threads of this process, which is busy: each turn of theirs would wait 5 ms for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 20)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def many_files() -> Iterator[None]:
    """A socket is a file, here and in the replicas, which inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.fail(
            f"{SOCKETS} sockets need {FILES} open files, {hard} are allowed: ulimit -n", pytrace=False
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(FILES, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass
class Replica:
    environment: dict[str, str]
    process: Process
    kills: int = 0

    @classmethod
    def start(cls, environment: dict[str, str]) -> "Replica":
        return cls(environment, Process("serve", **environment))

    async def ready(self) -> None:
        await aeventually(lambda: asyncio.to_thread(self.process.is_ready), within=60)

    async def kill_and_start(self) -> None:
        await asyncio.to_thread(self.process.kill)
        self.kills += 1
        self.process = Process("serve", **self.environment)


@asynccontextmanager
async def two_replicas(environment: dict[str, str]) -> AsyncIterator[list[Replica]]:
    """Their own: those of the other tests stay alive."""
    replicas = [Replica.start(environment | {"PROCESS_NAME": name}) for name in ("chat", "chat-2")]
    try:
        for replica in replicas:
            await replica.ready()
        yield replicas
    finally:
        for replica in replicas:
            replica.process.kill()


@dataclass
class Talk:
    """A conversation, and all that will be said in it, by who says it."""

    id: str
    shopper: str
    seller: str
    says: dict[str, list[Utterance]] = field(default_factory=dict)

    def prepare(self) -> None:
        for account in (self.shopper, self.seller):
            self.says[account] = [Utterance(self.id, str(uuid4()), f"{account}: {n}") for n in range(SAYS)]


async def open_talks(neighbors: Neighbors, url: str) -> list[list[Talk]]:
    """By stall. Everybody who writes has an account of their own: 20 messages in 10 s are allowed to each."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        stalls = [
            [await open_talk(neighbors, http, seller, product) for seller in sellers]
            for sellers, product in [new_stall(neighbors) for _ in range(SOCKETS // (2 * A_SIDE * A_STALL))]
        ]
    for talk in [talk for stall in stalls for talk in stall]:
        talk.prepare()
    return stalls


def new_stall(neighbors: Neighbors) -> tuple[list[str], str]:
    """Those who work there, and its product."""
    sellers = [str(uuid4()) for _ in range(A_STALL)]
    return sellers, neighbors.sell(neighbors.open_stall(*sellers))


async def open_talk(neighbors: Neighbors, http: httpx.AsyncClient, seller: str, product: str) -> Talk:
    shopper = str(uuid4())
    headers = {"Authorization": f"Bearer {neighbors.forge.token(shopper)}"}
    body = {"subject": {"kind": "product", "id": product}}
    answer = await http.post("/conversations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return Talk(answer.json()["id"], shopper, seller)


def seat(crowd: Crowd, neighbors: Neighbors, stalls: list[list[Talk]]) -> None:
    """A shopper reads one conversation; who works in a stall, up to two more of it."""
    for stall in stalls:
        for talk in stall:
            others = [other.id for other in stall if other is not talk]
            for number in range(A_SIDE):
                writes = number == 0
                says = talk.says if writes else {}
                crowd.add(neighbors.forge.token(talk.shopper), [talk.id], says.get(talk.shopper, []))
                more = crowd.random.sample(others, crowd.random.randint(0, 2))
                token = neighbors.forge.token(talk.seller, ("shopper", "seller"))
                crowd.add(token, [talk.id, *more], says.get(talk.seller, []))


async def disturb(crowd: Crowd, replicas: list[Replica], messages: int) -> None:
    for number, share in enumerate(KILLS_AT):
        await crowd.until_confirmed(int(messages * share), WITHIN)
        replica = replicas[number % len(replicas)]
        await replica.kill_and_start()
        crowd.addresses = [each.process.address for each in replicas]
        await replica.ready()
        # all had gone to the other one: some of them find their way anew
        crowd.cut_some(len(crowd.readers) // 3)


async def stored(database: str) -> dict[str, list[Seen]]:
    """Of each conversation, its messages by their numbers."""
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "select conversation_id, seq, client_message_id, body from message order by conversation_id, seq"
        )
    finally:
        await connection.close()
    for row in rows:
        seen = Seen(row["seq"], str(row["client_message_id"]), row["body"])
        found[str(row["conversation_id"])].append(seen)
    return found


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))


@pytest.fixture
def own(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A database without the other tests' messages; polling as it is in service, for a killed replica tells
    nobody of what it stored last.
    """
    with (
        temporary_database(server("TEST_POSTGRES_URL"), "test_chat_crowd") as database,
        many_files(),
        quick_neighbors(),
    ):
        yield environment | {"DATABASE_URL": database, "POLL_SECONDS": "5", "SESSION_CHECK_SECONDS": "10"}


async def test_every_reader_has_every_message_once_and_in_order(
    own: dict[str, str], neighborhood: Neighbors, seed: int
) -> None:
    print(f"SEED={seed}, {SOCKETS} sockets")  # noqa: T201 for who wants the same again
    async with two_replicas(own) as replicas:
        stalls = await open_talks(neighborhood, replicas[0].process.url)
        talks = [talk for stall in stalls for talk in stall]
        said = [each for talk in talks for says in talk.says.values() for each in says]
        crowd = Crowd([each.process.address for each in replicas], random.Random(seed))
        crowd.cut_every, crowd.cut_at_once = CUT_EVERY, CUT_AT_ONCE
        seat(crowd, neighborhood, stalls)
        assert len(crowd.readers) == SOCKETS
        async with crowd.alive():
            await disturb(crowd, replicas, len(said))
            await crowd.until_confirmed(len(said), WITHIN)
            messages = await stored(own["DATABASE_URL"])
            last = {conversation: len(seen) for conversation, seen in messages.items()}
            await aeventually(lambda: crowd.behind(last) == [], within=60)
    print(f"kills: {[each.kills for each in replicas]}, {dict(crowd.counted)}")  # noqa: T201 what kind of day it was

    assert crowd.wrong == []
    # every message is stored once, whatever was sent again, under the number that its sender was told
    kept = [seen for seens in messages.values() for seen in seens]
    assert sorted(seen.client_message_id for seen in kept) == sorted(each.id for each in said)
    assert {seen.client_message_id: seen.seq for seen in kept} == crowd.confirmed
    for talk in talks:
        seens = messages[talk.id]
        assert [seen.seq for seen in seens] == list(range(1, 2 * SAYS + 1))
        for says in talk.says.values():  # in the order in which each of the two said it
            mine = {each.id: each.body for each in says}
            assert [seen.body for seen in seens if seen.client_message_id in mine] == list(mine.values())
    for reader in crowd.readers:
        for conversation, seens in reader.seen.items():
            assert seens == messages[conversation]
    # and it was no calm day
    assert [each.kills for each in replicas] == [len(KILLS_AT) // 2] * 2
    assert crowd.counted["cut"] >= len(said) // CUT_EVERY
    assert crowd.counted["sent"] > len(said)
