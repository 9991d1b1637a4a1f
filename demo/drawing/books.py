"""Book covers: a look (the ground's ornament), a motif in the middle, title and author set in a serif."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from demo.drawing.motifs import MOTIFS
from demo.drawing.svg import (
    PAPER,
    Point,
    at,
    circle,
    dots,
    fitting,
    group,
    hsl,
    moved,
    path,
    polygon,
    rect,
    ring,
    scene,
    star,
    stroke,
    text,
    wrapped,
)

LEFT, TOP, WIDTH, HEIGHT = 92, 38, 220, 306
RIGHT, BOTTOM, MIDDLE = LEFT + WIDTH, TOP + HEIGHT, LEFT + WIDTH / 2 + 7


class Colours(NamedTuple):
    cover: str
    dark: str
    light: str
    ink: str


def colours(hue: float) -> Colours:
    return Colours(hsl(hue, 42, 31), hsl(hue, 46, 23), hsl(hue, 38, 44), hsl(46, 68, 78))


def to_edge(x: float, y: float, turn: float) -> Point:
    """Where a ray from (x, y) leaves the cover."""
    dx, dy = math.cos(turn), math.sin(turn)
    across = ((RIGHT if dx > 0 else LEFT + 16) - x) / dx if abs(dx) > 1e-9 else math.inf
    down = ((BOTTOM if dy > 0 else TOP) - y) / dy if abs(dy) > 1e-9 else math.inf
    reach = min(across, down)
    return x + dx * reach, y + dy * reach


def frame(c: Colours, rng: random.Random) -> str:
    corners = [
        (LEFT + 32, TOP + 18),
        (RIGHT - 16, TOP + 18),
        (LEFT + 32, BOTTOM - 18),
        (RIGHT - 16, BOTTOM - 18),
    ]
    lines = rect(LEFT + 27, TOP + 13, WIDTH - 38, HEIGHT - 26, "none", stroke=c.ink, stroke_width=3)
    thin = rect(LEFT + 33, TOP + 19, WIDTH - 50, HEIGHT - 38, "none", stroke=c.ink, stroke_width=1)
    rosettes = "".join(circle(x, y, 11, c.cover) + star(x, y, 10, 4, 8, c.ink) for x, y in corners)
    return lines + thin + rosettes + circle(MIDDLE, 215, 68, c.dark) + ring(MIDDLE, 215, 68, c.ink, 2)


def band(c: Colours, rng: random.Random) -> str:
    return (
        rect(LEFT + 16, TOP, WIDTH - 16, 116, c.light)
        + rect(LEFT + 16, BOTTOM - 152, WIDTH - 16, 152, c.dark)
        + stroke(f"M{LEFT + 16} {TOP + 116}H{RIGHT}M{LEFT + 16} {BOTTOM - 152}H{RIGHT}", c.ink, 3)
        + circle(MIDDLE, 215, 66, c.cover)
        + ring(MIDDLE, 215, 66, c.ink, 3)
    )


def rays(c: Colours, rng: random.Random) -> str:
    x, y = MIDDLE, 215
    wedges = []
    for i in range(0, 32, 2):
        turns = (math.tau * (i + 0.5) / 32, math.tau * (i + 1.5) / 32)
        wedges.append(f"M{at((x, y), *(to_edge(x, y, turn) for turn in turns))}z")
    return path("".join(wedges), c.light, opacity=0.55) + circle(x, y, 70, c.cover) + ring(x, y, 70, c.ink, 2)


def moon(c: Colours, rng: random.Random) -> str:
    sky = [(rng.uniform(LEFT + 28, RIGHT - 12), rng.uniform(TOP + 12, BOTTOM - 30)) for _ in range(42)]
    return (
        dots(sky, c.ink, 2.2, opacity=0.8)
        + circle(MIDDLE, 215, 76, c.dark)
        + circle(MIDDLE, 215, 69, c.light)
    )


def waves(c: Colours, rng: random.Random) -> str:
    rows = []
    for row, y in enumerate(range(262, BOTTOM, 14)):
        shift = 12 if row % 2 else 0
        start = LEFT + 16 + shift
        count = int((RIGHT - start) // 24)
        rows.append(f"M{start} {y}" + "a12 12 0 0 1 24 0" * count)
    sea = rect(LEFT + 16, 262, WIDTH - 16, BOTTOM - 262, c.dark)
    return sea + stroke("".join(rows), c.light, 3) + circle(MIDDLE, 200, 74, c.light, opacity=0.5)


def hills(c: Colours, rng: random.Random) -> str:
    layers = []
    for level, (fill, top) in enumerate([(c.light, 236), (c.dark, 268), ("#1d1a17", 300)]):
        xs = [LEFT + 16 + i * 51 for i in range(5)]
        ys = [top + rng.uniform(-16, 16) for _ in xs]
        d = f"M{xs[0]} {BOTTOM}V{ys[0]:.0f}"
        for i in range(4):
            half = (xs[i] + xs[i + 1]) / 2
            d += f"C{half:.0f} {ys[i]:.0f} {half:.0f} {ys[i + 1]:.0f} {xs[i + 1]} {ys[i + 1]:.0f}"
        layers.append(path(f"{d}V{BOTTOM}z", fill, opacity=0.9 - level * 0.1))
    return circle(MIDDLE, 206, 72, c.ink, opacity=0.25) + "".join(layers)


def deco(c: Colours, rng: random.Random) -> str:
    steps = "".join(
        f"M{LEFT + 26 + i * 7} {TOP + 90 - i * 20}V{TOP + 10 + i * 7}H{RIGHT - 10 - i * 7}V{TOP + 90 - i * 20}"
        f"M{LEFT + 26 + i * 7} {BOTTOM - 90 + i * 20}V{BOTTOM - 10 - i * 7}H{RIGHT - 10 - i * 7}V{BOTTOM - 90 + i * 20}"
        for i in range(3)
    )
    lozenge = [(MIDDLE, 132), (MIDDLE + 80, 212), (MIDDLE, 292), (MIDDLE - 80, 212)]
    return stroke(steps, c.ink, 2) + polygon(lozenge, c.dark, stroke=c.ink, stroke_width=2)


def checks(c: Colours, rng: random.Random) -> str:
    side = 17
    squares = [
        f"M{LEFT + 16 + column * side} {BOTTOM - (row + 1) * side}h{side}v{side}h-{side}z"
        for row in range(3)
        for column in range(12)
        if (row + column) % 2
    ]
    return path("".join(squares), c.ink, opacity=0.9) + circle(MIDDLE, 208, 66, c.light)


def meander(c: Colours, rng: random.Random) -> str:
    key = "h18v-16h-12v8h4v-4"
    strips = [
        f"M{LEFT + 24 + i * 27} {y}{key}" + f"M{LEFT + 24 + i * 27} {y}h27"
        for y in (TOP + 32, BOTTOM - 14)
        for i in range(7)
    ]
    bars = stroke(f"M{LEFT + 20} {TOP + 9}H{RIGHT - 6}M{LEFT + 20} {BOTTOM - 37}H{RIGHT - 6}", c.ink, 2)
    return stroke("".join(strips), c.ink, 2.5) + bars + circle(MIDDLE, 215, 66, c.dark)


def rings(c: Colours, rng: random.Random) -> str:
    lines = "".join(ring(MIDDLE, 215, r, c.light, 2.5) for r in (94, 86, 78))
    return lines + circle(MIDDLE, 215, 70, c.dark) + dots([(MIDDLE, 121), (MIDDLE, 309)], c.ink, 8)


LOOKS: dict[str, Callable[[Colours, random.Random], str]] = {
    "frame": frame, "band": band, "rays": rays, "moon": moon, "waves": waves, "hills": hills, "deco": deco,
    "checks": checks, "meander": meander, "rings": rings,
}  # fmt: skip
QUIET_TOP = {"meander": 16, "frame": 8, "deco": 16}


def lettering(name: str, author: str, look: str, c: Colours) -> str:
    room = {"frame": 146, "deco": 138}.get(look, 176)
    lines = wrapped(name, 13 if len(name) < 22 else room // 9)
    size = min(fitting(line, room, 26, 0.66) for line in lines)
    step = size * 1.14
    top = 92 + QUIET_TOP.get(look, 0) / 2 - (len(lines) - 1) * step / 2 + size * 0.3
    title = "".join(
        text(MIDDLE, top + i * step, line, size, PAPER, font_weight="bold") for i, line in enumerate(lines)
    )
    foot = {"meander": 298, "checks": 290, "frame": 312, "deco": 309, "band": 330}.get(look, 328)
    shade = (
        rect(LEFT + 16, foot - 15, WIDTH - 16, 22, c.dark, opacity=0.75)
        if look in {"waves", "hills", "rays"}
        else ""
    )
    return (
        title
        + shade
        + text(MIDDLE, foot, author.upper(), fitting(author, 160, 13, 0.82), c.ink, letter_spacing=1)
    )


def book(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    c = colours(draw["hue"])
    look = draw["look"]
    pages = rect(LEFT + 6, TOP + 5, WIDTH, HEIGHT, "#e4d9bf", rx=3) + stroke(
        f"M{LEFT + 10} {BOTTOM + 3}H{RIGHT + 4}M{RIGHT + 3} {TOP + 8}V{BOTTOM + 4}", "#b9ab8a", 1
    )
    cover = rect(LEFT, TOP, WIDTH, HEIGHT, c.cover, rx=4)
    spine = rect(LEFT, TOP, 13, HEIGHT, c.dark, rx=4) + rect(
        LEFT + 13, TOP, 3, HEIGHT, "#000000", opacity=0.25
    )
    ground = c.light if look in {"moon", "checks"} else c.dark
    motif = moved(
        MIDDLE, 203 if look in {"waves", "hills", "checks"} else 215, MOTIFS[draw["motif"]](c.ink, ground)
    )
    shine = path(f"M{LEFT + 16} {TOP}h50L{LEFT + 16} {TOP + 150}z", "#ffffff", opacity=0.06)
    inside = LOOKS[look](c, rng) + motif + lettering(name, draw["author"], look, c)
    return scene(draw["hue"], floor=350, wide=128) + group(pages, cover, spine, inside, shine)
