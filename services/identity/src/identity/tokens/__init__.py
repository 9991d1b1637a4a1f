"""Access tokens and the keys that sign them."""

from typing import Any

from identity.clock import IClock
from identity.keyring import Keyring
from identity.tokens.interfaces import ISigningKeys, ITokenIssuer
from identity.tokens.issuer import TokenIssuer
from identity.tokens.keys import SigningKeys


def signing_keys(_context: Any, request: Any) -> SigningKeys:
    keyring: Keyring = request.registry.settings["identity.keyring"]
    return SigningKeys(request.db, keyring, request.find_service(IClock, context=None).now())


def token_issuer(_context: Any, request: Any) -> TokenIssuer:
    keys: SigningKeys = request.find_service(ISigningKeys, context=None)
    now = request.find_service(IClock, context=None).now()
    return TokenIssuer(keys, request.registry.settings["identity"], now)


def includeme(config: Any) -> None:
    config.register_service_factory(signing_keys, ISigningKeys)
    config.register_service_factory(token_issuer, ITokenIssuer)
    config.scan(".views")
