"""What a container would see, turned into what a process on this machine must see."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from native.compose import Compose, Process
from native.paths import CONFIG, DATA, INSTALL, MARK, ROOT, RUN, SECRETS, STATE

LOCAL = "127.0.0.1"
NAMED_VOLUMES = {"secrets": SECRETS, "config": CONFIG}
# what programs need of the machine's own environment; all else comes from docker-compose.yml
INHERITED = re.compile(r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|JAVA_HOME|SSL_CERT_(FILE|DIR)")


class Translator:
    def __init__(self, compose: Compose) -> None:
        self.compose = compose
        names = "|".join(sorted(map(re.escape, compose.processes), key=len, reverse=True))
        self._address = re.compile(rf"(?<![\w.-])({names}):(\d+)(?!\d)")

    def environment(self, process: Process, machine: Mapping[str, str] = os.environ) -> dict[str, str]:
        inherited = {name: value for name, value in machine.items() if INHERITED.fullmatch(name)}
        here = {name: self.value(process, value) for name, value in process.environment.items()}
        only_native = {
            name: self.value(process, self.placeholders(process, str(value)))
            for name, value in process.native.get("environment", {}).items()
        }
        # the mark by which `make down` knows what it started
        return {**inherited, "PYTHONUNBUFFERED": "1", **here, **only_native, MARK: str(STATE)}

    def value(self, process: Process, text: str) -> str:
        """Addresses become 127.0.0.1 and the published port, paths in volumes become paths here."""
        if text == "0.0.0.0":
            return LOCAL
        return self._path(process, self._address.sub(self._local, text))

    def command(self, process: Process) -> list[str]:
        own = process.native.get("command")
        if own is None:
            return [str(self.python(process)), *process.command[1:]]
        command = [self.value(process, self.placeholders(process, part)) for part in own]
        if "{command}" not in " ".join(own):
            return command
        return [*command, *process.command[1:]]

    def user(self, process: Process) -> str | None:
        """Who runs it when root starts the market: some servers refuse root."""
        user: str | None = process.native.get("user")
        return user if os.getuid() == 0 else None

    def directory(self, process: Process) -> Path:
        # another user may not be allowed to enter the repository
        return Path("/") if self.user(process) else process.project or ROOT

    def python(self, process: Process) -> Path:
        return process.project / ".venv/bin/python" if process.project else Path(sys.executable)

    def placeholders(self, process: Process, text: str) -> str:
        return text.format(
            root=ROOT,
            # resolved: a server that another user runs may be kept elsewhere (native/servers/postgres.py)
            install=(INSTALL / process.name).resolve(),
            data=(DATA / process.name).resolve(),
            config=CONFIG,
            run=RUN,
            python=sys.executable,
            command=process.command[0] if process.command else "",
        )

    def _local(self, match: re.Match[str]) -> str:
        host, port = match[1], int(match[2])
        published = self.compose.processes[host].native_ports
        return f"{LOCAL}:{published.get(port, port)}"

    def _path(self, process: Process, text: str) -> str:
        for target in longest_first(process.volumes):
            if text == target or text.startswith(f"{target}/"):
                return str(place(process.volumes[target])) + text.removeprefix(target)
        return text


def place(source: str) -> Path:
    """Where a volume's content is without Docker."""
    if source.startswith("./"):
        return ROOT / source
    return NAMED_VOLUMES.get(source, DATA / source)


def longest_first(paths: Iterable[str]) -> list[str]:
    key: Callable[[str], int] = len
    return sorted(paths, key=key, reverse=True)
