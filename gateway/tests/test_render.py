import subprocess

import pytest
import yaml

from bazaar_shared.problems import ERRORS
from gateway.render import CONFIG, MissingSettingsError, render
from gateway.run import envoy_binary

ADDRESSES = {
    "IDENTITY_ADDRESS": "identity:8101",
    "CATALOG_ADDRESS": "catalog-0:8102, catalog-1:8102",
    "ORDERS_ADDRESS": "orders:8103",
    "BASKET_ADDRESS": "basket:8140",
    "REVIEWS_ADDRESS": "reviews:8150",
    "STOREFRONT_ADDRESS": "storefront:8160",
    "CHAT_ADDRESS": "chat:8170,chat-2:8171",
    "CLICKSTREAM_ADDRESS": "clickstream:8190",
    "INSIGHTS_ADDRESS": "insights:8195",
}


def config(**settings: str) -> dict:
    return yaml.safe_load(render(ADDRESSES | settings))


def listener(rendered: dict, name: str) -> dict:
    return next(one for one in rendered["static_resources"]["listeners"] if one["name"] == name)


def manager(rendered: dict, name: str = "public") -> dict:
    return listener(rendered, name)["filter_chains"][0]["filters"][0]["typed_config"]


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(MissingSettingsError) as missing:
        render({**ADDRESSES, "ORDERS_ADDRESS": "", "IDENTITY_ADDRESS": ""})

    assert str(missing.value) == "IDENTITY_ADDRESS, ORDERS_ADDRESS"


def test_addresses_become_endpoints() -> None:
    clusters = {
        one["name"]: one["load_assignment"]["endpoints"] for one in config()["static_resources"]["clusters"]
    }

    def addresses(name: str) -> list[tuple[str, int]]:
        found = [one["endpoint"]["address"]["socket_address"] for one in clusters[name][0]["lb_endpoints"]]
        return [(one["address"], one["port_value"]) for one in found]

    assert addresses("identity") == [("identity", 8101)]
    assert addresses("catalog") == [("catalog-0", 8102), ("catalog-1", 8102)]
    assert addresses("admin") == [("127.0.0.1", 9901)]
    assert addresses("traces") == []


def test_only_the_admin_interface_is_bound_to_this_machine_whatever_the_settings() -> None:
    rendered = config(HTTP_HOST="0.0.0.0", MANAGEMENT_HOST="0.0.0.0", ADMIN_HOST="0.0.0.0")

    assert listener(rendered, "public")["address"]["socket_address"]["address"] == "0.0.0.0"
    assert rendered["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_a_value_stays_inside_its_scalar() -> None:
    evil = 'https://x.example", forward: false, x: "'

    provider = manager(config(TOKEN_ISSUER=evil))["http_filters"][3]["typed_config"]["providers"]["identity"]

    assert provider["issuer"] == evil
    assert provider["forward"] is True


def test_every_problem_is_in_the_catalogue_with_its_status_and_title() -> None:
    problems = yaml.safe_load((CONFIG / "problems.yaml").read_text())

    for problem in problems:
        if problem.get("page"):  # in words for people
            assert problem["status"] == ERRORS[problem["slug"]][0]
        elif problem["slug"] != "malformed-request":  # what is no HTTP never reaches a service
            assert (problem["status"], problem["title"]) == ERRORS[problem["slug"]]


def test_all_routes_but_the_named_ones_need_a_token() -> None:
    """Deny by default: whoever adds an open route has to say so here."""
    (host,) = manager(config())["route_config"]["virtual_hosts"]
    requirement = "envoy.filters.http.jwt_authn"
    without = [r["name"] for r in host["routes"] if r.get("typed_per_filter_config", {}).get(requirement)]

    assert host["typed_per_filter_config"][requirement]["requirement_name"] == "user"
    assert without == [
        "identity-keys",
        "identity-credentials",
        "identity-docs",
        "catalog-docs",
        "catalog-read",
        "orders-docs",
        "basket-docs",
        "basket",
        "reviews-docs",
        "reviews-read",
        "moderation",
        "chat-docs",
        "chat-socket",
        "chat-updates",
        "chat",
        "clickstream-docs",
        "clickstream",
        "insights-docs",
        "insights-trending",
        "admin-sign-in",
        "admin",
        "nowhere",
        "storefront-credentials",
        "storefront-events",
        "storefront",
    ]


def test_envoy_takes_the_configuration_with_no_deprecated_field(tmp_path) -> None:
    file = tmp_path / "envoy.yaml"
    file.write_text(render(ADDRESSES))

    check = subprocess.run(
        [envoy_binary(), "--mode", "validate", "-c", file],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert check.returncode == 0, check.stderr[-2000:]
    assert "deprecated" not in (check.stdout + check.stderr).lower()
