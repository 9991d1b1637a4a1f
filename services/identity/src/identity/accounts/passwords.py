"""Passwords: Argon2id, and the rule for new ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from identity.errors import FieldRefused, Overloaded

SHORTEST, LONGEST = 12, 128
AT_ONCE = 4  # of 19 MiB each: a crowd at the door waits its turn instead of using up the memory
PATIENCE = 5.0


class Argon2Hasher:
    def __init__(self) -> None:
        # OWASP's recommendation for Argon2id: 19 MiB, two passes.
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._places = BoundedSemaphore(AT_ONCE)
        self._nobodys = self._argon2.hash("the password of an account that does not exist")

    def hash(self, password: str) -> str:
        with self._place():
            return self._argon2.hash(password)

    def verify(self, known: str | None, password: str) -> bool:
        try:
            with self._place():
                self._argon2.verify(known or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def is_outdated(self, known: str) -> bool:
        return self._argon2.check_needs_rehash(known)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=PATIENCE):
            raise Overloaded("Too many passwords are being checked at once.")
        try:
            yield
        finally:
            self._places.release()


def check_new_password(password: str, email: str) -> None:
    """Length counts, composition does not (NIST SP 800-63B); what everybody can read is no password."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise FieldRefused("password", "length", f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.casefold() == email.casefold():
        raise FieldRefused("password", "same_as_email", "The password must not be the e-mail address.")
