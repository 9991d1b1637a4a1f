"""All tables, for what needs them together: migrations and tests."""

from identity.accounts.models import Account
from identity.clients.models import ServiceClient
from identity.sessions.models import AccountSession
from identity.throttling.models import ThrottleBucket
from identity.tokens.models import SigningKey

__all__ = ["Account", "AccountSession", "ServiceClient", "SigningKey", "ThrottleBucket"]
