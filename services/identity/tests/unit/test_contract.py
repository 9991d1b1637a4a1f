import pytest
from identity.contract.specification import SPECIFICATION, specification
from identity.contract.strict_json import MalformedJson, strict_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": ["\\u00e9", 1.5, null, true]}', {"a": ["é", 1.5, None, True]}),
        (rb'"\\u0000"', r"\u0000"),
        (b"[]", []),
    ],
)
def test_json_is_read(body: bytes, value: object):
    assert strict_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b"\xff", b"NaN", b"[-Infinity]", b'{"a":1,"a":1}', b'"\\u0000"', b'"\\ud800"',
        b'{"a": [{"\\u0000": 1}]}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_only_looks_like_json_is_not(body: bytes):
    with pytest.raises(MalformedJson):
        strict_json(body)


def test_clients_see_no_names_of_ours():
    assert "x-pyramid" in SPECIFICATION.read_text()
    assert "x-pyramid" not in str(specification())


def operations() -> list[tuple[str, dict]]:
    return [
        (f"{method} {path}", operation)
        for path, item in specification()["paths"].items()
        for method, operation in item.items()
    ]


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_operation_refuses_with_problems(name: str, operation: dict):
    assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_json_body_refuses_unknown_fields(name: str, operation: dict):
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            schema = media["schema"]
            if "$ref" in schema:
                schema = specification()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert schema["additionalProperties"] is False
