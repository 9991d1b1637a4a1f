from uuid import UUID

from quart import Blueprint, Response, g, request, session
from quart import flash as flash_text

from storefront import fanout, recorder
from storefront.clients.baskets import Holder
from storefront.clients.errors import Refused, Unavailable
from storefront.rendering import PageParts, page, see_other, shown_basket, wants_fragment
from storefront.viewmodels.baskets import Basket
from storefront.visitor import guest, holder, keep_basket, market, signed_in

bp = Blueprint("basket", __name__)

_SEEN = "basket"
MOST_OF_ONE = 99
_BASKET_GONE = "That basket is gone. Your next find starts a new one."


@bp.get("/basket")
async def show() -> Response:
    async with PageParts(since=seen()) as parts:
        pass
    basket = parts.basket.result()
    remember_seen(basket)
    return await page("basket.html", "Basket", basket=basket)


@bp.get("/basket/count")
async def count() -> Response:
    """The number in a page's head, for a page on which the basket was bought meanwhile."""
    async with fanout.Parts() as parts:
        basket = parts.want("basket", shown_basket())
    g.basket = basket.result()
    return await page("_count.html", "Basket")


@bp.post("/basket/lines")
async def add() -> Response:
    form = await request.form
    product_id, quantity = form.get("product_id", ""), _quantity(form.get("quantity", "1"))
    if quantity is None or quantity < 1:
        return await _answer(None, f"Please take between 1 and {MOST_OF_ONE}.", "bad")
    try:
        basket = await _added(product_id, quantity)
    except Refused as refusal:
        return await _refused(refusal)
    name = next((line.name for line in basket.lines if line.product_id == product_id), "It")
    return await _answer(basket, f"{name} is in your basket.", "good")


@bp.post("/basket/lines/<uuid:product_id>")
async def change(product_id: UUID) -> Response:
    quantity = _quantity((await request.form).get("quantity", ""))
    held = holder()
    if held is None:
        return await _answer(None, "Your basket is empty.", "info")
    if quantity is None:
        return await _answer(None, f"Please take between 1 and {MOST_OF_ONE}.", "bad")
    try:
        basket = await market().baskets.set_quantity(held, str(product_id), quantity)
    except Refused as refusal:
        return await _refused(refusal)
    return await _answer(basket, None if quantity else "Taken out.", "good")


@bp.post("/basket/clear")
async def clear() -> Response:
    held = holder()
    if held is None:
        return await _answer(None, "Your basket is empty.", "info")
    try:
        return await _answer(await market().baskets.clear(held), "Your basket is empty now.", "good")
    except Refused as refusal:
        return await _refused(refusal)


async def _added(product_id: str, quantity: int) -> Basket:
    """A guest's basket is made with the first thing in it, and made anew when the old one is gone."""
    baskets = market().baskets
    try:
        return await baskets.add(await _holder_or_new(), product_id, quantity)
    except Refused as refusal:
        if refusal.status != 404 or signed_in() or guest() is None:
            raise
        keep_basket(None)
        return await baskets.add(await _holder_or_new(), product_id, quantity)


async def _holder_or_new() -> Holder:
    held = holder()
    if held is None:
        made = await market().baskets.make_for_guest()
        keep_basket(made)
        return made
    return held


def _quantity(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None


async def _refused(refusal: Refused) -> Response:
    if refusal.status == 404:
        # the basket, or only a line that another tab took out: a look tells, and forgets what is gone
        basket = await shown_basket()
        gone = "That is not in your basket any more." if basket.id else _BASKET_GONE
        return await _answer(basket, gone, "info")
    if refusal.status == 412:
        return await _answer(None, "Your basket changed just now. Please look at it and try again.", "bad")
    first = next(iter(refusal.field_errors().values()), refusal.detail)
    return await _answer(None, f"That could not be done: {first}", "bad")


async def _answer(basket: Basket | None, told: str | None, kind: str) -> Response:
    """A page to reload for a form, the basket itself for htmx."""
    if not wants_fragment():
        return await see_other("/basket", told, kind)
    if told:
        await flash_text(told, kind)
    if basket is None:
        try:
            basket = await shown_basket()
        except Unavailable:
            recorder.current().lacks("basket")
    g.basket = basket
    remember_seen(basket)
    return await page("_basket.html", "Basket", basket=basket)


def seen() -> tuple[str, int] | None:
    """Which basket, in which version, this browser was last shown: what changed since is told."""
    found = session.get(_SEEN)
    if isinstance(found, list) and len(found) == 2:
        return str(found[0]), int(found[1])
    return None


def remember_seen(basket: Basket | None) -> None:
    if basket is not None and basket.id:
        session[_SEEN] = [basket.id, basket.version]
