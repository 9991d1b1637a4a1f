"""What is said, by forms alone: each works without a script."""

import re
from typing import Any
from uuid import UUID

import pytest
from quart import Quart, Response

from tests.unit.collaborators import BOWL, STALL, TEAPOT, Answer, Collaborators, order, refusal
from tests.unit.collaborators.chat import say, talk
from tests.unit.conftest import Browser

FRAGMENT = {"HX-Request": "true"}
ABOUT_TEAPOT = {"kind": "product", "id": TEAPOT}


def client_id(html: str) -> str:
    found = re.search(r'name="client_message_id" value="([^"]+)"', html)
    assert found, html[:2000]
    return str(UUID(found[1]))


async def text(response: Response) -> str:
    return str(await response.get_data(as_text=True))


@pytest.fixture
async def shopper(browser: Browser) -> Browser:
    await browser.sign_in()
    return browser


@pytest.mark.parametrize("path", ["/messages", f"/messages/{TEAPOT}"])
async def test_messages_ask_a_guest_to_sign_in_and_come_back(browser: Browser, path: str) -> None:
    response = await browser.get(path)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/sign-in?next={path.replace('/', '%2F')}"


async def test_a_guest_is_asked_to_sign_in_before_asking(browser: Browser, market: Collaborators) -> None:
    html = await browser.text(f"/products/{TEAPOT}")

    assert f'<a href="/sign-in?next=/products/{TEAPOT}">Sign in</a> to ask Kiln Street Pottery' in html
    assert "client_message_id" not in html
    assert market.calls("GET", "/api/chat") == []


async def test_a_question_on_a_products_page_begins_a_conversation(
    shopper: Browser, market: Collaborators
) -> None:
    key = client_id(await shopper.text(f"/products/{TEAPOT}"))
    question = {"body": "Does it drip?\r\nAnd the lid?", "client_message_id": key}

    response = await shopper.post(f"/products/{TEAPOT}/ask", question)

    (conversation,) = market.talks.values()
    assert conversation["subject"] == {"title": "Teapot", **ABOUT_TEAPOT}
    assert response.status_code == 303
    assert response.headers["Location"] == f"/messages/{conversation['id']}#say"
    (message,) = market.said[conversation["id"]]
    assert (message["body"], message["client_message_id"]) == ("Does it drip?\nAnd the lid?", key)


async def test_a_question_that_is_sent_twice_is_asked_once(shopper: Browser, market: Collaborators) -> None:
    key = client_id(await shopper.text(f"/products/{TEAPOT}"))
    for _ in range(2):
        form = {"body": "Does it drip?", "client_message_id": key}
        response = await shopper.post(f"/products/{TEAPOT}/ask", form)

    assert response.status_code == 303
    assert [len(said) for said in market.said.values()] == [1]


async def test_an_order_is_asked_about_at_the_stall_that_was_chosen(
    shopper: Browser, market: Collaborators
) -> None:
    market.orders[BOWL] = order(BOWL, "completed", "confirmed")
    html = await shopper.text(f"/orders/{BOWL}")

    response = await shopper.post(f"/orders/{BOWL}/ask", {"body": "When?", "seller_id": STALL["id"]})

    assert f'name="seller_id" value="{STALL["id"]}"' in html
    assert response.status_code == 303
    (asked,) = market.calls("POST", "/api/chat/conversations")[:1]
    assert asked.body == {"subject": {"kind": "order", "id": BOWL}, "seller_id": STALL["id"]}


async def test_an_order_of_several_stalls_has_them_to_choose_from(
    shopper: Browser, market: Collaborators
) -> None:
    found = order(BOWL, "completed", "confirmed")
    other = found["lines"][0] | {"line_no": 2, "seller_id": "0a1b2c3d-0000-4000-8000-000000000002"}
    market.orders[BOWL] = found | {"lines": [found["lines"][0], other]}

    html = await shopper.text(f"/orders/{BOWL}")

    choice = html[html.index('<select id="ask-stall"') :].partition("</select>")[0]
    assert re.findall(r"<option value=\"[^\"]+\">([^<]+)<", choice) == ["Kiln Street Pottery", "A stall"]


async def test_ones_own_stall_is_not_asked(shopper: Browser, market: Collaborators) -> None:
    market.scripted["POST", "/api/chat/conversations"] = [
        refusal("conflict", detail="this is your own stall")
    ]

    response = await shopper.post(f"/products/{TEAPOT}/ask", {"body": "Am I well?"})

    html = await text(response)
    assert response.status_code == 409
    assert "This could not be asked: this is your own stall" in html
    assert ">Am I well?</textarea>" in html
    assert market.talks == {}


