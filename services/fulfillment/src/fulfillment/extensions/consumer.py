"""Nameko's queue consumer, taught to stop without a broker and to leave a lost message to the broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging import getLogger
from typing import Any

import eventlet
from amqp.exceptions import AMQPError
from greenlet import GreenletExit
from kombu import Consumer
from nameko.extensions import ProviderCollector
from nameko.messaging import QueueConsumer, QueueConsumerStopped

log = getLogger(__name__)

STOP_SECONDS = 3.0
PAUSES = {"interval_start": 0.5, "interval_step": 0.5, "interval_max": 2.0}


class SteadyQueueConsumer(QueueConsumer):
    """One consumer for each service, prefetch = `max_workers` (Nameko's own rule).

    Nameko waits for the consumer's greenthread to cancel its consumers; while the broker is away that
    thread only
    reconnects, and a SIGTERM would wait for ever. Here the wait is bounded and the thread is ended after
    it: nothing is
    lost, for the broker has already taken back every message that was not acknowledged.
    """

    connected = False

    def get_consumers(self, consumer_cls: type[Consumer], channel: Any) -> list[Consumer]:
        for provider in self._providers:
            for entity in getattr(provider, "declare", ()):
                entity(channel).declare()
        self._consumers.clear()
        return list(super().get_consumers(consumer_cls, channel))

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """A broker that is back is found within two seconds: kombu's own pauses grow to half a minute."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, None, **PAUSES)
            yield connection

    def on_consume_ready(self, connection: Any, channel: Any, consumers: Any, **kwargs: Any) -> None:
        self.connected = True
        super().on_consume_ready(connection, channel, consumers, **kwargs)

    def on_connection_error(self, exc: BaseException, interval: float) -> None:
        self.connected = False
        super().on_connection_error(exc, interval)

    def on_decode_error(self, message: Any, exc: BaseException) -> None:
        """A body nobody can read goes to the dead letters (kombu's default acknowledges it away)."""
        log.error("undecodable message", extra={"error": str(exc), "content_type": message.content_type})
        self.reject_message(message)

    def ack_message(self, message: Any) -> None:
        self._settle(message.ack)

    def requeue_message(self, message: Any) -> None:
        self._settle(message.requeue)

    def reject_message(self, message: Any) -> None:
        self._settle(message.reject)

    @staticmethod
    def _settle(settle: Any) -> None:
        try:
            settle()
        except (AMQPError, OSError, AttributeError) as exc:
            # the channel is gone, and with it the delivery: the broker gives the message to somebody again
            log.warning("could not settle a message", extra={"error": repr(exc)})

    def unregister_provider(self, provider: Any) -> None:
        with eventlet.Timeout(STOP_SECONDS, False):
            super().unregister_provider(provider)
            return
        log.warning("no broker to say goodbye to")
        self._end_thread()
        ProviderCollector.unregister_provider(self, provider)

    def stop(self) -> None:
        with eventlet.Timeout(STOP_SECONDS, False):
            self.wait_for_providers()
            if self._consumers_ready.ready():
                self._wait_for_thread()
                return
        self._end_thread()

    def kill(self) -> None:
        self._providers: set[Any] = set()
        self.should_stop = True
        self._end_thread()

    def _wait_for_thread(self) -> None:
        try:
            self._gt.wait()
        except (GreenletExit, QueueConsumerStopped):
            log.debug("consumer thread was ended")

    def _end_thread(self) -> None:
        if self._gt is not None and not self._gt.dead:
            self._gt.kill()

    def _handle_thread_exited(self, gt: Any) -> None:
        try:
            super()._handle_thread_exited(gt)
        except GreenletExit:
            if not self._consumers_ready.ready():  # whoever waits in start() must not wait any longer
                self._consumers_ready.send_exception(QueueConsumerStopped())
