from quart import Blueprint, Response

from storefront.anatomy import facts
from storefront.rendering import PageParts, page

bp = Blueprint("about", __name__)


@bp.get("/about")
async def colophon() -> Response:
    async with PageParts():
        pass
    return await page("colophon.html", "How it is made", services=tuple(facts().services.values()))


@bp.get("/robots.txt")
async def robots() -> Response:
    private = ("/api/", "/basket", "/checkout", "/dashboard", "/messages", "/orders")
    rules = "".join(f"Disallow: {path}\n" for path in private)
    return Response(f"User-agent: *\n{rules}", content_type="text/plain; charset=utf-8")
