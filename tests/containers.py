"""PostgreSQL, RabbitMQ, Kafka and Redis as Testcontainers; a run that is killed leaves none behind."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

LOCAL = "127.0.0.1"


def published(container: DockerContainer, port: int, host_port: int | None = None) -> DockerContainer:
    """Publishes on the loopback address only; `with_bind_ports` would listen on every interface."""
    container.ports[str(port)] = (LOCAL, host_port)  # type: ignore[assignment]
    return container


def ready_at(container: DockerContainer, message: str, times: int = 1) -> DockerContainer:
    return container.waiting_for(LogMessageWaitStrategy(message, times=times).with_startup_timeout(120))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres(image: str) -> Iterator[dict[str, str]]:
    # fsync off: these databases need not survive the machine, only the tests
    container = DockerContainer(image).with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
    container = container.with_command("postgres -c fsync=off -c max_connections=300")
    # said twice: by the server that runs the set-up, then by the one that stays
    container = ready_at(container, "database system is ready to accept connections", times=2)
    with published(container, 5432):
        port = container.get_exposed_port(5432)
        yield {"TEST_POSTGRES_URL": f"postgresql://postgres@{LOCAL}:{port}/postgres"}


@contextmanager
def rabbitmq(image: str) -> Iterator[dict[str, str]]:
    container = DockerContainer(image)
    container = container.with_env("RABBITMQ_DEFAULT_USER", "test").with_env("RABBITMQ_DEFAULT_PASS", "test")
    container = ready_at(container, "Server startup complete")
    with published(published(container, 5672), 15672):
        amqp, management = (container.get_exposed_port(port) for port in (5672, 15672))
        yield {
            "TEST_AMQP_URL": f"amqp://test:test@{LOCAL}:{amqp}/%2F",
            "TEST_RABBITMQ_MANAGEMENT_URL": f"http://test:test@{LOCAL}:{management}",
        }


@contextmanager
def kafka(image: str) -> Iterator[dict[str, str]]:
    # the port is chosen before the start: the broker must know the address it tells its clients
    port = free_port()
    listeners = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"CONTROLLER://:9093,EXTERNAL://:{port}",
        "KAFKA_ADVERTISED_LISTENERS": f"EXTERNAL://{LOCAL}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,EXTERNAL:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "EXTERNAL",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_HEAP_OPTS": "-Xmx384m",
    }
    container = DockerContainer(image)
    for name, value in listeners.items():
        container = container.with_env(name, value)
    container = ready_at(container, "Kafka Server started")
    with published(container, port, port):
        yield {"TEST_KAFKA_BOOTSTRAP": f"{LOCAL}:{port}"}


@contextmanager
def redis(image: str) -> Iterator[dict[str, str]]:
    container = DockerContainer(image).with_command("redis-server --save ''")
    container = ready_at(container, "Ready to accept connections")
    with published(container, 6379):
        yield {"TEST_REDIS_URL": f"redis://{LOCAL}:{container.get_exposed_port(6379)}/0"}


# by their names in docker-compose.yml
START: dict[str, Callable[[str], AbstractContextManager[dict[str, str]]]] = {
    "postgres": postgres,
    "rabbitmq": rabbitmq,
    "kafka": kafka,
    "redis": redis,
}
