"""The worker and the commands, as they are started."""

import json
import os
import subprocess
import sys
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from bazaar_shared.testing import processes


class Worker(processes.Process):
    module, base = "insights", "/api/insights"

    def asked(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """What the API answers; status 0 when nobody does."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urlopen(Request(f"{self.url}{path}", headers=headers), timeout=5) as answer:
                status, body = answer.status, answer.read()
        except HTTPError as error:
            status, body = error.code, error.read()
        except (URLError, OSError):
            status, body = 0, b""
        return status, json.loads(body) if body else None


def command(name: str, env: dict[str, str]) -> str:
    """What it printed; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "insights", name],
        env=dict(os.environ) | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
