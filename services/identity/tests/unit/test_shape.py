"""What no view of this service may do, read from its code."""

import re
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[2] / "src/identity").rglob("*.py"))


def views() -> list[Path]:
    return [path for path in SOURCES if path.name in {"views.py", "resources.py"}]


@pytest.mark.parametrize("path", views(), ids=lambda path: f"{path.parent.name}/{path.name}")
@pytest.mark.parametrize(
    "word", [".commit(", ".rollback(", "request.db", "is_admin", ".roles =", "os.environ", "select("]
)
def test_views_have_no_transactions_no_sql_and_no_role_checks(path: Path, word: str):
    assert word not in path.read_text(encoding="utf-8")


def rules() -> list[Path]:
    names = {
        "service.py",
        "family.py",
        "keys.py",
        "issuer.py",
        "passwords.py",
        "keyring.py",
        "errors.py",
        "clock.py",
    }
    return [path for path in SOURCES if path.name in names and path.parent.name != "contract"]


@pytest.mark.parametrize("path", rules(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_rules_know_no_http(path: Path):
    assert not re.search(
        r"^(from|import) (pyramid|webob|waitress)", path.read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_the_entry_point_reads_the_environment(path: Path):
    assert path.name == "__main__.py" or "os.environ" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_transaction_is_committed_by_hand(path: Path):
    by_hand = len(re.findall(r"(?<!config)\.commit\(\)", path.read_text(encoding="utf-8")))
    # the migrations' lock is a session's, and no request's
    assert by_hand == (1 if path.name == "migrations.py" else 0)
