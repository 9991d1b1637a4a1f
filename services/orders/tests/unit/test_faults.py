from pathlib import Path

from orders.domain.steps import State
from orders.saga.faults import FaultInjector


class Deaths:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_it_kills_at_its_point_only() -> None:
    deaths = Deaths()
    injector = FaultInjector("after-reply:capture_payment", die=deaths)
    injector.before_send("capture_payment")
    injector.after_reply("authorize_payment", "done", 0.1)
    injector.after_commit(State.AUTHORIZING, State.CAPTURING)
    assert deaths.count == 0
    injector.after_reply("capture_payment", "done", 0.1)
    assert deaths.count == 1


def test_a_file_arms_it_and_is_gone_before_the_death(tmp_path: Path) -> None:
    file = tmp_path / "fault"
    seen: list[bool] = []
    injector = FaultInjector(None, file, die=lambda: seen.append(file.exists()))
    injector.after_commit(State.AUTHORIZING, State.CAPTURING)
    file.write_text("after-commit:capturing\n")
    injector.after_commit(State.RESERVING, State.QUOTING)
    assert file.exists()
    injector.after_commit(State.AUTHORIZING, State.CAPTURING)
    injector.after_commit(State.AUTHORIZING, State.CAPTURING)
    assert seen == [False]
    file.write_text("before-send:restock")
    injector.before_send("restock")
    assert seen == [False, False]


def test_with_a_file_the_setting_kills_once_over_several_lives(tmp_path: Path) -> None:
    file, deaths = tmp_path / "fault", Deaths()
    for _ in range(3):
        FaultInjector("before-send:book_parcels", file, die=deaths).before_send("book_parcels")
    assert deaths.count == 1
