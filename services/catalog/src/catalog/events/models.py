"""The two tables that make events exact: what has to leave (outbox) and what has been handled (inbox)."""

from collections.abc import Iterable

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, models, transaction

from bazaar_shared.envelope import Event


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def publish(self, topic: str, events: Iterable[Event]) -> None:
        """Store events beside the change they tell of; the relay sends them after the commit.

        Needs the caller's transaction: an event that outlives its change, or the other way round, is what an
        outbox is there to prevent.
        """
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError(
                "publish() belongs into the transaction of the change"
            )
        self.bulk_create(
            OutboxMessage(topic=topic, key=event.subject, envelope=event.to_dict()) for event in events
        )
        with connection.cursor() as cursor:
            # delivered at commit, once however often it is called; only a wake-up, the relay polls as well
            cursor.execute("SELECT pg_notify('outbox', '')")

    def unsent(self) -> "OutboxQuerySet":
        return self.filter(sent_at__isnull=True)


class OutboxMessage(models.Model):
    """A row of the table that the shared relay reads: its columns are a seam between all services."""

    id = models.BigAutoField(primary_key=True)
    topic = models.TextField()
    key = models.TextField()
    envelope = models.JSONField()
    created_at = models.DateTimeField(db_default=TransactionNow(), editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    attempts = models.IntegerField(db_default=0, editable=False)
    last_error = models.TextField(null=True, editable=False)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "outbox"
        indexes = (
            models.Index(fields=["id"], name="outbox_unsent", condition=models.Q(sent_at__isnull=True)),
            models.Index(fields=["sent_at"], name="outbox_sent", condition=models.Q(sent_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class InboxQuerySet(models.QuerySet["InboxEntry"]):
    def first_time(self, consumer: str, event_id: str) -> bool:
        """Whether this consumer has not handled this event yet; call it in the transaction of the effect."""
        _, created = self.get_or_create(consumer=consumer, event_id=event_id)
        return created


class InboxEntry(models.Model):
    pk = models.CompositePrimaryKey("consumer", "event_id")
    consumer = models.TextField()
    event_id = models.TextField()
    handled_at = models.DateTimeField(db_default=TransactionNow(), editable=False)

    objects = InboxQuerySet.as_manager()

    class Meta:
        db_table = "inbox"
        indexes = (models.Index(fields=["handled_at"], name="inbox_handled"),)

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"
