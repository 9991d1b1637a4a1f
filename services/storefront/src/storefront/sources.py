"""The files that made a page, as they are in the repository, with their syntax shown."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

from storefront.anatomy import facts

_LARGEST = 200_000


@dataclass(frozen=True, slots=True)
class Source:
    path: str
    code: Markup
    lines: int


def read(folder: Path | None, path: str) -> Source | None:
    """None for whatever is not on the list. The list is of exact names, so no path that was made up gets
    anywhere near the file system.
    """
    if folder is None or path not in facts().files:
        return None
    file = folder / path
    try:
        known = file.stat()
        if known.st_size > _LARGEST or not file.resolve().is_relative_to(folder.resolve()):
            return None
        return _shown(file, path, known.st_mtime_ns)
    except (OSError, UnicodeDecodeError):
        return None


@lru_cache(maxsize=64)
def _shown(file: Path, path: str, _changed: int) -> Source:
    text = file.read_text(encoding="utf-8")
    formatter = HtmlFormatter(cssclass="highlight", wrapcode=True)
    # Pygments escapes; nothing else goes into this markup
    return Source(path, Markup(highlight(text, _lexer(path), formatter)), text.count("\n"))  # noqa: S704


def _lexer(path: str) -> Lexer:
    try:
        return get_lexer_for_filename(path)
    except ClassNotFound:
        return TextLexer()
