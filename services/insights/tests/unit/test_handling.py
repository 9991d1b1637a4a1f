"""A record is acknowledged when it is done, and not because somebody gave it up."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from faust.types import EventT
from insights.streams import handling
from insights.streams.handling import settle_all

from bazaar_shared.dead_letters import PermanentError
from bazaar_shared.testing import aeventually
from tests.unit.conftest import Unit


class Laid:
    def __init__(self) -> None:
        self.reasons: list[str] = []

    async def send(self, message: Any, record: Any, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "_FIRST_PAUSE", 0.001)


async def told(unit: Unit, handle: Any, *values: bytes) -> list[Any]:
    """The messages, after an agent that handles so has begun with the last of them and had a while for it."""
    begun: list[bytes] = []

    async def noted(value: bytes, event: EventT[bytes]) -> None:
        begun.append(value)
        await handle(value, event)

    @unit.app.agent(unit.app.topic("t", value_type=bytes, value_serializer="raw"), name="probe")
    async def probe(stream: Any) -> None:
        await settle_all(unit.app, stream, noted)

    async with probe.test_context() as running:
        events = [await running.put(value, headers=[("h", b"v")], wait=False) for value in values]
        await aeventually(lambda: begun[-1:] == [values[-1]], every=0.001)
        with suppress(AssertionError):
            await aeventually(lambda: events[-1].message.acked, within=0.2, every=0.001)
        return [event.message for event in events]


async def test_what_fails_is_tried_again_and_acknowledged_then(unit: Unit) -> None:
    attempts: list[bool] = []

    async def handle(value: bytes, event: EventT[bytes]) -> None:
        attempts.append(event.message.acked)
        if len(attempts) < 3:
            raise RuntimeError("for a while")

    [message] = await told(unit, handle, b"x")
    assert attempts == [False, False, False]
    assert message.acked
    assert unit.app.health.get("streams") is True


async def test_who_is_cancelled_in_the_middle_has_acknowledged_nothing(unit: Unit) -> None:
    async def handle(value: bytes, event: EventT[bytes]) -> None:
        await asyncio.sleep(60)

    async with asyncio.timeout(5):
        [message] = await told(unit, handle, b"x")
    assert not message.acked


async def test_what_can_never_be_handled_is_laid_aside_with_its_reason(unit: Unit) -> None:
    unit.app.dead_letters = laid = Laid()  # type: ignore[assignment]

    async def handle(value: bytes, event: EventT[bytes]) -> None:
        if value == b"bad":
            raise PermanentError("no such thing")

    messages = await told(unit, handle, b"bad", b"good")
    assert laid.reasons == ["PermanentError: no such thing"]
    assert [message.acked for message in messages] == [True, True]


async def test_a_record_that_waits_is_seen_in_the_readiness(unit: Unit) -> None:
    async def handle(value: bytes, event: EventT[bytes]) -> None:
        raise RuntimeError("disk full")

    await told(unit, handle, b"x")
    assert unit.app.health.get("streams") == "t: RuntimeError: disk full"


async def test_faust_by_itself_acknowledges_what_it_was_cancelled_in(unit: Unit) -> None:
    """Why the streams are `noack()`. Should this fail some day, Faust has learned it."""
    begun = asyncio.Event()

    @unit.app.agent(unit.app.topic("t", value_type=bytes, value_serializer="raw"), name="plain")
    async def plain(stream: Any) -> None:
        async for _ in stream:
            begun.set()
            await asyncio.sleep(60)

    async with plain.test_context() as running:
        event = await running.put(b"x", wait=False)
        await asyncio.wait_for(begun.wait(), 5)
    await aeventually(lambda: event.message.acked, within=2)
