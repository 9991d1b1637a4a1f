from collections.abc import Sequence

from quart import Blueprint, Response

from storefront import goods
from storefront.rendering import PageParts, page
from storefront.viewmodels.insights import Trending
from storefront.visitor import market

bp = Blueprint("home", __name__)

_SHOWN = 8
_TRENDING = 4


@bp.get("/")
async def home() -> Response:
    asked = market()
    async with PageParts() as parts:
        latest = parts.want("catalog", goods.latest(asked))
        picks = parts.want("catalog", goods.picks(asked, _SHOWN))
        stalls = parts.want("catalog", asked.catalog.stalls.get())
        # a page that promises no trends is none the worse without them
        trending = parts.spare("trends", goods.trending(asked))
    cards = latest.result() or ()
    sellable = [card for card in cards if card.availability != "out"]
    return await page(
        "home.html",
        "",
        stalls=goods.dressed(stalls.result() or (), cards),
        newest=sellable[:_SHOWN],
        picks=picks.result() or (),
        trending=_on_sale(trending.result() or ()),
    )


def _on_sale(trending: Sequence[Trending]) -> list[Trending]:
    return [each for each in trending if each.card.availability != "out"][:_TRENDING]
