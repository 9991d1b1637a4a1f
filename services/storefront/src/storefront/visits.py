"""What is counted of a visit, and of whom nothing is (docs/adr/0095).

A cookie with a number that says nothing: it lasts for half an hour after the last page, belongs to no
account, and no script can read it. clickstream takes it along with what static/js/clicks.js tells.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from quart import Quart, Response, current_app, request, session

COOKIE = "bazaar_visit"
_LASTS = timedelta(minutes=30)
_BOUGHT = "bought"


def install(app: Quart) -> None:
    app.after_request(_remember)


def counted() -> bool:
    """Not of who asked not to be: Do Not Track, or Global Privacy Control."""
    return request.headers.get("DNT") != "1" and request.headers.get("Sec-GPC") != "1"


def bought(order_id: str) -> None:
    """The order's page will tell of it: once, also when it is looked at again."""
    if counted():
        session[_BOUGHT] = order_id


def just_bought(order_id: str) -> bool:
    if session.get(_BOUGHT) != order_id:
        return False
    del session[_BOUGHT]
    return counted()


async def _remember(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response
    known = request.cookies.get(COOKIE)
    secure: bool = current_app.config["SESSION_COOKIE_SECURE"]
    if counted():
        response.set_cookie(
            COOKIE,
            _valid(known) or str(uuid4()),
            max_age=_LASTS,
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
    elif known:
        response.delete_cookie(COOKIE, secure=secure, httponly=True, samesite="Lax")
    return response


def _valid(text: str | None) -> str | None:
    try:
        return str(UUID(text or ""))
    except ValueError:
        return None
