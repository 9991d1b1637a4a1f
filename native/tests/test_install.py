"""Fetching what npm has, without a registry: the projects here depend on nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from native import compose, install
from native.paths import ROOT

MAILDEV = ROOT / "native/servers/maildev"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(install, "INSTALL", tmp_path / "install")
    return tmp_path / "install/mail"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, "1.0.0")
    return folder


def write(folder: Path, version: str) -> None:
    about = {"name": "toy", "version": version}
    # a program that npm would run after it
    scripts = {"scripts": {"postinstall": "echo ran > ran"}}
    lock = {**about, "lockfileVersion": 3, "requires": True, "packages": {"": about}}
    (folder / "package.json").write_text(json.dumps(about | scripts))
    (folder / "package-lock.json").write_text(json.dumps(lock))


def test_the_lock_decides_whether_what_is_there_is_current(installed: Path, project: Path) -> None:
    assert install.install_npm("mail", project)
    assert json.loads((installed / "package.json").read_text())["version"] == "1.0.0"
    assert not install.install_npm("mail", project)
    (installed / "left").touch()
    write(project, "1.0.1")
    assert install.install_npm("mail", project)
    assert json.loads((installed / "package.json").read_text())["version"] == "1.0.1"
    assert not (installed / "left").exists()


def test_packages_run_no_programs(installed: Path, project: Path) -> None:
    install.install_npm("mail", project)
    assert not (installed / "ran").exists()


def test_what_npm_refuses_is_said_and_tried_again(installed: Path, project: Path) -> None:
    (project / "package.json").write_text(
        json.dumps({"name": "toy", "version": "1.0.0", "dependencies": {"unlocked": "1.0.0"}})
    )
    for _ in range(2):
        with pytest.raises(install.InstallError, match=r"(?s)^npm: .*unlocked@1\.0\.0"):
            install.install_npm("mail", project)
    assert not (installed / "installed").exists()


def test_maildev_is_pinned_by_hashes_and_names_no_registry() -> None:
    packages: dict[str, dict[str, Any]] = json.loads((MAILDEV / "package-lock.json").read_text())["packages"]
    fetched = {path: about for path, about in packages.items() if path}
    assert len(fetched) > 100
    assert [
        path for path, about in fetched.items() if not about.get("integrity", "").startswith("sha512-")
    ] == []
    assert [path for path, about in fetched.items() if "resolved" in about] == []


def test_maildev_is_the_images_version() -> None:
    image = yaml.safe_load(compose.FILE.read_text("utf-8"))["services"]["mail"]["image"]
    pinned = json.loads((MAILDEV / "package.json").read_text())["dependencies"]["maildev"]
    assert image == f"maildev/maildev:{pinned}"
