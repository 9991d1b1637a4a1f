"""Headers of every answer."""

from quart import Quart, Response, g, request

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_HSTS = "max-age=31536000"


def install(app: Quart) -> None:
    app.after_request(_protect)


async def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure or "https" in request.headers.get("X-Forwarded-Proto", ""):
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    tokens = g.get("tokens")
    # a page of somebody's own is kept by nobody; every page holds a token of its session
    personal = tokens is not None and (tokens.access is not None or tokens.ended)
    response.headers.setdefault("Cache-Control", "no-store" if personal else "private, no-cache")
    if "static" not in (request.blueprint or ""):
        response.vary.update(("Cookie", "HX-Request"))
    return response
