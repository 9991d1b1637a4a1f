"""insights: an hour of one stall, whatever a test says was sold in it."""

from datetime import UTC, datetime, timedelta

from tests.unit.collaborators.goods import STALL
from tests.unit.collaborators.market import Answer, Collaborators, Request, listed, refusal, route, unknown

BEGINNING = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_SEALED = 55


def trend(product_id: str, views: int = 9, adds: int = 3, buys: int = 1) -> dict[str, object]:
    return {"product_id": product_id, "score": 20.0, "views": views, "adds": adds, "buys": buys}


@route("GET", "/api/insights/trending")
def trending(market: Collaborators, request: Request) -> Answer:
    return Answer(200, {"items": market.trending, "window_seconds": 3600, "as_of": _written(BEGINNING)})


@route("GET", "/api/insights/sellers/{seller_id}/revenue")
def revenue(market: Collaborators, request: Request) -> Answer:
    if request.token is None:
        return unknown()
    if request.names["seller_id"] != STALL["id"]:
        return refusal("not-found")
    count = int(request.query["minutes"])
    orders = sum(orders for orders, _ in market.sold.values())
    return Answer(
        200,
        {
            "seller_id": STALL["id"],
            "currency": "EUR",
            "as_of": _written(BEGINNING + timedelta(minutes=count)),
            "sealed_before": _written(BEGINNING + timedelta(minutes=_SEALED)),
            "minutes": [
                {
                    "minute": _written(BEGINNING + timedelta(minutes=number)),
                    "orders": market.sold.get(number, (0, 0))[0],
                    "revenue_minor": market.sold.get(number, (0, 0))[1],
                }
                for number in range(count)
            ],
            "total": {"orders": orders, "revenue_minor": sum(minor for _, minor in market.sold.values())},
        },
    )


@route("GET", "/api/insights/funnel")
def funnel(market: Collaborators, request: Request) -> Answer:
    shares = {"view": 1.0, "search": 0.5, "add": 0.25, "buy": 0.1}
    steps = [{"step": step, "sessions": int(200 * share), "share": share} for step, share in shares.items()]
    return Answer(200, {"hours": 24, "steps": steps, "as_of": _written(BEGINNING)})


@route("GET", "/api/insights/baskets/abandoned")
def abandoned(market: Collaborators, request: Request) -> Answer:
    return Answer(200, {"open": 12, "abandoned": 3, "abandoned_value_minor": 12345, "currency": "EUR"})


@route("GET", "/api/insights/alerts")
def alerts(market: Collaborators, request: Request) -> Answer:
    return listed(market.alerts)


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
