"""The payment processor, asked over HTTP. An answer is either definite or None: unknown is not refused."""

from dataclasses import dataclass
from logging import getLogger
from typing import Any
from urllib.parse import quote
from uuid import UUID

import requests

from bazaar_shared import telemetry

log = getLogger(__name__)

STEPS = {
    "authorize_payment": "",
    "capture_payment": "/capture",
    "void_payment": "/void",
    "refund_payment": "/refund",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Definite: it is done, or it never will be (`declined` says why)."""

    authorization_id: str | None = None
    declined: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What every request says about the money; the amount comes from our books, never from the caller of a
    later step.
    """

    order_id: UUID
    amount_minor: int
    currency: str

    @property
    def key(self) -> str:
        """The authorization's name at the processor is the key it was asked for with."""
        return idempotency_key(self.order_id, "authorize_payment")


def idempotency_key(order_id: UUID, step: str) -> str:
    return f"{order_id}:{step}"


class Processor:
    def __init__(self, url: str, timeout: float) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout

    @property
    def longest(self) -> float:
        """Seconds that a step's question and the look-up after it may take together: each may wait once to
        connect and once for the answer.
        """
        return 2 * 2 * self.timeout

    def ask(
        self, step: str, order: Order, *, token: str | None = None, timeout: float | None = None
    ) -> Answer | None:
        """Send the step under its idempotency key. None when nobody can tell yet what came of it."""
        path = "/authorizations" if step == "authorize_payment" else f"{self._path(order)}{STEPS[step]}"
        body = {
            "order_id": str(order.order_id),
            "amount_minor": order.amount_minor,
            "currency": order.currency,
        }
        if token is not None:
            body["payment_token"] = token
        headers = {"Idempotency-Key": idempotency_key(order.order_id, step)}
        match self._send("POST", path, timeout, headers, body):
            case (200 | 201, dict() as said):
                return Answer(authorization_id=said.get("authorization_id"))
            case (402, {"reason": str(reason)}):
                return Answer(declined=reason)
        return None

    def find_out(self, step: str, order: Order, *, timeout: float | None = None) -> Answer | None:
        """Look into the processor's books for what became of the step. None: no trace of it there (yet)."""
        match self._send("GET", self._path(order), timeout, {}, None):
            case (200, dict() as books):
                return what_the_books_say(step, books)
        return None

    def _path(self, order: Order) -> str:
        return f"/authorizations/{quote(order.key, safe=':')}"

    def _send(
        self,
        method: str,
        path: str,
        timeout: float | None,
        headers: dict[str, str],
        body: dict[str, Any] | None,
    ) -> tuple[int, Any] | None:
        telemetry.inject(headers)
        seconds = max(self.timeout if timeout is None else timeout, 0.05)
        try:
            # a connection of its own: after a timeout nothing of the old answer can be taken for the next one
            response = requests.request(method, self.url + path, json=body, headers=headers, timeout=seconds)
            answer = response.status_code, response.json()
        except requests.RequestException as error:
            log.warning("no answer from the processor", extra={"path": path, "error": type(error).__name__})
            return None
        if answer[0] not in {200, 201, 402, 404}:
            log.warning("the processor failed", extra={"path": path, "status": answer[0]})
        return answer


def what_the_books_say(step: str, books: dict[str, Any]) -> Answer | None:
    status, authorization_id = books["status"], books["authorization_id"]
    done = Answer(authorization_id=authorization_id)
    match step:
        case "authorize_payment":
            return Answer(declined=books["reason"] or status) if status in {"declined", "voided"} else done
        case "capture_payment":
            if books["captured_minor"]:
                return done
            if status in {"declined", "voided"}:
                return Answer(declined=books["reason"] or status)
            return Answer(declined=books["capture_declined"]) if books["capture_declined"] else None
        case "void_payment":
            return done if status == "voided" else None
        case "refund_payment":
            return done if books["refunded_minor"] else None
    raise ValueError(step)
