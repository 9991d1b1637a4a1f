"""The checkout: a basket in the version that was shown, an address and a card become an order."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from quart import Blueprint, Response, current_app, request

from storefront import paths, visits
from storefront.clients.errors import Refused, Unavailable
from storefront.pages.account import SIGN_IN_FIELDS, SIGN_UP_FIELDS
from storefront.pages.basket import remember_seen, seen
from storefront.rendering import PageParts, page, see_other
from storefront.settings import Settings
from storefront.viewmodels.addresses import ADDRESS_FIELDS, COUNTRIES, check
from storefront.viewmodels.baskets import in_words
from storefront.viewmodels.forms import WHOLE, Form
from storefront.viewmodels.money import money
from storefront.visitor import as_seen, market, member, members_only, signed_in

bp = Blueprint("checkout", __name__)

# fulfillment's test cards (processor/till.py); there are no others: nothing here is for sale
CARDS = (
    ("tok_approve", "A card that pays", "Everything goes well."),
    ("tok_decline", "A card that is declined", "The order is cancelled, and the goods go back on the shelf."),
    ("tok_fail_once", "A card whose first try fails", "The market asks again, and is paid once."),
    ("tok_late", "A card that answers late", "The market waits and asks what became of it."),
    (
        "tok_timeout",
        "A card that never answers",
        "The market gives up after a minute; nothing is taken.",
    ),
    ("tok_capture_decline", "A card that changes its mind", "Held at first, declined when it is to pay."),
)
FIELDS = (*ADDRESS_FIELDS, "card")
# what the page that was sent had shown; the order is of that and of nothing else
SHOWN = ("basket_id", "version", "total_minor", "currency", "idempotency_key")
_KEY_LENGTH = (8, 200)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the order was not taken, in words."""

    title: str
    changes: tuple[str, ...] = ()


@bp.get("/checkout")
async def show() -> Response:
    form = Form.of(FIELDS, name=as_seen().name or "", country="DE", card=CARDS[0][0])
    return await _page(form, new_key())


@bp.post("/checkout")
@members_only
async def buy() -> Response:
    given = await request.form
    form, shown = Form.of(FIELDS, given), Form.of(SHOWN, given).values
    key = shown["idempotency_key"]
    if not _KEY_LENGTH[0] <= len(key) <= _KEY_LENGTH[1] or not key.isascii() or not key.isprintable():
        key = new_key()
    check(form)
    if form.values["card"] not in {token for token, _, _ in CARDS}:
        form.errors["card"] = "Please choose a card."
    order = _order(form, shown)
    if not form.good or order is None:
        return await _page(form, key, status=422)
    return await _placed(form, order, key)


def currency() -> str:
    """The market's: it has one."""
    settings: Settings = current_app.extensions["settings"]
    return settings.currency


def new_key() -> str:
    return token_urlsafe(24)


async def _placed(form: Form, order: dict[str, Any], key: str) -> Response:
    try:
        order_id = await market().orders.place(order, key, member())
    except Refused as refusal:
        return await _refused(form, refusal, key)
    except Unavailable as failure:
        # the same key: should the order have been stored, sending it again finds it
        return await _page(form, key, _no_answer(failure), 503)
    visits.bought(order_id)
    return await see_other(paths.order(order_id))


async def _refused(form: Form, refusal: Refused, key: str) -> Response:
    """A refused order stores nothing, so another one may follow: under a key of its own where it will not be
    the same order any more.
    """
    match refusal.slug:
        case "basket-ordered":
            told = "This basket was ordered already: here is that order."
            return await see_other(paths.order(str(refusal.problem["order_id"])), told, "info")
        case "basket-changed" | "total-changed":
            return await _page(form, new_key(), _changed(refusal), 409)
        case "idempotency-key-reused":
            told = "This form was sent before with other words in it. Please check and send it once more."
            return await _page(form, new_key(), Problem(told), 422)
    form.refuse(refusal.field_errors(), f"The order could not be taken: {refusal.detail}")
    return await _page(form, key, status=refusal.status)


def _changed(refusal: Refused) -> Problem:
    document = refusal.problem
    told = in_words(document.get("changes") or [], currency())
    if refusal.slug == "basket-changed":
        return Problem(
            "Your basket changed while you were here. Nothing was ordered; please look again.", told
        )
    was, now = document.get("expected_total_minor"), document.get("actual_total_minor")
    if isinstance(was, int) and isinstance(now, int):
        told = (*told, f"All together it is {money(now, currency())} now; it was {money(was, currency())}.")
    return Problem("Prices changed while you were here. Nothing was ordered; please look again.", told)


def _no_answer(failure: Unavailable) -> Problem:
    if failure.maybe_done:
        return Problem(
            "We got no answer, so we can't tell whether your order arrived. "
            "If it is not among your orders, please send it again just as it is: "
            "it will be ordered once, however often you send it."
        )
    return Problem("The till is closed for a moment. Nothing was ordered; please send it again.")


def _order(form: Form, shown: dict[str, str]) -> dict[str, Any] | None:
    """As orders takes it. None: what the page had shown is missing or was tampered with."""
    version, total = shown["version"], shown["total_minor"]
    if not shown["basket_id"] or not _is_number(version) or not _is_number(total):
        form.errors[WHOLE] = "This form is not complete. Please look at it and send it again."
        return None
    values = form.values
    address = {name: values[name] for name in ADDRESS_FIELDS if name != "line2"}
    return {
        "basket": {"id": shown["basket_id"], "version": int(version)},
        "delivery_address": address | {"line2": values["line2"] or None},
        "payment_token": values["card"],
        "expected_total_minor": int(total),
        "currency": shown["currency"] or currency(),
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


async def _page(form: Form, key: str, problem: Problem | None = None, status: int = 200) -> Response:
    """Always with the basket as it is now: what is sent from here is what is seen here."""
    async with PageParts(since=seen()) as parts:
        pass
    basket = parts.basket.result()
    remember_seen(basket)
    if problem is None and basket is not None and basket.changes:
        problem = Problem("Your basket changed since you saw it last.", basket.changes)
    return await page(
        "checkout.html",
        "Checkout",
        http_status=status,
        basket=basket,
        form=form,
        countries=COUNTRIES,
        cards=CARDS,
        idempotency_key=key,
        problem=problem,
        account=None if signed_in() else _account(),
    )


def _account() -> dict[str, Any]:
    mode = "sign-in" if request.args.get("account") == "sign-in" else "sign-up"
    return {"mode": mode, "form": Form.of(SIGN_IN_FIELDS if mode == "sign-in" else SIGN_UP_FIELDS)}
