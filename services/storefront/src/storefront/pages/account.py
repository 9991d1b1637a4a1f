"""Signing up, in and out. The basket that a guest filled comes along."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from quart import Blueprint, Response, flash, g, request

from storefront import csrf, paths, visitor
from storefront.clients.errors import CallFailed, Refused
from storefront.rendering import PageParts, page, redirect_to, see_other
from storefront.viewmodels.forms import WHOLE, Form
from storefront.visitor import market, tokens

logger = logging.getLogger(__name__)

bp = Blueprint("account", __name__)

SIGN_IN_FIELDS = ("email", "password")
SIGN_UP_FIELDS = ("email", "password", "display_name")
_SHORTEST_PASSWORD = 12
# a socket is told a minute or so before: by then there must be a token to come back with
_WORTH_RENEWING = timedelta(minutes=3)


@bp.get("/sign-in")
async def sign_in() -> Response:
    target = paths.local(request.args.get("next"))
    if visitor.signed_in():
        # a service's page sent somebody here whose session had only to be renewed
        return redirect_to(target)
    return await _show("sign_in.html", "Sign in", Form.of(SIGN_IN_FIELDS), target)


@bp.post("/sign-in")
async def begin_session() -> Response:
    given = await request.form
    form, target = _form(SIGN_IN_FIELDS, given), paths.local(given.get("next"))
    form.require(email="Please give your e-mail address.", password="Please give your password.")  # noqa: S106 a message
    if form.good and await _signed_in(form):
        return await _welcome(target, "Welcome back")
    return await _show("sign_in.html", "Sign in", form, target, 422)


@bp.get("/sign-up")
async def sign_up() -> Response:
    target = paths.local(request.args.get("next"))
    if visitor.signed_in():
        return redirect_to(target)
    return await _show("sign_up.html", "Open an account", Form.of(SIGN_UP_FIELDS), target)


@bp.post("/sign-up")
async def open_account() -> Response:
    given = await request.form
    form, target = _form(SIGN_UP_FIELDS, given), paths.local(given.get("next"))
    _check_new(form)
    if form.good and await _signed_up(form) and await _signed_in(form):
        return await _welcome(target, "Welcome")
    return await _show("sign_up.html", "Open an account", form, target, 422)


@bp.get("/session")
async def go_on() -> Response:
    """For a page's script whose socket is about to end with its token: another token in the cookie, or 401.

    Nothing changes but the cookie, so it is a GET; what is good for long enough is left as it is.
    """
    held, principal = tokens(), g.principal
    ends_soon = principal is None or principal.expires_at - datetime.now(UTC) < _WORTH_RENEWING
    if ends_soon and held.granted is None and not await held.renew(held.access):
        return Response("", 401)
    return Response("", 204)


@bp.post("/sign-out")
async def sign_out() -> Response:
    if visitor.signed_in():
        try:
            await market().identity.sign_out(tokens())
        except CallFailed as failure:
            # this browser forgets the session all the same; identity lets it end by itself
            logger.warning("a session could not be ended", extra={"reason": str(failure)})
    tokens().drop()
    visitor.forget()
    return await see_other("/", "You are signed out.", "info")


def _form(names: tuple[str, ...], given: Mapping[str, str]) -> Form:
    form = Form.of(names, given)
    # spaces belong to a password
    form.values["password"] = given.get("password", "")
    return form


def _check_new(form: Form) -> None:
    form.require(
        email="Please give an e-mail address.",
        display_name="Please say what we may call you.",
        password="Please choose a password.",  # noqa: S106 a message
    )
    form.limit(email=254, display_name=100, password=128)
    if 0 < len(form.values["password"]) < _SHORTEST_PASSWORD:
        form.errors["password"] = f"Please use at least {_SHORTEST_PASSWORD} characters."


async def _signed_up(form: Form) -> bool:
    values = form.values
    try:
        await market().identity.sign_up(
            values["email"], values["password"], values["display_name"], visitor.origin()
        )
        return True
    except Refused as refusal:
        if refusal.status == 409:
            form.errors["email"] = "This address has an account already: please sign in."
        else:
            errors = refusal.field_errors()
            if "email" in errors:
                # identity's own words are for programs
                errors["email"] = "Please give an address such as ada@example.org."
            form.refuse(errors, _too_many(refusal) or refusal.detail)
    return False


async def _signed_in(form: Form) -> bool:
    try:
        grant = await market().identity.sign_in(
            form.values["email"], form.values["password"], visitor.origin()
        )
    except Refused as refusal:
        wrong = "The e-mail address or the password is not right."
        form.errors[WHOLE] = _too_many(refusal) or wrong
        return False
    tokens().take(grant)
    return True


def _too_many(refusal: Refused) -> str | None:
    if refusal.status != 429:
        return None
    wait = f" in {refusal.retry_after} seconds" if refusal.retry_after else " later"
    return f"That were too many attempts. Please try again{wait}."


async def _welcome(target: str, greeting: str) -> Response:
    csrf.renew()
    name = None
    try:
        name = await market().identity.name_of(tokens())
    except CallFailed as failure:
        logger.info("a name is not known", extra={"reason": str(failure)})
    visitor.greet(name)
    await _bring_basket()
    return await see_other(target, f"{greeting}, {name}." if name else f"{greeting}.")


async def _bring_basket() -> None:
    """Merging again gives the same answer: a cookie that stays for a basket that was down is tried with
    the next sign-in.
    """
    held = visitor.guest()
    if held is None:
        return
    try:
        left_out = await market().baskets.merge(tokens(), held)
    except Refused as refusal:
        logger.info("a guest's basket is gone", extra={"reason": str(refusal)})
        left_out = ()
    except CallFailed:
        await flash("What you put into your basket before could not be brought along.", "bad")
        return
    visitor.keep_basket(None)
    if left_out:
        await flash(f"Your basket is full; left out: {', '.join(left_out)}.", "info")


async def _show(template: str, title: str, form: Form, target: str, status: int = 200) -> Response:
    async with PageParts():
        pass
    return await page(template, title, http_status=status, form=form, next=target)
