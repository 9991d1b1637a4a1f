"""Those who watch a saga's progress: metrics always, a fault injector when a chaos test asks for one."""

from collections.abc import Sequence
from typing import Protocol

from orders.domain.steps import State
from orders.metrics import STEP_SECONDS, TRANSITIONS


class Observer(Protocol):
    def before_send(self, step: str) -> None: ...
    def after_reply(self, step: str, outcome: str, seconds: float) -> None: ...
    def after_commit(self, before: State, after: State) -> None: ...


class Observers:
    """Several as one; told in order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def before_send(self, step: str) -> None:
        for observer in self._observers:
            observer.before_send(step)

    def after_reply(self, step: str, outcome: str, seconds: float) -> None:
        for observer in self._observers:
            observer.after_reply(step, outcome, seconds)

    def after_commit(self, before: State, after: State) -> None:
        for observer in self._observers:
            observer.after_commit(before, after)


class MetricsObserver:
    def before_send(self, step: str) -> None:
        pass

    def after_reply(self, step: str, outcome: str, seconds: float) -> None:
        STEP_SECONDS.labels(step, outcome).observe(seconds)

    def after_commit(self, before: State, after: State) -> None:
        TRANSITIONS.labels(before.value, after.value).inc()
