"""The pages for operators: who may be there, what they can do, and what it changes."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from reviews.models import Action, ModerationEntry
from sqlalchemy import select
from werkzeug.test import TestResponse

from .world import WORDS, Market, Person, problem

PAGES = "/moderation/reviews"


class Browser:
    """A browser with the storefront's cookie."""

    def __init__(self, market: Market, person: Person | None) -> None:
        self.client: FlaskClient = market.app.test_client()
        self.person = person
        if person is not None:
            self.client.set_cookie("bazaar_access", person.token)

    def open(self, path: str = PAGES, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return str(answer.text)

    def send(self, path: str, form: dict[str, Any], page: str = PAGES) -> TestResponse:
        """As from a form of the page: with its token."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open(page))
        assert token, "no form on the page"
        return self.client.post(path, data={"csrf_token": token[1], **form})


@pytest.fixture
def operator(market: Market) -> Browser:
    return Browser(market, market.person("operator"))


# -- who may be here ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/moderation/", "%2Fmoderation%2F"),
        ("/moderation", "%2Fmoderation"),
        (f"{PAGES}?status=hidden&rating=1", "%2Fmoderation%2Freviews%3Fstatus%3Dhidden%26rating%3D1"),
    ],
)
def test_without_a_cookie_one_signs_in_first_and_comes_back(market: Market, path: str, back: str):
    answer = Browser(market, None).client.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"/sign-in?next={back}")


def test_a_bad_or_ended_token_is_as_none(market: Market):
    for kind, token in market.forge.bad_tokens(str(uuid4())).items():
        browser = Browser(market, Person(uuid4(), token, market.app.test_client()))
        answer = browser.client.get(PAGES)
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            "/sign-in?next=%2Fmoderation%2Freviews",
        ), kind


def test_a_bearer_token_opens_no_page(market: Market):
    headers = {"Authorization": f"Bearer {market.person('operator').token}"}

    assert market.anybody.get(PAGES, headers=headers).status_code == 303


@pytest.mark.parametrize("roles", [("shopper",), ("seller",), ("shopper", "seller")])
def test_others_than_operators_see_a_page_that_says_so(market: Market, roles: tuple[str, ...]):
    _, review = market.reviewed(uuid4())
    browser = Browser(market, market.person(*roles))

    answer = browser.client.get(f"{PAGES}/{review['id']}")

    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "for the market&#39;s operators" in answer.text or "for the market's operators" in answer.text
    assert review["title"] not in answer.text


def test_the_pages_can_load_and_run_nothing_foreign(operator: Browser, market: Market):
    market.reviewed(uuid4(), title="<script>alert(1)</script>", body='"><img src=x onerror=alert(1)>')

    answer = operator.client.get(PAGES)

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;" in answer.text
    attributes = Outline(answer.text).attributes
    assert not [name for name in attributes if name.startswith("on") or name == "style"]


def linked(text: str, page: str) -> set[str]:
    """What a page's head or a style sheet asks the browser to load, as paths from the origin."""
    names = re.findall(r'<link [^>]*href="([^"]+)"', text) + re.findall(r'url\("([^"]+)"\)', text)
    return {urljoin(page, unescape(name)) for name in names}


def load(operator: Browser, path: str) -> tuple[str, str]:
    """A static file's type, and its text if it is a sheet's."""
    assert path.startswith("/moderation/static/")
    with operator.client.get(path) as answer:  # it streams from an open file
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["Cache-Control"], path
        return answer.mimetype, answer.text if answer.mimetype == "text/css" else ""


def test_what_the_pages_load_is_their_own_and_kept_for_a_year(operator: Browser):
    files = {path: load(operator, path) for path in linked(operator.open(), PAGES)}
    sheets = {path: text for path, (kind, text) in files.items() if kind == "text/css"}
    fonts = {font for path, text in sheets.items() for font in linked(text, path)}

    assert len(sheets) == 2
    assert len(fonts) == 4
    assert {load(operator, font)[0] for font in fonts} == {"font/woff2"}
    # preloaded under another address, it would be loaded twice
    assert {path for path, (kind, _) in files.items() if kind == "font/woff2"} < fonts
    assert "font-src 'self'" in operator.client.get(PAGES).headers["Content-Security-Policy"]


# -- without a token of the form, nothing changes ------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "made-up", "IjEyMyI.aaaa.bbbb"])
def test_a_form_without_its_token_changes_nothing(operator: Browser, market: Market, token: str | None):
    _, review = market.reviewed(uuid4())
    operator.open()  # the session is there, only the token is not
    form = {"reason": "offensive", "note": "", "ids": review["id"]} | (
        {} if token is None else {"csrf_token": token}
    )

    for path in (f"{PAGES}/{review['id']}/hide", f"{PAGES}/{review['id']}/show", f"{PAGES}/hide"):
        answer = operator.client.post(path, data=form)
        assert (answer.status_code, answer.mimetype) == (403, "text/html")
        assert "Open the page again" in answer.text
    assert market.row(review["id"]).status == "published"
    assert len(market.told(review["id"])) == 1


def test_a_token_of_another_session_is_none(operator: Browser, market: Market):
    _, review = market.reviewed(uuid4())
    stranger = Browser(market, market.person("operator"))
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', stranger.open())
    assert token

    answer = operator.client.post(
        f"{PAGES}/{review['id']}/hide", data={"csrf_token": token[1], "reason": "offensive"}
    )

    assert answer.status_code == 403
    assert market.row(review["id"]).status == "published"


def test_the_session_cookie_is_for_these_pages_only(operator: Browser, market: Market):
    market.reviewed(uuid4())
    [cookie] = operator.client.get(PAGES).headers.getlist("Set-Cookie")

    assert cookie.startswith("bazaar_moderation=")
    assert {"HttpOnly", "Path=/moderation", "SameSite=Lax"} <= set(cookie.split("; "))


# -- hiding and showing --------------------------------------------------------------------------------


def test_hiding_takes_it_out_of_lists_and_sums_and_says_who_and_why(operator: Browser, market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)
    page = f"{PAGES}/{review['id']}"

    answer = operator.send(f"{page}/hide", {"reason": "offensive", "note": "Names a person"}, page)

    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert market.get(f"/products/{product_id}")["items"] == []
    assert market.summary(product_id) == {}
    assert market.anybody.get(f"/api/reviews/{review['id']}").status_code == 404
    own = shopper.call("GET", f"/{review['id']}").get_json()
    assert (own["status"], own["version"]) == ("hidden", 2)
    assert [event["data"]["status"] for event in market.told(review["id"])] == ["published", "hidden"]
    with market.sessions() as session:
        [entry] = session.scalars(select(ModerationEntry))
    assert operator.person is not None
    assert (entry.action, entry.reason) == (Action.HIDE, "Insults or threatens somebody: Names a person")
    assert (entry.moderator_id, entry.review_version) == (operator.person.id, 2)
    text = operator.open(page)
    assert "Hidden: nobody but its author sees it." in text
    assert "by you, version 2" in text


def test_showing_brings_it_back(operator: Browser, market: Market):
    product_id = uuid4()
    _, review = market.reviewed(product_id, rating=5)
    page = f"{PAGES}/{review['id']}"
    operator.send(f"{page}/hide", {"reason": "off_topic"}, page)

    answer = operator.send(f"{page}/show", {"reason": "It was about the product"}, page)

    assert answer.status_code == 303
    assert market.summary(product_id) == {5: 1}
    assert market.get(f"/products/{product_id}")["items"][0]["version"] == 3
    with market.sessions() as session:
        actions = select(ModerationEntry.action).order_by(ModerationEntry.id)
        assert session.scalars(actions).all() == [Action.HIDE, Action.SHOW]


def test_a_hidden_review_stays_hidden_whatever_its_author_does(operator: Browser, market: Market):
    product_id = uuid4()
    shopper, review = market.reviewed(product_id)
    page = f"{PAGES}/{review['id']}"
    operator.send(f"{page}/hide", {"reason": "advertising"}, page)

    edited = shopper.call("PUT", f"/{review['id']}", {**WORDS, "title": "Buy it elsewhere"}).get_json()
    shopper.call("DELETE", f"/{review['id']}")
    again = shopper.review(product_id, rating=5).get_json()

    assert (edited["status"], again["status"], again["id"]) == ("hidden", "hidden", review["id"])
    assert market.summary(product_id) == {}
    assert market.get(f"/products/{product_id}")["items"] == []


def test_many_at_once_each_with_its_event_and_its_line(operator: Browser, market: Market):
    products = [uuid4(), uuid4()]
    reviews = [market.reviewed(product_id)[1] for product_id in products for _ in range(2)]
    kept = market.reviewed(products[0])[1]

    form = {"reason": "other", "note": "A campaign", "ids": [review["id"] for review in reviews]}
    answer = operator.send(f"{PAGES}/hide?status=published&rating=4", form)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGES}?status=published&rating=4")
    assert "4 hidden." in operator.open()
    assert [market.summary(product_id) for product_id in products] == [{4: 1}, {}]
    for review in reviews:
        assert [event["aggregateversion"] for event in market.told(review["id"])] == [1, 2]
    assert len(market.told(kept["id"])) == 1
    with market.sessions() as session:
        assert len(session.scalars(select(ModerationEntry)).all()) == 4
    market.assert_sums_are_right()


