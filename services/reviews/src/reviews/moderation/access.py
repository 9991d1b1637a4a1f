"""Who may be here: an operator, by the access token that the storefront keeps in an HttpOnly cookie.

The pages have the storefront's origin through the gateway, so the browser brings its cookie along. It is
verified here like a bearer token. It can't be renewed here: when it has ended, the storefront's sign-in does
that, and comes back.
"""

from urllib.parse import urlencode
from uuid import UUID

from flask import g, redirect, request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from bazaar_shared.auth import InvalidToken
from reviews.extensions import tokens
from reviews.web.tokens import account_of

COOKIE = "bazaar_access"


def require_operator() -> Response | None:
    """Before each view of the blueprint."""
    if request.endpoint == "moderation.static":
        return None
    try:
        principal = tokens.verify(request.cookies.get(COOKIE, ""))
    except InvalidToken:
        return _to_sign_in()
    if not principal.is_operator:
        raise Forbidden
    g.moderator_id = account_of(principal)
    return None


def moderator_id() -> UUID:
    account_id: UUID = g.moderator_id
    return account_id


def _to_sign_in() -> Response:
    """Back to the page that was asked for; a form that came too late can't be sent again by a redirect."""
    path = request.path if request.method == "GET" else "/moderation/reviews"
    query = request.query_string.decode("ascii", "replace") if request.method == "GET" else ""
    target = f"{path}?{query}" if query else path
    return redirect(f"/sign-in?{urlencode({'next': target})}", 303)
