from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from infra import definition, secrets
from infra.definition import Definition

WANTED = definition.load()


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_all_are_generated_once_and_never_changed(tmp_path: Path) -> None:
    made = secrets.generate(WANTED, tmp_path / "s")
    first = content(tmp_path / "s")
    assert sorted(made) == sorted(first) == sorted(secret.path for secret in WANTED.secrets)
    assert secrets.generate(WANTED, tmp_path / "s") == []
    assert content(tmp_path / "s") == first


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    secrets.generate(WANTED, tmp_path)
    before = content(tmp_path)
    (tmp_path / "orders/amqp_password").unlink()
    assert secrets.generate(WANTED, tmp_path) == ["orders/amqp_password"]
    after = content(tmp_path)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"orders/amqp_password"}


def test_they_are_long_different_and_of_the_kind_asked_for(tmp_path: Path) -> None:
    secrets.generate(WANTED, tmp_path)
    found = content(tmp_path)
    copies = {secret.path: secret.source for secret in WANTED.secrets if secret.source}
    own = [text for path, text in found.items() if path not in copies]
    assert len(set(own)) == len(own)
    assert all(len(text) >= 43 for text in own)
    assert len(base64.urlsafe_b64decode(found["identity/key_encryption_key"])) == 32
    for path, source in copies.items():
        assert found[path] == found[str(source)]


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    secrets.generate(WANTED, tmp_path / "s")
    for path in [tmp_path / "s", *(tmp_path / "s").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_given_away_each_belongs_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.update({str(path): (uid, gid)}))
    secrets.generate(WANTED, tmp_path, give_away=True)
    orders = WANTED.owners["orders"]
    assert given[str(tmp_path / "orders/amqp_password")] == (orders, orders)
    assert {uid for path, (uid, _) in given.items() if "/orders" in path.removeprefix(str(tmp_path))[:8]} == {
        orders
    }
    assert stat.S_IMODE((tmp_path / "orders/amqp_password").stat().st_mode) == 0o440
    assert stat.S_IMODE((tmp_path / "orders").stat().st_mode) == 0o550


def test_the_definition_is_whole() -> None:
    paths = {secret.path for secret in WANTED.secrets}
    assert {database.password for database in WANTED.databases} <= paths
    assert {user["password"] for user in WANTED.rabbitmq["users"].values()} <= paths
    assert {secret.owner for secret in WANTED.secrets} == set(WANTED.owners)
    assert len(set(WANTED.owners.values())) == len(WANTED.owners)


def test_a_copy_comes_after_what_it_copies() -> None:
    seen: set[str] = set()
    for secret in Definition(**vars(WANTED)).secrets:
        assert secret.source is None or secret.source in seen
        seen.add(secret.path)