def test_hiding_twice_is_once(operator: Browser, market: Market):
    _, review = market.reviewed(uuid4())
    page = f"{PAGES}/{review['id']}"
    form = {"reason": "offensive", "ids": [review["id"]]}
    other = market.reviewed(uuid4())[1]
    assert operator.send(f"{PAGES}/hide", form).status_code == 303

    assert operator.send(f"{PAGES}/hide", {**form, "ids": [review["id"]]}).status_code == 303
    assert operator.send(f"{page}/hide", {"reason": "offensive"}, f"{PAGES}/{other['id']}").status_code == 303

    assert market.row(review["id"]).version == 2
    assert "It was not published any more." in operator.open(page)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"reason": ""}, "A reason is required."),
        ({"reason": "made_up"}, "Not a valid choice"),
        ({}, "A reason is required."),
        ({"reason": "other", "note": " "}, "Say what the other reason is."),
        ({"reason": "other", "note": "x" * 301}, "Field cannot be longer than 300"),
        ({"reason": "other", "note": "a\x00b"}, "Control characters are not allowed."),
    ],
)
def test_a_reason_is_required(operator: Browser, market: Market, form: dict[str, str], said: str):
    _, review = market.reviewed(uuid4())
    page = f"{PAGES}/{review['id']}"

    answer = operator.send(f"{page}/hide", form, page)

    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert market.row(review["id"]).status == "published"


