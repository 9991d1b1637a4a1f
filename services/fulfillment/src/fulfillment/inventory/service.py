from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import select

from fulfillment import validation as check
from fulfillment.errors import DeadlineExceeded, InvalidRequest, OutOfStock, StepWithdrawn, UnknownProduct
from fulfillment.extensions.database import Database
from fulfillment.extensions.rpc import rpc
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.inventory import stock
from fulfillment.inventory.models import Reservation, Stock
from fulfillment.steps import Reply, Step, take_once

REFUSALS = (OutOfStock, UnknownProduct, StepWithdrawn, InvalidRequest, DeadlineExceeded)


class InventoryService:
    """What is on the shelf, what of it is promised, and how it came to be so."""

    name = "inventory"

    database: Any = Database("inventory")
    tracing: DependencyProvider = Tracing()
    work_log: DependencyProvider = WorkLog()

    @rpc(expected_exceptions=REFUSALS)
    def reserve_stock(self, order_id: str, lines: list[dict[str, Any]]) -> Reply:
        order, wanted = check.uuid(order_id, "order_id"), check.lines(lines)
        step = Step.asked(order, "reserve_stock", lines=sorted(wanted, key=lambda line: line.product_id))
        return take_once(self.database, step, lambda session: stock.reserve(session, order, wanted))

    @rpc(expected_exceptions=REFUSALS)
    def release_stock(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "release_stock")
        return take_once(self.database, step, lambda session: stock.release(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def commit_stock(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "commit_stock")
        return take_once(self.database, step, lambda session: stock.commit(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def restock(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "restock")
        return take_once(self.database, step, lambda session: stock.restock(session, order))

    @rpc(expected_exceptions=REFUSALS)
    def adjust_stock(self, adjustment_id: str, product_id: str, delta: int, reason: str) -> Reply:
        adjustment = check.text(adjustment_id, "adjustment_id", longest=200)
        product = check.uuid(product_id, "product_id")
        pieces = check.integer(delta, "delta", low=-check.MAX_QUANTITY * 100, high=check.MAX_QUANTITY * 100)
        why = check.text(reason, "reason", longest=500)
        if pieces == 0:
            raise InvalidRequest({"field": "delta", "reason": "must not be 0"})
        with self.database.begin() as session:
            return stock.adjust(session, adjustment, product, pieces, why)

    @rpc(expected_exceptions=REFUSALS)
    def get_stock(self, product_ids: list[str]) -> dict[str, dict[str, int]]:
        wanted = check.product_ids(product_ids)
        with self.database.begin() as session:
            rows = session.scalars(select(Stock).where(Stock.product_id.in_(wanted)))
            return {str(row.product_id): {**stock.balance(row), "version": row.version} for row in rows}

    @rpc(expected_exceptions=REFUSALS)
    def get_reservation(self, order_id: str) -> Reply | None:
        with self.database.begin() as session:
            found = session.get(Reservation, check.uuid(order_id, "order_id"))
            if found is None:
                return None
            return {
                "order_id": str(found.order_id),
                "state": found.state,
                "lines": [
                    {"product_id": str(line.product_id), "quantity": line.quantity} for line in found.lines
                ],
            }
