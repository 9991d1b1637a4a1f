from collections.abc import Callable

from gateway.tests.kit import Gateway, Market
from gateway.tests.test_refusals import assert_problem


def test_a_client_that_asks_too_often_is_told_when_to_come_back(
    start: Callable[..., Gateway], market: Market
) -> None:
    gateway = start(CLIENT_BURST="5", CLIENT_REQUESTS_PER_SECOND="1")

    answers = [gateway.client.get("/api/catalog/products") for _ in range(7)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 1
    assert len(market.reached) == 7 - len(refused) >= 5
    assert_problem(refused[0], 429, "too-many-requests")
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["x-ratelimit-limit"] == "5"
    assert refused[0].headers["x-ratelimit-remaining"] == "0"
    assert answers[0].headers["x-ratelimit-limit"] == "5"
    assert answers[0].headers["x-ratelimit-remaining"] == "4"
    assert "retry-after" not in answers[0].headers


def test_passwords_are_tried_slowly(start: Callable[..., Gateway], market: Market) -> None:
    gateway = start(CREDENTIALS_BURST="3")
    doors = ["/api/identity/sessions", "/api/identity/accounts", "/api/identity/oauth/token"]

    answers = [gateway.client.post(doors[0]) for _ in range(4)]
    back_office = [gateway.client.post("/admin/login/").status_code for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert_problem(answers[3], 429, "too-many-requests")
    assert answers[3].headers["retry-after"] == "10"
    assert back_office == [200, 200, 200, 429]
    assert len(market.reached) == 6
    # what is no trial of a password has the wide limit
    assert gateway.client.get("/api/catalog/products").status_code == 200
    assert gateway.client.get("/admin/login/").status_code == 200
    assert [gateway.client.post(door).status_code for door in doors] == [429] * 3


def test_the_storefronts_sign_in_is_a_door_too_and_tells_people_in_words(
    start: Callable[..., Gateway], market: Market
) -> None:
    gateway = start(CREDENTIALS_BURST="3")
    browser = {"accept": "text/html,application/xhtml+xml"}

    answers = [gateway.client.post("/sign-in", headers=browser) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["content-type"] == "text/html; charset=utf-8"
    assert answers[3].headers["retry-after"] == "10"
    assert "Please wait" in answers[3].text
    assert gateway.client.get("/sign-in", headers=browser).status_code == 200
