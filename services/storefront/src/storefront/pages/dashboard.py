"""A stall's figures for who works there, and the market's for operators. insights judges who may see what."""

from collections.abc import Awaitable

from quart import Blueprint, Response, abort, request

from storefront import fanout, goods, paths
from storefront.clients.errors import Refused
from storefront.rendering import PageParts, page, redirect_to, wants_fragment
from storefront.viewmodels.insights import Revenue
from storefront.viewmodels.products import Stall
from storefront.visitor import as_seen, market, member, members_only

bp = Blueprint("dashboard", __name__)

_CLOSED = "The figures of a stall are for those who work there."


@bp.get("/dashboard")
@members_only
async def chooser() -> Response:
    operator = as_seen().is_operator
    asked, bearer = market().insights, member()
    async with PageParts() as parts:
        stalls = parts.need(_stalls())
        funnel = parts.want("figures", asked.funnel(bearer)) if operator else None
        abandoned = parts.want("figures", asked.abandoned(bearer)) if operator else None
        alerts = parts.want("figures", asked.alerts(bearer)) if operator else None
    mine = stalls.result()
    if not operator and len(mine) == 1:
        return redirect_to(paths.dashboard(mine[0].slug))
    return await page(
        "dashboard.html",
        "Dashboard",
        stalls=mine,
        funnel=funnel.result() if funnel else None,
        abandoned=abandoned.result() if abandoned else None,
        alerts=alerts.result() if alerts else None,
    )


@bp.get("/dashboard/<slug>")
@members_only
async def stall(slug: str) -> Response:
    asked = market()
    # what is asked for every few seconds leaves out what stands around it
    async with fanout.Parts() if wants_fragment() else PageParts() as parts:
        stalls = parts.need(_stalls())
        found = parts.need(_chosen(stalls, slug))
        revenue = parts.want("figures", _revenue(found))
        trending = parts.spare("trends", goods.trending(asked))
    return await page(
        "_figures.html" if wants_fragment() else "stall_dashboard.html",
        found.result().name,
        stall=found.result(),
        stalls=stalls.result(),
        revenue=revenue.result(),
        trending=trending.result() or (),
        # where the figures are asked for again: without what somebody added to the address
        again=request.path,
    )


async def _stalls() -> tuple[Stall, ...]:
    """Whose figures the visitor may see: all of them, those of the own stalls, or 403."""
    who = as_seen()
    if who.is_operator:
        return await market().catalog.stalls.get()
    mine = await market().catalog.my_stalls(member())
    if not mine and not who.is_seller:
        abort(403, _CLOSED)
    return mine


async def _chosen(stalls: Awaitable[tuple[Stall, ...]], slug: str) -> Stall:
    found = next((stall for stall in await stalls if stall.slug == slug), None)
    return found or abort(404, "You have no such stall.")


async def _revenue(found: Awaitable[Stall]) -> Revenue:
    stall = await found
    try:
        return await market().insights.revenue(stall.id, member())
    except Refused as refusal:
        if refusal.status == 404:
            abort(404, "You have no such stall.")
        raise
