from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider

from fulfillment import validation as check
from fulfillment.errors import AddressRejected, DeadlineExceeded, InvalidRequest, ParcelLeft, StepWithdrawn
from fulfillment.extensions.database import Database
from fulfillment.extensions.rpc import rpc
from fulfillment.extensions.setting import Setting
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.extensions.timer import every
from fulfillment.shipping import parcels
from fulfillment.shipping.addresses import parse_address
from fulfillment.shipping.quotes import quote
from fulfillment.steps import Reply, Step, take_once

REFUSALS = (AddressRejected, ParcelLeft, StepWithdrawn, InvalidRequest, DeadlineExceeded)


class ShippingService:
    """Says what the way costs, books the parcels, and moves them on."""

    name = "shipping"

    database: Any = Database("shipping")
    departure_seconds: Any = Setting("SHIPPING_DEPARTURE_SECONDS")
    transit_seconds: Any = Setting("SHIPPING_TRANSIT_SECONDS")
    tracing: DependencyProvider = Tracing()
    work_log: DependencyProvider = WorkLog()

    @rpc(expected_exceptions=REFUSALS, sensitive_arguments=("address",))
    def quote_shipping(self, order_id: str, address: dict[str, Any], lines: list[dict[str, Any]]) -> Reply:
        order, wanted = check.uuid(order_id, "order_id"), check.seller_lines(lines)

        def work(_session: Any) -> Reply:
            offers = quote(parse_address(address), wanted)
            return {
                "parcels": [
                    {"seller_id": str(o.seller_id), "carrier": o.carrier, "cost_minor": o.cost_minor}
                    for o in offers
                ]
            }

        step = Step.asked(order, "quote_shipping", address=address, lines=lines)
        return take_once(self.database, step, work)

    @rpc(expected_exceptions=REFUSALS, sensitive_arguments=("address",))
    def book_parcels(self, order_id: str, address: dict[str, Any], lines: list[dict[str, Any]]) -> Reply:
        order, wanted = check.uuid(order_id, "order_id"), check.seller_lines(lines)
        to, departs_in = parse_address(address), timedelta(seconds=self.departure_seconds)
        step = Step.asked(order, "book_parcels", address=address, lines=lines)
        return take_once(
            self.database,
            step,
            lambda session: parcels.book(session, order, to, wanted, departs_in=departs_in),
        )

    @rpc(expected_exceptions=REFUSALS)
    def withdraw_parcels(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "withdraw_parcels")
        return take_once(self.database, step, lambda session: parcels.withdraw_all(session, order))

    @every("SHIPPING_INTERVAL_SECONDS")
    def move_parcels_on(self) -> int:
        with self.database.begin() as session:
            return parcels.move_on(session, transit=timedelta(seconds=self.transit_seconds))
