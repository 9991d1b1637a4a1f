"""One saga, call by call, as long as this worker has it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from time import perf_counter
from typing import Any, Protocol

from opentelemetry.trace import SpanKind

from bazaar_shared.telemetry import span
from orders.domain.saga import BEFORE_CAPTURE, Done, Expired, Refused, Unknown
from orders.domain.steps import CALLS, Call, State
from orders.rpc.errors import RemoteError, RpcError
from orders.saga.calls import Claimed, UnreadableReply, arguments, booked_parcels
from orders.saga.observers import Observer
from orders.saga.store import Attempt, Fenced, SagaStore

logger = logging.getLogger(__name__)


class Rpc(Protocol):
    async def call(self, service: str, method: str, /, *, within: float, **arguments: Any) -> Any: ...


class SagaRunner:
    def __init__(
        self,
        store: SagaStore,
        rpc: Rpc,
        observer: Observer,
        clock: Callable[[], datetime],
        step_timeout: float,
    ) -> None:
        self._store = store
        self._rpc = rpc
        self._observer = observer
        self._clock = clock
        self._step_timeout = step_timeout

    async def run(self, claimed: Claimed, stop: asyncio.Event) -> None:
        """Until it ended, is to wait, or was taken over. Each state is committed before its call is sent."""
        saga: Claimed | None = claimed
        with span("saga", carrier={"traceparent": claimed.traceparent or ""}):
            while saga is not None:
                if stop.is_set():
                    await self._store.release(saga)
                    return
                saga = await self._step(saga)

    async def _step(self, saga: Claimed) -> Claimed | None:
        attempt = await self._attempt(saga, CALLS[saga.state])
        extra: dict[str, Any] = {"order_id": str(saga.order_id), "state": saga.state, "outcome": attempt.word}
        try:
            state, following = await self._store.record(saga, attempt)
        except Fenced:
            logger.info("a late transition was refused: the saga has moved on without us", extra=extra)
            return None
        if state is saga.state:
            extra["detail"] = dict(attempt.detail)
            logger.warning("the outcome is unknown, it will be asked again", extra=extra)
        else:
            logger.info("step", extra=extra | {"next": state})
            self._observer.after_commit(saga.state, state)
        return following

    async def _attempt(self, saga: Claimed, call: Call) -> Attempt:
        within = self._step_timeout
        if saga.state in BEFORE_CAPTURE:
            left = (saga.deadline - self._clock()).total_seconds()
            if left <= 0:
                return Attempt(Expired())
            within = min(within, left)
        self._observer.before_send(call.method)
        started = perf_counter()
        with span(f"{call.service}.{call.method}", kind=SpanKind.CLIENT):
            attempt = await self._call(saga, call, within)
        self._observer.after_reply(call.method, attempt.word, perf_counter() - started)
        return attempt

    async def _call(self, saga: Claimed, call: Call, within: float) -> Attempt:
        try:
            reply = await self._rpc.call(
                call.service, call.method, within=within, **arguments(call.method, saga)
            )
        except RemoteError as error:
            reason = call.refusals.get(error.name)
            detail = {"error": error.name, **error.payload}
            return Attempt(Refused(reason) if reason else Unknown(), detail)
        except RpcError as error:
            # also UnknownService: an earlier try may have reached a service that is away now
            return Attempt(Unknown(), {"error": type(error).__name__})
        if saga.state is not State.BOOKING:
            return Attempt(Done())
        try:
            return Attempt(Done(), parcels=booked_parcels(reply))
        except UnreadableReply as error:
            return Attempt(Unknown(), {"error": str(error)})
