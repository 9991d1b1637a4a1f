"""A Kafka node from Maven's jars, configured as the official image is: KAFKA_LOG_DIRS=… becomes log.dirs=….

python run.py JARS CONFIG
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

NOT_PROPERTIES = {"KAFKA_HEAP_OPTS", "KAFKA_OPTS"}


def properties(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in sorted(env.items())
        if name.startswith("KAFKA_") and name not in NOT_PROPERTIES
    }


def main(jars: Path, config: Path) -> None:
    java = shutil.which("java")
    if java is None:
        sys.exit("kafka: no java here")
    settings = properties(os.environ)
    data = Path(settings["log.dirs"])
    for folder in (data, config):
        folder.mkdir(parents=True, exist_ok=True)
    file = config / "server.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    log4j = Path(__file__).with_name("log4j2.properties")
    machine = [
        java,
        *os.environ.get("KAFKA_HEAP_OPTS", "-Xmx384m").split(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # starts in half the time; throughput is not what this node is for
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={log4j}",
        f"-Dkafka.logs.dir={config}",
        "-cp",
        f"{jars}/*",
    ]
    if not (data / "meta.properties").exists():
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        storage = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file)]
        subprocess.run([*machine, *storage], check=True)
    os.execv(java, [*machine, "kafka.Kafka", str(file)])  # noqa: S606


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
