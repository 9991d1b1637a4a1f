from collections.abc import Awaitable, Mapping, Sequence
from typing import Any
from uuid import UUID

from quart import Blueprint, Response, abort, request, url_for

from storefront import fanout, paths, visits
from storefront.clients.base import Bearer
from storefront.clients.errors import Refused
from storefront.clients.orders import JournalEntry, OrderDocument
from storefront.market import Market
from storefront.pages.messages import question
from storefront.rendering import PageParts, page, see_other, wants_fragment
from storefront.viewmodels.forms import Form
from storefront.viewmodels.orders import Order, OrderSummary, Surroundings
from storefront.viewmodels.products import Card
from storefront.visitor import market, member, members_only

bp = Blueprint("orders", __name__)

_REVIEWABLE = "delivered"


@bp.get("/orders")
@members_only
async def show_all() -> Response:
    cursor = request.args.get("cursor")
    asked = market()
    async with PageParts() as parts:
        found = parts.need(_page(asked, cursor))
        pictures = parts.want("catalog", _pictures(asked, found))
    orders, following = found.result()
    cards = pictures.result() or {}
    return await page(
        "orders.html",
        "Your orders",
        orders=[OrderSummary.of(order, cards) for order in orders],
        next_url=paths.with_query("/orders", {"cursor": following}) if following else None,
    )


@bp.get("/orders/<uuid:order_id>")
@members_only
async def show(order_id: UUID) -> Response:
    return await show_order(str(order_id))


async def show_order(order_id: str, ask_form: Form | None = None, code: int = 200) -> Response:
    """The page, or for htmx the order's steps as they are now. Also the answer to a question that could not
    be taken.
    """
    if wants_fragment():
        order = await order_of(market(), order_id, member())
        return await page("_progress.html", f"Order {order.number}", order=order, steps=order.steps)
    async with PageParts() as parts:
        found = parts.need(order_of(market(), order_id, member()))
    order = found.result()
    return await page(
        "order.html",
        f"Order {order.number}",
        http_status=code,
        order=order,
        steps=order.steps,
        stream_url=None if order.ended else url_for("progress.events", order_id=order_id),
        ask_form=ask_form or question(),
        bought=visits.just_bought(order_id),
    )


@bp.post("/orders/<uuid:order_id>/cancel")
@members_only
async def cancel(order_id: UUID) -> Response:
    path = paths.order(str(order_id))
    try:
        await market().orders.cancel(str(order_id), member())
    except Refused as refusal:
        if refusal.status == 404:
            abort(404)
        return await see_other(path, "It is too late to call this order off.", "bad")
    return await see_other(path, "We are calling your order off.", "info")


async def order_of(asked: Market, order_id: str, shopper: Bearer) -> Order:
    """The order with its journal (what it is, must be known) and what others know of its goods (if they
    answer).
    """
    async with fanout.Parts() as parts:
        found = parts.need(order_document(asked, order_id, shopper))
        journal = parts.need(_own(asked.orders.journal(order_id, shopper)))
        cards = parts.want("catalog", _goods(asked, found))
        stalls = parts.want("catalog", asked.catalog.stalls.get())
        reviewed = parts.want("reviews", _reviewed(asked, found, shopper))
    names = {stall.id: stall.name for stall in stalls.result() or ()}
    around = Surroundings(cards.result() or {}, names, reviewed.result())
    return Order.of(found.result(), journal.result(), around)


async def order_document(asked: Market, order_id: str, shopper: Bearer) -> OrderDocument:
    return await _own(asked.orders.order(order_id, shopper))


async def _own[T](asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Refused as refusal:
        if refusal.status == 404:
            abort(404, "You have no such order.")
        raise


async def _page(asked: Market, cursor: str | None) -> tuple[Sequence[OrderDocument], str | None]:
    try:
        return await asked.orders.page(member(), cursor)
    except Refused as refusal:
        if refusal.status in (400, 422):
            abort(404, "There is no such page of orders.")
        raise


async def _pictures(asked: Market, found: Any) -> Mapping[str, Card]:
    orders, _ = await found
    return await asked.catalog.batch([line["product_id"] for order in orders for line in order["lines"]])


async def _goods(asked: Market, found: Any) -> Mapping[str, Card]:
    order = await found
    return await asked.catalog.batch([line["product_id"] for line in order["lines"]])


async def _reviewed(asked: Market, found: Any, shopper: Bearer) -> frozenset[str] | None:
    """Only of a delivered order: nothing else can be reviewed."""
    if (await found)["status"] != _REVIEWABLE:
        return None
    return frozenset(review.product_id for review in await asked.reviews.mine(shopper))


def fingerprint(order: OrderDocument, journal: Sequence[JournalEntry]) -> tuple[Any, ...]:
    """Differs when there is something new to show."""
    last = journal[-1] if journal else {}
    return order["version"], order["saga"]["state"], len(journal), last.get("outcome")
