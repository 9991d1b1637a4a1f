import pytest

from bazaar_shared import telemetry
from bazaar_shared.problems import CONTENT_TYPE, ERRORS, FieldError, Problem

TYPES = "https://bazaar.example/problems/"
CATALOGUE = {
    "validation-failed": 422,
    "malformed-body": 400,
    "malformed-request": 400,
    "body-too-large": 413,
    "unsupported-media-type": 415,
    "not-found": 404,
    "method-not-allowed": 405,
    "unauthenticated": 401,
    "forbidden": 403,
    "conflict": 409,
    "total-changed": 409,
    "basket-changed": 409,
    "basket-ordered": 409,
    "idempotency-key-missing": 400,
    "idempotency-key-reused": 422,
    "precondition-failed": 412,
    "too-many-requests": 429,
    "unavailable": 503,
    "internal": 500,
    "gateway-timeout": 504,
}


def test_a_problem_of_the_catalogue() -> None:
    problem = Problem.of("not-found", "there is no order o-1", instance="/api/orders/o-1")
    assert problem.to_dict() == {
        "type": TYPES + "not-found",
        "title": "There is no such thing here",
        "status": 404,
        "detail": "there is no order o-1",
        "instance": "/api/orders/o-1",
        "trace_id": None,
    }
    assert problem.slug == "not-found"


def test_a_problem_can_be_spelled_out() -> None:
    problem = Problem(type=TYPES + "x", title="X", status=418, detail="d", hint="h")
    assert problem.to_dict() == {
        "type": TYPES + "x",
        "title": "X",
        "status": 418,
        "detail": "d",
        "hint": "h",
        "trace_id": None,
    }


def test_the_trace_stands_in_every_problem() -> None:
    telemetry.configure("tests", "unit")
    with telemetry.span("request"):
        assert Problem.of("internal").to_dict()["trace_id"] == telemetry.trace_id() != None  # noqa: E711


def test_an_extension_can_not_replace_a_standard_member() -> None:
    body = Problem("about:blank", "t", 400, "d", None, trace_id="mine", total_minor=5).to_dict()
    assert body["trace_id"] is None
    assert body["total_minor"] == 5


def test_validation_names_each_field() -> None:
    problem = Problem.invalid(
        [FieldError("lines[0].quantity", "min_value", "at least 1")], "1 field is wrong"
    )
    assert (problem.status, problem.slug) == (422, "validation-failed")
    assert problem.to_dict()["errors"] == [
        {"field": "lines[0].quantity", "code": "min_value", "message": "at least 1"}
    ]


@pytest.mark.parametrize(("slug", "status"), CATALOGUE.items())
def test_the_catalogue_keeps_its_promises(slug: str, status: int) -> None:
    assert ERRORS[slug][0] == status


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (400, "malformed-body"),
        (404, "not-found"),
        (405, "method-not-allowed"),
        (409, "conflict"),
        (413, "body-too-large"),
        (415, "unsupported-media-type"),
        (418, "malformed-body"),
        (422, "validation-failed"),
        (500, "internal"),
        (507, "internal"),
        (503, "unavailable"),
    ],
)
def test_a_frameworks_own_refusal_gets_a_name(status: int, slug: str) -> None:
    problem = Problem.of_status(status)
    assert (problem.slug, problem.status) == (slug, status)


def test_the_content_type() -> None:
    assert CONTENT_TYPE == "application/problem+json"