async def test_a_question_outlives_a_chat_that_is_away(shopper: Browser, market: Collaborators) -> None:
    key = client_id(await shopper.text(f"/products/{TEAPOT}"))
    market.broken["chat"] = "500"

    response = await shopper.post(
        f"/products/{TEAPOT}/ask", {"body": "Does it drip?", "client_message_id": key}
    )

    html = await text(response)
    assert response.status_code == 503
    assert "The messages do not answer just now." in html
    assert ">Does it drip?</textarea>" in html
    # sent again as it is, it is the same message
    assert client_id(html) == key


async def test_the_inbox_lists_both_sides(shopper: Browser, market: Collaborators) -> None:
    mine = talk(market, ABOUT_TEAPOT)
    say(market, mine["id"], "Good day <b>!</b>")
    theirs = talk(market, {"kind": "order", "id": BOWL}, "seller")

    html = await shopper.text("/messages")

    assert f'href="/messages/{mine["id"]}">Teapot</a>' in html
    assert f'href="/messages/{theirs["id"]}">Order 22222222</a>' in html
    assert "Good day &lt;b&gt;!&lt;/b&gt;" in html
    assert 'href="/messages?cursor=more">Older conversations</a>' in html


async def test_the_inbox_of_a_seller_can_be_narrowed(browser: Browser, market: Collaborators) -> None:
    browser.keep("bazaar_access", market.forge.token(market.subject, ("seller",)))
    talk(market, ABOUT_TEAPOT)

    html = await browser.text("/messages?side=seller")

    assert market.calls("GET", "/api/chat/conversations")[-1].query["side"] == "seller"
    assert "When a shopper asks your stall something, it is here." in html
    assert 'href="/messages?side=seller" aria-current="page"' in html


async def test_the_inbox_says_that_it_is_empty(shopper: Browser) -> None:
    assert "Nobody has said anything yet" in await shopper.text("/messages")


async def test_a_page_of_the_inbox_that_never_was_is_not_found(shopper: Browser) -> None:
    assert (await shopper.get("/messages?cursor=broken")).status_code == 404


async def test_a_script_gets_the_list_alone(shopper: Browser, market: Collaborators) -> None:
    talk(market, ABOUT_TEAPOT)

    html = await shopper.text("/messages", headers=FRAGMENT)

    assert html.lstrip().startswith('<section id="inbox"')
    assert "<html" not in html


async def test_a_conversation_is_shown_from_its_end_and_is_read_then(
    shopper: Browser, market: Collaborators
) -> None:
    found = talk(market, ABOUT_TEAPOT)
    for number in range(1, 51):
        say(market, found["id"], f"line {number}.", "seller" if number % 2 else "shopper")

    before = await shopper.text("/about")
    html = await shopper.text(f"/messages/{found['id']}")

    assert re.findall(r'data-seq="(\d+)"', html) == [str(number) for number in range(11, 51)]
    assert f'href="/messages/{found["id"]}?before=11"' in html
    assert "25<span" in before
    assert 'id="unread-count" class="count"></span>' in html
    (read,) = market.calls("PUT", "/api/chat")
    assert read.body == {"seq": 50}


async def test_older_messages_are_shown_without_being_the_last_that_was_read(
    shopper: Browser, market: Collaborators
) -> None:
    found = talk(market, ABOUT_TEAPOT)
    for number in range(1, 51):
        say(market, found["id"], f"line {number}.")

    html = await shopper.text(f"/messages/{found['id']}?before=11")

    assert re.findall(r'data-seq="(\d+)"', html) == [str(number) for number in range(1, 11)]
    assert "Older messages" not in html
    # no script goes on from the middle
    assert "data-conversation" not in html
    assert market.calls("PUT", "/api/chat") == []


async def test_what_cannot_be_marked_as_read_is_shown_all_the_same(
    shopper: Browser, market: Collaborators
) -> None:
    found = talk(market, ABOUT_TEAPOT)
    say(market, found["id"], "Good day")
    market.scripted["PUT", f"/api/chat/conversations/{found['id']}/read"] = [Answer(500, {})]

    response = await shopper.get(f"/messages/{found['id']}")

    assert response.status_code == 200
    assert "not answering" not in await text(response)


