from datetime import timedelta
from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.orm import Session

from fulfillment import validation as check
from fulfillment.errors import AddressRejected, DeadlineExceeded, InvalidRequest, ParcelLeft, StepWithdrawn
from fulfillment.extensions.database import Database
from fulfillment.extensions.rpc import rpc
from fulfillment.extensions.setting import Setting
from fulfillment.extensions.telemetry import Tracing, WorkLog
from fulfillment.extensions.timer import every
from fulfillment.shipping import parcels
from fulfillment.shipping.addresses import parse_address, shape_address
from fulfillment.shipping.quotes import quote
from fulfillment.steps import Reply, Step, take_once

REFUSALS = (AddressRejected, ParcelLeft, StepWithdrawn, InvalidRequest, DeadlineExceeded)


class ShippingService:
    """Says what the way costs, books the parcels, and moves them on."""

    name = "shipping"

    database: Any = Database("shipping")
    departure_seconds: Any = Setting("SHIPPING_DEPARTURE_SECONDS")
    transit_seconds: Any = Setting("SHIPPING_TRANSIT_SECONDS")
    interval_seconds: Any = Setting("SHIPPING_INTERVAL_SECONDS")
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
        """The money is taken: the address, which the quote has judged, is not judged again."""
        order, wanted = check.uuid(order_id, "order_id"), check.seller_lines(lines)
        departs_in = timedelta(seconds=self.departure_seconds)

        def work(session: Session) -> Reply:
            return parcels.book(session, order, shape_address(address), wanted, departs_in=departs_in)

        step = Step.asked(order, "book_parcels", address=address, lines=lines)
        return take_once(self.database, step, work)

    @rpc(expected_exceptions=REFUSALS)
    def withdraw_parcels(self, order_id: str) -> Reply:
        order = check.uuid(order_id, "order_id")
        step = Step.asked(order, "withdraw_parcels")
        return take_once(self.database, step, lambda session: parcels.withdraw_all(session, order))

    @every("SHIPPING_INTERVAL_SECONDS")
    def move_parcels_on(self) -> int:
        """For no longer than until the next tick: what is left is due then; a stop waits for no more."""
        transit = timedelta(seconds=self.transit_seconds)
        return parcels.move_on(self.database, transit=transit, within=self.interval_seconds)
