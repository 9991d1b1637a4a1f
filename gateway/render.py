"""Envoy's configuration from gateway/config/, with the addresses and limits of this deployment filled in.

    python -m gateway.render > envoy.yaml

The files are Envoy's own configuration language with these additions:
`${NAME}` and `${NAME:-default}` come from the environment (after parsing: a value stays inside its scalar),
`!include file.yaml` takes in another file of the folder,
`!endpoints host:port,host:port` becomes Envoy's list of endpoints,
`!origins https://a.example,https://b.example` becomes Envoy's list of allowed origins,
`!problems file.yaml` becomes the mappers that turn Envoy's own refusals into problem details.
YAML merge keys work too: they are resolved here, for Envoy's parser knows none.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

CONFIG = Path(__file__).parent / "config"
PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")


class MissingSettingsError(Exception):
    """Names every setting without a default that the environment lacks, not only the first."""


class Loader(yaml.SafeLoader):
    def __init__(self, text: str, env: Mapping[str, str], missing: set[str]) -> None:
        super().__init__(text)
        self.env = env
        self.missing = missing

    def fill(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name, default = match.groups()
            if not self.env.get(name) and default is None:
                self.missing.add(name)
            return self.env.get(name) or default or ""

        return PLACEHOLDER.sub(value, text)


def load(name: str, env: Mapping[str, str], missing: set[str]) -> Any:
    return Loader((CONFIG / name).read_text(), env, missing).get_single_data()


def text(loader: Loader, node: yaml.ScalarNode) -> str:
    return loader.fill(node.value)  # also for numbers: Envoy takes "8080" where it wants 8080


def include(loader: Loader, node: yaml.ScalarNode) -> Any:
    return load(node.value, loader.env, loader.missing)


def endpoints(loader: Loader, node: yaml.ScalarNode) -> list[dict[str, Any]]:
    found = []
    for address in filter(None, loader.fill(node.value).split(",")):
        host, _, port = address.strip().rpartition(":")
        socket_address = {"address": host, "port_value": int(port)}
        found.append({"endpoint": {"address": {"socket_address": socket_address}}})
    return found


def origins(loader: Loader, node: yaml.ScalarNode) -> list[dict[str, str]]:
    return [{"exact": origin.strip()} for origin in loader.fill(node.value).split(",") if origin.strip()]


def problems(loader: Loader, node: yaml.ScalarNode) -> list[dict[str, Any]]:
    return [mapper(problem) for problem in load(node.value, loader.env, loader.missing)]


def mapper(problem: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of local_reply_config: when `when` (CEL) holds, answer with this problem."""
    body = {
        "type": f"https://bazaar.example/problems/{problem['slug']}",
        "title": problem["title"],
        "status": problem["status"],
        "detail": problem["detail"],
        "trace_id": "%REQ(X-TRACE-ID)%",
    }
    headers = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in problem.get("headers", {}).items()
    ]
    cel = "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {
        "filter": {
            "extension_filter": {
                "name": "envoy.access_loggers.extension_filters.cel",
                "typed_config": {"@type": cel, "expression": problem["when"]},
            }
        },
        "status_code": problem["status"],
        "headers_to_add": headers,
        "body_format_override": page(problem)
        if problem.get("page")
        else {"content_type": "application/problem+json", "json_format": body},
    }


def page(problem: Mapping[str, Any]) -> dict[str, Any]:
    """For people who meet the gateway itself: plain HTML, as no style may be loaded."""
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{problem['title']}</title><main><h1>{problem['title']}</h1><p>{problem['detail']}</p>"
        '<p><a href="/">To the market\'s front page</a></p></main></html>\n'
    )
    return {"content_type": "text/html; charset=utf-8", "text_format_source": {"inline_string": html}}


Loader.add_constructor("tag:yaml.org,2002:str", text)
Loader.add_constructor("!include", include)
Loader.add_constructor("!endpoints", endpoints)
Loader.add_constructor("!origins", origins)
Loader.add_constructor("!problems", problems)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        return True


def render(env: Mapping[str, str]) -> str:
    missing: set[str] = set()
    config = load("envoy.yaml", env, missing)
    if missing:
        raise MissingSettingsError(", ".join(sorted(missing)))
    return yaml.dump(config, Dumper=Dumper, sort_keys=False, width=120)


def main() -> None:
    try:
        sys.stdout.write(render(os.environ))
    except MissingSettingsError as missing:
        sys.exit(f"gateway: not set: {missing}")


if __name__ == "__main__":
    main()
