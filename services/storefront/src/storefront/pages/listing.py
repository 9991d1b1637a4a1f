"""Lists of products with filters: a search, a category, a stall are the same page over other goods."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from quart import Response, abort, request

from storefront import goods, paths
from storefront.clients.errors import Refused
from storefront.rendering import PageParts, page, wants_fragment
from storefront.viewmodels.forms import Form
from storefront.viewmodels.products import Cards, Category, Stall
from storefront.visitor import market

FIELDS = ("q", "category", "seller", "min", "max", "in_stock", "sort")
SORTS = (
    ("newest", "Newest first"),
    ("-rating", "Best rated first"),
    ("price", "Lowest price first"),
    ("-price", "Highest price first"),
    ("name", "By name"),
)
_BY_RELEVANCE = ("relevance", "Best match")
_A_PAGE = 24
_NOTHING = Cards((), None)
# the catalog's own limits
_LONGEST_SEARCH = 200
_HIGHEST_PRICE = Decimal(20_000_000)
# the contract's names of what the form calls otherwise
_FIELD_OF = {"search": "q", "min_price_minor": "min", "max_price_minor": "max", "ordering": "sort"}


@dataclass(frozen=True, slots=True)
class Listing:
    kind: Literal["search", "category", "stall"]
    category: str | None = None
    seller: str | None = None


async def show(listing: Listing) -> Response:
    form = Form.of(FIELDS, request.args)
    query = _query(form, listing)
    if wants_fragment():
        return await _fragment(form, query, listing)
    asked = market().catalog
    async with PageParts() as parts:
        # the list's own failure is the page's: a search without results would be a lie
        cards_asked = parts.need(_found(form, query))
        stalls_asked = parts.want("catalog", asked.stalls.get())
        stall_asked = parts.need(asked.stall(listing.seller)) if listing.seller else None
        categories_asked = parts.want("catalog", asked.categories.get())
    cards = cards_asked.result()
    category = _category(listing, categories_asked.result() or ())
    stall = goods.dressed([stall_asked.result()], cards.items)[0] if stall_asked else None
    heading, intro = _words(form, stall, category)
    return await page(
        "products.html",
        heading,
        kind=listing.kind,
        heading=heading,
        intro=intro,
        stall=stall,
        category=category,
        filters=form,
        sorts=_sorts(form),
        sellers=stalls_asked.result() or (),
        items=cards.items,
        next_url=_next_url(cards),
        total_known=False,
    )


async def _fragment(form: Form, query: Mapping[str, Any], listing: Listing) -> Response:
    """What a changed filter puts in place of the results; the rest of the page stays."""
    cards = await _found(form, query)
    known = market().catalog
    category = _category(listing, known.categories.known or ())
    stall = next((stall for stall in known.stalls.known or () if stall.slug == listing.seller), None)
    heading, _ = _words(form, stall, category)
    return await page(
        "_results.html",
        heading,
        heading=heading,
        filters=form,
        items=cards.items,
        next_url=_next_url(cards),
    )


def _query(form: Form, listing: Listing) -> dict[str, str | int | bool | None]:
    """The catalog's parameters; what cannot be read is said at its field and left out."""
    values = form.values
    form.limit(q=_LONGEST_SEARCH)
    sort = values["sort"]
    if sort not in dict(_sorts(form)):
        sort = values["sort"] = "relevance" if values["q"] else "newest"
    return {
        "search": values["q"][:_LONGEST_SEARCH],
        "category": listing.category or values["category"],
        "seller": listing.seller or values["seller"],
        "min_price_minor": _minor(form, "min"),
        "max_price_minor": _minor(form, "max"),
        "in_stock": True if values["in_stock"] else None,
        "ordering": sort,
        "cursor": request.args.get("cursor"),
        "limit": _A_PAGE,
    }


def _minor(form: Form, name: str) -> int | None:
    text = form.values[name].replace(",", ".")
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    # NaN compares with nothing, and raises nothing here
    if not amount.is_finite() or not 0 <= amount <= _HIGHEST_PRICE:
        form.errors[name] = "Please give a price such as 12.50."
        return None
    return int(amount * 100)


async def _found(form: Form, query: Mapping[str, Any]) -> Cards:
    try:
        return await market().catalog.products(**query)
    except Refused as refusal:
        if refusal.status not in (400, 422):
            raise
        errors = {_FIELD_OF.get(name, name): text for name, text in refusal.field_errors().items()}
        form.refuse(errors, "This search cannot be read. Please change it.")
        return _NOTHING


def _sorts(form: Form) -> tuple[tuple[str, str], ...]:
    return (_BY_RELEVANCE, *SORTS) if form.values["q"] else SORTS


def _category(listing: Listing, categories: tuple[Category, ...] | tuple[()]) -> Category | None:
    if listing.category is None:
        return None
    found = next((category for category in categories if category.slug == listing.category), None)
    if found is None and categories:
        abort(404)
    return found


def _words(form: Form, stall: Stall | None, category: Category | None) -> tuple[str, str]:
    if stall is not None:
        return stall.name, stall.tagline
    if category is not None:
        return category.name, ""
    if form.values["q"]:
        return f"“{form.values['q'][:_LONGEST_SEARCH]}”", ""
    return "Everything on the market", ""


def _next_url(cards: Cards) -> str | None:
    if cards.next_cursor is None:
        return None
    given = {name: request.args.get(name) for name in FIELDS}
    return paths.with_query(request.path, given | {"cursor": cards.next_cursor})
