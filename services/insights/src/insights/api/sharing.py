"""An answer that needs every partition: each worker is asked for its share, by the path that the client
used, with the client's own token. With one worker nobody is asked.
"""

import asyncio
from typing import Any

import aiohttp
from faust.web import Request
from yarl import URL

from bazaar_shared.telemetry import inject
from insights.acknowledged import Insights
from insights.api.errors import Unavailable
from insights.reads import Share

# a worker that is asked with this header answers with its own share, and asks nobody
SHARE = "Bazaar-Share"
_TIMEOUT = aiohttp.ClientTimeout(total=2)


def only_own(request: Request) -> bool:
    return request.headers.get(SHARE) == "own"


async def shares(app: Insights, request: Request, own: Share) -> list[Share]:
    """Half an answer would look like a whole one: a worker that is away makes it a 503."""
    others = [url for url in map(URL, app.router.tables_metadata()) if url != app.conf.canonical_url]
    return [own, *await asyncio.gather(*(_ask(app, request, url) for url in others))]


async def _ask(app: Insights, request: Request, worker: URL) -> Any:
    headers = {SHARE: "own"}
    if "Authorization" in request.headers:
        headers["Authorization"] = request.headers["Authorization"]
    inject(headers)
    url = worker.with_path(request.url.path).with_query(request.query)
    async with app.http_client.get(url, headers=headers, timeout=_TIMEOUT) as response:
        if response.status != 200:
            raise Unavailable(f"{worker} answers {response.status}")
        return await response.json()
