"""Every route with every kind of token."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from gateway.tests.kit import Gateway, Market

ID = str(uuid4())
TOKENS = [
    "none",
    "shopper",
    "seller",
    "operator",
    "service",
    "no roles",
    "expired",
    "other_audience",
    "other_issuer",
    "unknown_kid",
    "foreign_key",
    "alg_none",
    "hs256_with_public_key",
    "no_token_at_all",
]
GOOD = TOKENS[1:6]
BAD = TOKENS[6:]
# who gets in; everybody else is told 401 without a token or with a bad one, 403 with a good one
ADMITTED = {
    "public": set(TOKENS),
    "optional": {"none", *GOOD},
    "user": set(GOOD),
    "seller": {"seller", "operator"},
    "operator": {"operator"},
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    service: str
    needs: str


ROUTES = [
    Route("GET", "/.well-known/jwks.json", "identity", "public"),
    Route("POST", "/api/identity/accounts", "identity", "public"),
    Route("POST", "/api/identity/sessions", "identity", "public"),
    Route("POST", "/api/identity/sessions/refresh", "identity", "public"),
    Route("POST", "/api/identity/oauth/token", "identity", "public"),
    Route("GET", "/api/identity/openapi.json", "identity", "public"),
    Route("GET", "/api/identity/docs", "identity", "public"),
    Route("GET", "/api/identity/sessions", "identity", "user"),
    Route("DELETE", "/api/identity/sessions/current", "identity", "user"),
    Route("DELETE", f"/api/identity/sessions/{ID}", "identity", "user"),
    Route("GET", "/api/identity/accounts/me", "identity", "user"),
    Route("DELETE", "/api/identity/accounts/me", "identity", "user"),
    Route("GET", f"/api/identity/accounts/{ID}", "identity", "user"),
    Route("POST", "/api/identity/sessions/ended", "identity", "user"),
    Route("GET", "/api/identity/something/new", "identity", "user"),
    Route("GET", "/api/identity/accounts?role=seller", "identity", "operator"),
    Route("PUT", f"/api/identity/accounts/{ID}/roles", "identity", "operator"),
    Route("GET", "/api/catalog/products?search=tea&limit=5", "catalog", "optional"),
    Route("HEAD", "/api/catalog/products", "catalog", "optional"),
    Route("GET", f"/api/catalog/products/{ID}", "catalog", "optional"),
    Route("GET", f"/api/catalog/pictures/{ID}", "catalog", "optional"),
    Route("GET", "/api/catalog/sellers/mine", "catalog", "optional"),
    Route("GET", f"/api/catalog/staff?seller_id={ID}", "catalog", "optional"),
    Route("GET", "/api/catalog/openapi.json", "catalog", "public"),
    Route("POST", "/api/catalog/products", "catalog", "seller"),
    Route("PATCH", f"/api/catalog/products/{ID}", "catalog", "seller"),
    Route("DELETE", f"/api/catalog/products/{ID}", "catalog", "seller"),
    Route("PUT", f"/api/catalog/products/{ID}/picture", "catalog", "seller"),
    Route("POST", "/api/orders", "orders", "user"),
    Route("GET", "/api/orders?status=pending", "orders", "user"),
    Route("GET", f"/api/orders/{ID}", "orders", "user"),
    Route("POST", f"/api/orders/{ID}/cancel", "orders", "user"),
    Route("GET", f"/api/orders/{ID}/journal", "orders", "user"),
    Route("GET", "/api/orders/openapi.json", "orders", "public"),
    Route("GET", "/api/orders/docs", "orders", "public"),
    Route("POST", "/api/orders/docs", "orders", "user"),
    Route("POST", "/api/basket/baskets", "basket", "optional"),
    Route("GET", f"/api/basket/baskets/{ID}?since=3", "basket", "optional"),
    Route("PUT", f"/api/basket/baskets/{ID}/lines/{ID}", "basket", "optional"),
    Route("GET", "/api/basket/baskets/mine", "basket", "user"),
    Route("POST", "/api/basket/baskets/mine/merge", "basket", "user"),
    Route("GET", "/api/basket/openapi.json", "basket", "public"),
    Route("GET", f"/api/reviews/products/{ID}?limit=5", "reviews", "optional"),
    Route("GET", f"/api/reviews/summaries?ids={ID}", "reviews", "optional"),
    Route("GET", "/api/reviews/mine", "reviews", "user"),
    Route("GET", f"/api/reviews/mine/products/{ID}", "reviews", "user"),
    Route("POST", f"/api/reviews/products/{ID}", "reviews", "user"),
    Route("PUT", f"/api/reviews/{ID}", "reviews", "user"),
    Route("DELETE", f"/api/reviews/{ID}", "reviews", "user"),
    Route("GET", "/api/reviews/openapi.json", "reviews", "public"),
    Route("GET", "/moderation/reviews", "reviews", "public"),
    # chat refuses strangers itself: pages come with a cookie
    Route("GET", "/api/chat/conversations?side=seller", "chat", "optional"),
    Route("POST", f"/api/chat/conversations/{ID}/messages", "chat", "optional"),
    Route("GET", f"/api/chat/conversations/{ID}/updates?after=3&wait=25", "chat", "optional"),
    Route("GET", "/api/chat/socket", "chat", "optional"),
    Route("GET", "/api/chat/openapi.json", "chat", "public"),
    Route("POST", "/api/clickstream", "clickstream", "public"),
    Route("GET", "/api/clickstream/openapi.json", "clickstream", "public"),
    Route("GET", "/api/insights/trending?limit=5", "insights", "public"),
    Route("GET", f"/api/insights/sellers/{ID}/revenue", "insights", "user"),
    Route("GET", "/api/insights/funnel", "insights", "operator"),
    Route("GET", "/api/insights/alerts?limit=5", "insights", "operator"),
    Route("GET", "/api/insights/openapi.json", "insights", "public"),
    Route("GET", "/", "storefront", "public"),
    Route("GET", "/search?q=tea", "storefront", "public"),
    Route("POST", "/basket/lines", "storefront", "public"),
    Route("POST", "/sign-in", "storefront", "public"),
    Route("GET", f"/orders/{ID}/events", "storefront", "public"),
    Route("GET", "/administrator", "storefront", "public"),
    Route("GET", "/admin/", "catalog", "public"),
    Route("POST", "/admin/login/?next=/admin/", "catalog", "public"),
    Route("GET", "/api/catalog/static/admin/css/base.css", "catalog", "optional"),
]


def authorization(market: Market, token: str) -> dict[str, str]:
    if token == "none":
        return {}
    if token == "no roles":
        return {"authorization": f"Bearer {market.forge.token(roles=())}"}
    if token in GOOD:
        return market.bearer(token)
    return {"authorization": f"Bearer {market.forge.bad_tokens()[token]}"}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path.replace(ID, 'id')}")
def test_a_route_lets_in_whom_it_should_and_nobody_else(
    gateway: Gateway, market: Market, route: Route, token: str
) -> None:
    headers = authorization(market, token)

    answer = gateway.client.request(route.method, route.path, headers=headers)

    if token in ADMITTED[route.needs]:
        assert answer.status_code == 200
        assert market.reached == [(route.service, route.method, route.path)]
        # the service verifies it again, so it must get it
        reached = next(
            r for r in market[route.service].seen if r.path == route.path and "user-agent" in r.headers
        )
        assert reached.headers.get("authorization") == headers.get("authorization")
    else:
        assert answer.status_code == (403 if token in GOOD else 401)
        assert market.reached == []


NOWHERE = [
    "/api",
    "/api/",
    "/api/identityx",
    "/api/ordersx",
    "/api/fulfillment",
    "/api/storefront",
    "/.well-known/openid-configuration",
    "/api/orders/../fulfillment",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_no_other_api_is_found_even_by_an_operator(gateway: Gateway, market: Market, path: str) -> None:
    answer = gateway.client.get(path, headers=market.bearer("operator"))

    assert answer.status_code == 404
    assert market.reached == []


@pytest.mark.parametrize(
    ("path", "means"),
    [
        ("/api/identity/x/../accounts", "/api/identity/accounts"),
        ("//api//identity//accounts", "/api/identity/accounts"),
        ("/api/identity/%61ccounts", "/api/identity/accounts"),
        ("/api/catalog/../identity/accounts", "/api/identity/accounts"),
    ],
)
def test_no_way_of_writing_a_path_goes_around_its_roles(
    gateway: Gateway, market: Market, path: str, means: str
) -> None:
    refused = raw_get(gateway, path, market.bearer("shopper"))
    let_in = raw_get(gateway, path, market.bearer("operator"))

    assert (refused, let_in) == (403, 200)
    assert market.reached == [("identity", "GET", means)]


def raw_get(gateway: Gateway, path: str, headers: dict[str, str]) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)  # sends the path as it is
    connection.request("GET", path, headers={"user-agent": "raw"} | headers)
    return connection.getresponse().status


@pytest.mark.parametrize("path", ["/api/identity%2faccounts", "/api/orders%5cx"])
def test_an_escaped_slash_is_refused(gateway: Gateway, market: Market, path: str) -> None:
    assert raw_get(gateway, path, market.bearer("operator")) == 400
    assert market.reached == []
