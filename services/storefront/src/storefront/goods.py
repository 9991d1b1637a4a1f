"""Cards together with what reviews says of them, and stalls with a look at their goods."""

from collections.abc import Sequence
from dataclasses import replace

from storefront import recorder
from storefront.clients.errors import CallFailed
from storefront.market import Market
from storefront.viewmodels.products import Card, Cards, Stall

_PICTURES_OF_A_STALL = 4
_MOST_PRODUCTS = 100


async def rated(market: Market, cards: Sequence[Card]) -> tuple[Card, ...]:
    """Without ratings when reviews does not answer: nobody waits for stars to buy tea."""
    try:
        ratings = await market.reviews.summaries([card.id for card in cards])
    except CallFailed:
        recorder.current().lacks("reviews")
        return tuple(cards)
    return tuple(replace(card, rating=ratings.get(card.id)) for card in cards)


async def page_of(market: Market, **query: str | int | bool | None) -> Cards:
    found = await market.catalog.products(**query)
    return Cards(await rated(market, found.items), found.next_cursor)


async def latest(market: Market) -> tuple[Card, ...]:
    """As many of the newest as one page holds: for picks, and for a look at each stall."""
    return (await page_of(market, ordering="newest", limit=_MOST_PRODUCTS)).items


def dressed(stalls: Sequence[Stall], cards: Sequence[Card]) -> tuple[Stall, ...]:
    shown: dict[str, list[str]] = {}
    for card in cards:
        pictures = shown.setdefault(card.stall_slug, [])
        if card.picture_url and len(pictures) < _PICTURES_OF_A_STALL:
            pictures.append(card.picture_url)
    return tuple(replace(stall, pictures=tuple(shown.get(stall.slug, ()))) for stall in stalls)


def picks(cards: Sequence[Card], count: int) -> tuple[Card, ...]:
    """Well rated by many: the mean of the ratings and of three imagined middling ones, so that one
    enthusiast does not outweigh twenty.
    """

    def weight(card: Card) -> float:
        rating = card.rating
        if rating is None or rating.average is None:
            return 0.0
        return (rating.average * rating.count + 3.0 * 3) / (rating.count + 3)

    good = [card for card in cards if card.availability in ("in_stock", "few") and weight(card) > 3.0]
    return tuple(sorted(good, key=weight, reverse=True)[:count])
