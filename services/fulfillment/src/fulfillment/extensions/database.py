from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy import Engine

from fulfillment.storage import Sessions, open_database, sessions


class Database(DependencyProvider):
    """Gives a service the sessions of its own database. Whoever begins a transaction owns it: `with database.begin()`."""

    engine: Engine
    sessions: Sessions

    def __init__(self, name: str) -> None:
        self.name = name

    def setup(self) -> None:
        config = self.container.config
        # one connection for each worker: none waits for another's
        self.engine = open_database(config["DATABASES"][self.name], connections=self.container.max_workers)
        self.sessions = sessions(self.engine)

    def stop(self) -> None:
        self.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Sessions:  # noqa: ARG002 Nameko's signature
        return self.sessions
