"""A form is taken only from a page that we gave to the same browser (docs/adr/0091).

The secret is the session's, in a signed cookie. Each page gets it under another mask, so that compressing a
page many times tells nothing of it.
"""

import hashlib
import hmac
import secrets

from quart import Quart, abort, request, session

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_SECRET = "csrf"  # noqa: S105 the name of a field
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Quart) -> None:
    app.before_request(_refuse_foreign_forms)
    app.jinja_env.globals[FIELD] = token


def token() -> str:
    secret = session.setdefault(_SECRET, secrets.token_urlsafe(32))
    mask = secrets.token_urlsafe(12)
    return f"{mask}.{_sign(secret, mask)}"


def renew() -> None:
    """Who signs in or out starts with another secret: what was on the page before is good no more."""
    session.pop(_SECRET, None)


async def _refuse_foreign_forms() -> None:
    # what no page takes is a 404 or a 405, and not an old form
    if request.method in _SAFE or request.url_rule is None:
        return
    given = request.headers.get(HEADER) or (await request.form).get(FIELD, "")
    secret = session.get(_SECRET)
    mask, _, signature = given.partition(".")
    if not secret or not hmac.compare_digest(_sign(secret, mask).encode(), signature.encode()):
        abort(403, "This form is too old, or was not ours. Please go back, reload the page and try again.")


def _sign(secret: str, mask: str) -> str:
    return hmac.new(secret.encode(), mask.encode(), hashlib.sha256).hexdigest()