def test_what_was_chosen_stays_chosen_when_the_reason_is_missing(operator: Browser, market: Market):
    _, chosen = market.reviewed(uuid4())
    market.reviewed(uuid4())

    answer = operator.send(f"{PAGES}/hide", {"reason": "", "ids": [chosen["id"]]})

    assert answer.status_code == 422
    assert re.findall(r'value="([^"]+)" checked', answer.text) == [chosen["id"]]


@pytest.mark.parametrize("ids", [[], ["x"], ["../../etc"]])
def test_nothing_chosen_is_said(operator: Browser, market: Market, ids: list[str]):
    _, review = market.reviewed(uuid4())

    answer = operator.send(f"{PAGES}/hide", {"reason": "offensive", "ids": ids})

    assert answer.status_code == 422
    assert market.row(review["id"]).status == "published"


# -- finding -------------------------------------------------------------------------------------------


def test_filters(operator: Browser, market: Market):
    product_id = uuid4()
    market.reviewed(product_id, title="Of one star", rating=1)
    market.reviewed(product_id, title="Of five stars", rating=5)
    hidden = market.reviewed(uuid4(), title="To be hidden")[1]
    operator.send(f"{PAGES}/{hidden['id']}/hide", {"reason": "off_topic"})

    def titles(query: str) -> set[str]:
        return set(re.findall(r'/reviews/[0-9a-f-]{36}">([^<]+)</a>', operator.open(f"{PAGES}?{query}")))

    assert titles("") == {"Of one star", "Of five stars"}
    assert titles("status=hidden") == {"To be hidden"}
    assert titles("status=all") == {"Of one star", "Of five stars", "To be hidden"}
    assert titles("rating=5") == {"Of five stars"}
    assert titles(f"product_id={product_id}&rating=1") == {"Of one star"}
    assert "No review is like that." in operator.open(f"{PAGES}?product_id={uuid4()}")


