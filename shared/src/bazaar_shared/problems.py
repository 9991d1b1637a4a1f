"""RFC 9457 problem details and the one catalogue of errors that all APIs answer with."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from bazaar_shared.telemetry import trace_id

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "https://bazaar.example/problems/"

ERRORS: dict[str, tuple[int, str]] = {
    "malformed-request": (400, "The request is not one of HTTP's"),
    "malformed-body": (400, "The body cannot be read"),
    "idempotency-key-missing": (400, "An Idempotency-Key header is required"),
    "invalid-cursor": (400, "The cursor is not one of ours"),
    "unauthenticated": (401, "A valid access token is required"),
    "forbidden": (403, "The account may not do this"),
    "not-found": (404, "There is no such thing here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "not-acceptable": (406, "None of the accepted types can be given"),
    "request-timeout": (408, "The request came too slowly"),
    "conflict": (409, "The state does not allow this"),
    "total-changed": (409, "The total is not the one that was shown"),
    "basket-changed": (409, "The basket is not the one that was shown"),
    "basket-ordered": (409, "The basket was ordered already"),
    "precondition-failed": (412, "It was changed in the meantime"),
    "body-too-large": (413, "The body is too large"),
    "uri-too-long": (414, "The address is too long"),
    "unsupported-media-type": (415, "The body's type is not supported"),
    "validation-failed": (422, "The request is not valid"),
    "idempotency-key-reused": (422, "The Idempotency-Key was used for another request"),
    "precondition-required": (428, "An If-Match header is required"),
    "too-many-requests": (429, "Too many requests"),
    "headers-too-large": (431, "The headers are too large"),
    "internal": (500, "Something went wrong on our side"),
    "bad-gateway": (502, "A service gave no valid answer"),
    "unavailable": (503, "The service is not available now"),
    "gateway-timeout": (504, "A service did not answer in time"),
}

# what a framework's own refusal (it knows a status only) is called in the catalogue
_BY_STATUS: dict[int, str] = {
    400: "malformed-body",
    409: "conflict",
    422: "validation-failed",
    **{status: slug for slug, (status, _) in ERRORS.items() if status not in {400, 409, 422}},
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is a path such as `lines[0].quantity`, `code` is for programs, `message` for people."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, init=False)
class Problem:
    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        type: str,  # noqa: A002
        title: str,
        status: int,
        detail: str = "",
        instance: str | None = None,
        **extensions: Any,
    ) -> None:
        values = (type, title, status, detail, instance, extensions)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, slug: str, detail: str = "", *, instance: str | None = None, **extensions: Any) -> "Problem":
        """A problem of the catalogue."""
        status, title = ERRORS[slug]
        return cls(TYPE_PREFIX + slug, title, status, detail, instance, **extensions)

    @classmethod
    def of_status(cls, status: int, detail: str = "") -> "Problem":
        """The catalogue's problem for a status that a framework or server answered with by itself."""
        slug = _BY_STATUS.get(status) or ("internal" if status >= 500 else "malformed-body")
        return cls(TYPE_PREFIX + slug, ERRORS[slug][1], status, detail)

    @classmethod
    def invalid(cls, errors: Iterable[FieldError], detail: str = "") -> "Problem":
        return cls.of("validation-failed", detail, errors=[asdict(error) for error in errors])

    @property
    def slug(self) -> str:
        return self.type.removeprefix(TYPE_PREFIX)

    def to_dict(self) -> dict[str, Any]:
        """Extensions can't replace a standard member. `trace_id` is always there; null outside of a trace."""
        document: dict[str, Any] = {**self.extensions, "trace_id": trace_id()}
        document |= {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if self.instance is not None:
            document["instance"] = self.instance
        return document
