"""The pages: every relative link leads somewhere, linked headings exist, and so does every target."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def pages() -> list[Path]:
    """What is committed or about to be: nothing of environments and build folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in sorted(listed) if (ROOT / name).is_file()]


def links(page: Path) -> list[str]:
    text = CODE.sub("", FENCE.sub("", page.read_text()))
    found = (match[1] or match[2] for match in LINK.finditer(text))
    return [link for link in found if not ELSEWHERE.match(link)]


@cache
def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page.read_text()), re.MULTILINE)
    plain = (
        re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)) for heading in headings
    )
    return {heading.lower().replace(" ", "-") for heading in plain}


def broken(page: Path) -> list[str]:
    found = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT):
            found.append(f"{link}: not there")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            found.append(f"{link}: no such heading")
    return found


def test_there_are_pages() -> None:
    assert ROOT / "README.md" in pages()
    assert len(links(ROOT / "README.md")) > 30


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_make_help_names_every_target_of_the_first_page() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    offered = set(re.findall(r"^ *make ([a-z-]+)", shown, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", (ROOT / "README.md").read_text()))

    assert named >= {"up", "demo", "test", "audit"}
    assert named - offered == set()


def test_every_service_has_its_page_and_stands_on_the_first_one() -> None:
    services = {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")}
    linked = set(links(ROOT / "README.md"))

    assert {name for name in services if not (ROOT / "services" / name / "README.md").exists()} == set()
    assert {name for name in services if f"services/{name}/" not in linked} == set()


def test_every_decision_stands_in_the_index() -> None:
    index = ROOT / "docs/adr/README.md"
    written = {path.name for path in index.parent.glob("[0-9][0-9][0-9][0-9]-*.md")}

    assert written
    assert written - set(links(index)) == set()
