"""The tables: where things answer, who can sign in, how the processes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from rich.table import Table

from native import startup
from native.compose import Process
from native.modes import Mode, ProcessState
from native.paths import ROOT
from native.progress import console, say
from native.readiness import waits_for


def addresses(mode: Mode) -> None:
    found = mode.addresses()
    table = Table(title="The market is open", title_justify="left", box=None, pad_edge=False)
    for heading in ("what", "address"):
        table.add_column(heading, no_wrap=True)
    table.add_row("the market (storefront)", f"{found.gateway}/")
    table.add_row("back office (Django admin)", f"{found.gateway}/admin/")
    table.add_row("moderation of reviews", f"{found.gateway}/moderation/")
    table.add_row("API (gateway)", f"{found.gateway}/api/catalog/products")
    table.add_row("the mails it sent (maildev)", f"{found.mail}/")
    table.add_row("Celery's tasks (flower)", f"{found.http['flower']}/")
    for service in ("identity", "catalog", "basket", "orders", "reviews", "chat", "clickstream", "insights"):
        table.add_row(f"OpenAPI of {service}", f"{found.gateway}/api/{service}/openapi.json")
    table.add_row("RabbitMQ management", f"{found.rabbitmq_management}/   user admin")
    table.add_row("Prometheus", f"{found.prometheus}/targets")
    table.add_row("PostgreSQL, Kafka, Redis", f"{found.postgres}, {found.kafka}, {found.redis}")
    console.print(table)


def front_door(mode: Mode) -> None:
    """One line, the last of `make demo`: where to go on by hand, and as whom."""
    shopper = next((each for each in demo_accounts() if "shopper" in each["roles"]), None)
    who = f"   ({shopper['email']}, {shopper['password']})" if shopper else ""
    say(f"Now look around yourself: {mode.addresses().gateway}/{who}")


def demo_accounts() -> list[dict[str, Any]]:
    file = ROOT / "demo/market.yaml"
    if not file.exists():
        return []
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["accounts"]
    return found


def accounts() -> None:
    known = demo_accounts()
    if not known:
        return
    table = Table(title="Demo accounts", title_justify="left", box=None, pad_edge=False)
    for heading in ("e-mail", "password", "roles"):
        table.add_column(heading, no_wrap=True)
    one_of_each = {tuple(account["roles"]): account for account in reversed(known)}
    for account in one_of_each.values():
        table.add_row(account["email"], account["password"], ", ".join(account["roles"]))
    console.print(table)
    say(f"and {len(known) - len(one_of_each)} more in demo/market.yaml")


def status(mode: Mode) -> bool:
    """True if all run and are ready."""
    processes = {process.name: process for process in mode.compose.running}
    started = startup.recall(mode)
    table = Table(box=None, pad_edge=False)
    for heading in ("process", "state", "pid", "memory", "ready", "uptime", "start"):
        table.add_column(
            heading, no_wrap=True, justify="left" if heading in {"process", "ready"} else "right"
        )
    states = mode.states(memory=True)
    rows = [row(state, processes[state.name], started) for state in states]
    for cells in rows:
        table.add_row(*cells)
    console.print(table)
    say(totals(mode, states, started))
    running = sum(state.state == "running" for state in states)
    return running == len(states) and all(cells[4] == "yes" for cells in rows)


def totals(mode: Mode, states: Sequence[ProcessState], started: Mapping[str, float]) -> str:
    """What the whole costs: its memory, and how long the last of its processes took to be ready."""
    memory = sum(state.memory_mib or 0 for state in states)
    running = sum(state.state == "running" for state in states)
    slowest = max(started, key=lambda name: started[name], default=None)
    start_up = f", ready after {started[slowest]} s (the last: {slowest})" if slowest else ""
    return f"{mode.name}: {running} of {len(states)} run, {memory} MiB in all{start_up}"


def row(state: ProcessState, process: Process, started: dict[str, float]) -> tuple[str, ...]:
    reason = waits_for(process) if state.pid else "a start"
    return (
        state.name,
        state.state,
        str(state.pid or ""),
        f"{state.memory_mib} MiB" if state.memory_mib is not None else "",
        "yes" if reason is None else f"waits for {reason}",
        duration(state.uptime_seconds),
        f"{started[state.name]} s" if state.name in started else "",
    )


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
    )
