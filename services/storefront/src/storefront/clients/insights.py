"""insights: what the streams of clicks and orders came to."""

import httpx

from storefront.clients.base import Bearer, Service, document
from storefront.clients.catalog import Remembered
from storefront.viewmodels.insights import Abandoned, Alert, Funnel, Revenue, Trend

# a home page may tell a trend that is so old: it is not counted anew for each of them
_TREND_SECONDS = 10.0
_TRENDING = 8
_ALERTS = 20
MINUTES = 60


class Insights(Service):
    name = "insights"

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        super().__init__(http, base_url)
        self.trending = Remembered(self._trending, _TREND_SECONDS)

    async def revenue(self, seller_id: str, bearer: Bearer) -> Revenue:
        answer = await self.ask(
            "GET",
            "/api/insights/sellers/{seller_id}/revenue",
            bearer=bearer,
            params={"minutes": MINUTES},
            path={"seller_id": seller_id},
        )
        return Revenue.of(document(self.name, answer))

    async def funnel(self, bearer: Bearer) -> Funnel:
        answer = await self.ask("GET", "/api/insights/funnel", bearer=bearer, params={"hours": 24})
        return Funnel.of(document(self.name, answer))

    async def abandoned(self, bearer: Bearer) -> Abandoned:
        answer = await self.ask(
            "GET", "/api/insights/baskets/abandoned", bearer=bearer, params={"minutes": 60}
        )
        return Abandoned.of(document(self.name, answer))

    async def alerts(self, bearer: Bearer) -> tuple[Alert, ...]:
        answer = await self.ask("GET", "/api/insights/alerts", bearer=bearer, params={"limit": _ALERTS})
        return tuple(Alert.of(item) for item in document(self.name, answer)["items"])

    async def _trending(self) -> tuple[Trend, ...]:
        answer = await self.ask("GET", "/api/insights/trending", params={"limit": _TRENDING})
        return tuple(Trend.of(item) for item in document(self.name, answer)["items"])
