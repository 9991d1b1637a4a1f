from uuid import UUID

from identity.security.interfaces import Identity, NotAuthentic
from identity.sessions.interfaces import ISessions
from identity.tokens.interfaces import ITokenIssuer


class Authenticator:
    """Elsewhere a token is good until it expires. Here, at its source, it is good while its session lives."""

    def __init__(self, issuer: ITokenIssuer, sessions: ISessions) -> None:
        self._issuer = issuer
        self._sessions = sessions

    def authenticate(self, token: str) -> Identity:
        claims = self._issuer.verify(token)
        if "sid" not in claims:  # a service's own token
            return Identity(claims["sub"], frozenset(claims["roles"]))
        try:
            identity = self._sessions.identity_of(UUID(claims["sub"]), UUID(claims["sid"]))
        except ValueError as error:
            raise NotAuthentic("The token is not valid.") from error
        if identity is None:
            raise NotAuthentic("The session has ended.")
        return identity
