"""The endpoint beside Kafka, as far as it goes without one; the running market is asked in tests/e2e."""

import asyncio
import socket
from http import HTTPStatus

import pytest

from monitoring.kafka import Metrics, Server
from monitoring.tests.test_rules import promtool


def unused_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "{}:{}".format(*probe.getsockname())


def ask(path: str) -> tuple[HTTPStatus, str]:
    return asyncio.run(Server(unused_address()).answer(path))


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
def test_without_a_broker_the_target_is_down_and_says_why(path: str) -> None:
    status, text = ask(path)

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert text.startswith("Kafka can't be asked: KafkaConnectionError")


def test_it_lives_whether_kafka_does_or_not() -> None:
    assert ask("/health/live") == (HTTPStatus.OK, "ok\n")


@pytest.mark.parametrize("path", ["", "/", "/metrics/x"])
def test_other_paths_are_not_there(path: str) -> None:
    assert ask(path)[0] == HTTPStatus.NOT_FOUND


def test_over_the_wire() -> None:
    async def exchange(request: bytes) -> bytes:
        server = await asyncio.start_server(Server(unused_address()).handle, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(request)
            answer = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            return answer

    assert asyncio.run(exchange(b"GET /health/live HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.0 200 OK\r\n")
    assert asyncio.run(exchange(b"POST /health/live HTTP/1.1\r\n\r\n")).startswith(
        b"HTTP/1.0 404 Not Found\r\n"
    )
    assert asyncio.run(exchange(b"nonsense\r\n\r\n")) == b""


def test_the_text_is_prometheus_own() -> None:
    metrics = Metrics()
    metrics.gauge("kafka_brokers", "Brokers in the cluster", [({}, 1)])
    metrics.gauge(
        "kafka_group_lag", "Records behind", [({"group": "orders", "topic": "catalog.product"}, 12_345_678)]
    )

    assert (
        metrics.text().splitlines()[-1] == 'kafka_group_lag{group="orders",topic="catalog.product"} 12345678'
    )
    checked = promtool("check", "metrics", given=metrics.text())
    assert checked.returncode == 0, checked.stderr
