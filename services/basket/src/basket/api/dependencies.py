"""What sanic-ext's injection gives to handlers, by type: who calls, which version they saw, a valid body.

In the order of a handler's parameters. Who the caller is comes before the body: a stranger learns nothing of
what would be wrong with it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ValidationError

from basket.api.context import BasketApp, BasketRequest
from basket.api.errors import Refusal
from basket.api.schemas import AddLine, MergeBasket, SetLine
from basket.baskets.owners import Caller, hash_of
from basket.settings import Settings
from bazaar_shared.auth import InvalidToken, Principal, bearer
from bazaar_shared.problems import FieldError, Problem

TOKEN_HEADER = "Basket-Token"  # noqa: S105 a header's name
_TAG = re.compile(r'(?<![/\w])"(\d{1,18})"')
_MOST_SINCE = 2**63 - 1
_SINCE_DIGITS = len(str(_MOST_SINCE))


@dataclass(frozen=True, slots=True)
class Shopper:
    """A member by a verified access token."""

    id: UUID


@dataclass(frozen=True, slots=True)
class MaybeShopper:
    """A member, or a stranger who sent no token at all. A token that is not good is refused."""

    id: UUID | None


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The versions that the caller names; what is no tag of ours matches none."""

    versions: frozenset[int]


@dataclass(frozen=True, slots=True)
class Since:
    version: int | None


def install(app: BasketApp) -> None:
    add = app.ext.add_dependency
    add(Settings, settings)
    add(Caller, caller)
    add(Shopper, shopper)
    add(MaybeShopper, maybe_shopper)
    add(IfMatch, if_match)
    add(Since, since)
    for model in (AddLine, SetLine, MergeBasket):
        add(model, body_of(model))


async def settings(request: BasketRequest) -> Settings:
    return request.app.ctx.settings


async def caller(request: BasketRequest) -> Caller:
    """Whoever holds a token of either kind. Whose the basket is is seen later."""
    token = request.headers.get(TOKEN_HEADER)
    principal = await _principal(request)
    if token is None and principal is None:
        raise InvalidToken(f"an access token is required, or a guest's {TOKEN_HEADER}")
    return Caller(
        shopper_id=None if principal is None else _account(principal),
        token_hash=None if token is None else hash_of(token),
    )


async def shopper(request: BasketRequest) -> Shopper:
    principal = await _principal(request)
    if principal is None:
        raise InvalidToken("a bearer token is required")
    return Shopper(_shopper(principal))


async def maybe_shopper(request: BasketRequest) -> MaybeShopper:
    principal = await _principal(request)
    return MaybeShopper(None if principal is None else _shopper(principal))


async def _principal(request: BasketRequest) -> Principal | None:
    """Verified here again: a caller inside the network is not trusted, nor any header it sends."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    return await request.app.ctx.verifier.verify(bearer(header))


def _shopper(principal: Principal) -> UUID:
    account = _account(principal) if principal.has("shopper") else None
    if account is None:
        raise Refusal(Problem.of("forbidden", "only shoppers have baskets"))
    return account


def _account(principal: Principal) -> UUID | None:
    """None for a service: its subject is no account's id."""
    try:
        return UUID(principal.subject)
    except ValueError:
        return None


async def if_match(request: BasketRequest) -> IfMatch:
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        detail = 'name the version that you saw, as in its ETag: "3"'
        raise Refusal(Problem.of("precondition-required", detail))
    return IfMatch(frozenset(int(tag) for tag in _TAG.findall(header)))


async def since(request: BasketRequest) -> Since:
    text = request.get_args(keep_blank_values=True).get("since")
    if text is None:
        return Since(None)
    # Python refuses to read a number of very many digits
    is_number = text.isascii() and text.isdecimal() and len(text) <= _SINCE_DIGITS
    if not is_number or int(text) > _MOST_SINCE:
        raise Refusal(Problem.invalid([FieldError("since", "int_parsing", "a version is required")]))
    return Since(int(text))


def body_of[M: BaseModel](model: type[M]) -> Callable[[BasketRequest], M]:
    def parse(request: BasketRequest):  # type: ignore[no-untyped-def]  # noqa: ANN202 sanic-ext reads the hints
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(Problem.of("unsupported-media-type", "only application/json is taken"))
        try:
            return model.model_validate_json(request.body)
        except ValidationError as error:
            raise Refusal(_invalid(error)) from None

    return parse


def _invalid(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if any(problem["type"] == "json_invalid" for problem in found):
        return Problem.of("malformed-body", "the body is not JSON")
    return Problem.invalid([FieldError(_path(p["loc"]), p["type"], p["msg"]) for p in found])


def _path(location: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in location) or "body"
