"""What the templates may be given, in the shapes the app gives it: whole, empty, failing. Goods are the demo market's.

`PAGES` is (name of the state, template, context); names are what previews and failing tests are called.
"""

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
    made = dict(
        id=product["id"],
        name=product["name"],
        url=f"/products/{product['id']}",
        price_minor=product["price_minor"],
        currency="EUR",
        stall_name=seller["name"],
        stall_url=f"/stalls/{seller['slug']}",
        category_name=_NAMES[product["category"]],
        category_url=f"/categories/{product['category']}",
        picture_url=f"/pictures/{sku}.svg",
        availability="out" if left == 0 else "few" if (left or 9) < 5 else "in_stock",
        available=left,
        rating=Some(average=average, count=count) if count else None,
        description=product["description"],
        sku=sku,
        tax_percent=7,
    )
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
    card("MM-301", 4.8, 12), card("CK-213", 4.5, 31), card("RS-813", 4.67, 9), card("KS-501", 5.0, 3),
    card("WW-401", 4.4, 8), card(LONG, 4.9, 128), card("PL-101", 4.25, 20), card("SD-601", 3.9, 7),
]  # fmt: skip
newest = [
    card("PM-701"), card("CK-209", 4.0, 1), card("RS-802", 4.3, 4), card("SD-605", available=0),
    card("WW-410"), card("PL-115", 3.5, 2), card("KS-513"), card("MM-305", picture_url=None, availability="unknown", available=None),
]  # fmt: skip


def form(errors: dict[str, str] | None = None, **values: str) -> Some:
    return Some(values=values, errors=errors or {})


def visitor(**other: Any) -> Some:
    plain = dict(signed_in=False, name=None, is_operator=False, is_seller=False, basket_count=None)
    return Some(**(plain | other))


SAM = visitor(signed_in=True, name="Sam Shopper", basket_count=5)
OLGA = visitor(signed_in=True, name="Olga Operator", is_operator=True, basket_count=0)


def call(
    service: str, framework: str, route: str, ms: float, status: int | None = 200, outcome: str = "ok"
) -> Some:
    file = f"services/{service}/src/{service}/web/products.py"
    return Some(
        service=service, framework=framework, method="GET", route=route, status=status, ms=ms, outcome=outcome,
        file=file, source_url=f"/source/{file}",
    )  # fmt: skip


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
        "flashes": [],
        "anatomy": anatomy,
        "page": Some(title=title, description="An online market where every stall's goods come to one basket.",
                     url=url, partial=partial),
    }  # fmt: skip
    return plain | other


def line(sku: str, quantity: int = 1, status: str = "ok", note: str | None = None, **other: Any) -> Some:
    made = card(sku)
    return Some(**(dict(
        product_id=made.id, name=made.name, url=made.url, picture_url=made.picture_url, stall_name=made.stall_name,
        stall_url=made.stall_url, quantity=quantity, unit_price_minor=made.price_minor,
        line_total_minor=made.price_minor * quantity, was_price_minor=None, available=made.available, status=status,
        note=note,
    ) | other))  # fmt: skip


def basket(*lines: Some, buyable: bool = True, changes: tuple[str, ...] = ()) -> Some:
    total = sum(each.line_total_minor for each in lines if each.status != "unavailable")
    return Some(
        id="0b5f", version=7, lines=list(lines), total_minor=total, tax_minor=total * 16 // 119, currency="EUR",
        item_count=sum(each.quantity for each in lines), buyable=buyable, changes=list(changes),
    )  # fmt: skip


full_basket = basket(line("CK-213", 2), line("PL-101"), line(LONG), line("RS-815", 1))
changed_basket = basket(
    line("CK-213", 2, "price_changed", "The price changed since you put it in.", was_price_minor=850),
    line("CK-209", 6, "short", "Only 3 left: please take fewer.", available=3),
    line("SD-605", 1, "out_of_stock", "Sold out for now.", available=0),
    line(LONG, 1, "unavailable", "Not on sale any more.", available=None),
    buyable=False,
    changes=("Hōjicha now costs €9.20; it was €8.50.", f"{card(LONG).name} is not on sale any more."),
)

