"""Chat's benchmark: frames, arithmetic, report, and that its clients see what a server does wrong."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bazaar_shared.testing import aeventually
from tools import bench_chat
from tools.bench import chat_go, chat_memory
from tools.bench.chat_client import ClientError, Crowd, Seat, first
from tools.bench.chat_crowd import Load, expected_of, processes_for, split
from tools.bench.chat_frames import CLOSE, PING, TEXT, FrameError, Frames, close_code, frame
from tools.bench.chat_neighbors import Neighbors, product, shopper, staff, stall
from tools.bench.chat_report import Run, Stretch, as_json, as_markdown, versions, write


def told(payload: bytes, opcode: int = TEXT) -> bytes:
    """A server's frame."""
    size = len(payload)
    head = (
        struct.pack("!BB", 0x80 | opcode, size)
        if size < 126
        else struct.pack("!BBH", 0x80 | opcode, 126, size)
    )
    return head + payload


# --- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535])
def test_a_client_s_frame_is_masked_and_says_its_size(size: int) -> None:
    made = frame(b"x" * size)
    assert made[0] == 0x81
    assert made[1] & 0x80
    assert made.endswith(b"\0\0\0\0" + b"x" * size)
    assert len(made) == size + (6 if size < 126 else 8)


def test_what_chat_would_not_take_is_not_sent() -> None:
    with pytest.raises(FrameError):
        frame(b"x" * 65_536)


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_frames_are_whole_however_they_arrive(step: int) -> None:
    stream = told(b"a") + told(b"b" * 300) + told(b"\x0f\xa3bye", CLOSE) + told(b"", PING)
    frames = Frames()
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    assert [each for piece in pieces for each in frames.feed(piece)] == [
        (TEXT, b"a"), (TEXT, b"b" * 300), (CLOSE, b"\x0f\xa3bye"), (PING, b""),
    ]  # fmt: skip


@pytest.mark.parametrize("first_byte", [0x01, 0x00])
def test_fragments_are_refused(first_byte: int) -> None:
    with pytest.raises(FrameError):
        list(Frames().feed(bytes((first_byte, 1)) + b"x"))


def test_a_close_without_a_code_has_the_one_that_says_so() -> None:
    assert close_code(b"\x0f\xa3too slow") == 4003
    assert close_code(b"") == 1005


# --- arithmetic -----------------------------------------------------------------------------------


def test_a_message_is_expected_by_every_reader_of_its_room() -> None:
    assert expected_of({"one": 3, "hall": 2}, {"one": 10, "hall": 900, "silent": 5}) == 1830


@pytest.mark.parametrize(("count", "processes"), [(10, 1), (10, 3), (10_000, 2), (2, 3)])
def test_all_seats_are_shared_out_once(count: int, processes: int) -> None:
    parts = split(count, processes)
    assert [seat for part in parts for seat in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_has_no_more_sockets_than_it_may_open_files() -> None:
    assert [processes_for(sockets) for sockets in (1, 5000, 5001, 10_000)] == [1, 1, 2, 2]


def load(**changes: Any) -> Load:
    usual: dict[str, Any] = {
        "rate": 100, "seconds": 1, "sent": Counter(room=100), "expected": 1000, "delivered": 1000, "again": 0,
        "gaps": 0, "others": 7, "micros": list(range(1000, 2000)),
    }  # fmt: skip
    return Load(**usual | changes)


def test_only_what_arrived_once_in_order_and_without_refusals_is_clean() -> None:
    assert load().clean
    changes: list[dict[str, Any]] = [
        {"delivered": 999}, {"again": 1}, {"gaps": 1}, {"refused": {"Too many": 1}}, {"closed": {4003: 1}},
    ]  # fmt: skip
    assert [load(**change).clean for change in changes] == [False] * len(changes)
    assert load(delivered=990).lost == 10


def test_percentiles_are_of_all_deliveries() -> None:
    assert load().percentile_ms(0.5) == 1.5
    assert load().percentile_ms(0.99) == 1.99


def test_the_first_of_many_errors_is_told() -> None:
    many = ExceptionGroup(
        "all", [ExceptionGroup("some", [ClientError("no socket: HTTP/1.1 401")]), OSError()]
    )
    assert first(many) == "no socket: HTTP/1.1 401"
    assert first(TimeoutError()) == "TimeoutError"


# --- /proc and Go ---------------------------------------------------------------------------------


def test_a_listener_is_found_by_its_port() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
        "   1: 0100007F:1538 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1\n"
        "   2: 0100007F:1539 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1\n"
    )
    assert chat_memory.listening(table, 5432) == {"4711"}
    assert chat_memory.listening(table, 1) == set()


