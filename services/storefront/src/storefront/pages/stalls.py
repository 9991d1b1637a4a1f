from quart import Blueprint, Response

from storefront import goods
from storefront.pages.listing import Listing, show
from storefront.rendering import PageParts, page
from storefront.visitor import market

bp = Blueprint("stalls", __name__)


@bp.get("/stalls")
async def stalls() -> Response:
    asked = market()
    async with PageParts() as parts:
        latest = parts.want("catalog", goods.latest(asked))
        found = parts.want("catalog", asked.catalog.stalls.get())
    return await page(
        "stalls.html", "Stalls", stalls=goods.dressed(found.result() or (), latest.result() or ())
    )


@bp.get("/stalls/<slug>")
async def stall(slug: str) -> Response:
    return await show(Listing("stall", seller=slug))
