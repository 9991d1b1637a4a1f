"""Where FastAPI's Depends meets the container: each request's own things, made from the process's."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.responses import Response

from bazaar_shared.auth import Principal, bearer
from bazaar_shared.problems import Problem
from orders.api.errors import Refusal
from orders.checkout.place import Checkout
from orders.container import Container

# for the OpenAPI document; the header is read by `AuthenticatedRoute`, whose refusals are ours
_scheme = HTTPBearer(auto_error=False, description="An access token of identity")


def container(request: Request) -> Container:
    found: Container = request.app.state.container
    return found


# `async` although nothing is awaited: FastAPI runs plain functions in its thread pool
def _of_process[T](provide: Callable[[Container], T]) -> Callable[..., Any]:
    async def dependency(request: Request) -> T:
        return provide(container(request))

    return dependency


Sessions = Annotated[async_sessionmaker[AsyncSession], Depends(_of_process(lambda made: made.sessions()))]
CheckoutService = Annotated[Checkout, Depends(_of_process(lambda made: made.checkout()))]


class AuthenticatedRoute(APIRoute):
    """FastAPI reads and parses a body before it asks any dependency. Who the caller is comes before that: a
    stranger learns nothing of what would be wrong with the body.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_known_caller(request: Request) -> Response:
            token = bearer(request.headers.get("authorization"))
            request.state.principal = await container(request).verifier().verify(token)
            request.state.token = token
            return await handle(request)

        return handle_known_caller


async def principal(request: Request, _: Annotated[Any, Depends(_scheme)]) -> Principal:
    """Whoever called, verified here again: a caller inside the network is not trusted, nor any header it
    sends.
    """
    found: Principal = request.state.principal
    return found


Caller = Annotated[Principal, Depends(principal)]


async def token(request: Request) -> str:
    """The caller's own, to be passed on to a service that is asked on their behalf."""
    found: str = request.state.token
    return found


Token = Annotated[str, Depends(token)]


async def shopper(caller: Caller) -> Principal:
    if not caller.has("shopper"):
        raise Refusal(Problem.of("forbidden", "only shoppers can buy"))
    return caller


Shopper = Annotated[Principal, Depends(shopper)]


async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """One session and one transaction a request; committed when the handler returns, before the answer is
    sent.
    """
    async with sessions.begin() as opened:
        yield opened


# scope: without it FastAPI would commit after the answer has gone out
Session = Annotated[AsyncSession, Depends(session, scope="function")]


Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="New for each order; the same again, with the same body, gives the same answer",
    ),
]