async def test_this_process_listens_and_has_memory() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await asyncio.to_thread(chat_memory.listener, port)
    assert found is not None
    assert chat_memory.kib(found) > 1000


def test_a_missing_go_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(chat_go.GoError, match=r"^Go is missing.*golang-go$"):
        chat_go.build()


def test_go_s_versions_are_read() -> None:
    said = "go version go1.24.3 linux/amd64\n"
    module = (chat_go.SOURCE / "go.mod").read_text(encoding="utf-8")
    assert chat_go.versions(said, module)["go"] == "1.24.3"
    assert chat_go.versions(said, module)["gorilla/websocket"].startswith("1.")


def test_more_sockets_than_files_are_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_chat.main(["--sockets", "100000000"]) == 2
    assert "open files" in capsys.readouterr().err


# --- neighbors ------------------------------------------------------------------------------------


def test_neighbors_know_stalls_products_and_who_works_where() -> None:
    neighbors = Neighbors(stalls=3)

    def mine(account: str) -> list[str]:
        found = neighbors.answer("/api/catalog/sellers/mine", {}, neighbors.token(account))
        return [each["id"] for each in found["items"]]

    assert mine(staff(0)) == [stall(0)["id"]]
    assert mine(staff(2)) == [stall(0)["id"], stall(2)["id"]]
    assert mine(shopper(2)) == []
    assert neighbors.answer(f"/api/catalog/products/{product(1)}", {}, "")["seller"] == stall(1)
    assert neighbors.answer(f"/api/catalog/products/{product(3)}", {}, "") is None
    assert neighbors.answer("/api/nothing", {}, "") is None


# --- the report -----------------------------------------------------------------------------------


