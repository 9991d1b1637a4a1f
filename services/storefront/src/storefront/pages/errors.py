"""Every failure as a page of the market, or a sentence for htmx; never a stack trace."""

import logging

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from bazaar_shared.telemetry import trace_id
from storefront import paths
from storefront.clients.errors import Refused, SignedOut, Unavailable
from storefront.rendering import page, redirect_to, see_other, wants_fragment

logger = logging.getLogger(__name__)

_WORDS = {
    400: ("That can't be read", "Something in this address or form makes no sense to us.", "bad_request"),
    403: ("Not this door", "This is not for you to see or do.", "forbidden"),
    404: ("Nothing here", "No stall has this, and no page of ours.", "not_found"),
    405: ("Not this way", "This address takes no such request.", "bad_request"),
    413: ("Too much at once", "That form is larger than we take.", "bad_request"),
    500: ("Something broke", "It is our fault, not yours. Please try again.", "error"),
    503: (
        "Closed for a moment",
        "A part of the market does not answer. It is usually back soon.",
        "unavailable",
    ),
}
_SERVICES = {
    "catalog": "The stalls' shelves do not answer just now; your basket and your orders are safe.",
    "basket": "The basket does not answer just now; nothing in it is lost.",
    "orders": "The till does not answer just now; what you ordered is safe.",
    "identity": "Signing in does not work just now; please try again in a moment.",
    "reviews": "The reviews do not answer just now.",
    "chat": "The messages do not answer just now; nothing that was said is lost.",
    "insights": "The figures do not answer just now; they go on being counted.",
}


def install(app: Quart) -> None:
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SignedOut, _signed_out)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(Refused, _refused)


async def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    # werkzeug's own words are for programmers; ours come from abort(code, words)
    own = error.description if error.description != type(error).description else None
    response = await _show(error.code, own)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


async def _signed_out(_: SignedOut) -> Response:
    """To sign in, and back; of a form only the page it stood on can be come back to."""
    target = request.full_path.rstrip("?") if request.method == "GET" else _page_of_form()
    where = paths.with_query("/sign-in", {"next": target})
    if request.method == "GET" and not wants_fragment():
        return redirect_to(where)
    return await see_other(where, "Please sign in first.", "info")


def _page_of_form() -> str:
    return "/checkout" if request.path == "/checkout" else "/"


async def _unavailable(failure: Unavailable) -> Response:
    response = await _show(503, _SERVICES.get(failure.service))
    response.headers["Retry-After"] = "5"
    return response


async def _refused(refusal: Refused) -> Response:
    """A refusal that no page had words for."""
    status = refusal.status if refusal.status in (403, 404) else 500
    log = logger.warning if status != 500 else logger.error
    log("a service refused", extra={"peer": refusal.service, "reason": str(refusal)})
    return await _show(status)


async def _show(status: int, words: str | None = None) -> Response:
    title, detail, kind = _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    return await page(
        "error.html",
        title,
        http_status=status,
        status=status,
        title=title,
        detail=words or detail,
        kind=kind,
        trace_id=trace_id(),
        # a form's own address is often no page that could be looked at again
        readable=request.method in ("GET", "HEAD"),
    )
