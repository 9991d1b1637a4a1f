"""Everything `make test` does, in order, each part once: lint, unit, component, contract, end to end, chaos.

    python -m tests.run                   all layers; a seeded sample of the faults
    python -m tests.run --full            every fault at every step (or FULL=1)
    python -m tests.run --service orders  that service's own layers
    python -m tests.run --layer lint --layer unit

The servers for component tests start once (Testcontainers where a Docker engine answers, native otherwise),
and so does the system. The last line is the sum: `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import codecs
import os
import shutil
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from native import checks, environments, install
from native.modes import Mode, engine_answers, native_supported
from tests.kit.market import ROOT
from tests.servers import servers

REPORTS = ROOT / ".bazaar" / "reports"
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
PROJECTS = {"shared": ROOT / "shared"} | {name: ROOT / "services" / name for name in SERVICES}
ROOT_UNIT = ["native", "infra", "tools", "demo", "gateway", "monitoring", "tests/docs"]
# what tests start beside the market's own servers, and the Debian package that has it
PROGRAMS = {"chromium": "chromium", "promtool": "prometheus"}
# of the component suites: begun first, so that none of them is left alone at the end
LONGEST = ["notifications", "orders", "fulfillment", "chat", "insights", "basket"]
LAST_LINES, REASON_LINES = 25, 12
LAYERS = ["lint", "unit", "component", "system", "docker"]


@dataclass
class Tally:
    """What passed and failed so far; a command that isn't a test runner counts as one test."""

    passed: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)
    # of what failed: said once more at the end, where it is looked for
    reasons: list[str] = field(default_factory=list)

    def add(self, name: str, passed: int, failed: int, seconds: float, reasons: str = "") -> None:
        self.passed += passed
        self.failed += failed
        if failed and reasons:
            self.reasons.append(f"-- {name}\n{reasons}")
        mark = "ok  " if not failed else "FAIL"
        self.lines.append(f"{mark} {name:<44} {passed:>4} passed {failed:>3} failed {seconds:>7.1f} s")
        print(self.lines[-1], flush=True)


