"""A client's bounded end: in order, in few writes, and dropped when it does not read."""

import asyncio

import pytest
from chat.live.outlet import Gone, Outlet


class Connection:
    """Takes at once what it is open for; the rest when it is told to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting: asyncio.Future[None] | None = None
        self.full = False
        self.slow = 0

    def write(self, frame: bytes) -> asyncio.Future[None]:
        self.written.append(frame)
        future = asyncio.get_running_loop().create_future()
        if self.full:
            self.waiting = future
        else:
            future.set_result(None)
        return future

    async def take(self) -> None:
        assert self.waiting is not None
        self.waiting.set_result(None)
        self.waiting = None
        await asyncio.sleep(0)

    def too_slow(self) -> None:
        self.slow += 1


async def test_what_is_taken_at_once_waits_nowhere() -> None:
    connection = Connection()
    outlet = Outlet(connection.write, 2, connection.too_slow)
    for frame in (b"1", b"2", b"3", b"4"):
        outlet.offer(frame)
    assert (connection.written, len(outlet)) == ([b"1", b"2", b"3", b"4"], 0)


async def test_what_waits_goes_in_one_write_and_in_order() -> None:
    connection = Connection()
    outlet = Outlet(connection.write, 10, connection.too_slow)
    connection.full = True
    for frame in (b"1", b"2", b"3"):
        outlet.offer(frame)
    assert (connection.written, len(outlet)) == ([b"1"], 2)
    connection.full = False
    await connection.take()
    outlet.offer(b"4")
    assert connection.written == [b"1", b"23", b"4"]


async def test_one_more_than_the_limit_drops_the_client_once() -> None:
    connection = Connection()
    outlet = Outlet(connection.write, 2, connection.too_slow)
    connection.full = True
    for frame in (b"1", b"2", b"3", b"4", b"5"):
        outlet.offer(frame)
    assert (connection.slow, outlet.closed, len(outlet)) == (1, True, 0)
    await connection.take()
    assert connection.written == [b"1"]


async def test_who_sends_much_waits_for_room() -> None:
    connection = Connection()
    outlet = Outlet(connection.write, 2, connection.too_slow)
    connection.full = True
    outlet.offer(b"1")
    waiting = asyncio.create_task(outlet.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    connection.full = False
    await connection.take()
    await waiting
    outlet.close()
    with pytest.raises(Gone):
        await outlet.room()


async def test_room_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.live.outlet._ROOM_SECONDS", 0.01)
    connection = Connection()
    outlet = Outlet(connection.write, 2, connection.too_slow)
    connection.full = True
    outlet.offer(b"1")
    with pytest.raises(Gone):
        await outlet.room()
    assert connection.slow == 1


async def test_a_connection_that_is_gone_closes_it() -> None:
    def gone(frame: bytes) -> asyncio.Future[None]:
        raise Gone

    connection = Connection()
    outlet = Outlet(gone, 2, connection.too_slow)
    outlet.offer(b"1")
    assert (outlet.closed, connection.slow) == (True, 0)


async def test_a_write_that_fails_closes_it() -> None:
    connection = Connection()
    outlet = Outlet(connection.write, 2, connection.too_slow)
    connection.full = True
    outlet.offer(b"1")
    assert connection.waiting is not None
    connection.waiting.set_exception(OSError())
    await asyncio.sleep(0)
    assert outlet.closed
