from __future__ import annotations

from pathlib import Path

import pytest

from native import environments
from native.environments import EnvironmentsError, current


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]")
    (tmp_path / "requirements.txt").write_text("a==1")
    (tmp_path / "requirements-dev.txt").write_text("a==1\npytest==1")
    (tmp_path / ".venv").mkdir()
    return tmp_path


def installed(project: Path, kind: str, *locks: str) -> None:
    stamp = environments.stamp_of(project, locks)
    (project / ".venv/bazaar-stamp").write_text(f"{kind} {stamp}")


def test_an_environment_is_current_until_its_lock_changes(project: Path) -> None:
    assert not current(project)
    installed(project, "run", "requirements.txt")
    assert current(project)
    (project / "requirements.txt").write_text("a==2")
    assert not current(project)


def test_one_for_development_serves_for_running_and_not_the_other_way_round(project: Path) -> None:
    installed(project, "dev", "requirements.txt", "requirements-dev.txt")
    assert current(project)
    assert current(project, dev=True)
    installed(project, "run", "requirements.txt")
    assert not current(project, dev=True)


def test_a_project_without_a_lock_says_what_to_do(project: Path) -> None:
    (project / "requirements.txt").unlink()
    (project / "requirements-dev.txt").unlink()
    with pytest.raises(EnvironmentsError, match="make lock S="):
        current(project)


def test_no_lock_file_names_an_address() -> None:
    root = Path(__file__).resolve().parents[2]
    locks = [
        *root.glob("requirements*.txt"),
        *root.glob("*/requirements*.txt"),
        *root.glob("services/*/requirements*.txt"),
    ]
    assert locks
    for lock in locks:
        assert "://" not in lock.read_text(), lock
