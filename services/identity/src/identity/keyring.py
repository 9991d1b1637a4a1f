"""Three independent keys from the one secret that the deployment gives us."""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST_SECRET = 32


class Keyring:
    """Each purpose has a key of its own, so that a leak of one says nothing about the others."""

    def __init__(self, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the key encryption key needs at least {SHORTEST_SECRET} characters")
        self._secret = secret.encode()
        self._private_keys = Fernet(urlsafe_b64encode(self._derive(b"signing keys at rest")))
        self._refresh = self._derive(b"refresh tokens")
        self._pseudonyms = self._derive(b"pseudonyms")

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=b"bazaar identity: " + purpose).derive(self._secret)

    def seal(self, private_key: bytes) -> bytes:
        return self._private_keys.encrypt(private_key)

    def unseal(self, sealed: bytes) -> bytes:
        return self._private_keys.decrypt(sealed)

    def refresh_mac(self, message: bytes) -> bytes:
        return hmac.digest(self._refresh, message, "sha256")

    def pseudonym(self, value: str) -> bytes:
        """Recognises a value without keeping it: the throttle holds no address that could be read."""
        return hmac.digest(self._pseudonyms, value.encode(), "sha256")
