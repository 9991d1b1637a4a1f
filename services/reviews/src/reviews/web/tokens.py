"""Who calls: identity's access tokens, verified here again. A caller inside the network is not trusted."""

from uuid import UUID

from flask import Flask, current_app, request

from bazaar_shared.auth import Principal, TokenVerifier, bearer
from reviews.errors import NotAShopper
from reviews.settings import Settings

_KEY = "reviews.tokens"


class Tokens:
    """An extension: one verifier for the app, safe to share between the server's threads."""

    def init_app(self, app: Flask) -> None:
        settings: Settings = app.config["SETTINGS"]
        app.extensions[_KEY] = TokenVerifier(
            settings.jwks_url, settings.token_issuer, settings.token_audience
        )

    def verify(self, token: str) -> Principal:
        verifier: TokenVerifier = current_app.extensions[_KEY]
        return verifier.verify(token)

    def shopper(self) -> UUID:
        """The person behind the request's bearer token; InvalidToken without one."""
        return account_of(self.verify(bearer(request.headers.get("Authorization"))))

    def shopper_or_none(self) -> UUID | None:
        """For what everybody may read: nobody where there is no token. A bad one is refused all the same."""
        header = request.headers.get("Authorization")
        return None if header is None else self.shopper()


def account_of(principal: Principal) -> UUID:
    try:
        return UUID(principal.subject)
    except ValueError as error:
        raise NotAShopper from error
