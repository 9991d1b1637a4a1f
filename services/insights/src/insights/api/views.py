"""Faust's web views. A seller's numbers are routed to the worker that has them; the others are put together
from the workers' shares.
"""

from time import time
from typing import Any
from uuid import UUID

from faust.web import Blueprint, Request, Response, View
from faust.web.exceptions import WebError

from bazaar_shared import pagination
from insights import reads
from insights.acknowledged import Insights
from insights.api.access import Access
from insights.api.contract import PREFIX, document
from insights.api.errors import Unavailable, answer_to, not_found
from insights.api.queries import cursor, whole
from insights.api.sharing import only_own, shares
from insights.buckets import FUNNEL_HOURS
from insights.tables import Tables

_MONTH = 31 * 24 * 60


class Answering(View):
    async def on_request_error(self, request: Request, exc: WebError) -> Any:  # noqa: ARG002
        """The router's, while it does not know who has what."""
        return answer_to(exc)


def install(app: Insights, tables: Tables) -> None:
    access = Access(app.settings)
    blueprint = Blueprint("insights")
    _market(blueprint, app, tables)
    _sellers(blueprint, app, tables, access)
    _operators(blueprint, app, tables, access)
    app.web.blueprints.add(PREFIX, blueprint)

    @app.on_before_shutdown.connect
    async def close(*_: Any, **__: Any) -> None:
        await access.aclose()


def ready(app: Insights) -> None:
    """Tables that are being recovered would show an old market as today's."""
    if app.rebalancing or not app.tables.actives_ready:
        raise Unavailable("the tables are being recovered")


def _market(blueprint: Blueprint, app: Insights, tables: Tables) -> None:
    @blueprint.route("/trending", name="trending")
    class Trending(Answering):
        async def get(self, request: Request) -> Response:
            ready(app)
            limit, now = whole(request, "limit", 12, 50), time()
            share = reads.trending_share(tables, now, limit)
            if only_own(request):
                return self.json(share)
            return self.json(
                reads.trending(await shares(app, request, share), now, limit),
                headers={"Cache-Control": "public, max-age=5"},
            )

    @blueprint.route("/openapi.json", name="openapi")
    class Contract(Answering):
        async def get(self, request: Request) -> Response:  # noqa: ARG002
            return self.json(document(), headers={"Cache-Control": "public, max-age=60"})


def _sellers(blueprint: Blueprint, app: Insights, tables: Tables, access: Access) -> None:
    @app.table_route(table=tables.sellers, match_info="seller_id")
    async def by_owner(view: View, request: Request) -> Response:
        """On the worker that has the seller's key."""
        minutes, currency = whole(request, "minutes", 60, 24 * 60), app.settings.market_currency
        return view.json(reads.revenue(tables, request.match_info["seller_id"], time(), minutes, currency))

    @blueprint.route("/sellers/{seller_id}/revenue", name="revenue")
    class Revenue(Answering):
        async def get(self, request: Request, seller_id: str) -> Response:
            await access.of_seller(request, canonical(seller_id))
            ready(app)
            return await by_owner(self, request)


def _operators(blueprint: Blueprint, app: Insights, tables: Tables, access: Access) -> None:
    @blueprint.route("/funnel", name="funnel")
    class Funnel(Answering):
        async def get(self, request: Request) -> Response:
            await access.operator(request)
            ready(app)
            hours, now = whole(request, "hours", 24, FUNNEL_HOURS), time()
            share = reads.funnel_share(tables, now, hours)
            if only_own(request):
                return self.json(share)
            return self.json(reads.funnel(await shares(app, request, share), now, hours))

    @blueprint.route("/baskets/abandoned", name="abandoned")
    class Abandoned(Answering):
        async def get(self, request: Request) -> Response:
            await access.operator(request)
            ready(app)
            share = reads.baskets_share(tables, time(), whole(request, "minutes", 60, _MONTH))
            if only_own(request):
                return self.json(share)
            return self.json(reads.baskets(await shares(app, request, share), app.settings.market_currency))

    @blueprint.route("/alerts", name="alerts")
    class AlertList(Answering):
        async def get(self, request: Request) -> Response:
            await access.operator(request)
            ready(app)
            limit = whole(request, "limit", pagination.DEFAULT_LIMIT, pagination.MAX_LIMIT)
            share = reads.alerts_share(tables, limit, cursor(request))
            if only_own(request):
                return self.json(share)
            page, after = reads.alerts(await shares(app, request, share), limit)
            return self.json(pagination.page(page, pagination.encode(after) if after else None))


def canonical(text: str) -> str:
    """A seller's id as it is a key; anything else is no seller's."""
    try:
        if str(UUID(text)) == text:
            return text
    except ValueError:
        pass
    raise not_found()
