"""Which errors of the database are a 503: the same request may succeed later."""

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from orders.api.errors import install
from orders.saga.worker import DATABASE_ERRORS


@pytest.mark.parametrize(
    "error",
    [
        # of asyncpg, when BEGIN meets a connection that is just being cut; the dialect lets it through
        asyncpg.InternalClientError("got result for unknown protocol state 3"),
        asyncpg.AdminShutdownError(),
        ConnectionRefusedError(),
    ],
)
async def test_a_database_that_is_away_is_a_503(error: Exception) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def read() -> None:
        raise error

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as api:
        answer = await api.get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"].endswith("unavailable")
    # and the loops of the worker go on
    assert isinstance(error, DATABASE_ERRORS)
