"""Who may read what, and how refusals look."""

import pytest

from bazaar_shared.problems import TYPE_PREFIX
from tests.component.conftest import Market
from tests.events import new_id

PRIVATE = ("/funnel", "/baskets/abandoned", "/alerts", f"/sellers/{new_id()}/revenue")


def slug(body: dict[str, str]) -> str:
    return body["type"].removeprefix(TYPE_PREFIX)


@pytest.mark.parametrize("path", PRIVATE)
def test_strangers_and_forgers_are_unauthenticated(busy: Market, path: str) -> None:
    [worker] = busy.workers
    assert worker.asked(path)[0] == 401
    for kind, token in busy.forge.bad_tokens().items():
        status, body = worker.asked(path, token)
        assert (status, slug(body)) == (401, "unauthenticated"), kind


def test_operators_pages_are_theirs_alone(busy: Market) -> None:
    [worker] = busy.workers
    for path in PRIVATE[:3]:
        status, body = worker.asked(path, busy.forge.token(roles=("shopper", "seller")))
        assert (status, slug(body)) == (403, "forbidden")
        assert worker.asked(path, busy.operator())[0] == 200


def test_a_sellers_numbers_are_for_those_who_work_there(busy: Market) -> None:
    [worker], mine, another = busy.workers, new_id(), new_id()
    token = busy.forge.token(roles=("seller",))
    busy.catalog.sellers, busy.catalog.asked = [mine], []
    assert worker.asked(f"/sellers/{mine}/revenue", token)[0] == 200
    assert worker.asked(f"/sellers/{another}/revenue", token)[0] == 404
    # asked once a minute, with the caller's own token
    assert busy.catalog.asked == ["/api/catalog/sellers/mine Bearer "]
    assert worker.asked(f"/sellers/{another}/revenue", busy.operator())[0] == 200
    assert worker.asked("/sellers/nonsense/revenue", busy.operator())[0] == 404


def test_a_catalog_that_is_away_is_a_503_and_not_remembered(busy: Market) -> None:
    [worker], mine = busy.workers, new_id()
    token = busy.forge.token(roles=("seller",))
    busy.catalog.sellers, busy.catalog.status = [mine], 500
    status, body = worker.asked(f"/sellers/{mine}/revenue", token)
    busy.catalog.status = 200
    assert (status, slug(body)) == (503, "unavailable")
    assert worker.asked(f"/sellers/{mine}/revenue", token)[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/trending?limit=0", 422, "validation-failed"),
        ("/trending?limit=51", 422, "validation-failed"),
        ("/trending?limit=%D9%A3", 422, "validation-failed"),
        ("/funnel?hours=169", 422, "validation-failed"),
        ("/baskets/abandoned?minutes=x", 422, "validation-failed"),
        ("/alerts?cursor=x", 400, "invalid-cursor"),
        ("/nothing", 404, "not-found"),
    ],
)
def test_refusals_are_problems(busy: Market, path: str, status: int, problem: str) -> None:
    found, body = busy.workers[0].asked(path, busy.operator())
    assert (found, slug(body)) == (status, problem)
    assert body["trace_id"]


def test_requests_are_measured_by_route_and_faust_shows_nothing_of_its_own(busy: Market) -> None:
    [worker] = busy.workers
    worker.asked(f"/sellers/{new_id()}/revenue", busy.operator())
    route = '{http_request_method="GET",http_response_status_code="200",http_route='
    metric = f'http_server_request_duration_seconds_count{route}"/api/insights/sellers/{{seller_id}}/revenue"'
    assert worker.metric(metric) >= 1
    assert worker.metric("consumer_lag") == 0
    assert worker.asked("/../../stats")[0] == 404
    assert worker.asked("/../../router/")[0] == 404


def test_the_contract_is_what_is_served(busy: Market) -> None:
    status, document = busy.workers[0].asked("/openapi.json")
    assert status == 200
    for path in document["paths"]:
        route = path.removeprefix("/api/insights").replace("{seller_id}", new_id())
        assert busy.workers[0].asked(route, busy.operator())[0] == 200, path
