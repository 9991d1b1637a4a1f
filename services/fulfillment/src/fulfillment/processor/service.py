import time
from collections.abc import Callable
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.orm import Session
from werkzeug.wrappers import Request

from bazaar_shared.problems import FieldError, Problem
from fulfillment.extensions.database import Database
from fulfillment.extensions.http import BadInput, http, json_body
from fulfillment.extensions.setting import Setting
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.processor import till
from fulfillment.processor.models import Authorization
from fulfillment.processor.till import Answer

FIELDS = {"order_id": str, "amount_minor": int, "currency": str}


class ProcessorService:
    """A small payment processor: the independent witness that nobody was charged twice, with cards that
    misbehave.

    It holds no opinion on orders. What it is asked under a new idempotency key, it does, and writes down.
    """

    name = "processor"

    database: Any = Database("processor")
    delay_seconds: Any = Setting("PROCESSOR_DELAY_SECONDS")
    tracing: DependencyProvider = Tracing()
    work_log: DependencyProvider = WorkLog()

    @http("POST", "/authorizations", expected_exceptions=BadInput)
    def authorize(self, request: Request) -> Answer:
        key, body = self._asked(request, {**FIELDS, "payment_token": str})
        tries, token = till.count_try(self.database, key, body), body["payment_token"]
        if token == "tok_timeout":  # noqa: S105 a test card's name
            time.sleep(self.delay_seconds)
            return 504, {"status": "timeout"}
        if token == "tok_fail_once" and tries == 1:  # noqa: S105
            return 500, {"status": "failed"}
        answer = self._once(key, body, partial(till.authorize, key=key, request=body))
        if token == "tok_late" and tries == 1:  # noqa: S105
            time.sleep(self.delay_seconds)
        return answer

    @http("POST", "/authorizations/<key>/capture", expected_exceptions=BadInput)
    def capture(self, request: Request, key: str) -> Answer:
        idempotency_key, body = self._asked(request, FIELDS)
        tries = till.count_try(self.database, idempotency_key, body)
        answer = self._once(idempotency_key, body, partial(till.capture, key=key, request=body))
        if tries == 1 and self._token(key) == "tok_capture_late":
            time.sleep(self.delay_seconds)
        return answer

    @http("POST", "/authorizations/<key>/void", expected_exceptions=BadInput)
    def void(self, request: Request, key: str) -> Answer:
        idempotency_key, body = self._asked(request, FIELDS)
        return self._once(idempotency_key, body, partial(till.void, key=key, request=body))

    @http("POST", "/authorizations/<key>/refund", expected_exceptions=BadInput)
    def refund(self, request: Request, key: str) -> Answer:
        idempotency_key, body = self._asked(request, FIELDS)
        return self._once(idempotency_key, body, partial(till.refund, key=key, request=body))

    @http("GET", "/authorizations/<key>", expected_exceptions=BadInput)
    def look_up(self, request: Request, key: str) -> Answer:  # noqa: ARG002 Nameko's signature
        with self.database.begin() as session:
            found = till.look_up(session, key)
        if found is None:
            raise BadInput(Problem.of("not-found"))
        return 200, found

    @http("GET", "/charges", expected_exceptions=BadInput)
    def charges(self, request: Request) -> Answer:
        """The books, a page at a time: `?after=<order_id>`, for whoever has books to compare."""
        with self.database.begin() as session:
            items = till.charges(session, after=request.args.get("after", ""), limit=500)
        return 200, {"items": items, "next": items[-1]["order_id"] if len(items) == 500 else None}

    def _asked(self, request: Request, fields: dict[str, type]) -> tuple[str, dict[str, Any]]:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            raise BadInput(Problem.of("idempotency-key-missing"))
        body = json_body(request)
        wrong = [name for name in body.keys() | fields.keys() if type(body.get(name)) is not fields.get(name)]
        if wrong:
            raise BadInput(
                Problem.invalid(
                    FieldError(name, "invalid", "is missing or not known") for name in sorted(wrong)
                )
            )
        return key, body

    def _once(self, key: str, body: dict[str, Any], work: Callable[[Session], Answer]) -> Answer:
        try:
            return till.once(self.database, key, body, work)
        except till.KeyReused:
            raise BadInput(Problem.of("idempotency-key-reused")) from None

    def _token(self, key: str) -> str | None:
        with self.database.begin() as session:
            found = session.get(Authorization, key)
            return found.payment_token if found else None
