"""The Celery application: made from the settings by each process's entry point; importing makes none."""

from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from bazaar_shared.management import Health
from notifications import SERVICE
from notifications.resources import Resources
from notifications.schedule import beat_schedule
from notifications.settings import Settings

MAILS, PICTURES, SCANS, DEAD = (f"{SERVICE}.{name}" for name in ("mails", "pictures", "scans", "dead"))
# a message that killed so many workers is laid aside
DELIVERY_LIMIT = 5
_TASKS = ("mails", "announcements", "pictures", "scans")
# a shared Redis: what is ours begins so, and the account may touch nothing else
_RESULT_PREFIX = f"{SERVICE}:"


class Notifications(Celery):
    """`resources` are a child's own: opened after the fork, for no connection survives one."""

    settings: Settings
    health: Health
    _resources: Resources | None = None

    @property
    def resources(self) -> Resources:
        if self._resources is None:
            raise RuntimeError("nothing was opened in this process")
        return self._resources

    def open(self) -> None:
        self._resources = Resources(self.settings)

    def close_resources(self) -> None:
        if self._resources is not None:
            self._resources.close()
            self._resources = None


def create_celery(settings: Settings) -> Notifications:
    app = Notifications(
        SERVICE,
        broker=settings.broker,
        backend=settings.results,
        include=[f"{SERVICE}.tasks.{name}" for name in _TASKS],
    )
    app.settings = settings
    app.conf.update(_configuration(settings))
    return app


def _configuration(settings: Settings) -> dict[str, Any]:
    return _broker() | _running(settings) | _results() | {"beat_schedule": beat_schedule(settings)}


def _broker() -> dict[str, Any]:
    return {
        # a message is published when RabbitMQ says it has it; both are bounded
        "broker_transport_options": {"confirm_publish": True},
        "broker_connection_timeout": 4,
        "broker_heartbeat": 30,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.5},
        "task_queues": queues(),
        "task_default_queue": MAILS,
        "task_default_exchange": SERVICE,
        "task_default_exchange_type": "topic",
        "task_default_routing_key": MAILS,
        "task_default_queue_type": "quorum",
        "task_create_missing_queues": False,
        "task_routes": {
            f"{SERVICE}.mails.*": _route(MAILS),
            f"{SERVICE}.announcements.*": _route(MAILS),
            f"{SERVICE}.pictures.*": _route(PICTURES),
            f"{SERVICE}.scans.*": _route(SCANS),
        },
        # what waits for a retry may be lost with the node: who misses a picture asks again (ADR 0106)
        "broker_native_delayed_delivery_queue_type": "classic",
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
    }


def _running(settings: Settings) -> dict[str, Any]:
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        # what nobody foresaw goes to the dead letters, with its traceback in the log
        "task_acks_on_failure": False,
        # but a timeout is foreseen: its row comes again
        "task_acks_on_timeout": True,
        # both end before the lease does: two workers never hold one row
        "task_soft_time_limit": settings.lease_seconds * 0.7,
        "task_time_limit": settings.lease_seconds * 0.9,
        "worker_concurrency": settings.concurrency,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 2000,
        "worker_max_memory_per_child": 220_000,
        # a mail under way when the broker goes away is finished; the message that comes again finds it sent
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # who reaches the broker may not stop workers; flower can do with their events (ADR 0108)
        "worker_enable_remote_control": False,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_scheduler": f"{SERVICE}.processes.beat:Scheduler",
        "beat_max_loop_interval": 1,
        "timezone": "UTC",
        "enable_utc": True,
    }


def _results() -> dict[str, Any]:
    """Only a chord needs them: no task's outcome is kept but those of the pictures' canvas."""
    return {
        "task_ignore_result": True,
        "result_expires": 600,
        "result_backend_transport_options": {
            "global_keyprefix": _RESULT_PREFIX,
            "retry_policy": {
                "max_retries": 2,
                "interval_start": 0,
                "interval_step": 0.2,
                "interval_max": 0.5,
            },
        },
        "redis_socket_connect_timeout": 2,
        "redis_socket_timeout": 5,
    }


def _route(queue: str) -> dict[str, str]:
    return {"queue": queue, "routing_key": queue}


def queues() -> list[Queue]:
    """Topic exchanges: Celery's delayed delivery finds no way back to a direct one."""
    exchange = Exchange(SERVICE, type="topic", durable=True)
    kept = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        # a dead letter is not lost on its way either
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    # a scan that nobody took up is made up for by the next one
    scans = {"x-queue-type": "quorum", "x-max-length": 100, "x-delivery-limit": DELIVERY_LIMIT}
    arguments = {MAILS: kept, PICTURES: kept, SCANS: scans}
    return [
        Queue(name, exchange, routing_key=name, durable=True, queue_arguments=arguments[name])
        for name in arguments
    ]


def dead_letters() -> Queue:
    """Declared by workers, read by nobody but `replay-dead-letters`; keeps each message's own routing key."""
    exchange = Exchange(DEAD, type="topic", durable=True)
    return Queue(DEAD, exchange, routing_key="#", durable=True, queue_arguments={"x-queue-type": "quorum"})