FILTERS = dict(q="", category="", seller="", min="", max="", in_stock="", sort="newest")
SORTS = [
    ("newest", "Newest first"),
    ("price", "Lowest price first"),
    ("-price", "Highest price first"),
    ("name", "By name"),
]
SELLERS = [Some(slug=s.slug, name=s.name) for s in stalls]


def results(url: str, heading: str, **other: Any) -> dict[str, Any]:
    plain = dict(
        kind="search", heading=heading, intro="", stall=None, category=None, filters=form(**FILTERS), sorts=SORTS,
        sellers=SELLERS, items=picks + newest, next_url=f"{url.split('?')[0]}?cursor=abc", total_known=False,
    )  # fmt: skip
    return surroundings(url, heading) | plain | other


def review(number: int, rating: int, title: str, body: str, author: str, mine: bool = False) -> Some:
    return Some(id=f"r{number}", rating=rating, title=title, body=body, author_name=author, mine=mine, status="published",
                created_at=NOON - timedelta(days=number * 9))  # fmt: skip


REVIEWS = Some(
    summary=Some(count=31, average=4.48, histogram={5: 19, 4: 9, 3: 2, 2: 1, 1: 0}, shares={5: 61, 4: 29, 3: 6, 2: 3, 1: 0}),
    items=[
        review(1, 5, "The one for after supper", "Toast, a little caramel, no bitterness whatever I did to it. I keep the tin "
               "next to the stove; the second 100 g are on their way.", "Ada O."),
        review(2, 4, "Good, and quick to be packed", "", "Bruno", mine=True),
        review(3, 2, "Not my cup", "Smells better than it tastes. My aunt took it and is delighted, so it did find a home; "
               "I shall stay with the Keemun, which is everything this is not.", "Dinara"),
    ],
    next_url="/products/x/reviews?cursor=abc",
)  # fmt: skip
NO_REVIEWS = Some(summary=Some(count=0, average=None, histogram=dict.fromkeys(range(1, 6), 0),
                               shares=dict.fromkeys(range(1, 6), 0)), items=[], next_url=None)  # fmt: skip


def product(sku: str, title: str = "", **other: Any) -> dict[str, Any]:
    shown = other.pop("product", card(sku, 4.48, 31))
    seller = next(s for s in stalls if s.name == _PRODUCTS[sku][0]["name"])
    plain = dict(product=shown, form=form(quantity="1"), reviews=REVIEWS, my=None,
                 review_form=form(rating="", title="", body="", author_name=""),
                 more=[card(p["sku"], 4.1, 6) for p in _PRODUCTS[sku][0]["products"][4:8]], stall=seller)  # fmt: skip
    return surroundings(shown.url, shown.name) | plain | other


ADDRESS = dict(
    name="Sam Shopper", line1="Am Speicher XI 8", line2="", postal_code="28217", city="Bremen", country="DE"
)
COUNTRIES = [("AT", "Austria"), ("DE", "Germany"), ("FR", "France"), ("SE", "Sweden")]
CARDS = [
    ("tok_ok", "A card that pays", "The order goes through."),
    ("tok_declined", "A card that is declined", "The saga takes back what it reserved."),
    ("tok_slow", "A card whose bank is slow", "Watch the steps wait, and time not run out."),
]


def checkout(**other: Any) -> dict[str, Any]:
    plain = dict(basket=full_basket, form=form(**ADDRESS, card=""), countries=COUNTRIES, cards=CARDS,
                 idempotency_key="3f1c", problem=None)  # fmt: skip
    return surroundings("/checkout", "Check out", visitor=SAM) | plain | other


def step(
    key: str,
    label: str,
    service: str,
    framework: str,
    state: str = "done",
    ms: int | None = None,
    detail: str = "",
) -> Some:
    return Some(key=key, label=label, service=service, framework=framework, state=state, ms=ms, detail=detail or None,
                source_url=f"/source/services/{service}/{key}.py")  # fmt: skip


