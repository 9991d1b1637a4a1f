"""What those who work in a stall may change over the API, and under which conditions."""

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.accounts.models import User
from catalog.products.models import Picture, Product
from catalog.sellers.models import SellerStaff

PRODUCTS = "/api/catalog/products"
NEW = {
    "seller": "teas",
    "sku": "T-9",
    "slug": "gyokuro",
    "name": "Gyokuro",
    "description": "Shaded for three weeks.",
    "category": "tea",
    "price_minor": 2450,
}
CIRCLE = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>'


@pytest.fixture
def tess(market: SimpleNamespace, as_user: Any) -> APIClient:
    return as_user(market.tess)


def address(product: Product) -> str:
    return f"{PRODUCTS}/{product.pk}"


def test_a_new_product(tess: APIClient, events: Any) -> None:
    answer = tess.post(PRODUCTS, NEW)
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert answer.headers["Location"] == f"{PRODUCTS}/{shown['id']}"
    assert (shown["sku"], shown["version"], shown["status"], shown["available"]) == ("T-9", 1, "active", None)
    (event,) = events()
    assert (event["subject"], event["aggregateversion"]) == (shown["id"], 1)
    assert tess.get(answer.headers["Location"]).json() == shown


def test_a_sku_is_there_once_in_a_stall(
    tess: APIClient, as_user: Any, market: SimpleNamespace, events: Any
) -> None:
    assert tess.post(PRODUCTS, NEW | {"sku": "T-1"}).status_code == 409
    assert tess.post(PRODUCTS, NEW | {"slug": "assam"}).json()["type"].endswith("/conflict")
    assert events() == []
    assert as_user(market.mara).post(PRODUCTS, NEW | {"seller": "maps", "sku": "T-1"}).status_code == 201


def test_a_change_under_its_version(tess: APIClient, market: SimpleNamespace, events: Any) -> None:
    answer = tess.patch(address(market.assam), {"price_minor": 1300}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert (answer.json()["price_minor"], answer.json()["version"]) == (1300, 2)
    assert answer.headers["ETag"] == '"2"'
    (event,) = events()
    assert event["data"]["price_minor"] == 1300
    assert market.assam.prices.first().changed_by == f"account:{market.tess.account_id}"


@pytest.mark.parametrize("tag", ['"2"', "2", '"0"', 'W/"1"', "x", "", '"99999999999999999999"'])
def test_another_version_changes_nothing(
    tess: APIClient, market: SimpleNamespace, events: Any, tag: str
) -> None:
    for answer in (
        tess.patch(address(market.assam), {"price_minor": 1}, headers={"If-Match": tag}),
        tess.delete(address(market.assam), headers={"If-Match": tag}),
        tess.put(
            f"{address(market.assam)}/picture",
            CIRCLE,
            content_type="image/svg+xml",
            headers={"If-Match": tag},
        ),
    ):
        assert answer.status_code == 412
        assert answer.json()["type"].endswith("/precondition-failed")
        assert answer.json()["current_version"] == 1
    assert Product.objects.get(pk=market.assam.pk).version == 1
    assert events() == []


def test_a_change_of_nothing_is_none(tess: APIClient, market: SimpleNamespace, events: Any) -> None:
    assert tess.patch(address(market.assam), {}).json()["version"] == 1
    assert tess.patch(address(market.assam), {"price_minor": 1240}).json()["version"] == 1
    assert events() == []


def test_deleting_archives_and_can_be_undone(tess: APIClient, market: SimpleNamespace, events: Any) -> None:
    assert tess.delete(address(market.assam)).status_code == 204
    assert tess.delete(address(market.assam)).status_code == 204
    assert tess.patch(address(market.assam), {"status": "active"}).json()["version"] == 3
    assert [event["data"]["status"] for event in events()] == ["archived", "active"]


def test_a_picture(tess: APIClient, market: SimpleNamespace, events: Any) -> None:
    answer = tess.put(f"{address(market.assam)}/picture", CIRCLE, content_type="image/svg+xml")
    assert answer.status_code == 200, answer.content
    url = answer.json()["picture_url"]
    assert url != market.assam.picture_url
    assert tess.get(url).content == b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3" /></svg>'
    assert [event["data"]["picture_url"] for event in events()] == [url]
    assert (
        tess.put(f"{address(market.assam)}/picture", CIRCLE, content_type="image/svg+xml").json()["version"]
        == 2
    )


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/svg+xml", 422, "element_refused"),
        (b"", "image/svg+xml", 422, "not_svg"),
        (CIRCLE, "image/png", 422, "not_png"),
        (CIRCLE, "text/html", 415, None),
        (b"{}", "application/json", 415, None),
        (b" " * (2 * 1024 * 1024 + 1), "image/svg+xml", 413, None),
    ],
)
def test_what_is_no_picture_is_refused(
    tess: APIClient,
    market: SimpleNamespace,
    body: bytes,
    content_type: str,
    status: int,
    code: str | None,
    events: Any,
) -> None:
    before = Picture.objects.count()
    answer = tess.put(f"{address(market.assam)}/picture", body, content_type=content_type)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["code"] for error in answer.json().get("errors", [])] == ([code] if code else [])
    assert Picture.objects.count() == before
    assert events() == []


