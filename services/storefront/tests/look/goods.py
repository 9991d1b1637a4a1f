"""The demo market's goods in the shapes that the app gives to templates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Some
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[4]
MARKET = yaml.safe_load((REPOSITORY / "demo/market.yaml").read_text())
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

categories = [Some(slug=c["slug"], name=c["name"]) for c in MARKET["categories"]]
_NAMES = {c.slug: c.name for c in categories}
_PRODUCTS = {p["sku"]: (s, p) for s in MARKET["sellers"] for p in s["products"]}


def card(sku: str, average: float | None = None, count: int = 0, **other: Any) -> Some:
    seller, product = _PRODUCTS[sku]
    left = other.get("available", product["stock"])
    made = {
        "id": product["id"],
        "name": product["name"],
        "url": f"/products/{product['id']}",
        "price_minor": product["price_minor"],
        "currency": "EUR",
        "stall_name": seller["name"],
        "stall_url": f"/stalls/{seller['slug']}",
        "category_name": _NAMES[product["category"]],
        "category_url": f"/categories/{product['category']}",
        "picture_url": f"/pictures/{sku}.svg",
        "availability": "out" if left == 0 else "few" if (left or 9) < 5 else "in_stock",
        "available": left,
        "rating": Some(average=average, count=count) if count else None,
        "description": product["description"],
        "sku": sku,
        "tax_percent": 7,
    }
    return Some(**(made | other))


def stall(seller: dict[str, Any], pictures: int = 4) -> Some:
    shown = seller["products"][:: max(len(seller["products"]) // 4, 1)][:pictures]
    return Some(
        slug=seller["slug"],
        name=seller["name"],
        url=f"/stalls/{seller['slug']}",
        tagline=seller["tagline"],
        description=seller["description"],
        pictures=[f"/pictures/{p['sku']}.svg" for p in shown],
    )


stalls = [stall(seller) for seller in MARKET["sellers"]]
LONG = "MM-313"  # Cellarius: the longest name there is
picks = [
    card("MM-301", 4.8, 12),
    card("CK-213", 4.5, 31),
    card("RS-813", 4.67, 9),
    card("KS-501", 5.0, 3),
    card("WW-401", 4.4, 8),
    card(LONG, 4.9, 128),
    card("PL-101", 4.25, 20),
    card("SD-601", 3.9, 7),
]
newest = [
    card("PM-701"),
    card("CK-209", 4.0, 1),
    card("RS-802", 4.3, 4),
    card("SD-605", available=0),
    card("WW-410"),
    card("PL-115", 3.5, 2),
    card("KS-513"),
    card("MM-305", picture_url=None, availability="unknown", available=None),
]


def form(errors: dict[str, str] | None = None, **values: str) -> Some:
    return Some(values=values, errors=errors or {})


def visitor(**other: Any) -> Some:
    plain = {"signed_in": False, "name": None, "is_operator": False, "is_seller": False, "basket_count": None}
    plain["unread"] = None
    return Some(**(plain | other))


SAM = visitor(signed_in=True, name="Sam Shopper", basket_count=5, unread=3)
OLGA = visitor(signed_in=True, name="Olga Operator", is_operator=True, basket_count=0, unread=0)
STELLA = visitor(signed_in=True, name="Stella Seller", is_seller=True, basket_count=0, unread=12)


def call(
    service: str, framework: str, route: str, ms: float, status: int | None = 200, outcome: str = "ok"
) -> Some:
    file = f"services/{service}/src/{service}/web/products.py"
    return Some(
        service=service,
        framework=framework,
        method="GET",
        route=route,
        status=status,
        ms=ms,
        outcome=outcome,
        file=file,
        source_url=f"/source/{file}",
    )


anatomy = Some(
    total_ms=48.31,
    calls=[
        call("catalog", "Django + DRF", "/api/catalog/products", 21.42),
        call("catalog", "Django + DRF", "/api/catalog/sellers", 12.9),
        call("reviews", "Flask", "/api/reviews/summaries", 38.07),
        call("basket", "Sanic", "/api/basket/baskets/{id}", 4.2),
    ],
)
ailing = Some(
    total_ms=1012.9,
    calls=[
        call("catalog", "Django + DRF", "/api/catalog/products/{product_id}", 18.4),
        call("reviews", "Flask", "/api/reviews/products/{product_id}/summary", 1000.2, None, "timeout"),
        call("basket", "Sanic", "/api/basket/baskets/{id}", 2.1, 503, "failed"),
        call("identity", "Pyramid", "/api/identity/me", 6.0, 401, "refused"),
    ],
)


def surroundings(url: str, title: str = "", partial: bool = False, **other: Any) -> dict[str, Any]:
    plain = {
        "visitor": visitor(basket_count=2),
        "categories": categories,
        "missing": [],
        "counted": True,
        "flashes": [],
        "anatomy": anatomy,
        "page": Some(
            title=title,
            description="An online market where every stall's goods come to one basket.",
            url=url,
            partial=partial,
            route="/products/{product_id}",
        ),
    }
    return plain | other


def line(sku: str, quantity: int = 1, status: str = "ok", note: str | None = None, **other: Any) -> Some:
    made = card(sku)
    return Some(
        **(
            {
                "product_id": made.id,
                "name": made.name,
                "url": made.url,
                "picture_url": made.picture_url,
                "stall_name": made.stall_name,
                "stall_url": made.stall_url,
                "quantity": quantity,
                "unit_price_minor": made.price_minor,
                "line_total_minor": made.price_minor * quantity,
                "was_price_minor": None,
                "available": made.available,
                "status": status,
                "note": note,
            }
            | other
        )
    )


def basket(*lines: Some, buyable: bool = True, changes: tuple[str, ...] = ()) -> Some:
    total = sum(each.line_total_minor for each in lines if each.status != "unavailable")
    return Some(
        id="0b5f",
        version=7,
        lines=list(lines),
        total_minor=total,
        tax_minor=total * 16 // 119,
        currency="EUR",
        item_count=sum(each.quantity for each in lines),
        buyable=buyable,
        changes=list(changes),
    )


full_basket = basket(line("CK-213", 2), line("PL-101"), line(LONG), line("RS-815", 1))
changed_basket = basket(
    line("CK-213", 2, "price_changed", "The price changed since you put it in.", was_price_minor=850),
    line("CK-209", 6, "short", "Only 3 left: please take fewer.", available=3),
    line("SD-605", 1, "out_of_stock", "Sold out for now.", available=0),
    line(LONG, 1, "unavailable", "Not on sale any more.", available=None),
    buyable=False,
    changes=("Hōjicha now costs €9.20; it was €8.50.", f"{card(LONG).name} is not on sale any more."),
)

FILTERS = {"q": "", "category": "", "seller": "", "min": "", "max": "", "in_stock": "", "sort": "newest"}
SORTS = [
    ("newest", "Newest first"),
    ("price", "Lowest price first"),
    ("-price", "Highest price first"),
    ("name", "By name"),
]
SELLERS = [Some(slug=s.slug, name=s.name) for s in stalls]


def results(url: str, heading: str, **other: Any) -> dict[str, Any]:
    plain = {
        "kind": "search",
        "heading": heading,
        "intro": "",
        "stall": None,
        "category": None,
        "filters": form(**FILTERS),
        "sorts": SORTS,
        "sellers": SELLERS,
        "items": picks + newest,
        "next_url": f"{url.split('?', maxsplit=1)[0]}?cursor=abc",
        "total_known": False,
    }
    return surroundings(url, heading) | plain | other


def review(number: int, rating: int, title: str, body: str, author: str, mine: bool = False) -> Some:
    return Some(
        id=f"r{number}",
        rating=rating,
        title=title,
        body=body,
        author_name=author,
        mine=mine,
        status="published",
        created_at=NOON - timedelta(days=number * 9),
    )


REVIEWS = Some(
    summary=Some(
        count=31,
        average=4.48,
        histogram={5: 19, 4: 9, 3: 2, 2: 1, 1: 0},
        shares={5: 61, 4: 29, 3: 6, 2: 3, 1: 0},
    ),
    items=[
        review(
            1,
            5,
            "The one for after supper",
            "Toast, a little caramel, no bitterness whatever I did to it. I keep the tin "
            "next to the stove; the second 100 g are on their way.",
            "Ada O.",
        ),
        review(2, 4, "Good, and quick to be packed", "", "Bruno", mine=True),
        review(
            3,
            2,
            "Not my cup",
            "Smells better than it tastes. My aunt took it and is delighted, so it did find a home; "
            "I shall stay with the Keemun, which is everything this is not.",
            "Dinara",
        ),
    ],
    next_url="/products/x/reviews?cursor=abc",
)
NO_REVIEWS = Some(
    summary=Some(
        count=0, average=None, histogram=dict.fromkeys(range(1, 6), 0), shares=dict.fromkeys(range(1, 6), 0)
    ),
    items=[],
    next_url=None,
)


QUESTION = form(body="", client_message_id="3b0c7b52-8c4e-4f7e-9a51-5c2d9d0e6a11")


def product(sku: str, title: str = "", **other: Any) -> dict[str, Any]:
    shown = other.pop("product", card(sku, 4.48, 31))
    seller = next(s for s in stalls if s.name == _PRODUCTS[sku][0]["name"])
    plain = {
        "product": shown,
        "form": form(quantity="1"),
        "reviews": REVIEWS,
        "my": None,
        "review_form": form(rating="", title="", body="", author_name=""),
        "ask_form": QUESTION,
        "more": [card(p["sku"], 4.1, 6) for p in _PRODUCTS[sku][0]["products"][4:8]],
        "stall": seller,
    }
    return surroundings(shown.url, shown.name) | plain | other
