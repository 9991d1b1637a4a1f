"""Guests' baskets that were forgotten. Replicas may do this at once: each takes rows that no other has."""

from datetime import UTC, datetime, timedelta

from basket.baskets.record import record
from basket.database import transaction
from basket.models import Basket, BasketChange, Status

_CHUNK = 100


async def expire(lifetime: timedelta) -> bool:
    """One turn, bounded. True when there is probably more to do."""
    before = datetime.now(UTC) - lifetime
    done = [await _expire(before), await _delete(before), await _forget(before)]
    return _CHUNK in done


async def _expire(before: datetime) -> int:
    async with transaction() as connection:
        forgotten = Basket.filter(shopper_id__isnull=True, status=Status.OPEN, touched_at__lt=before)
        # one that its guest is changing now is locked, and not forgotten after all
        taken = await forgotten.order_by("id").limit(_CHUNK).select_for_update(skip_locked=True, no_key=True)
        for basket in taken:
            basket.status = Status.EXPIRED
        if taken:
            await record(connection, [(basket, []) for basket in taken])
    return len(taken)


async def _delete(before: datetime) -> int:
    """Expired and merged ones, as long again after their end; with them their lines and changes."""
    async with transaction():
        ended = Basket.filter(status__in=[Status.EXPIRED, Status.MERGED], updated_at__lt=before)
        taken = await ended.order_by("id").limit(_CHUNK).select_for_update(skip_locked=True)
        await Basket.filter(id__in=[basket.id for basket in taken]).delete()
    return len(taken)


async def _forget(before: datetime) -> int:
    """What happened in baskets that live on."""
    async with transaction():
        old = BasketChange.filter(at__lt=before).order_by("id").limit(_CHUNK)
        taken = await old.select_for_update(skip_locked=True)
        await BasketChange.filter(id__in=[change.id for change in taken]).delete()
    return len(taken)