class Run:
    def __init__(self, tally: Tally, env: dict[str, str]) -> None:
        self.tally, self.env = tally, env
        self._side_by_side = False

    def together(self, jobs: Sequence[Callable[[], bool]]) -> None:
        """Two at a time, as most of them wait for servers; what each prints is shown when it has ended."""
        self._side_by_side = True
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(job) for job in jobs]:
                done.result()
        self._side_by_side = False

    def _process(self, name: str, command: list[str], cwd: Path) -> tuple[int, str]:
        """Its exit status, and the end of what it printed."""
        if not self._side_by_side:
            print(f"\n== {name}", flush=True)
        shown: list[str] = []
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdout
            # as it comes: a pytest line grows by one dot at a time
            decode = codecs.getincrementaldecoder("utf-8")("replace").decode
            while chunk := os.read(process.stdout.fileno(), 1 << 16):
                shown.append(decode(chunk))
                if not self._side_by_side:
                    print(shown[-1], end="", flush=True)
        text = "".join(shown)
        if self._side_by_side:
            print(f"\n== {name}\n{text}", end="", flush=True)
        return process.returncode, "\n".join(text.rstrip().splitlines()[-LAST_LINES:])

    def command(self, name: str, command: list[str], cwd: Path = ROOT) -> bool:
        started = time.monotonic()
        status, last = self._process(name, command, cwd)
        good = status == 0
        self.tally.add(name, int(good), int(not good), time.monotonic() - started, last)
        return good

    def pytest(self, name: str, python: Path, cwd: Path, *arguments: str) -> bool:
        report = REPORTS / f"{name.replace(' ', '-').replace('/', '-')}.xml"
        report.unlink(missing_ok=True)
        started = time.monotonic()
        command = [str(python), "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        status, last = self._process(name, command, cwd)
        passed, failed = counted(report)
        reasons = failures(report)
        # a run that broke before its first test, or that found none, is a failure too
        if status != 0 and not failed:
            failed, reasons = 1, last
        self.tally.add(name, passed, failed, time.monotonic() - started, reasons)
        return not failed


def counted(report: Path) -> tuple[int, int]:
    if not report.exists():
        return 0, 0
    passed = failed = 0
    for suite in ET.parse(report).getroot().iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += bad
        passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    return passed, failed


def failures(report: Path) -> str:
    """Each test that failed, with the first lines of why."""
    if not report.exists():
        return ""
    return "\n".join(
        f"{case.get('classname')}::{case.get('name')}\n"
        + textwrap.indent("\n".join(str(bad.get("message")).splitlines()[:REASON_LINES]), "    ")
        for case in ET.parse(report).getroot().iter("testcase")
        for bad in (*case.iter("failure"), *case.iter("error"))
    )


def lint(run: Run, only: str | None) -> None:
    if only is None:
        run.command("ruff check", [sys.executable, "-m", "ruff", "check", "."])
        run.command("ruff format", [sys.executable, "-m", "ruff", "format", "--check", "."])
        run.command("mypy root", [sys.executable, "-m", "mypy"])
        run.command("docker-compose.yml", [sys.executable, "-m", "native", "check"])
    jobs = [
        partial(run.command, f"mypy {name}", [str(python_of(folder)), "-m", "mypy"], folder)
        for name, folder in chosen(only).items()
    ]
    run.together(jobs)
    for folder in chosen(only).values():
        if "importlinter" in (folder / "pyproject.toml").read_text("utf-8"):
            run.command(f"imports {folder.name}", [str(folder / ".venv" / "bin" / "lint-imports")], folder)


def unit(run: Run, only: str | None) -> None:
    jobs = [
        partial(run.pytest, f"unit {name}", python_of(folder), folder, *units(folder), *coverage(folder))
        for name, folder in chosen(only).items()
    ]
    if only is None:
        found = [place for place in ROOT_UNIT if list((ROOT / place).rglob("test_*.py"))]
        jobs.insert(0, partial(run.pytest, "unit root", Path(sys.executable), ROOT, *found))
    run.together(jobs)


def units(folder: Path) -> list[str]:
    """What needs no server; of the storefront also its templates, each rendered and read."""
    return [part for part in ("tests/unit", "tests/look") if (folder / part).exists()]


def component(run: Run, only: str | None) -> None:
    with servers() as addresses:
        run.env |= addresses
        longest_first = sorted(
            chosen(only).items(),
            key=lambda each: LONGEST.index(each[0]) if each[0] in LONGEST else len(LONGEST),
        )
        jobs = [
            partial(
                run.pytest,
                f"component {name}",
                python_of(folder),
                folder,
                "tests/component",
                *coverage(folder, more=True),
            )
            for name, folder in longest_first
            # the storefront has no server of its own
            if (folder / "tests" / "component").exists()
        ]
        run.together(jobs)
        if only is None:
            run.pytest("integration", Path(sys.executable), ROOT, "tests/integration")


def system(run: Run, only: str | None) -> None:
    """The whole market once: contracts, purchases, a browser, faults, and the audit after all of it."""
    mode = "native" if native_supported() else "docker"
    run.env |= {"MODE": mode, "FAULT_FILE": fault_file(mode)}
    with running(run, mode):
        run.command(f"demo ({mode})", [sys.executable, "-m", "tools.demo"])
        for suite in ("contract", "e2e", "chaos"):
            run.pytest(f"{suite} ({mode})", Path(sys.executable), ROOT, f"tests/{suite}")
        run.command(f"audit ({mode})", [sys.executable, "-m", "tools.audit", "--settled"])


def docker(run: Run, only: str | None) -> None:
    """The other mode: a start, a purchase by a program and one in a browser, the books, a stop."""
    if not engine_answers():
        print("\n== docker: no engine answers here; the Docker mode was not tested", flush=True)
        return
    run.env |= {"MODE": "docker", "FAULT_FILE": ""}
    with running(run, "docker"):
        run.command("demo (docker)", [sys.executable, "-m", "tools.demo"])
        few = "(guest_signs_up or foot_of_a_page) and desktop"
        run.pytest("pages (docker)", Path(sys.executable), ROOT, "tests/e2e/pages", "-k", few)
        run.command("audit (docker)", [sys.executable, "-m", "tools.audit", "--settled"])


class running:  # noqa: N801 - reads as a statement
    """`make up` in that mode, and `make down` whatever happened in between."""

    def __init__(self, run: Run, mode: str) -> None:
        self.run, self.mode = run, mode

    def __enter__(self) -> None:
        if not self.run.command(f"up ({self.mode})", [sys.executable, "-m", "native", "up"]):
            self.__exit__()
            raise SystemExit(closing(self.run.tally))

    def __exit__(self, *_: object) -> None:
        self.run.command(f"down ({self.mode})", [sys.executable, "-m", "native", "down"])


def fault_file(mode: str) -> str:
    return str(ROOT / ".bazaar" / "fault") if mode == "native" else "/tmp/fault"


def chosen(only: str | None) -> dict[str, Path]:
    return PROJECTS if only is None else {only: PROJECTS[only]}


def python_of(folder: Path) -> Path:
    return folder / ".venv" / "bin" / "python"


def coverage(folder: Path, *, more: bool = False) -> list[str]:
    package = next((folder / "src").iterdir()).name
    report = ["--cov-report=term:skip-covered"] if more else ["--cov-report="]
    return [f"--cov={package}", *report, *(["--cov-append"] if more else [])]


def closing(tally: Tally) -> int:
    if tally.reasons:
        print("\n" + "\n".join(tally.reasons))
    print("\n" + "\n".join(tally.lines))
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed or not tally.passed else 0


def there(program: str) -> bool:
    playwrights = Path.home() / ".cache" / "ms-playwright"
    return shutil.which(program) is not None or bool(list(playwrights.glob(f"{program}-*")))


def ensure_programs(mode: Mode) -> None:
    """Installs what is missing where that is possible, and says how elsewhere."""
    missing = [package for program, package in PROGRAMS.items() if not there(program)]
    if native_supported():
        missing = list(dict.fromkeys(missing + checks.missing_packages(mode.compose)))
    if not missing:
        return
    if not checks.may_install():
        sys.exit(f"the tests need {', '.join(missing)}: sudo apt-get install {' '.join(missing)}")
    print(f"Installing {', '.join(missing)}", flush=True)
    install.packages(missing)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument(
        "--service", choices=sorted(PROJECTS), help="only that service's own lint, unit and component tests"
    )
    parser.add_argument("--layer", action="append", choices=LAYERS, help="only these layers")
    parser.add_argument(
        "--full", action="store_true", default=os.environ.get("FULL") == "1", help="every fault"
    )
    return parser.parse_args()


def main() -> int:
    options = parse()
    os.chdir(ROOT)
    REPORTS.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "FULL": "1" if options.full else "0", "PYTHONUNBUFFERED": "1"}
    if not options.service:
        ensure_programs(Mode.detect())
    environments.ensure([options.service] if options.service else [*PROJECTS], dev=True)
    run = Run(Tally(), env)
    layers: dict[str, Callable[[Run, str | None], None]] = {
        "lint": lint, "unit": unit, "component": component, "system": system, "docker": docker,
    }  # fmt: skip
    default = LAYERS[:3] if options.service else LAYERS
    for layer in options.layer or default:
        layers[layer](run, options.service)
    return closing(run.tally)


if __name__ == "__main__":
    sys.exit(main())
