from typing import Any

from nameko.extensions import DependencyProvider


class Setting(DependencyProvider):
    """One value of the configuration, for a service that needs no more of it."""

    def __init__(self, key: str) -> None:
        self.key = key

    def setup(self) -> None:
        self.value = self.container.config[self.key]

    def get_dependency(self, worker_ctx: Any) -> Any:  # noqa: ARG002 Nameko's signature
        return self.value
