"""Who looks at the pages: read from the cookies before a request, written back after it."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import cast

from quart import Quart, Response, current_app, g, request, session

from bazaar_shared.auth import InvalidToken, KeysUnavailable, Principal
from storefront import recorder
from storefront.clients.baskets import Guest, Holder
from storefront.clients.errors import CallFailed, SignedOut
from storefront.clients.identity import Origin
from storefront.market import Market
from storefront.tokens import Tokens

logger = logging.getLogger(__name__)

ACCESS, REFRESH, BASKET = "bazaar_access", "bazaar_refresh", "bazaar_basket"
_NAME = "name"
# of a token that ends sooner no call would profit
_SOON = timedelta(seconds=30)
# identity ends a session after these, basket a guest's basket
_DAYS_30 = timedelta(days=30)
# these show nobody's own things
_IMPERSONAL = frozenset({"static"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """What templates may know."""

    signed_in: bool
    name: str | None
    is_operator: bool
    is_seller: bool
    basket_count: int | None
    # None: a guest, or chat did not tell
    unread: int | None


def install(app: Quart) -> None:
    app.before_request(recognize)
    app.after_request(remember)


def market() -> Market:
    return cast("Market", current_app.extensions["market"])


def tokens() -> Tokens:
    return cast("Tokens", g.tokens)


def signed_in() -> bool:
    return tokens().access is not None


def member() -> Tokens:
    """The shopper's tokens, for a page that is only theirs."""
    if not signed_in():
        raise SignedOut("storefront", "nobody is signed in")
    return tokens()


def guest() -> Guest | None:
    return cast("Guest | None", g.guest)


def holder() -> Holder | None:
    """Whose basket is shown. None: a guest who has none yet."""
    return tokens() if signed_in() else guest()


def keep_basket(basket: Guest | None) -> None:
    g.guest, g.guest_changed = basket, True


def origin() -> Origin:
    """The last hop is the one that the gateway added; those before it are the caller's own words."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = hops[-1] if hops else request.remote_addr or "unknown"
    return Origin(address, request.headers.get("User-Agent", "")[:400])


def greet(name: str | None) -> None:
    session.permanent = True
    session[_NAME] = name


def forget() -> None:
    session.clear()


def as_seen() -> Visitor:
    known = "tokens" in g
    principal: Principal | None = g.get("principal")
    basket = g.get("basket")
    return Visitor(
        signed_in=known and signed_in(),
        name=session.get(_NAME) if known and signed_in() else None,
        is_operator=bool(principal and principal.is_operator),
        is_seller=bool(principal and principal.has("seller")),
        basket_count=basket.item_count if basket else None,
        unread=g.get("unread"),
    )


async def recognize() -> None:
    g.guest, g.guest_changed, g.principal = Guest.parse(request.cookies.get(BASKET)), False, None
    g.tokens = Tokens(request.cookies.get(ACCESS), request.cookies.get(REFRESH), market().refresher)
    if request.blueprint in _IMPERSONAL:
        return
    principal, doubtful = await _principal(g.tokens)
    if doubtful and g.tokens.refresh:
        try:
            if await g.tokens.renew(g.tokens.access):
                principal, _ = await _principal(g.tokens)
        except CallFailed as failure:
            # the cookies stay: identity may be back with the next page
            logger.warning("a session could not be renewed", extra={"reason": str(failure)})
            recorder.current().lacks("your account")
    if doubtful and principal is None:
        g.tokens.access = None
    g.principal = principal


async def _principal(held: Tokens) -> tuple[Principal | None, bool]:
    """Whose the access token is, and whether another one is wanted. A key that can't be fetched makes no
    token bad: the services judge it themselves.
    """
    if held.access is None:
        return None, True
    try:
        principal = await market().verifier.verify(held.access)
    except InvalidToken:
        return None, True
    except KeysUnavailable:
        return None, False
    remaining = principal.expires_at - datetime.now(UTC)
    return (principal if remaining > timedelta(0) else None), remaining < _SOON


async def remember(response: Response) -> Response:
    held: Tokens | None = g.get("tokens")
    if held is None:
        return response
    if held.granted:
        _set(response, ACCESS, held.granted.access_token, timedelta(seconds=held.granted.expires_in))
        _set(response, REFRESH, held.granted.refresh_token, _DAYS_30)
    elif held.ended:
        _delete(response, ACCESS)
        _delete(response, REFRESH)
    if g.guest_changed:
        if g.guest:
            _set(response, BASKET, str(g.guest), _DAYS_30)
        else:
            _delete(response, BASKET)
    return response


def _set(response: Response, name: str, value: str, age: timedelta) -> None:
    secure: bool = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(name, value, max_age=age, path="/", secure=secure, httponly=True, samesite="Lax")


def _delete(response: Response, name: str) -> None:
    secure: bool = current_app.config["SESSION_COOKIE_SECURE"]
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")


def members_only[**P, R](page: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Strangers are asked to sign in first, and come back to this page."""

    @wraps(page)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        member()
        return await page(*args, **kwargs)

    return guarded
