"""The processes that services' tests start: what is seen of one that runs, and of one that does not start."""

import os
import signal
from pathlib import Path

import pytest

from bazaar_shared.testing.processes import Process, accepts


class Modest(Process):
    module = "modest"
    base = "/api/modest"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_ONLY", "of the tests")
    return tmp_path / "modest.py"


SAYS = """
import json, os, signal
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        samples = ['asked_total{by="a"} 2.0', 'asked_total{by="b"} 3.0', "asked_totals 9.0", "up 1.0"]
        known = {"/health/ready": "{}", "/metrics": "\\n".join(samples)}
        self.send_response(200 if self.path in known else 404)
        self.end_headers()
        self.wfile.write(known.get(self.path, "").encode())

leaked, told = os.environ.get("TEST_ONLY"), os.environ["TOLD"]
print(json.dumps({"message": "begun", "leaked": leaked, "told": told}), flush=True)
HTTPServer(("127.0.0.1", int(os.environ["MANAGEMENT_PORT"])), Answers).serve_forever()
"""


def test_one_that_runs(module: Path) -> None:
    module.write_text(SAYS)
    with Modest.running(TOLD="this", PYTHONPATH=str(module.parent)) as process:
        assert process.url == f"http://127.0.0.1:{process.http}/api/modest"
        assert process.lines() == [{"message": "begun", "leaked": None, "told": "this"}]
        assert process.managed("/health/live")[0] == 404
        assert process.metric("asked_total") == 5
        assert process.metric('asked_total{by="b"}') == 3
        assert (process.metric("up"), process.metric("nobody")) == (1, 0)
        first = process.pid
        process.kill()
        assert (process.ended, process.managed("/metrics")) == (-signal.SIGKILL, (0, ""))
        process.start_again()
        assert process.pid != first
        assert len(process.lines()) == 2
        assert process.stop() == -signal.SIGTERM
    assert not accepts(process.management)


def test_one_that_does_not_start_says_why(module: Path) -> None:
    module.write_text("raise SystemExit('no such database')")
    process = Modest(PYTHONPATH=os.fspath(module.parent))
    with pytest.raises(RuntimeError, match="ended with 1:\nno such database"):
        process.until_ready()
    process.kill()