def run(kib: float, micros: int, **changes: Any) -> Run:
    stretches = {
        "conversations": Stretch(load(**changes), 10, {"server": micros, "clients 0": 50}),
        "hall": Stretch(load(rate=1), 900, {"server": micros // 2, "postgres": 3}),
    }
    return Run(1000, kib, 170, 2.5, 0.25, stretches)


def report(**changes: Any) -> dict[str, Any]:
    runs = {
        "go": run(20, 30),
        "tornado": run(10, 45),
        "chat": run(30, 90, **changes),
        "go_again": run(20, 30),
    }
    return as_json(runs, {"machine": "2 × a processor", "versions": {"tornado": "6.6"}})


def test_ratios_are_to_go_in_the_same_run() -> None:
    assert report()["ratios_to_go"]["chat"] == {
        "kib_a_socket": 1.5,
        "conversations.cpu_micros_a_delivery": 3.0,
        "hall.cpu_micros_a_delivery": 3.0,
    }
    assert "go" not in report()["ratios_to_go"]


def test_the_report_is_read_by_people(tmp_path: Path) -> None:
    write(report(delivered=990), tmp_path)
    text = (tmp_path / "chat.md").read_text(encoding="utf-8")
    assert "| chat (Tornado, PostgreSQL, Redis) | 30 | **1.50** | 170 | 25% |" in text
    assert (
        "| chat (Tornado, PostgreSQL, Redis) | 990 | **10** | 0 | 90 | **3.00** | 1.5 ms | 2.0 ms |" in text
    )
    assert "## Messages in one conversation of all: 1 a second, 900 readers each" in text
    assert "| in one conversation of all | postgres | 3 |" in text
    assert "- versions: tornado 6.6" in text
    assert json.loads((tmp_path / "chat.json").read_text(encoding="utf-8"))["runs"]["chat"]["sockets"] == 1000


def test_a_loss_is_no_success() -> None:
    assert bench_chat.clean(report())
    assert not bench_chat.clean(report(delivered=999))
    assert not bench_chat.clean(report(closed={1006: 1}))


def test_a_machine_that_was_not_quiet_is_said() -> None:
    runs = {"go": run(20, 30), "go_again": run(20, 60)}
    assert "**The machine was not quiet**" in as_markdown(as_json(runs, {}))
    assert "not quiet" not in as_markdown(report())


def test_versions_are_those_of_the_lock() -> None:
    assert versions("tornado==6.6.1 \\\n    --hash=sha256:00\nother==1\n") == {"tornado": "6.6.1"}


# --- clients --------------------------------------------------------------------------------------

type Passing = Callable[[int], list[int]]


def as_they_come(seq: int) -> list[int]:
    return [seq]


@asynccontextmanager
async def server(passing: Passing, status: int = 101) -> AsyncIterator[int]:
    """A small real one: what is sent comes back with the numbers that `passing` makes of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seqs = 0
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d X\r\n\r\n" % status + told(b'{"type": "hello"}'))
        try:
            while True:
                head = await reader.readexactly(2)
                size = head[1] & 0x7F
                if size == 126:
                    size = int.from_bytes(await reader.readexactly(2))
                ask = json.loads((await reader.readexactly(4 + size))[4:])
                if ask["type"] == "subscribe":
                    answer = {"type": "subscribed", "conversation": ask["conversation"], "last_seq": 0}
                    writer.write(told(json.dumps(answer).encode()))
                    continue
                seqs += 1
                for seq in passing(seqs):
                    message = {"body": ask["body"]}
                    out = {"type": "message", "conversation": "a", "seq": seq, "message": message}
                    writer.write(told(json.dumps(out).encode()))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def counted(passing: Passing, **wanted: int) -> dict[str, Any]:
    async with server(passing) as port:
        crowd = Crowd("127.0.0.1")
        await crowd.connect(port, [Seat("token", ("a",))])
        assert await crowd.send(time.monotonic(), 100, 0.05, [(0, "a")]) == {"a": 5}

        async def all_there() -> bool:
            return (await crowd.count()).items() >= wanted.items()

        await aeventually(all_there)  # type: ignore[arg-type]  # mypy takes the coroutine for the value
        latencies = await crowd.latencies()
        assert all(0 <= micros < 5_000_000 for micros in latencies)
        assert await crowd.latencies() == []
        found = await crowd.count() | {"latencies": len(latencies)}
        await crowd.leave()
        return found


async def test_each_message_is_counted_once_with_its_latency() -> None:
    found = await counted(as_they_come, delivered=5)
    assert (found["again"], found["gaps"], found["latencies"]) == (0, 0, 5)


async def test_what_comes_twice_is_seen() -> None:
    found = await counted(lambda seq: [seq, seq], again=5)
    assert (found["delivered"], found["gaps"], found["latencies"]) == (5, 0, 5)


async def test_what_is_left_out_is_seen() -> None:
    found = await counted(lambda seq: [] if seq == 2 else [seq], delivered=4)
    assert (found["again"], found["gaps"]) == (0, 1)


async def test_what_comes_in_another_order_is_seen() -> None:
    found = await counted(lambda seq: {2: [3], 3: [2]}.get(seq, [seq]), delivered=4)
    assert (found["again"], found["gaps"]) == (1, 1)


async def test_a_server_that_wants_no_socket_is_told_of() -> None:
    async with server(as_they_come, status=401) as port:
        with pytest.raises(ExceptionGroup) as caught:
            await Crowd("127.0.0.1").connect(port, [Seat("", ("a",))])
    assert first(caught.value).startswith("no socket: HTTP/1.1 401")
