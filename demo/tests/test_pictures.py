"""Pictures are drawn the same each time, are small, and hold nothing but shapes and text."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from demo.draw import PICTURES, main, outdated

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "title", "g", "rect", "circle", "ellipse", "path", "text"}
ATTRIBUTES = {
    "viewBox", "width", "height", "role", "x", "y", "cx", "cy", "r", "rx", "ry", "d", "fill", "opacity",
    "transform", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray",
    "font-family", "font-size", "font-weight", "letter-spacing", "text-anchor",
}  # fmt: skip
FILES = sorted(PICTURES.glob("*.svg"))
LARGEST = 6_000


def test_the_committed_pictures_are_what_would_be_drawn() -> None:
    assert outdated() == []
    assert main(["--check"]) == 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_picture_is_small_and_refers_to_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) <= LARGEST
    assert not re.search(
        r"<!|<\?|javascript:|url\(|href|data:", text.replace("http://www.w3.org/2000/svg", "")
    )
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("viewBox")) == (f"{SVG}svg", "0 0 400 400")
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in SHAPES
        assert set(element.attrib) <= ATTRIBUTES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_picture_s_numbers_are_numbers(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"nan|inf\b|None|\de-\d", text.partition("</title>")[2].replace("font-family", ""))


def test_no_two_pictures_look_the_same() -> None:
    drawn = [file.read_text(encoding="utf-8").partition("</title>")[2] for file in FILES]
    assert len(set(drawn)) == len(drawn)


def test_pictures_have_their_product_s_name() -> None:
    root = ElementTree.fromstring((PICTURES / "PL-105.svg").read_text(encoding="utf-8"))
    assert root.findtext(f"{SVG}title") == "Moby-Dick"
