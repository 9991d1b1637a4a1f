"""The clients of all services around one pool of connections: what a page can ask."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from bazaar_shared.auth import AsyncTokenVerifier
from storefront.clients.base import READ_SECONDS, WRITE_SECONDS
from storefront.clients.baskets import Baskets
from storefront.clients.catalog import Catalog
from storefront.clients.chat import Chat
from storefront.clients.errors import CallFailed
from storefront.clients.identity import Identity
from storefront.clients.insights import Insights
from storefront.clients.orders import Orders
from storefront.clients.reviews import ReviewsClient
from storefront.settings import Settings
from storefront.tokens import Refresher

# a page asks up to ten at once; what does not get a connection soon is better told than waited for
_LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=15)
_TIMEOUT = httpx.Timeout(WRITE_SECONDS, connect=1.0, pool=1.0)


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: it is some hundred certificates, and more than one client needs them."""
    return httpx.create_ssl_context(trust_env=False)


def open_http() -> httpx.AsyncClient:
    """The one client of the process. Deadlines of single calls are clients/base.py's; these are the last
    resort.
    """
    # `trust_env`: a proxy for the outside world is no way to a neighbour
    return httpx.AsyncClient(
        limits=_LIMITS, timeout=_TIMEOUT, follow_redirects=False, verify=_trusted(), trust_env=False
    )


@dataclass(frozen=True, slots=True)
class Market:
    identity: Identity
    catalog: Catalog
    baskets: Baskets
    orders: Orders
    reviews: ReviewsClient
    chat: Chat
    insights: Insights
    refresher: Refresher
    verifier: AsyncTokenVerifier

    @classmethod
    def of(cls, settings: Settings, http: httpx.AsyncClient) -> "Market":
        urls = settings.urls
        catalog, identity = Catalog(http, urls["catalog"]), Identity(http, urls["identity"])

        async def stall_names() -> Mapping[str, str]:
            try:
                return {stall.slug: stall.name for stall in await catalog.stalls.get()}
            except CallFailed:
                # a basket is shown with the stalls' slugs rather than not at all
                return {}

        return cls(
            identity=identity,
            catalog=catalog,
            baskets=Baskets(http, urls["basket"], stall_names),
            orders=Orders(http, urls["orders"]),
            reviews=ReviewsClient(http, urls["reviews"]),
            chat=Chat(http, urls["chat"]),
            insights=Insights(http, urls["insights"]),
            refresher=Refresher(identity),
            verifier=AsyncTokenVerifier(
                f"{urls['identity']}/.well-known/jwks.json",
                settings.token_issuer,
                settings.token_audience,
                # of its own: a key is waited for like any other read
                client=httpx.AsyncClient(timeout=READ_SECONDS, verify=_trusted(), trust_env=False),
            ),
        )

    async def aclose(self) -> None:
        """What is its own; the pool is closed by who opened it."""
        await self.verifier.aclose()
