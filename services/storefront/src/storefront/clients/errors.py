"""What a call can come to besides its answer. Pages decide what each means to a person."""

from collections.abc import Mapping
from typing import Any

from bazaar_shared.problems import TYPE_PREFIX


class CallFailed(Exception):
    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service


class Unavailable(CallFailed):
    """No answer that could be used: nobody there, too late, or an error of the service's own.

    `maybe_done`: a write may have been carried out all the same.
    """

    def __init__(self, service: str, reason: str, *, maybe_done: bool) -> None:
        super().__init__(service, reason)
        self.maybe_done = maybe_done


class SignedOut(CallFailed):
    """The service wants to know who it is, and the session has ended."""


class Refused(CallFailed):
    """A definite no (4xx), with the problem that explains it."""

    def __init__(
        self, service: str, status: int, problem: Mapping[str, Any], retry_after: str | None = None
    ) -> None:
        self.status = status
        self.slug = str(problem.get("type", "")).removeprefix(TYPE_PREFIX)
        self.problem = problem
        self.retry_after = retry_after
        super().__init__(service, f"{status} {self.slug} {problem.get('detail', '')}")

    @property
    def detail(self) -> str:
        return str(self.problem.get("detail") or self.problem.get("title") or "")

    def field_errors(self) -> dict[str, str]:
        """Messages by the last name of the field's path: `delivery_address.city` is the form's `city`."""
        found: dict[str, str] = {}
        for error in self.problem.get("errors") or []:
            name = str(error.get("field", "")).rpartition(".")[2]
            found.setdefault(name, str(error.get("message", "")))
        return found
