"""Every template with every example: nothing undefined, nothing a strict CSP forbids, nothing unlabeled."""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.look.examples import PAGES
from tests.look.rendering import LOOK, environment

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
LABELED = {"input", "select", "textarea"}
JINJA = environment()


@dataclass
class Element:
    tag: str
    attrs: dict[str, str | None]
    inside: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    misnested: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.repeated += [
            f"<{tag} {name}>" for name, n in Counter(name for name, _ in attrs).items() if n > 1
        ]
        element = Element(tag, dict(attrs), tuple(each.tag for each in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(each.tag for each in self.open)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.misnested.append(f"</{tag}> at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def index(self, wanted: str) -> int:
        return next(n for n, element in enumerate(self.elements) if element.attrs.get("id") == wanted)

    def ids(self) -> list[str]:
        return [element.attrs["id"] or "" for element in self.elements if "id" in element.attrs]


# rendered and read once for all that is asked of it
@pytest.fixture(scope="module", params=PAGES, ids=[name for name, _, _ in PAGES])
def page(request: pytest.FixtureRequest) -> Page:
    _, template, context = request.param
    parsed = Page()
    parsed.feed(JINJA.get_template(template).render(context))
    parsed.close()
    return parsed


def whole(page: Page) -> bool:
    return bool(page.all("html"))


def test_tags_are_closed_in_their_order_and_no_attribute_stands_twice(page: Page) -> None:
    assert page.misnested == []
    assert [element.tag for element in page.open] == []
    assert page.repeated == []


def test_ids_are_unique(page: Page) -> None:
    assert [name for name, n in Counter(page.ids()).items() if n > 1] == []


def test_nothing_inline_that_the_policy_forbids(page: Page) -> None:
    assert [
        script for script in page.all("script") if script.text.strip() or not script.attrs.get("src")
    ] == []
    assert page.all("style") == []
    handlers = [
        name
        for element in page.elements
        for name in element.attrs
        if name == "style" or name.startswith("on")
    ]
    assert handlers == []
    assert [e.attrs for e in page.elements if (e.attrs.get("href") or "").startswith("javascript:")] == []


def test_no_request_to_another_host(page: Page) -> None:
    targets = [
        element.attrs.get(name) or ""
        for element in page.elements
        for name in ("src", "href", "action", "hx-get", "hx-post")
    ]
    assert [target for target in targets if "//" in target] == []


def test_pictures_have_an_alt_text_and_a_size(page: Page) -> None:
    assert [img.attrs for img in page.all("img") if not {"alt", "width", "height"} <= img.attrs.keys()] == []


def test_inputs_have_a_label(page: Page) -> None:
    labels = {label.attrs.get("for") for label in page.all("label") if label.text.strip()}
    asked = [e for e in page.all(*LABELED) if e.attrs.get("type") not in ("hidden", "submit")]
    assert [e.attrs for e in asked if e.attrs.get("id") not in labels and not e.attrs.get("aria-label")] == []


def test_buttons_and_links_say_what_they_do(page: Page) -> None:
    named = {img.attrs.get("alt") for img in page.all("img")}
    silent = [
        element.attrs
        for element in page.all("a", "button")
        if not element.text.strip()
        and not element.attrs.get("aria-label")
        and not element.attrs.get("aria-hidden")
        # the hero's prints are named by their picture
        and not ("stamp" in (element.attrs.get("class") or "") and named)
    ]
    assert silent == []


def test_descriptions_and_labels_point_at_what_is_there(page: Page) -> None:
    names = ("aria-describedby", "aria-labelledby", "aria-controls")
    targets = [element.attrs.get(name) or "" for element in page.elements for name in names]
    if whole(page):
        assert set(" ".join(targets).split()) - set(page.ids()) == set()


def test_an_input_that_is_wrong_is_described_by_its_message(page: Page) -> None:
    wrong = [e.attrs for e in page.all(*LABELED) if e.attrs.get("aria-invalid") == "true"]
    described = [a for a in wrong if f"{a['id']}-error" in (a.get("aria-describedby") or "")]
    fieldsets = [e for e in page.all("fieldset") if e.attrs.get("aria-describedby")]
    # a price's two inputs share their fieldset's message; a quantity's is the form's alert
    assert (
        len(wrong) == len(described)
        or fieldsets
        or [e for e in page.elements if e.attrs.get("role") == "alert"]
    )


def test_a_page_has_its_landmarks_and_one_heading_of_the_first_level(page: Page) -> None:
    if not whole(page):
        return
    assert len(page.all("h1")) == 1
    assert [len(page.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert page.all("a")[0].attrs["href"] == "#main"
    assert page.all("title")[0].text.strip()
    assert page.all("html")[0].attrs["lang"] == "en"


def test_headings_leave_out_no_level(page: Page) -> None:
    levels = [int(e.tag[1]) for e in page.all("h1", "h2", "h3", "h4")]
    assert [(a, b) for a, b in itertools.pairwise(levels) if b > a + 1] == []


def test_each_form_works_without_scripts(page: Page) -> None:
    for form in page.all("form"):
        assert form.attrs.get("action"), form.attrs
        assert form.attrs.get("method") in ("get", "post"), form.attrs
    posts = [form for form in page.all("form") if form.attrs["method"] == "post"]
    tokens = [e for e in page.all("input") if e.attrs.get("name") == "csrf_token" and e.attrs.get("value")]
    submits = [e for e in page.all("button") if e.attrs.get("type") == "submit" and "form" in e.inside]
    assert len(tokens) == len(posts)
    assert len(submits) >= len(page.all("form"))


def test_how_it_was_made_comes_last(page: Page) -> None:
    if whole(page):
        after = page.elements[page.index("anatomy") :]
        assert {e.tag for e in after} & {"main", "nav", "header", "h1"} == set()


def test_every_template_has_an_example() -> None:
    shown = {template for _, template, _ in PAGES}
    inner = {
        "base.html",
        "_account.html",
        "_anatomy.html",
        "_icons.html",
        "_macros.html",
        "_notes.html",
        "_unread.html",
    }
    assert {path.name for path in (LOOK / "templates").iterdir()} - shown == inner


def test_what_a_shopper_writes_stays_text() -> None:
    context: dict[str, Any] = dict(next(context for name, _, context in PAGES if name == "search-nothing"))
    html = JINJA.get_template("products.html").render(context | {"heading": "<script>alert(1)</script>"})
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def test_styles_name_only_tokens_and_files_that_exist() -> None:
    css = LOOK / "static/css"
    tokens = set(re.findall(r"(--[\w-]+)\s*:", "".join(path.read_text() for path in css.iterdir())))
    for path in css.iterdir():
        text = path.read_text()
        used = re.findall(r"var\((--[\w-]+)\)", text)
        assert set(used) - tokens == set(), path.name
        for target in re.findall(r'url\("([^"]+)"\)', text):
            assert (css / target).is_file(), target
