"""Templates by themselves: Jinja2 as the app sets it up, without the app.

`python -m tests.look.rendering FOLDER` writes every example as a page, with what it needs beside it.
"""

import shutil
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.look.examples import PAGES
from tests.look.goods import NOON, REPOSITORY

LOOK = Path(__file__).parents[2] / "src/storefront"


def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(LOOK / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": lambda path: f"/static/x/{path}", "csrf_token": lambda: "token-of-a-form"}
    made.filters |= {
        "money": lambda minor: f"€{minor / 100:,.2f}",
        "when": lambda moment: f"{moment:%-d %b %Y, %H:%M}",
        "ago": lambda moment: f"{(NOON - moment).days} days ago",
    }
    return made


def write(folder: Path) -> None:
    jinja = environment()
    folder.mkdir(parents=True, exist_ok=True)
    for name, template, context in PAGES:
        (folder / f"{name}.html").write_text(jinja.get_template(template).render(context))
    shutil.copytree(LOOK / "static", folder / "static/x", dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "demo/pictures", folder / "pictures", dirs_exist_ok=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
