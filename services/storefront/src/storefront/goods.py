"""Stalls with a look at their goods."""

from collections.abc import Sequence
from dataclasses import replace

from storefront.market import Market
from storefront.viewmodels.insights import Trending
from storefront.viewmodels.products import Card, Stall

_PICTURES_OF_A_STALL = 4
_MOST_PRODUCTS = 100


async def latest(market: Market) -> tuple[Card, ...]:
    """As many of the newest as one page holds: what is new, and a look at each stall."""
    return (await market.catalog.products(ordering="newest", limit=_MOST_PRODUCTS)).items


async def picks(market: Market, count: int) -> tuple[Card, ...]:
    """What is spoken of best; not what nobody has spoken of yet."""
    found = await market.catalog.products(ordering="-rating", in_stock=True, limit=count)
    return tuple(card for card in found.items if card.rating and card.rating.count)


async def trending(market: Market) -> tuple[Trending, ...]:
    """What many look at just now, in insights' order; without what the catalog does not know any more."""
    trends = await market.insights.trending.get()
    cards = await market.catalog.batch([trend.product_id for trend in trends])
    return tuple(Trending(cards[trend.product_id], trend) for trend in trends if trend.product_id in cards)


def dressed(stalls: Sequence[Stall], cards: Sequence[Card]) -> tuple[Stall, ...]:
    shown: dict[str, list[str]] = {}
    for card in cards:
        pictures = shown.setdefault(card.stall_slug, [])
        if card.picture_url and len(pictures) < _PICTURES_OF_A_STALL:
            pictures.append(card.picture_url)
    return tuple(replace(stall, pictures=tuple(shown.get(stall.slug, ()))) for stall in stalls)
