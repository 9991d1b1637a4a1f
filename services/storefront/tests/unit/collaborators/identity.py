"""identity: one account that signs in, and tokens that are really signed."""

from typing import Any

from tests.unit.collaborators.market import Answer, Collaborators, Request, refusal, route, unknown


@route("GET", "/.well-known/jwks.json")
def keys(market: Collaborators, request: Request) -> Answer:
    return Answer(200, market.forge.jwks())


@route("POST", "/api/identity/accounts")
def sign_up(market: Collaborators, request: Request) -> Answer:
    email, password = request.body["email"], request.body["password"]
    if email in market.accounts:
        return refusal("conflict", detail="The address is taken.")
    market.accounts[email] = password
    return Answer(201, _account(market, email, request.body["display_name"]))


@route("GET", "/api/identity/accounts/me")
def me(market: Collaborators, request: Request) -> Answer:
    return Answer(200, _account(market, "ada@example.org", "Ada")) if request.token else unknown()


def _account(market: Collaborators, email: str, name: str) -> dict[str, Any]:
    return {
        "id": market.subject,
        "email": email,
        "display_name": name,
        "roles": ["shopper"],
        "state": "active",
        "created_at": "2026-11-01T00:00:00Z",
    }


@route("POST", "/api/identity/sessions")
def sign_in(market: Collaborators, request: Request) -> Answer:
    if market.accounts.get(request.body["email"]) != request.body["password"]:
        return unknown()
    return Answer(201, market.grant())


@route("POST", "/api/identity/sessions/refresh")
def refresh(market: Collaborators, request: Request) -> Answer:
    if request.body["refresh_token"] != market.refresh_tokens[-1]:
        return unknown()
    market.refresh_tokens.append(f"refresh-{len(market.refresh_tokens)}")
    return Answer(200, market.grant())


@route("DELETE", "/api/identity/sessions/current")
def sign_out(market: Collaborators, request: Request) -> Answer:
    return Answer(204)
