"""Each template in its states: whole, empty, failing.

`PAGES` is (name of the state, template, context); names are what previews and failing tests are called.
"""

from pathlib import Path
from types import SimpleNamespace as Some
from typing import Any

from tests.look.figures import FIGURES, TRENDING
from tests.look.goods import (
    FILTERS,
    LONG,
    MARKET,
    NO_REVIEWS,
    OLGA,
    SAM,
    ailing,
    basket,
    card,
    categories,
    changed_basket,
    form,
    full_basket,
    newest,
    picks,
    product,
    results,
    review,
    stall,
    stalls,
    surroundings,
    visitor,
)
from tests.look.orders import ADDRESS, DECLINED, ORDERS, SHIPPED, UNDERWAY, checkout, journey, order
from tests.look.talks import TALKS


def error(status: int, kind: str, title: str, detail: str, **other: Any) -> dict[str, Any]:
    return (
        surroundings("/products/none", title)
        | {
            "status": status,
            "title": title,
            "detail": detail,
            "kind": kind,
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "readable": True,
        }
        | other
    )


SERVICES = [
    Some(
        name="catalog",
        framework="Django + DRF",
        role="Stalls, products, prices, the back office",
        why="The admin is half the work.",
        source_url="/source/services/catalog/README.md",
    ),
    Some(
        name="basket",
        framework="Sanic + Tortoise ORM",
        role="Baskets of guests and members",
        why="Many small writes.",
        source_url="/source/services/basket/README.md",
    ),
    Some(
        name="orders",
        framework="FastAPI",
        role="Orders, the checkout saga",
        why="Typed to the edge.",
        source_url="/source/services/orders/README.md",
    ),
]
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
    (
        "home",
        "home.html",
        surroundings("/") | {"stalls": stalls, "newest": newest, "picks": picks, "trending": TRENDING},
    ),
    (
        "home-no-reviews",
        "home.html",
        surroundings("/", missing=["reviews"], anatomy=ailing, flashes=TOLD)
        | {"stalls": stalls[:3], "newest": newest, "picks": [], "trending": []},
    ),
    (
        "home-empty",
        "home.html",
        surroundings("/", categories=[], missing=["catalog"], anatomy=NO_ANSWER)
        | {"stalls": [], "newest": [], "picks": [], "trending": []},
    ),
    ("stalls", "stalls.html", surroundings("/stalls", "The stalls", visitor=OLGA) | {"stalls": stalls}),
    (
        "stalls-few-pictures",
        "stalls.html",
        surroundings("/stalls", "The stalls") | {"stalls": [stall(MAPS, n) for n in (0, 1, 2, 3)]},
    ),
    ("stalls-empty", "stalls.html", surroundings("/stalls", "The stalls") | {"stalls": []}),
    ("search", "products.html", results("/search?q=tea", "“tea”", filters=form(**(FILTERS | {"q": "tea"})))),
    (
        "search-wrong",
        "products.html",
        results(
            "/search?min=x",
            "Everything",
            filters=form({"min": "Please give a price such as 12.50."}, **(FILTERS | {"min": "x"})),
        ),
    ),
    (
        "search-nothing",
        "products.html",
        results(
            "/search?q=zeppelin",
            "“zeppelin”",
            items=[],
            next_url=None,
            filters=form(**(FILTERS | {"q": "zeppelin"})),
        ),
    ),
    (
        "category",
        "products.html",
        results(
            "/categories/maps",
            "Old maps",
            kind="category",
            category=categories[3],
            intro="27 of them, from the world as it was believed to be.",
        ),
    ),
    (
        "stall",
        "products.html",
        results(
            "/stalls/meridian-maps",
            "Meridian Old Maps",
            kind="stall",
            stall=stall(MAPS),
            items=picks[:3],
            next_url=None,
        ),
    ),
    (
        "results-fragment",
        "_results.html",
        results("/search", "Everything")
        | {"page": Some(title="", description="", url="/search", partial=True, route=None)},
    ),
    ("product", "product.html", product("CK-213")),
    (
        "product-mine",
        "product.html",
        product(
            "PL-101",
            visitor=SAM,
            my=Some(may_review=True, reason=None, review=None),
            flashes=GOOD,
            review_form=form(
                {"rating": "Please choose one to five stars.", "title": "Please say it in a line."},
                rating="",
                title="",
                body="Well bound.",
                author_name="Sam",
            ),
        ),
    ),
    (
        "product-asked",
        "product.html",
        product(
            "RS-813",
            visitor=SAM,
            ask_form=form({"body": "Please write something."}, body="", client_message_id="3b0c"),
        ),
    ),
    (
        "product-reviewed",
        "product.html",
        product(
            "RS-813",
            visitor=SAM,
            my=Some(
                may_review=False,
                reason="already_reviewed",
                review=review(2, 4, "A wave worth the sky", "", "Sam", mine=True),
            ),
        ),
    ),
    (
        "product-not-bought",
        "product.html",
        product(
            LONG,
            visitor=SAM,
            product=card(LONG),
            reviews=NO_REVIEWS,
            my=Some(may_review=False, reason="not_bought", review=None),
        ),
    ),
    (
        "product-out",
        "product.html",
        product(
            "SD-605",
            product=card("SD-605", 3.5, 2, available=0),
            form=form({"": "It was sold out a moment ago."}, quantity="2"),
        ),
    ),
    (
        "product-bare",
        "product.html",
        product(
            "CK-209",
            product=card(
                "CK-209",
                picture_url=None,
                stall_name=None,
                stall_url=None,
                category_name=None,
                availability="unknown",
                available=None,
                tax_percent=None,
            ),
            reviews=None,
            more=[],
            stall=None,
            missing=["reviews", "stock"],
            anatomy=ailing,
        ),
    ),
    (
        "reviews-fragment",
        "_reviews.html",
        product("CK-213")
        | {"page": Some(title="", description="", url="/products/x", partial=True, route=None)},
    ),
    ("basket", "basket.html", surroundings("/basket", "Your basket") | {"basket": full_basket}),
    (
        "basket-changed",
        "basket.html",
        surroundings("/basket", "Your basket", flashes=TOLD[1:2]) | {"basket": changed_basket},
    ),
    (
        "basket-empty",
        "basket.html",
        surroundings("/basket", "Your basket", visitor=visitor()) | {"basket": basket(buyable=False)},
    ),
    (
        "basket-away",
        "basket.html",
        surroundings("/basket", "Your basket", visitor=visitor(), missing=["basket"], anatomy=ailing)
        | {"basket": None},
    ),
    (
        "basket-fragment",
        "_basket.html",
        surroundings("/basket", partial=True, flashes=GOOD) | {"basket": full_basket},
    ),
    ("added-fragment", "_oob.html", surroundings("/basket/lines", partial=True, flashes=GOOD)),
    ("checkout", "checkout.html", checkout()),
    (
        "checkout-wrong",
        "checkout.html",
        checkout(
            form=form(
                {"": "The order could not be placed yet."} | WRONG_ADDRESS,
                **(ADDRESS | {"line1": "", "postal_code": ""}),
                card="",
            )
        ),
    ),
    (
        "checkout-changed",
        "checkout.html",
        checkout(
            basket=changed_basket,
            problem=Some(title="Your basket has changed", changes=changed_basket.changes),
        ),
    ),
    (
        "checkout-sign-up",
        "checkout.html",
        checkout(
            visitor=visitor(basket_count=5),
            account=Some(mode="sign-up", form=form(email="", display_name="")),
        ),
    ),
    (
        "checkout-sign-in",
        "checkout.html",
        checkout(
            visitor=visitor(basket_count=5),
            account=Some(
                mode="sign-in",
                form=form({"": "That e-mail and password do not go together."}, email="sam@bazaar.example"),
            ),
        ),
    ),
    ("checkout-empty", "checkout.html", checkout(basket=basket(buyable=False))),
    ("checkout-away", "checkout.html", checkout(basket=None, missing=["basket"])),
    ("sign-in", "sign_in.html", surroundings("/sign-in", "Sign in") | {"form": form(email=""), "next": ""}),
    (
        "sign-in-wrong",
        "sign_in.html",
        surroundings("/sign-in", "Sign in")
        | {
            "form": form({"": "That e-mail and password do not go together."}, email="sam@bazaar.example"),
            "next": "/orders",
        },
    ),
    (
        "sign-up",
        "sign_up.html",
        surroundings("/sign-up", "Open an account")
        | {
            "form": form(
                {
                    "email": "There is an account with this e-mail.",
                    "password": "Twelve characters or more, please.",
                },
                email="sam@bazaar.example",
                display_name="Sam",
            ),
            "next": "/checkout",
        },
    ),
    (
        "orders",
        "orders.html",
        surroundings("/orders", "Your orders", visitor=SAM)
        | {"orders": ORDERS, "next_url": "/orders?cursor=abc"},
    ),
    (
        "orders-empty",
        "orders.html",
        surroundings("/orders", "Your orders", visitor=SAM) | {"orders": [], "next_url": None},
    ),
    *TALKS,
    *FIGURES,
    ("order-underway", "order.html", UNDERWAY),
    ("order-shipped", "order.html", SHIPPED),
    ("order-delivered", "order.html", order("delivered", "Delivered", "good", journey(*["done"] * 5), True)),
    ("order-declined", "order.html", DECLINED),
    ("progress-fragment", "_progress.html", UNDERWAY),
    (
        "progress-fragment-shipped",
        "_progress.html",
        SHIPPED | {"page": Some(title="", description="", url="/orders/x", partial=True, route=None)},
    ),
    ("count-fragment", "_count.html", surroundings("/basket/count", partial=True)),
    (
        "error-not-found",
        "error.html",
        error(
            404,
            "not_found",
            "That is not on this map",
            "Nothing stands at this address. It may have been sold, or never been there.",
        ),
    ),
    (
        "error-unavailable",
        "error.html",
        error(
            503,
            "unavailable",
            "The stall is closed for a moment",
            "The catalog does not answer. It is usually back within a minute.",
            anatomy=ailing,
        ),
    ),
    (
        "error-forbidden",
        "error.html",
        error(403, "forbidden", "Not yours to see", "This belongs to somebody else."),
    ),
    (
        "error-bad-request",
        "error.html",
        error(
            400,
            "bad_request",
            "That form has been lying about",
            "It was made too long ago. Go back, reload and send it again.",
            trace_id="",
        ),
    ),
    ("error", "error.html", error(500, "error", "Something broke", "It was us, not you.", categories=[])),
    (
        "colophon",
        "colophon.html",
        surroundings("/about", "How this market is made") | {"services": SERVICES},
    ),
]


def source() -> tuple[str, str, dict[str, Any]]:
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = Path(__file__).read_text()
    code = Markup(highlight(text, PythonLexer(), HtmlFormatter(cssclass="highlight", wrapcode=True)))
    path = "services/storefront/tests/look/examples.py"
    return (
        "source",
        "source.html",
        surroundings(f"/source/{path}", path) | {"path": path, "code": code, "lines": len(text.splitlines())},
    )


PAGES.append(source())
