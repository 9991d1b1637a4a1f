"""Who may import whom, seen in fresh interpreters: the services don't know each other, and asyncio never
meets eventlet.
"""

import subprocess
import sys

import pytest

SERVICES = ("inventory", "payments", "shipping", "processor")


def modules_after(*imports: str) -> set[str]:
    code = f"import sys, {', '.join(imports)}; print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return set(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split())


def test_no_asyncio_process_and_no_rule_knows_eventlet() -> None:
    asyncio_processes = ["fulfillment.relay", "fulfillment.consume"]
    commands = ["fulfillment.__main__", "fulfillment.migrate", "fulfillment.seed", "fulfillment.export"]
    rules = [
        "fulfillment.inventory.stock",
        "fulfillment.payments.flow",
        "fulfillment.payments.ledger",
        "fulfillment.payments.compare",
        "fulfillment.shipping.parcels",
        "fulfillment.processor.till",
    ]
    assert modules_after(*asyncio_processes, *commands, *rules) & {"eventlet", "nameko", "kombu"} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_services_do_not_know_each_other(service: str) -> None:
    found = modules_after(f"fulfillment.{service}.service")
    others = {f"fulfillment.{other}" for other in SERVICES if other != service}
    assert found & others == set()


def test_importing_a_service_patches_nothing() -> None:
    code = "import fulfillment.inventory.service, socket; print(socket.socket.__module__)"
    command = [sys.executable, "-W", "ignore", "-c", code]
    assert (
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout == "socket\n"
    )
