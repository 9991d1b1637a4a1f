"""For tests: does an event keep the promise of shared/contracts/asyncapi/bazaar.yaml? (extra: `contracts`)"""

from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from bazaar_shared.envelope import Event


def load(path: Path) -> dict[str, Any]:
    contract: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return contract


def violations(contract: dict[str, Any], topic: str, event: Event) -> list[str]:
    """What is wrong with the event on this topic, each as `path: message`; empty when nothing is."""
    by_name = {message.get("name"): message for message in contract["components"]["messages"].values()}
    on_topic = {
        reference["$ref"].rpartition("/")[2] for reference in contract["channels"][topic]["messages"].values()
    }
    names = {contract["components"]["messages"][key].get("name") for key in on_topic}
    if event.type not in names:
        return [f"type: {event.type} is not promised on {topic}"]
    envelope = {"$ref": "#/components/schemas/Envelope"}
    payload = by_name[event.type]["payload"]
    return [
        *_errors(contract, envelope, event.to_dict(), ""),
        *_errors(contract, payload, dict(event.data), "data"),
    ]


def _errors(contract: dict[str, Any], schema: dict[str, Any], document: object, at: str) -> list[str]:
    validator = Draft202012Validator({"components": contract["components"], **schema})
    return [
        f"{'.'.join([part for part in (at, *map(str, error.path)) if part])}: {error.message}"
        for error in validator.iter_errors(document)
    ]