@pytest.mark.parametrize("query", ["status=secret", "rating=6", "product_id=x"])
def test_a_filter_that_is_none_is_said(operator: Browser, query: str):
    assert 'class="error"' in operator.open(f"{PAGES}?{query}", 422)


def test_a_cursor_that_was_made_up_is_a_page_that_says_so(operator: Browser):
    assert "The cursor is not one of ours" in operator.open(f"{PAGES}?cursor=made-up", 400)


def test_pages_follow_each_other_and_none_is_missing(operator: Browser, market: Market):
    product_id = uuid4()
    written = {market.reviewed(product_id, title=f"Number {number}")[1]["id"] for number in range(55)}
    found: list[str] = []
    path: str | None = PAGES
    while path:
        text = operator.open(path)
        found += re.findall(r'name="ids" value="([0-9a-f-]{36})"', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        path = older[1].replace("&amp;", "&") if older else None

    assert len(found) == 55
    assert set(found) == written


def test_an_unknown_review_is_a_page(operator: Browser):
    assert "There is no such review." in operator.open(f"{PAGES}/{uuid4()}", 404)


def test_the_api_answers_with_problems_also_to_an_operator(operator: Browser):
    assert problem(operator.client.post(f"/api/reviews/products/{uuid4()}", json={})) == (
        401,
        "unauthenticated",
    )


# -- for everybody's eyes and hands ---------------------------------------------------------------------


class Outline(HTMLParser):
    """What a page's accessibility hangs on: ids, labels, controls, headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.headings: list[str] = []
        self.language: str | None = None
        self.landmarks: set[str] = set()
        self.inside_label = False
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes |= found.keys()
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "html":
            self.language = found.get("lang")
        if tag == "label":
            self.inside_label = True
            self.labelled.add(found.get("for") or "")
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)
        if tag in {"main", "header", "nav"}:
            self.landmarks.add(tag)
        if tag in {"input", "select", "textarea"} and found.get("type") != "hidden":
            self.controls.append(found | {"in-label": "yes" if self.inside_label else None})

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.inside_label = False


def test_every_control_has_a_label_and_every_page_one_heading(operator: Browser, market: Market):
    _, review = market.reviewed(uuid4())
    hidden = market.reviewed(uuid4())[1]
    operator.send(f"{PAGES}/{hidden['id']}/hide", {"reason": "off_topic"})

    for path in (PAGES, f"{PAGES}?status=hidden", f"{PAGES}/{review['id']}", f"{PAGES}/{hidden['id']}"):
        outline = Outline(operator.open(path))
        assert outline.language == "en"
        assert outline.headings.count("h1") == 1
        assert outline.landmarks == {"main", "header", "nav"}
        assert len(outline.ids) == len(set(outline.ids)), path
        for control in outline.controls:
            assert control["in-label"] or control.get("id") in outline.labelled, control
