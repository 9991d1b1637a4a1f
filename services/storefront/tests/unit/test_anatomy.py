"""What the panel claims: each call's file exists, is the service's, and may be looked at."""

import ast
import re
from pathlib import Path

import pytest
from storefront.anatomy import facts
from storefront.sources import read

from tests.unit import REPOSITORY, contracts
from tests.unit.collaborators import TEAPOT, Collaborators
from tests.unit.conftest import Browser

CLIENTS = Path(__file__).parents[2] / "src/storefront/clients"


def routes_in(source: str) -> set[str]:
    """Every route template that stands in the code, as text."""
    constants = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {text for text in constants if isinstance(text, str) and re.fullmatch(r"/api/[\w/{}]+", text)}


def test_every_route_that_the_clients_know_has_a_file() -> None:
    used = {route for path in CLIENTS.glob("*.py") for route in routes_in(path.read_text(encoding="utf-8"))}

    assert used == {route for _, _, route in facts().calls}


def test_every_call_is_in_its_services_contract() -> None:
    promised = set(contracts.operations())

    assert {(method, contracts.shape(route)) for _, method, route in facts().calls} <= promised


def test_every_file_exists_and_belongs_to_its_service() -> None:
    for (service, method, route), file in facts().calls.items():
        assert file.startswith(f"services/{service}/src/"), (method, route)
        assert route.startswith(f"/api/{service}"), (method, route)
    missing = sorted(file for file in facts().files if not (REPOSITORY / file).is_file())
    assert missing == []


def test_the_steps_are_those_of_the_saga() -> None:
    saga = (REPOSITORY / "services/orders/src/orders/domain/steps.py").read_text(encoding="utf-8")
    called = set(re.findall(r'"(?:inventory|shipping|payments)",\s+"(\w+)"', saga))

    taken = {step.key for step in facts().steps[1:]}
    assert taken | set(facts().undoing) == called
    assert {step.undo for step in facts().steps if step.undo} == set(facts().undoing)


async def test_a_page_tells_what_it_was_made_of(browser: Browser, market: Collaborators) -> None:
    html = await browser.text(f"/products/{TEAPOT}")

    panel = html[html.index('id="anatomy"') :]
    assert "<code>GET /api/catalog/products/{id}</code>" in panel
    assert "<code>GET /api/reviews/products/{product_id}/summary</code>" in panel
    assert "/source/services/catalog/src/catalog/products/views.py" in panel
    assert "Django" in panel
    assert TEAPOT not in panel


async def test_a_refusal_and_a_failure_are_told_too(browser: Browser, market: Collaborators) -> None:
    market.broken["reviews"] = "500"

    html = await browser.text(f"/products/{TEAPOT}")

    assert "failed (500)" in html


async def test_the_code_is_shown_with_classes_and_no_style(browser: Browser) -> None:
    html = await browser.text("/source/services/orders/src/orders/domain/steps.py")

    assert '<span class="k">class</span>' in html, html[html.index("highlight") :][:300]
    assert "style=" not in html


@pytest.mark.parametrize(
    "path",
    [
        "services/orders/src/orders/settings.py",
        "services/orders/src/orders/domain/../settings.py",
        "services%2forders%2f..%2f..%2fLICENSE",
        "../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        ".git/config",
        "",
        "%00",
    ],
)
async def test_nothing_else_is_shown(browser: Browser, path: str) -> None:
    response = await browser.get(f"/source/{path}")

    assert response.status_code == 404
    assert "root:" not in await response.get_data(as_text=True)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    listed = "services/orders/src/orders/domain/steps.py"
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    file = tmp_path / "repository" / listed
    file.parent.mkdir(parents=True)
    file.symlink_to(tmp_path / "secret")

    assert read(tmp_path / "repository", listed) is None


def test_without_a_folder_nothing_is_shown() -> None:
    assert read(None, "services/orders/src/orders/domain/steps.py") is None
