"""Small building blocks: every function returns a piece of SVG as text."""

from __future__ import annotations

import colorsys
import math
import random
from collections.abc import Iterable, Sequence
from html import escape

type Point = tuple[float, float]
type Attribute = str | float | int

SIZE = 400
SERIF = "Georgia, serif"
SANS = "Verdana, sans-serif"
INK = "#2b2622"
PAPER = "#f6eeda"


def hsl(hue: float, saturation: float, lightness: float) -> str:
    """A hex colour; hue in degrees, the others in per cent."""
    rgb = colorsys.hls_to_rgb((hue % 360) / 360, lightness / 100, saturation / 100)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in rgb)


def dice(seed: str) -> random.Random:
    """The same numbers for the same seed, so that a picture is drawn the same each time."""
    return random.Random(seed)  # noqa: S311 - it draws leaves, not keys


def number(value: float) -> str:
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def at(*points: Point) -> str:
    return " ".join(f"{number(x)} {number(y)}" for x, y in points)


def element(tag: str, *children: str, **attributes: Attribute) -> str:
    parts = [tag]
    for name, value in attributes.items():
        text = value if isinstance(value, str) else number(value)
        parts.append(f'{name.strip("_").replace("_", "-")}="{escape(text)}"')
    head = " ".join(parts)
    return f"<{head}>{''.join(children)}</{tag}>" if children else f"<{head}/>"


def group(*children: str, **attributes: Attribute) -> str:
    return element("g", *children, **attributes)


def moved(x: float, y: float, *children: str, scale: float = 1, turn: float = 0) -> str:
    transform = f"translate({number(x)} {number(y)})"
    transform += f" rotate({number(turn)})" if turn else ""
    transform += f" scale({scale:.2f})" if scale != 1 else ""
    return group(*children, transform=transform)


def rect(x: float, y: float, width: float, height: float, fill: str, **more: Attribute) -> str:
    return element("rect", x=x, y=y, width=width, height=height, fill=fill, **more)


def circle(x: float, y: float, r: float, fill: str, **more: Attribute) -> str:
    return element("circle", cx=x, cy=y, r=r, fill=fill, **more)


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, **more: Attribute) -> str:
    return element("ellipse", cx=x, cy=y, rx=rx, ry=ry, fill=fill, **more)


def path(d: str, fill: str = "none", **more: Attribute) -> str:
    return element("path", d=d, fill=fill, **more)


def stroke(d: str, colour: str, width: float, **more: Attribute) -> str:
    return element("path", d=d, fill="none", stroke=colour, stroke_width=width, **more)


def polygon(points: Iterable[Point], fill: str, **more: Attribute) -> str:
    return path(f"M{at(*points)}z", fill, **more)


def dots(points: Iterable[Point], colour: str, size: float, **more: Attribute) -> str:
    """Many round dots in one element: lines of no length with round ends."""
    d = "".join(f"M{at(point)}h0" for point in points)
    return stroke(d, colour, size, stroke_linecap="round", **more)


def ring(x: float, y: float, r: float, colour: str, width: float, **more: Attribute) -> str:
    return circle(x, y, r, "none", stroke=colour, stroke_width=width, **more)


def text(x: float, y: float, words: str, size: float, fill: str, **more: Attribute) -> str:
    settings: dict[str, Attribute] = {"font_family": SERIF, "text_anchor": "middle"}
    return element("text", escape(words), x=x, y=y, font_size=size, fill=fill, **(settings | more))


def fitting(words: str, width: float, largest: float, each: float = 0.56) -> float:
    """The font size at which a line fits; `each` is a letter's width in ems, on the safe side."""
    return min(largest, width / (max(len(words), 1) * each))


def wrapped(words: str, limit: int) -> list[str]:
    """Lines of about `limit` letters, as even as greedy wrapping can make them."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= limit:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def smooth(points: Sequence[Point], *, closed: bool = True, tension: float = 6) -> str:
    """A soft curve through all the points (Catmull-Rom, written as Béziers)."""
    count = len(points)
    d = f"M{at(points[0])}"
    for i in range(count if closed else count - 1):
        before, start = points[(i - 1) % count if closed else max(i - 1, 0)], points[i]
        end = points[(i + 1) % count]
        after = points[(i + 2) % count if closed else min(i + 2, count - 1)]
        one = (start[0] + (end[0] - before[0]) / tension, start[1] + (end[1] - before[1]) / tension)
        two = (end[0] - (after[0] - start[0]) / tension, end[1] - (after[1] - start[1]) / tension)
        d += f"C{at(one, two, end)}"
    return d + ("z" if closed else "")


def around(x: float, y: float, r: float, count: int, start: float = -90) -> list[Point]:
    turns = [math.radians(start + 360 * i / count) for i in range(count)]
    return [(x + r * math.cos(turn), y + r * math.sin(turn)) for turn in turns]


def star(x: float, y: float, outer: float, inner: float, tips: int, fill: str, **more: Attribute) -> str:
    far, near = around(x, y, outer, tips), around(x, y, inner, tips, -90 + 180 / tips)
    return polygon([point for pair in zip(far, near, strict=True) for point in pair], fill, **more)


def blob(rng: random.Random, x: float, y: float, rx: float, ry: float, bumps: int = 12) -> list[Point]:
    """The points of an island."""
    turns = [math.tau * i / bumps for i in range(bumps)]
    reach = [rng.uniform(0.68, 1.12) for _ in turns]
    return [
        (x + rx * far * math.cos(turn), y + ry * far * math.sin(turn))
        for turn, far in zip(turns, reach, strict=True)
    ]


def scene(hue: float, *, floor: float = 342, wide: float = 130) -> str:
    """The tinted background with a disc of light, and the shadow that a thing stands on."""
    return (
        rect(0, 0, SIZE, SIZE, hsl(hue, 38, 89))
        + circle(200, 190, 158, hsl(hue, 44, 94))
        + ellipse(200, floor, wide, 13, hsl(hue, 30, 40), opacity=0.22)
    )


def document(title: str, *children: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" '
        f'width="{SIZE}" height="{SIZE}" role="img">'
    )
    return f"{head}<title>{escape(title)}</title>{''.join(children)}</svg>\n"
