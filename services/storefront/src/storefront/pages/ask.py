"""A question to a stall, from a product's page or an order's: a conversation begins with it, or goes on."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from quart import Blueprint, Response, abort, request

from storefront import paths
from storefront.clients.errors import Refused, Unavailable
from storefront.pages import messages
from storefront.pages.orders import show_order
from storefront.pages.products import show_product
from storefront.rendering import see_other
from storefront.viewmodels.chat import Subject
from storefront.viewmodels.forms import WHOLE, Form
from storefront.visitor import market, member, members_only

bp = Blueprint("ask", __name__)

type Again = Callable[[Form, int], Awaitable[Response]]


@bp.post("/products/<uuid:product_id>/ask")
@members_only
async def about_product(product_id: UUID) -> Response:
    async def again(form: Form, status: int) -> Response:
        return await show_product(str(product_id), None, status, form)

    return await _asked("product", str(product_id), None, again)


@bp.post("/orders/<uuid:order_id>/ask")
@members_only
async def about_order(order_id: UUID) -> Response:
    async def again(form: Form, status: int) -> Response:
        return await show_order(str(order_id), form, status)

    return await _asked("order", str(order_id), (await request.form).get("seller_id"), again)


async def _asked(kind: Subject, subject_id: str, seller_id: str | None, again: Again) -> Response:
    form = messages.question(await request.form)
    messages.check(form)
    if not form.good:
        return await again(form, 422)
    try:
        found = await market().chat.begin(kind, subject_id, member(), seller_id)
    except Refused as refusal:
        if refusal.status == 404:
            abort(404, "There is nobody to ask about that.")
        form.errors[WHOLE] = f"This could not be asked: {refusal.detail}"
        return await again(form, refusal.status)
    except Unavailable as failure:
        return await again(form, messages.refuse(form, failure))
    try:
        await market().chat.say(found.id, *messages.said(form), member())
    except (Refused, Unavailable) as failure:
        return await again(form, messages.refuse(form, failure))
    return await see_other(f"{paths.conversation(found.id)}#say", "The stall has your question.")
