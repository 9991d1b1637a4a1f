from typing import Protocol

from identity.tokens.interfaces import AccessToken


class IServiceClients(Protocol):
    def token_for(self, name: str, secret: str, address: str) -> AccessToken:
        """A token of the service's own; raises InvalidClient, TooManyAttempts."""
