"""Jinja2's environment, and what every page is given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from jinja2 import StrictUndefined
from quart import (
    Quart,
    Response,
    flash,
    g,
    get_flashed_messages,
    redirect,
    render_template,
    request,
)

from storefront import anatomy, recorder, visitor, visits
from storefront.clients.errors import Refused
from storefront.fanout import Parts
from storefront.viewmodels.baskets import EMPTY, Basket
from storefront.viewmodels.money import money
from storefront.viewmodels.products import Category

DESCRIPTION = "An online market where every stall's goods come to one basket."


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    description: str
    url: str
    partial: bool
    # `/orders/{order_id}`: what may be counted of where somebody was. None: no page of ours
    route: str | None = None


def install(app: Quart, currency: str) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"money": partial(money, currency=currency), "when": when, "ago": ago}
    app.context_processor(_surroundings)


def wants_fragment() -> bool:
    """htmx asks for a part of a page; when it only follows a link or goes back, it asks for all of it."""
    headers = request.headers
    whole = "HX-Boosted" in headers or "HX-History-Restore-Request" in headers
    return "HX-Request" in headers and not whole


class PageParts(Parts):
    """The parts of a whole page: its own, and those of every page's head – the basket's count, messages not
    yet read, the categories. They are asked together.
    """

    def __init__(self, since: tuple[str, int] | None = None) -> None:
        """`since`: which basket in which version was seen before, for a page that tells what changed."""
        super().__init__()
        self._since = since

    async def __aenter__(self) -> "PageParts":
        await super().__aenter__()
        market = visitor.market()
        self.basket = self.want("basket", shown_basket(self._since))
        self._unread = self.want("messages", unread()) if visitor.signed_in() else None
        self._categories = self.want("catalog", market.catalog.categories.get())
        # a basket names them: asked at the same time, not after it
        self.want("catalog", market.catalog.stalls.get())
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await super().__aexit__(*failure)
        g.basket, g.categories = self.basket.result(), self._categories.result() or ()
        g.unread = self._unread.result() if self._unread else None


async def unread() -> int:
    """Messages that wait for the visitor, in all conversations."""
    return await visitor.market().chat.unread(visitor.tokens())


async def shown_basket(since: tuple[str, int] | None = None) -> Basket:
    """An empty one for whoever has none; a guest's that is gone (bought, expired) is forgotten. Who works
    here and does not shop has none either.
    """
    holder = visitor.holder()
    if holder is None:
        return EMPTY
    try:
        return await visitor.market().baskets.show(holder, since)
    except Refused as refusal:
        if refusal.status == 404 and not visitor.signed_in():
            visitor.keep_basket(None)
        elif refusal.status != 403:
            raise
        return EMPTY


async def page(
    template: str, title: str, /, *, http_status: int = 200, description: str = DESCRIPTION, **context: Any
) -> Response:
    route = _route() if http_status < 400 else None
    about = Page(title, description, _current_url(), wants_fragment(), route)
    return Response(await render_template(template, page=about, **context), http_status)


async def see_other(path: str, told: str | None = None, kind: str = "good") -> Response:
    """After a form: to a page that may be reloaded. htmx is told in its own way to go there."""
    if told:
        await flash(told, kind)
    if wants_fragment():
        return Response("", 204, {"HX-Redirect": path})
    return redirect_to(path)


def redirect_to(path: str) -> Response:
    return cast("Response", redirect(path, 303))


async def _surroundings() -> dict[str, Any]:
    record = recorder.current()
    return {
        "visitor": visitor.as_seen(),
        "categories": _categories(),
        "missing": list(record.missing),
        "counted": visits.counted(),
        "flashes": [{"kind": kind, "text": text} for kind, text in _flashes()],
        # the last call was made before a template is rendered: none of them asks anybody
        "anatomy": anatomy.dissect(record),
    }


def _flashes() -> list[tuple[str, str]]:
    return cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))


def _categories() -> Iterable[Category]:
    """Also on a page that asked for nothing (an error's): as far as they are remembered."""
    found: Iterable[Category] | None = g.get("categories")
    return found if found is not None else visitor.market().catalog.categories.known or ()


def _current_url() -> str:
    query = request.query_string.decode("latin1")
    return f"{request.path}?{query}" if query else request.path


def _route() -> str | None:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request.url_rule.rule) if request.url_rule else None


def when(moment: datetime) -> str:
    """21 Nov 2026, 05:02 – in UTC, as all times here."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M}"


def ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for size, name in (
        (86400 * 365, "year"),
        (86400 * 30, "month"),
        (86400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"
