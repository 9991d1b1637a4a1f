"""What the domain refuses. problems.py says, in one table, how HTTP calls each of them."""


class DomainError(Exception):
    """Its text is for the caller: nothing that they may not know stands in it."""


class FieldRefused(DomainError):
    """One field's value breaks a rule that no schema can express."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


class NotThere(DomainError):
    pass


class Conflict(DomainError):
    pass


class NotAuthenticated(DomainError):
    pass


class InvalidClient(NotAuthenticated):
    """A service that cannot prove who it is."""


class UnsupportedGrant(DomainError):
    pass


class NotAllowed(DomainError):
    pass


class TooManyAttempts(DomainError):
    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} s.")
        self.retry_after = retry_after


class KeysMissing(DomainError):
    """There is no key to sign with: `python -m identity migrate` was never run on this database."""


class Overloaded(DomainError):
    """No capacity now; nothing was done."""
