"""Who may see what. Tokens are verified here again, also behind the gateway; who works for a seller is
asked at the catalog, with the caller's own token.
"""

from collections import OrderedDict
from time import monotonic

import httpx
from faust.web import Request

from bazaar_shared.auth import AsyncTokenVerifier, Principal, bearer
from bazaar_shared.problems import Problem
from bazaar_shared.telemetry import inject
from insights.api.errors import Refusal, Unavailable, not_found
from insights.settings import Settings

_TIMEOUT = 2.0
_CACHE_SECONDS = 60.0
_CACHED = 1000


class Access:
    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._verifier = AsyncTokenVerifier(settings.jwks_url, settings.token_issuer, settings.token_audience)
        self._url = f"{settings.catalog_url}/api/catalog/sellers/mine"
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT)
        # by account: until when, and the sellers; the one that was asked for longest ago goes first
        self._sellers: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()

    async def operator(self, request: Request) -> Principal:
        principal = await self._principal(request)
        if not principal.is_operator:
            raise Refusal(Problem.of("forbidden"))
        return principal

    async def of_seller(self, request: Request, seller_id: str) -> Principal:
        """To strangers a seller's numbers do not exist."""
        principal = await self._principal(request)
        if not principal.is_operator and seller_id not in await self._works_for(principal, request):
            raise not_found()
        return principal

    async def _principal(self, request: Request) -> Principal:
        return await self._verifier.verify(bearer(request.headers.get("Authorization")))

    async def _works_for(self, principal: Principal, request: Request) -> frozenset[str]:
        until, sellers = self._sellers.get(principal.subject, (0.0, frozenset()))
        if monotonic() < until:
            return sellers
        sellers = await self._ask(request.headers["Authorization"])
        self._sellers[principal.subject] = (monotonic() + _CACHE_SECONDS, sellers)
        self._sellers.move_to_end(principal.subject)
        while len(self._sellers) > _CACHED:
            self._sellers.popitem(last=False)
        return sellers

    async def _ask(self, authorization: str) -> frozenset[str]:
        headers = {"Authorization": authorization}
        inject(headers)
        try:
            response = await self._client.get(self._url, headers=headers)
            if response.status_code in (401, 403):
                return frozenset()
            items = response.raise_for_status().json()["items"]
            return frozenset(str(item["id"]) for item in items)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"the catalog gives no answer: {error!r}") from error

    async def aclose(self) -> None:
        await self._verifier.aclose()
        await self._client.aclose()
