"""Brings back what was laid aside: records in Kafka, messages in RabbitMQ, rows that were given up."""

import asyncio
import logging

from kombu import Connection, Message, Producer

from notifications import SERVICE
from notifications.app import create_celery, dead_letters
from notifications.processes import consume
from notifications.settings import Settings
from notifications.storage import leases
from notifications.storage.engine import make_engine
from notifications.storage.tables import announcements, intents

logger = logging.getLogger(__name__)

_CONFIRM_WITHIN = 5.0


def run(settings: Settings) -> int:
    outcome = asyncio.run(consume.replay(settings))
    messages = replay_messages(settings)
    engine = make_engine(settings.dsn, settings.process_name)
    with engine.begin() as connection:
        rows = leases.revive(connection, announcements) + leases.revive(connection, intents)
    engine.dispose()
    extra = {"handled": outcome.handled, "refused": outcome.refused, "messages": messages, "rows": rows}
    logger.info("dead letters replayed", extra=extra)
    return 0


def replay_messages(settings: Settings) -> int:
    """Those that are there now, each once, to the queue they came from, with all their deliveries before
    them. One that dies again meanwhile waits for the next replay.
    """
    app = create_celery(settings)
    with app.connection_for_write() as connection:
        queue = dead_letters()(connection.default_channel)
        queue.declare()
        waiting: int = connection.default_channel.queue_declare(queue.name, passive=True).message_count
        for number in range(waiting):
            message = queue.get(no_ack=False)
            if message is None:
                return number
            _back(connection, message)
        return waiting


def _back(connection: Connection, message: Message) -> None:
    """Published, confirmed, and only then taken out: dying in between doubles it, which every task allows."""
    headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
    Producer(connection.default_channel).publish(
        message.body,
        exchange=SERVICE,
        routing_key=message.delivery_info["routing_key"],
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        headers=headers,
        delivery_mode=2,
        mandatory=True,
        confirm_timeout=_CONFIRM_WITHIN,
        **_kept(message),
    )
    message.ack()


def _kept(message: Message) -> dict[str, str]:
    return {
        name: message.properties[name]
        for name in ("correlation_id", "reply_to")
        if name in message.properties
    }
