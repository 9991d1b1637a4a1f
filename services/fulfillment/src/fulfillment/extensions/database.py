from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import Engine

from fulfillment.storage import Sessions, open_database, sessions

MOST_CONNECTIONS = 10


class Database(DependencyProvider):
    """Gives a service the sessions of its own database. Whoever begins a transaction owns it: `with
    database.begin()`.
    """

    engine: Engine
    sessions: Sessions

    def __init__(self, name: str) -> None:
        self.name = name

    def setup(self) -> None:
        config = self.container.config
        # one connection for each worker; the processor's many sleepers hold none while they sleep
        connections = min(self.container.max_workers, MOST_CONNECTIONS)
        self.engine = open_database(config["DATABASES"][self.name], connections=connections)
        self.sessions = sessions(self.engine)

    def stop(self) -> None:
        self.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Sessions:  # noqa: ARG002 Nameko's signature
        return self.sessions