async def test_a_message_is_sent_by_the_form(shopper: Browser, market: Collaborators) -> None:
    found = talk(market, ABOUT_TEAPOT)
    path = f"/messages/{found['id']}"
    key = client_id(await shopper.text(path))

    for _ in range(2):
        response = await shopper.post(path, {"body": " Thank you! ", "client_message_id": key})

    assert (response.status_code, response.headers["Location"]) == (303, f"{path}#say")
    assert [each["body"] for each in market.said[found["id"]]] == ["Thank you!"]


@pytest.mark.parametrize("body", ["", "  \n ", "x" * 2001])
async def test_what_is_no_message_is_not_sent(shopper: Browser, market: Collaborators, body: str) -> None:
    found = talk(market, ABOUT_TEAPOT)

    response = await shopper.post(f"/messages/{found['id']}", {"body": body})

    html = await text(response)
    assert response.status_code == 422
    assert 'aria-invalid="true" aria-describedby="say-body-error"' in html
    assert market.calls("POST", "/api/chat") == []


REFUSALS = [
    (refusal("too-many-requests"), 429, "Please wait for 7 seconds, then send it again."),
    (refusal("conflict", detail="used before"), 409, "This was sent before with other words."),
    (Answer(500, {}), 503, "The messages do not answer just now."),
]


@pytest.mark.parametrize(("answer", "status", "words"), REFUSALS, ids=["often", "conflict", "away"])
async def test_why_it_could_not_be_sent_is_said_and_its_words_stay(
    shopper: Browser, market: Collaborators, answer: Answer, status: int, words: str
) -> None:
    found = talk(market, ABOUT_TEAPOT)
    path = f"/messages/{found['id']}"
    key = client_id(await shopper.text(path))
    form = {"body": "Thank you!", "client_message_id": key}
    route = "POST", f"/api/chat/conversations/{found['id']}/messages"

    market.scripted[route] = [answer]
    page = await shopper.post(path, form)
    market.scripted[route] = [answer]
    told = await shopper.post(path, form, headers=FRAGMENT)

    html = await text(page)
    assert page.status_code == told.status_code == status
    assert words in html
    assert ">Thank you!</textarea>" in html
    # another message needs another id; what may have been stored keeps its own
    assert (client_id(html) == key) is (status != 409)
    assert words in await text(told)
    assert told.headers["Content-Type"].startswith("text/plain")


async def test_a_script_without_a_socket_sends_and_reads_by_forms(
    shopper: Browser, market: Collaborators
) -> None:
    found = talk(market, ABOUT_TEAPOT)
    say(market, found["id"], "Good day")
    path = f"/messages/{found['id']}"

    sent = await shopper.post(path, {"body": "Good day!"}, headers=FRAGMENT)
    read = await shopper.post(f"{path}/read", {"seq": "1"}, headers=FRAGMENT)
    odd = await shopper.post(f"{path}/read", {"seq": "-1"}, headers=FRAGMENT)

    assert (sent.status_code, read.status_code, odd.status_code) == (204, 204, 400)
    assert [each["body"] for each in market.said[found["id"]]] == ["Good day", "Good day!"]
    assert found["read_seq"] == 1


async def test_anothers_conversation_is_not_found(shopper: Browser) -> None:
    path = f"/messages/{TEAPOT}"

    seen = await shopper.get(path)
    said = await shopper.post(path, {"body": "Good day"})

    assert (seen.status_code, said.status_code) == (404, 404)
    assert "There is no such conversation." in await text(seen)


async def test_without_chat_pages_say_so_and_its_own_are_a_503(
    shopper: Browser, market: Collaborators
) -> None:
    market.broken["chat"] = "500"

    product = await shopper.get(f"/products/{TEAPOT}")
    inbox = await shopper.get("/messages")

    assert product.status_code == 200
    assert "not answering just now: messages" in await text(product)
    assert inbox.status_code == 503
    assert "nothing that was said is lost" in await text(inbox)


@pytest.mark.parametrize("app_without", [("chat", "insights")], indirect=True)
async def test_a_guests_pages_do_not_even_ask_chat(app_without: Quart) -> None:
    browser = Browser(app_without)
    for path in ("/", f"/products/{TEAPOT}", "/basket"):
        response = await browser.get(path)
        assert response.status_code == 200
        assert "not answering" not in await text(response), path


def lines(html: str) -> list[Any]:
    return re.findall(r'<script src="[^"]+/(js/[^"]+)"', html)


async def test_only_who_is_signed_in_gets_the_script_of_chat(browser: Browser) -> None:
    before = await browser.text("/")
    await browser.sign_in()

    assert "js/chat.js" not in lines(before)
    assert "js/chat.js" in lines(await browser.text("/"))