def journey(*states: str) -> list[Some]:
    """States of the five steps, then of those that take something back."""
    plan = [
        ("place", "Order written down", "orders", "FastAPI", 9, ""),
        ("reserve", "Goods set aside at four stalls", "fulfillment", "Nameko", 41, ""),
        ("authorize", "Money set aside on the card", "fulfillment", "Nameko", 388, "Asked 2 times."),
        ("book", "Parcels booked", "fulfillment", "Nameko", 35, ""),
        ("capture", "Card charged", "fulfillment", "Nameko", 120, ""),
        ("release", "Goods put back", "fulfillment", "Nameko", 22, ""),
    ]
    made = []
    for (key, label, service, framework, ms, detail), state in zip(plan, states, strict=False):
        if state == "failed":
            detail = "The card was declined."
        timed = ms if state in ("done", "failed", "undone") else None
        made.append(step(key, label, service, framework, state, timed, detail))
    return made


def order(status: str, label: str, tone: str, steps: list[Some], ended: bool, **other: Any) -> dict[str, Any]:
    lines = [Some(name=each.name, url=each.url, picture_url=each.picture_url, quantity=each.quantity,
                  unit_price_minor=each.unit_price_minor, line_total_minor=each.line_total_minor,
                  may_review=status == "delivered") for each in full_basket.lines]  # fmt: skip
    parcels = [
        Some(stall_name=name, status="in_transit", status_label="On its way", tracking_code=f"BZ{n}0417733DE")
        for n, name in enumerate(["Camellia & Kettle", "The Paper Lantern", "Meridian Old Maps"])
    ]
    shown = dict(id="9f2c", number="9F2C-61A0", status=status, status_label=label, tone=tone, reason_text=None,
                 total_minor=full_basket.total_minor, tax_minor=full_basket.tax_minor, currency="EUR", created_at=NOON,
                 lines=lines, parcels=parcels if ended and tone == "good" else [], address=Some(**(ADDRESS | {"line2": None})),
                 can_cancel=not ended, ended=ended)  # fmt: skip
    return surroundings("/orders/9f2c", "Order 9F2C-61A0", visitor=SAM) | {
        "order": Some(**(shown | other)), "steps": steps, "stream_url": None if ended else "/orders/9f2c/stream",
    }  # fmt: skip


UNDERWAY = order(
    "pending",
    "On its way through the market",
    "wait",
    journey("done", "done", "now", "waiting", "waiting"),
    False,
)
SHIPPED = order("shipped", "Shipped", "good", journey("done", "done", "done", "done", "done"), True)
DECLINED = order("cancelled", "Cancelled", "bad", journey("done", "undone", "failed", "waiting", "waiting", "done"), True,
                 reason_text="The card was declined. Nothing was charged, and the goods are back on their tables.")  # fmt: skip
ORDERS = [
    Some(id="9f2c", number="9F2C-61A0", url="/orders/9f2c", status="pending", status_label="On its way through the market",
         tone="wait", total_minor=11330, currency="EUR", created_at=NOON, pictures=[each.picture_url for each in full_basket.lines],
         summary=f"Hōjicha, Pride and Prejudice, {card(LONG).name} and 1 more"),
    Some(id="77ab", number="77AB-0C12", url="/orders/77ab", status="delivered", status_label="Delivered", tone="good",
         total_minor=2900, currency="EUR", created_at=NOON - timedelta(days=30), pictures=["/pictures/RS-813.svg"], summary=card("RS-813").name),
    Some(id="1d00", number="1D00-4E7F", url="/orders/1d00", status="cancelled", status_label="Cancelled", tone="bad",
         total_minor=7900, currency="EUR", created_at=NOON - timedelta(days=70), pictures=[], summary="Tournament Chess Set"),
]  # fmt: skip


def error(status: int, kind: str, title: str, detail: str, **other: Any) -> dict[str, Any]:
    return surroundings("/products/none", title) | dict(status=status, title=title, detail=detail, kind=kind,
                                                        trace_id="4bf92f3577b34da6a3ce929d0e0e4736") | other  # fmt: skip


