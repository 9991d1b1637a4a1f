"""Bearer tokens of identity, verified here again: a caller inside the network is not trusted."""

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from bazaar_shared.auth import InvalidToken, Principal, TokenVerifier, bearer


@dataclass(frozen=True)
class Caller:
    """Who calls the API; not a user of the back office, though the same person may be one."""

    principal: Principal
    is_authenticated = True

    @property
    def pk(self) -> str:
        return self.principal.subject

    @property
    def account_id(self) -> UUID | None:
        """None for a service account."""
        try:
            return UUID(self.principal.subject)
        except ValueError:
            return None

    @property
    def is_operator(self) -> bool:
        return self.principal.is_operator

    @property
    def is_service(self) -> bool:
        return self.principal.has("service")

    def __str__(self) -> str:
        return f"account:{self.principal.subject}"


@cache
def verifier() -> TokenVerifier:
    config = settings.CONFIG
    return TokenVerifier(config.jwks_url, config.token_issuer, config.token_audience)


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Caller, str] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        try:
            token = bearer(header)
            return Caller(verifier().verify(token)), token
        except InvalidToken as error:
            raise AuthenticationFailed(str(error)) from error

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="bazaar"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
