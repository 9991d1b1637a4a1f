"""What the benchmarks' commands have in common: options, exit status, and where the result goes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from tools.bench.report import RESULTS, save

MEASURED, UNMEASURABLE = 0, 2
LAST_WORDS = 800


def options(name: str, about: str | None) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog=f"python -m tools.bench_{name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--out", type=Path, default=RESULTS, help="the folder for the result (docs/benchmarks)")
    return made


def publish(
    name: str,
    out: Path,
    measure: Callable[[Console, Path], Mapping[str, Any]],
    as_markdown: Callable[[Any], str],
    errors: tuple[type[BaseException], ...],
) -> int:
    """Measures, shows and keeps the report; gives the exit status. `measure` may let its programs write into
    the file it is given: the end of it is shown where one of the errors ends the measurement.
    """
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
        log = Path(folder) / "programs.log"
        try:
            report = measure(console, log)
        except errors as error:
            last = log.read_text(errors="replace").strip()[-LAST_WORDS:] if log.exists() else ""
            print(f"not measured: {error or type(error).__name__}\n{last}".strip(), file=sys.stderr)
            return UNMEASURABLE
    text = as_markdown(report)
    save(report, text, out, name)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        print(text)
    print(f"written to {out}/{name}.json and {name}.md")
    return MEASURED