SERVICES = [
    Some(name="catalog", framework="Django + DRF", role="Stalls, products, prices, the back office", why="The admin is half the work.", source_url="/source/services/catalog/README.md"),
    Some(name="basket", framework="Sanic + Tortoise ORM", role="Baskets of guests and members", why="Many small writes.", source_url="/source/services/basket/README.md"),
    Some(name="orders", framework="FastAPI", role="Orders, the checkout saga", why="Typed to the edge.", source_url="/source/services/orders/README.md"),
]  # fmt: skip
WRONG_ADDRESS = {
    "line1": "Please say where to.",
    "postal_code": "Please say which.",
    "card": "Please choose one.",
}
GOOD = [Some(kind="good", text="Hōjicha is in your basket.")]
TOLD = [
    *GOOD,
    Some(kind="bad", text="The basket was changed elsewhere; this is what is in it now."),
    Some(kind="info", text="You are signed in."),
]
MAPS = MARKET["sellers"][2]
NO_ANSWER = Some(total_ms=0.4, calls=[])

PAGES: list[tuple[str, str, dict[str, Any]]] = [
    ("home", "home.html", surroundings("/") | dict(stalls=stalls, newest=newest, picks=picks)),
    ("home-no-reviews", "home.html", surroundings("/", missing=["reviews"], anatomy=ailing, flashes=TOLD)
     | dict(stalls=stalls[:3], newest=newest, picks=[])),
    ("home-empty", "home.html", surroundings("/", categories=[], missing=["catalog"], anatomy=NO_ANSWER) | dict(stalls=[], newest=[], picks=[])),
    ("stalls", "stalls.html", surroundings("/stalls", "The stalls", visitor=OLGA) | dict(stalls=stalls)),
    ("stalls-few-pictures", "stalls.html", surroundings("/stalls", "The stalls") | dict(stalls=[stall(MAPS, n) for n in (0, 1, 2, 3)])),
    ("stalls-empty", "stalls.html", surroundings("/stalls", "The stalls") | dict(stalls=[])),
    ("search", "products.html", results("/search?q=tea", "“tea”", filters=form(**(FILTERS | {"q": "tea"})))),
    ("search-wrong", "products.html", results("/search?min=x", "Everything", filters=form({"min": "Please give a price such as 12.50."}, **(FILTERS | {"min": "x"})))),
    ("search-nothing", "products.html", results("/search?q=zeppelin", "“zeppelin”", items=[], next_url=None, filters=form(**(FILTERS | {"q": "zeppelin"})))),
    ("category", "products.html", results("/categories/maps", "Old maps", kind="category", category=categories[3], intro="27 of them, from the world as it was believed to be.")),
    ("stall", "products.html", results("/stalls/meridian-maps", "Meridian Old Maps", kind="stall", stall=stall(MAPS), items=picks[:3], next_url=None)),
    ("results-fragment", "_results.html", results("/search", "Everything") | dict(page=Some(title="", description="", url="/search", partial=True))),
    ("product", "product.html", product("CK-213")),
    ("product-mine", "product.html", product("PL-101", visitor=SAM, my=Some(may_review=True, reason=None, review=None), flashes=GOOD,
     review_form=form({"rating": "Please choose one to five stars.", "title": "Please say it in a line."}, rating="", title="", body="Well bound.", author_name="Sam"))),
    ("product-reviewed", "product.html", product("RS-813", visitor=SAM, my=Some(may_review=False, reason="already_reviewed", review=review(2, 4, "A wave worth the sky", "", "Sam", mine=True)))),
    ("product-not-bought", "product.html", product(LONG, visitor=SAM, product=card(LONG), reviews=NO_REVIEWS, my=Some(may_review=False, reason="not_bought", review=None))),
    ("product-out", "product.html", product("SD-605", product=card("SD-605", 3.5, 2, available=0), form=form({"": "It was sold out a moment ago."}, quantity="2"))),
    ("product-bare", "product.html", product("CK-209", product=card("CK-209", picture_url=None, stall_name=None, stall_url=None, category_name=None, availability="unknown", available=None, tax_percent=None),
     reviews=None, more=[], stall=None, missing=["reviews", "stock"], anatomy=ailing)),
    ("reviews-fragment", "_reviews.html", product("CK-213") | dict(page=Some(title="", description="", url="/products/x", partial=True))),
    ("basket", "basket.html", surroundings("/basket", "Your basket") | dict(basket=full_basket)),
    ("basket-changed", "basket.html", surroundings("/basket", "Your basket", flashes=TOLD[1:2]) | dict(basket=changed_basket)),
    ("basket-empty", "basket.html", surroundings("/basket", "Your basket", visitor=visitor()) | dict(basket=basket(buyable=False))),
    ("basket-away", "basket.html", surroundings("/basket", "Your basket", visitor=visitor(), missing=["basket"], anatomy=ailing) | dict(basket=None)),
    ("basket-fragment", "_basket.html", surroundings("/basket", partial=True, flashes=GOOD) | dict(basket=full_basket)),
    ("added-fragment", "_oob.html", surroundings("/basket/lines", partial=True, flashes=GOOD)),
    ("checkout", "checkout.html", checkout()),
    ("checkout-wrong", "checkout.html", checkout(form=form({"": "The order could not be placed yet."} | WRONG_ADDRESS, **(ADDRESS | {"line1": "", "postal_code": ""}), card=""))),
    ("checkout-changed", "checkout.html", checkout(basket=changed_basket, problem=Some(title="Your basket has changed", changes=changed_basket.changes))),
    ("checkout-sign-up", "checkout.html", checkout(visitor=visitor(basket_count=5), account=Some(mode="sign-up", form=form(email="", display_name="")))),
    ("checkout-sign-in", "checkout.html", checkout(visitor=visitor(basket_count=5), account=Some(mode="sign-in", form=form({"": "That e-mail and password do not go together."}, email="sam@bazaar.example")))),
    ("checkout-empty", "checkout.html", checkout(basket=basket(buyable=False))),
    ("checkout-away", "checkout.html", checkout(basket=None, missing=["basket"])),
    ("sign-in", "sign_in.html", surroundings("/sign-in", "Sign in") | dict(form=form(email=""), next="")),
    ("sign-in-wrong", "sign_in.html", surroundings("/sign-in", "Sign in") | dict(form=form({"": "That e-mail and password do not go together."}, email="sam@bazaar.example"), next="/orders")),
    ("sign-up", "sign_up.html", surroundings("/sign-up", "Open an account") | dict(form=form({"email": "There is an account with this e-mail.", "password": "Twelve characters or more, please."}, email="sam@bazaar.example", display_name="Sam"), next="/checkout")),
    ("orders", "orders.html", surroundings("/orders", "Your orders", visitor=SAM) | dict(orders=ORDERS, next_url="/orders?cursor=abc")),
    ("orders-empty", "orders.html", surroundings("/orders", "Your orders", visitor=SAM) | dict(orders=[], next_url=None)),
    ("order-underway", "order.html", UNDERWAY),
    ("order-shipped", "order.html", SHIPPED),
    ("order-delivered", "order.html", order("delivered", "Delivered", "good", journey(*["done"] * 5), True)),
    ("order-declined", "order.html", DECLINED),
    ("progress-fragment", "_progress.html", UNDERWAY),
    ("error-not-found", "error.html", error(404, "not_found", "That is not on this map", "Nothing stands at this address. It may have been sold, or never been there.")),
    ("error-unavailable", "error.html", error(503, "unavailable", "The stall is closed for a moment", "The catalog does not answer. It is usually back within a minute.", anatomy=ailing)),
    ("error-forbidden", "error.html", error(403, "forbidden", "Not yours to see", "This belongs to somebody else.")),
    ("error-bad-request", "error.html", error(400, "bad_request", "That form has been lying about", "It was made too long ago. Go back, reload and send it again.", trace_id="")),
    ("error", "error.html", error(500, "error", "Something broke", "It was us, not you.", categories=[])),
    ("colophon", "colophon.html", surroundings("/about", "How this market is made") | dict(services=SERVICES)),
]  # fmt: skip


def source() -> tuple[str, str, dict[str, Any]]:
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = Path(__file__).read_text()
    code = Markup(
        highlight(text, PythonLexer(), HtmlFormatter(cssclass="highlight", wrapcode=True))
    )  # noqa: S704
    path = "services/storefront/tests/look/examples.py"
    return (
        "source",
        "source.html",
        surroundings(f"/source/{path}", path) | dict(path=path, code=code, lines=len(text.splitlines())),
    )


PAGES.append(source())
