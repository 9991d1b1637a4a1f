"""Prometheus' configuration and rules, held to promtool; and that no alert goes untested."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

MONITORING = Path(__file__).parents[1]
ROOT = MONITORING.parent
RULES = sorted(MONITORING.glob("rules/*.yml"))
TESTS = sorted(MONITORING.glob("tests/*.yml"))
# servers' own names, seen in their answers; all others must stand in this project's code
FOREIGN = re.compile(r"up|process_start_time_seconds|(envoy|rabbitmq)_\w+")
KEYWORDS = {
    "and",
    "or",
    "unless",
    "by",
    "sum",
    "max",
    "rate",
    "increase",
    "deriv",
    "on",
    "changes",
    "resets",
    "le",
}


def promtool(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    command = ["promtool"]
    if shutil.which("promtool") is None:
        if shutil.which("docker") is None:
            pytest.fail("promtool is missing: apt-get install prometheus (or have Docker run its image)")
        image = "prom/prometheus:v3.11.3"
        command = [
            "docker",
            "run",
            "--rm",
            "-v",
            f"{MONITORING}:{MONITORING}:ro",
            "--entrypoint",
            "promtool",
            image,
        ]
    done = [*command, *map(str, arguments)]
    return subprocess.run(done, input=given, capture_output=True, text=True, timeout=120, check=False)


def rules() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text()) for path in RULES]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


def test_the_configuration_is_valid() -> None:
    check = promtool("check", "config", MONITORING / "prometheus.yml")

    assert check.returncode == 0, check.stdout + check.stderr
    assert f"{len(RULES)} rule files found" in check.stdout


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules(path: Path) -> None:
    test = promtool("test", "rules", path)

    assert test.returncode == 0, test.stdout + test.stderr


def test_every_file_of_rules_has_its_tests() -> None:
    assert [path.name for path in TESTS] == [path.name for path in RULES]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_is_shown_to_fire_and_to_stay_silent(alert: dict[str, Any]) -> None:
    outcomes = defaultdict(set)
    for path in TESTS:
        for case in yaml.safe_load(path.read_text())["tests"]:
            for look in case.get("alert_rule_test", []):
                outcomes[look["alertname"]].add(bool(look["exp_alerts"]))

    assert outcomes[alert["alert"]] == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_is_wrong(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]


def test_names_are_unique() -> None:
    names = [rule.get("alert") or rule["record"] for rule in rules()]

    assert len(names) == len(set(names))


def test_every_metric_is_one_that_somebody_exposes() -> None:
    """A rule over a name that nobody exposes never fires, and nobody notices."""
    folders = [ROOT / "shared/src", *ROOT.glob("services/*/src"), ROOT / "monitoring"]
    code = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {name for rule in rules() for name in metrics(rule["expr"])} - recorded

    unknown = {name for name in used if not FOREIGN.fullmatch(name) and f'"{exposed(name)}"' not in code}
    assert unknown == set()
    assert len(used) >= 15


def metrics(expression: str) -> set[str]:
    without_labels = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|on)\s*\([^)]*\)", "", expression)
    words = re.findall(r"[a-zA-Z_:][\w:]*", without_labels)
    return {word for word in words if word not in KEYWORDS and word != "histogram_quantile"}


def exposed(name: str) -> str:
    """The name in the code: a histogram's series have a suffix more."""
    return re.sub(r"_(bucket|count|sum)$", "", name)
