"""A RabbitMQ of our own that can be stopped and started: Debian's where it is installed, else a cut to the
shared one.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from kombu import Connection

from bazaar_shared.testing import eventually
from bazaar_shared.testing.processes import free_port

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
STARTS_WITHIN = 60


def own_broker(folder: Path, shared_url: str) -> "OwnRabbit | Cut":
    return OwnRabbit(folder) if SERVER.exists() else Cut(shared_url)


def answers(url: str) -> bool:
    with suppress(Exception), Connection(url, connect_timeout=2) as connection:
        connection.connect()
        return True
    return False


class OwnRabbit:
    """Debian's server as a child with its own ports, folders and epmd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"
        for name in ("mnesia", "log", "home"):
            (folder / name).mkdir()
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "disk_free_limit.absolute = 50MB\nlog.console = true\nlog.file = false\n"
        )
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "env.conf").write_text("")
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RABBITMQ")},
            "HOME": str(folder / "home"),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        self.start()

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as out:
            # a script, with the node below it: they end together
            self.popen = subprocess.Popen(
                [SERVER], cwd=self.folder, env=self.env, stdout=out, stderr=out, start_new_session=True
            )
        eventually(lambda: answers(self.url), within=STARTS_WITHIN, every=0.3)

    def stop(self) -> None:
        self.popen.terminate()
        self.popen.wait(timeout=60)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(timeout=10)
        eventually(lambda: not answers(self.url), within=STARTS_WITHIN)
        epmd = shutil.which("epmd")
        if epmd:  # the daemon that this node started, on the port that only it uses
            subprocess.run([epmd, "-kill"], env=self.env, check=False, capture_output=True, timeout=10)


class Cut:
    """A wire to the shared broker that can be cut: to a client the same as a server that went away."""

    def __init__(self, shared_url: str) -> None:
        parts = urlsplit(shared_url)
        self.target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self.port = free_port()
        user = f"{parts.username}:{parts.password}@" if parts.username else ""
        self.url = urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{self.port}"))
        self.open: list[socket.socket] = []
        self.start()

    def start(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        eventually(lambda: answers(self.url), within=STARTS_WITHIN)

    def stop(self) -> None:
        self.listener.close()
        for wire in self.open:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()
        self.open.clear()

    close = stop

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self.target)
                self.open += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for wire in (source, sink):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
