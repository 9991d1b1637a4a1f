"""Who works where, as the API tells it: to oneself, to services and operators; and stalls by their ids."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from bazaar_shared.testing import TokenForge
from catalog.accounts.models import User
from catalog.sellers.models import Seller, SellerStaff

SELLERS = "/api/catalog/sellers"
MINE = f"{SELLERS}/mine"
STAFF = "/api/catalog/staff"

AsUser = Callable[..., APIClient]


@pytest.fixture
def as_service(forge: TokenForge) -> APIClient:
    client = APIClient(raise_request_exception=False)
    token = forge.token("service:notifications", ("service",), sid=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def slugs(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["slug"] for item in answer.json()["items"]]


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_ones_own_stalls(market: SimpleNamespace, as_user: AsUser, django_assert_num_queries: Any) -> None:
    client = as_user(market.tess)
    with django_assert_num_queries(1):
        answer = client.get(MINE)
    teas = {"id": str(market.teas.pk), "slug": "teas", "name": market.teas.name}
    assert answer.json() == {"items": [teas], "next_cursor": None}

    SellerStaff.objects.create(seller=market.maps, user=market.tess)
    assert slugs(client.get(MINE)) == ["teas", "maps"]
    assert slugs(as_user(market.mara).get(MINE)) == ["maps"]


def test_who_works_in_no_stall_has_none(
    market: SimpleNamespace, as_user: AsUser, as_service: APIClient
) -> None:
    shopper = User(account_id=uuid4())
    # an operator may do everything in a stall, and is still nobody's seller
    for client in (as_user(shopper, "shopper", "seller"), as_user(market.operator, "operator"), as_service):
        answer = client.get(MINE)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


def test_who_left_has_none_either(market: SimpleNamespace, as_user: AsUser) -> None:
    User.objects.filter(pk=market.tess.pk).update(is_active=False)
    assert slugs(as_user(market.tess).get(MINE)) == []


def test_ones_own_stalls_need_a_token_that_is_good(
    api: APIClient, market: SimpleNamespace, forge: TokenForge
) -> None:
    answer = api.get(MINE)
    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="bazaar"'
    for kind, token in forge.bad_tokens(str(market.tess.account_id)).items():
        forged = api.get(MINE, headers={"Authorization": f"Bearer {token}"})
        assert refusal(forged) == (401, "unauthenticated"), kind


def test_no_stall_takes_the_address(db: None) -> None:
    with pytest.raises(ValidationError, match="address of the API"):
        Seller(slug="mine", name="Mine").full_clean()


def test_services_and_operators_learn_who_works_in_a_stall(
    market: SimpleNamespace, as_user: AsUser, as_service: APIClient, django_assert_num_queries: Any
) -> None:
    SellerStaff.objects.create(seller=market.teas, user=market.mara)
    seller_id = str(market.teas.pk)
    for client in (as_service, as_user(market.operator, "operator")):
        with django_assert_num_queries(1):
            answer = client.get(STAFF, {"seller_id": seller_id})
        assert answer.json() == {
            "items": [
                {"seller_id": seller_id, "account_id": str(user.account_id)}
                for user in (market.tess, market.mara)
            ],
            "next_cursor": None,
        }


def test_who_left_or_has_no_account_is_not_told(market: SimpleNamespace, as_service: APIClient) -> None:
    only_here = User.objects.create(username="lou", email="lou@bazaar.example")
    SellerStaff.objects.create(seller=market.teas, user=only_here)
    User.objects.filter(pk=market.tess.pk).update(is_active=False)
    assert as_service.get(STAFF, {"seller_id": str(market.teas.pk)}).json()["items"] == []
    assert as_service.get(STAFF, {"seller_id": str(uuid4())}).json()["items"] == []


def test_nobody_else_learns_who_works_in_a_stall(
    api: APIClient, market: SimpleNamespace, as_user: AsUser, forge: TokenForge
) -> None:
    query = {"seller_id": str(market.teas.pk)}
    # not those who work there either: colleagues are seen in the back office
    for client in (as_user(market.tess), as_user(market.mara), as_user(market.tess, "shopper")):
        assert refusal(client.get(STAFF, query)) == (403, "forbidden")
    assert refusal(api.get(STAFF, query)) == (401, "unauthenticated")
    for kind, token in forge.bad_tokens("service:notifications").items():
        forged = api.get(STAFF, query, headers={"Authorization": f"Bearer {token}"})
        assert refusal(forged) == (401, "unauthenticated"), kind


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, ("seller_id", "required")),
        ({"seller_id": "teas"}, ("seller_id", "invalid")),
        ({"seller_id": str(uuid4()), "role": "x"}, ("role", "unknown_field")),
    ],
)
def test_staff_is_asked_for_by_a_stalls_id(
    market: SimpleNamespace, as_service: APIClient, query: dict[str, str], error: tuple[str, str]
) -> None:
    answer = as_service.get(STAFF, query)
    assert refusal(answer) == (422, "validation-failed")
    assert [(found["field"], found["code"]) for found in answer.json()["errors"]] == [error]


def test_stalls_by_their_ids(api: APIClient, market: SimpleNamespace, django_assert_num_queries: Any) -> None:
    ids = [market.maps.pk, uuid4(), market.teas.pk, market.maps.pk]
    with django_assert_num_queries(1):
        answer = api.get(SELLERS, {"ids": ",".join(map(str, ids))})
    assert slugs(answer) == ["teas", "maps"]
    assert slugs(api.get(SELLERS, {"ids": str(market.maps.pk)})) == ["maps"]
    assert slugs(api.get(SELLERS, {"ids": str(uuid4())})) == []


def test_who_names_stalls_gets_them_on_one_page(api: APIClient, market: SimpleNamespace) -> None:
    stalls = [Seller(slug=f"stall-{n}", name=f"Stall {n:02}") for n in range(98)]
    ids = [*(seller.pk for seller in Seller.objects.bulk_create(stalls)), market.teas.pk, market.maps.pk]
    whole = api.get(SELLERS, {"ids": ",".join(map(str, ids))}).json()
    assert (len(whole["items"]), whole["next_cursor"]) == (100, None)

    half = api.get(SELLERS, {"ids": ",".join(map(str, ids)), "limit": 50}).json()
    rest = {"ids": ",".join(map(str, ids)), "limit": 50, "cursor": half["next_cursor"]}
    seen = half["items"] + api.get(SELLERS, rest).json()["items"]
    assert seen == whole["items"]


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ("teas", "invalid"),
        (f"{uuid4()},", "invalid"),
        ("", "blank"),
        (",".join(str(uuid4()) for _ in range(101)), "max_length"),
        (",".join(uuid4().hex for _ in range(101)), "max_length"),
    ],
)
def test_ids_that_are_none_are_refused(api: APIClient, market: SimpleNamespace, ids: str, code: str) -> None:
    answer = api.get(SELLERS, {"ids": ids})
    assert refusal(answer) == (422, "validation-failed")
    assert [(found["field"], found["code"]) for found in answer.json()["errors"]] == [("ids", code)]
