from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider

from fulfillment import validation as check
from fulfillment.errors import (
    DeadlineExceeded,
    InvalidRequest,
    OutcomeUnknown,
    PaymentDeclined,
    StepWithdrawn,
)
from fulfillment.extensions.database import Database
from fulfillment.extensions.deadline import DeadlineGuard
from fulfillment.extensions.rpc import rpc
from fulfillment.extensions.setting import Setting
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.extensions.timer import every
from fulfillment.payments import books
from fulfillment.payments.flow import Flow
from fulfillment.payments.models import Payment
from fulfillment.payments.processor import Processor
from fulfillment.steps import Reply, Step

REFUSALS = (PaymentDeclined, StepWithdrawn, OutcomeUnknown, InvalidRequest, DeadlineExceeded)


class ProcessorClient(DependencyProvider):
    """The processor, as the configuration says where it is and how long we wait for it."""

    def setup(self) -> None:
        config = self.container.config
        self.processor = Processor(config["PROCESSOR_URL"], config["PROCESSOR_TIMEOUT_SECONDS"])

    def get_dependency(self, worker_ctx: Any) -> Processor:  # noqa: ARG002 Nameko's signature
        return self.processor


class PaymentsService:
    """Holds, takes and gives back an order's money, and keeps the books of it."""

    name = "payments"

    database: Any = Database("payments")
    processor: Any = ProcessorClient()
    deadline: Any = DeadlineGuard()
    market_currency: Any = Setting("MARKET_CURRENCY")
    resolve_after: Any = Setting("RESOLVE_AFTER_SECONDS")
    tracing: DependencyProvider = Tracing()
    work_log: DependencyProvider = WorkLog()

    @rpc(expected_exceptions=REFUSALS, sensitive_arguments=("payment_token",))
    def authorize_payment(self, order_id: str, amount_minor: int, currency: str, payment_token: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        amount = check.integer(amount_minor, "amount_minor", low=1, high=check.MAX_AMOUNT_MINOR)
        token = check.text(payment_token, "payment_token", longest=64)
        if currency != self.market_currency:
            raise InvalidRequest(
                {"field": "currency", "reason": f"the market pays in {self.market_currency}"}
            )
        step = Step.asked(order, "authorize_payment", amount=amount, currency=currency, token=token)
        return self.flow.carry_out(
            step,
            lambda session: books.prepare_authorize(session, order, amount, currency),
            token=token,
            timeout=self.deadline.remaining(self.processor.timeout),
        )

    @rpc(expected_exceptions=REFUSALS)
    def void_payment(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "void_payment")
        return self.flow.carry_out(step, lambda session: books.prepare_void(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def capture_payment(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "capture_payment")
        return self.flow.carry_out(step, lambda session: books.prepare_capture(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def refund_payment(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "refund_payment")
        return self.flow.carry_out(step, lambda session: books.prepare_refund(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def get_payment(self, order_id: str) -> Reply | None:
        with self.database.begin() as session:
            payment = session.get(Payment, check.uuid(order_id, "order_id"))
            if payment is None:
                return None
            return {
                "order_id": str(payment.order_id),
                "state": payment.state,
                "amount_minor": payment.amount_minor,
                "currency": payment.currency,
                "authorization_id": payment.authorization_id,
                "version": payment.version,
            }

    @every("RESOLVE_INTERVAL_SECONDS")
    def resolve_open_intents(self) -> int:
        return self.flow.resolve()

    @property
    def flow(self) -> Flow:
        return Flow(self.database, self.processor, timedelta(seconds=self.resolve_after))
