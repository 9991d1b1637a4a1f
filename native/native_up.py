"""Starts the market natively: check, fetch, configure, start, provision, seed; each may be run again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict

from infra import definition, secrets
from native import checks, install, seeds, startup, targets
from native.compose import Process
from native.modes import CHOSEN, ModeError
from native.native_down import end_leftovers, started_here
from native.native_mode import NativeMode
from native.paths import CONFIG, DATA, INSTALL, LOGS, ROOT, RUN, SECRETS, STATE
from native.progress import say, showing
from native.readiness import wait_until_ready
from native.servers import postgres
from native.supervisor import CONFIG_FILE, Program, configuration

READY_WITHIN = 240.0
LIVES = 6
# what PostgreSQL's own user must pass through can be passed, and not be read
FOLDERS = {STATE: 0o711, DATA: 0o711, INSTALL: 0o755, CONFIG: 0o700, LOGS: 0o700, RUN: 0o700}


def up(mode: NativeMode) -> None:
    if not mode.supervisor.alive():
        end_leftovers()  # of a run whose supervisor was killed
    check(mode)
    make_folders()
    with showing("Servers and environments") as progress:
        changed = install.everything(mode.compose, progress)
    if made := secrets.generate(definition.load(), SECRETS):
        say(f"{len(made)} secrets generated")
    write_configuration(mode)
    launch(mode, changed)
    start(mode, mode.compose.servers, "Servers")
    provision(mode)
    start(mode, [process for process in mode.compose.running if not process.is_server], "Processes")
    seeds.sow(mode)


def check(mode: NativeMode) -> None:
    """Everything that would fail later is said now, all of it at once."""
    if problems := checks.platform_problems():
        raise ModeError("\n".join(problems))
    compose = mode.compose
    ours = started_here()
    missing = checks.missing_packages(compose)
    problems = checks.package_problems(missing) + checks.node_problems(compose)
    problems += checks.port_problems(compose.running, ours)
    if not ours:
        problems += checks.memory_problems(compose.needs["memory_mib"])
        problems += checks.disk_problems(compose.needs["disk_mib"])
    if problems:
        raise ModeError("\n".join(problems))
    if missing:
        say(f"Installing Debian packages: {' '.join(missing)}")
        install.packages(missing)


def make_folders() -> None:
    for folder, mode in FOLDERS.items():
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    postgres.make_room()


def write_configuration(mode: NativeMode) -> None:
    prometheus = CONFIG / "prometheus"
    shutil.copytree(ROOT / "monitoring/rules", prometheus / "rules", dirs_exist_ok=True)
    shutil.copy(ROOT / "monitoring/prometheus.yml", prometheus)
    (prometheus / "targets").mkdir(exist_ok=True)
    found = json.dumps(targets.on_this_machine(mode.compose), indent=2)
    (prometheus / "targets/targets.json").write_text(found, encoding="utf-8")
    programs = [program(mode, process) for process in mode.compose.running]
    CONFIG_FILE.write_text(configuration(programs), encoding="utf-8")


def program(mode: NativeMode, process: Process) -> Program:
    how = mode.translator
    return Program(
        process=process,
        command=how.command(process),
        environment=how.environment(process),
        directory=how.directory(process),
        user=how.user(process),
    )


def launch(mode: NativeMode, changed: set[str]) -> None:
    """The supervisor runs with this configuration, and nothing runs on that was installed anew meanwhile."""
    CHOSEN.write_text(mode.name, encoding="utf-8")
    mode.supervisor.launch()
    mode.supervisor.reload()
    for process in mode.compose.running:
        if changed & {process.name, process.service}:
            mode.supervisor.stop(process.name)


def start(mode: NativeMode, processes: list[Process], title: str) -> None:
    if "postgres" in {process.name for process in processes}:
        initialise_postgres(mode)
    running = {state.name for state in mode.states() if state.pid}
    for process in processes:
        mode.supervisor.start(process.name)
    with showing(title) as progress:
        took = wait_until_ready(processes, progress, READY_WITHIN, failed=Hopeless(mode))
    startup.remember(mode, {name: seconds for name, seconds in took.items() if name not in running})


class Hopeless:
    """Says of a process that dies again and again what it said last; such a one need not be waited for."""

    def __init__(self, mode: NativeMode) -> None:
        self.mode = mode
        self.lives: dict[str, set[int]] = defaultdict(set)

    def __call__(self, name: str) -> str | None:
        self.lives[name].add(int(self.mode.supervisor.state(name)["pid"]))
        if len(self.lives[name] - {0}) <= LIVES:
            return None
        last = self.mode.read_logs(name, lines=1).strip()
        return f"it died {LIVES} times; make logs S={name}: {last[-300:]}"


def initialise_postgres(mode: NativeMode) -> None:
    process = mode.compose.processes["postgres"]
    postgres.initialise(
        install=(INSTALL / process.name).resolve(),
        data=(DATA / process.name).resolve(),
        arguments=process.environment["POSTGRES_INITDB_ARGS"],
        user=mode.translator.user(process),
        password=mode.secret("postgres/superuser_password"),
    )


def provision(mode: NativeMode) -> None:
    for process in mode.compose.once("servers"):
        command = [sys.executable, *process.command[1:]]
        environment = mode.translator.environment(process)
        done = subprocess.run(command, env=environment, cwd=ROOT, check=False, text=True, capture_output=True)
        if done.returncode != 0:
            raise ModeError((done.stderr or done.stdout).strip()[-2000:])
        say(done.stdout.strip())
