"""The contract: valid, the committed one, and of the routes that there are."""

import json
import re
from pathlib import Path

from chat.app import ROUTES
from chat.web.conversations import PREFIX
from chat.web.document import document
from openapi_spec_validator import validate

COMMITTED = Path(__file__).parents[4] / "shared/contracts/openapi/chat.json"
METHODS = ("get", "post", "put", "patch", "delete")


def test_it_is_valid_and_the_committed_one() -> None:
    validate(document())
    assert document() == json.loads(COMMITTED.read_text(encoding="utf-8")), (
        "python -m chat openapi > shared/contracts/openapi/chat.json"
    )


def test_it_names_every_route_and_no_other() -> None:
    routes = {
        (f"{PREFIX}{path}", method)
        for path, handler in ROUTES.items()
        for method in METHODS
        if method in vars(handler) or (path == "/socket" and method == "get")
    }
    told = {
        (path, method)
        for path, operations in document()["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert told == routes - {(f"{PREFIX}/openapi.json", "get")}


def test_every_frame_is_described() -> None:
    frames = document()["paths"][f"{PREFIX}/socket"]["get"]["x-websocket"]
    names = [re.sub(".*/", "", one["$ref"]) for one in frames["client"] + frames["server"]]
    kinds = {document()["components"]["schemas"][name]["properties"]["type"]["enum"][0] for name in names}
    assert {"subscribe", "send", "message", "order", "error", "reconnect"} <= kinds
