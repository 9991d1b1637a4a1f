"""catalog: one stall with two products."""

from tests.unit.collaborators.goods import CATEGORY, STALL
from tests.unit.collaborators.market import Answer, Collaborators, Request, listed, refusal, route, unknown


@route("GET", "/api/catalog/products")
def products(market: Collaborators, request: Request) -> Answer:
    if request.query.get("cursor") == "broken":
        errors = [{"field": "cursor", "code": "invalid", "message": "it cannot be read"}]
        return refusal("validation-failed", errors=errors)
    words = request.query.get("search", "").lower()
    found = [each for each in market.products.values() if words in each["name"].lower()]
    return listed(found, "more" if len(found) > 1 and "cursor" not in request.query else None)


@route("GET", "/api/catalog/products/batch")
def batch(market: Collaborators, request: Request) -> Answer:
    ids = request.query["ids"].split(",")
    known = [market.products[each] for each in ids if each in market.products]
    missing = [each for each in ids if each not in market.products]
    return Answer(200, {"items": known, "next_cursor": None, "missing": missing})


@route("GET", "/api/catalog/products/{id}")
def one_product(market: Collaborators, request: Request) -> Answer:
    found = market.products.get(request.names["id"])
    return Answer(200, found) if found else refusal("not-found")


@route("GET", "/api/catalog/categories")
def categories(market: Collaborators, request: Request) -> Answer:
    return listed([CATEGORY])


@route("GET", "/api/catalog/sellers")
def sellers(market: Collaborators, request: Request) -> Answer:
    return listed([STALL])


@route("GET", "/api/catalog/sellers/mine")
def my_sellers(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    return listed([{name: each[name] for name in ("id", "slug", "name")} for each in market.works_for])


@route("GET", "/api/catalog/sellers/{slug}")
def seller(market: Collaborators, request: Request) -> Answer:
    return Answer(200, STALL) if request.names["slug"] == STALL["slug"] else refusal("not-found")