# -- who may --------------------------------------------------------------------------------------------


def attempts(client: APIClient, product: Product) -> list[Any]:
    return [
        client.post(PRODUCTS, NEW),
        client.patch(address(product), {"price_minor": 1}),
        client.delete(address(product)),
        client.put(f"{address(product)}/picture", CIRCLE, content_type="image/svg+xml"),
    ]


def refused(answers: list[Any], status: int, events: Any) -> None:
    assert [answer.status_code for answer in answers] == [status] * 4
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert events() == []
    assert set(Product.objects.values_list("version", flat=True)) == {1}


def test_nobody_without_a_token(api: APIClient, market: SimpleNamespace, events: Any) -> None:
    answers = attempts(api, market.assam)
    refused(answers, 401, events)
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="bazaar"'


def test_nobody_from_another_stall(as_user: Any, market: SimpleNamespace, events: Any) -> None:
    refused(attempts(as_user(market.mara), market.assam), 403, events)


def test_the_role_of_a_seller_alone_opens_no_stall(forge: Any, market: SimpleNamespace, events: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {forge.token(roles=('seller', 'shopper'))}")
    refused(attempts(client, market.assam), 403, events)


def test_a_service_is_no_seller(forge: Any, market: SimpleNamespace, events: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {forge.token('service:orders', roles=('service',))}")
    refused(attempts(client, market.assam), 403, events)


def test_who_left_the_stall_is_out_while_the_token_lives(
    tess: APIClient, market: SimpleNamespace, events: Any
) -> None:
    User.objects.filter(pk=market.tess.pk).update(is_active=False)
    refused(attempts(tess, market.assam), 403, events)
    User.objects.filter(pk=market.tess.pk).update(is_active=True)
    SellerStaff.objects.filter(user=market.tess).delete()
    refused(attempts(tess, market.assam), 403, events)


def test_operators_may_everywhere(as_user: Any, market: SimpleNamespace) -> None:
    olga = as_user(market.operator, "operator")
    assert [answer.status_code for answer in attempts(olga, market.assam)] == [201, 200, 204, 200]


@pytest.mark.parametrize(
    "kind",
    [
        "expired", "other_audience", "other_issuer", "unknown_kid", "foreign_key", "alg_none",
        "hs256_with_public_key", "no_token_at_all",
    ],
)  # fmt: skip
def test_bad_tokens_are_refused_even_for_reading(
    forge: Any, market: SimpleNamespace, kind: str, events: Any
) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {forge.bad_tokens(str(market.tess.account_id))[kind]}")
    refused(attempts(client, market.assam), 401, events)
    assert client.get(PRODUCTS).status_code == 401


def test_without_identitys_keys_nobody_is_let_in_and_told_so(
    market: SimpleNamespace, as_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bazaar_shared.auth import TokenVerifier
    from catalog.web import authentication

    nowhere = TokenVerifier("http://127.0.0.1:1/jwks.json", "https://identity.bazaar.example", "bazaar")
    monkeypatch.setattr(authentication, "verifier", lambda: nowhere)
    answer = as_user(market.tess).patch(address(market.assam), {"price_minor": 1})
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("/unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert Product.objects.get(pk=market.assam.pk).version == 1


def test_a_script_that_changes_too_much_is_slowed_down(
    tess: APIClient, market: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.web.throttling import WriteThrottle

    monkeypatch.setattr(WriteThrottle, "THROTTLE_RATES", {"writes": "2/min"})
    codes = [tess.patch(address(market.assam), {"price_minor": price}).status_code for price in (1, 2, 3)]
    assert codes == [200, 200, 429]
    answer = tess.patch(address(market.assam), {"price_minor": 4})
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"].endswith("/too-many-requests")
    assert tess.get(address(market.assam)).json()["price_minor"] == 2
