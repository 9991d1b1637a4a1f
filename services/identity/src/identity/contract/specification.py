from pathlib import Path
from typing import Any

import yaml

SPECIFICATION = Path(__file__).parents[1] / "openapi.yaml"


def specification() -> dict[str, Any]:
    """The contract as clients see it: without the names that only Pyramid needs."""
    document: dict[str, Any] = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))
    for path in document["paths"].values():
        for extension in [name for name in path if name.startswith("x-pyramid-")]:
            del path[extension]
    return document
