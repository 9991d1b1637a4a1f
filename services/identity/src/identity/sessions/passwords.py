"""Asking for a password: throttled, and with the same work whether the account exists or not."""

from datetime import timedelta

from identity.accounts.interfaces import IAccounts, IPasswordHasher
from identity.accounts.models import Account
from identity.errors import NotAllowed, NotAuthenticated
from identity.metrics import sign_ins
from identity.throttling.interfaces import Attempt, IThrottle, Limit

# Many people may share an address, hence the wider limit there; a right password costs nothing in either.
BY_ADDRESS = Limit("password/address", burst=50, every=timedelta(seconds=5))
BY_ACCOUNT = Limit("password/account", burst=10, every=timedelta(seconds=60))


class PasswordCheck:
    def __init__(self, accounts: IAccounts, hasher: IPasswordHasher, throttle: IThrottle) -> None:
        self._accounts = accounts
        self._hasher = hasher
        self._throttle = throttle

    def sign_in(self, email: str, password: str, address: str) -> Account:
        # The e-mail, not the account, is what is throttled: an unknown one is refused after as many attempts.
        with self._throttle.failures_of(Attempt(BY_ADDRESS, address), Attempt(BY_ACCOUNT, email.lower())):
            account = self._accounts.by_email(email)
            known = account.password_hash if account else None
            if not self._hasher.verify(known, password) or account is None or known is None:
                sign_ins.labels("refused").inc()
                raise NotAuthenticated("The e-mail address or the password is wrong.")
        sign_ins.labels("accepted").inc()
        if self._hasher.is_outdated(known):
            account.password_hash = self._hasher.hash(password)
        return account

    def confirm(self, account: Account, password: str, address: str) -> None:
        attempts = Attempt(BY_ADDRESS, address), Attempt(BY_ACCOUNT, str(account.email))
        with self._throttle.failures_of(*attempts):
            if not self._hasher.verify(account.password_hash, password):
                raise NotAllowed("The password is wrong.")
