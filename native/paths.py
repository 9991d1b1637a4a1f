"""Where things are. All state is in .bazaar/, which `make clean` removes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".bazaar"
MARK = "BAZAAR_STATE"  # in the environment of all that is started natively: the state folder it belongs to
SECRETS = STATE / "secrets"
INSTALL = STATE / "install"  # servers that were fetched; kept by `make down`
DATA = STATE / "data"
CONFIG = STATE / "config"
LOGS = STATE / "logs"
RUN = STATE / "run"
