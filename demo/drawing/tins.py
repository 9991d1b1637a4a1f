"""Tea: tins with a pattern and a paper label, the leaves in front of them; a pressed cake; a whisk."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from typing import Any

from demo.drawing.svg import (
    INK,
    PAPER,
    around,
    at,
    circle,
    dots,
    ellipse,
    fitting,
    hsl,
    number,
    path,
    ring,
    scene,
    star,
    stroke,
    text,
)

LEAVES = {
    "black": ["#2f2019", "#4a2f20", "#6d4526"], "green": ["#3f5b2a", "#5f7d3a", "#86a05a"],
    "matcha": ["#6f9a2f", "#86b03c", "#9cc551"], "white": ["#a9a88a", "#c9c6a6", "#dedcc4"],
    "oolong": ["#4a4a2c", "#5f4a2c", "#806238"], "red": ["#7d3018", "#a04522", "#bf6a35"],
    "dark": ["#231814", "#33221b", "#463025"], "flower": ["#e6b93a", "#f3d97a", "#fbf4dc"],
    "herb": ["#4f7d4a", "#6d9b5e", "#93b97c"],
}  # fmt: skip
LEFT, RIGHT, TOP, BOTTOM = 112, 262, 104, 326
MIDDLE = (LEFT + RIGHT) / 2


def diamonds() -> str:
    cells = [f"M{x} {y}l9 12l-9 12l-9 -12z" for y in range(124, 300, 28) for x in range(LEFT + 15, RIGHT, 24)]
    return "".join(cells)


def scallops() -> str:
    rows = []
    for row, y in enumerate(range(134, 330, 13)):
        start = LEFT if row % 2 else LEFT + 15
        rows.append(f"M{start} {y}" + "a15 15 0 0 1 30 0" * ((RIGHT - start) // 30))
    return "".join(rows)


def stripes() -> str:
    return "".join(f"M{x} 118V334" for x in range(LEFT + 9, RIGHT, 12))


def sprigs() -> str:
    one = "v18m0 -12q-8 -2 -9 -10q8 2 9 10q8 -2 9 -10q-8 2 -9 10"
    cells = [
        f"M{x + (12 if row % 2 else 0)} {y}{one}"
        for row, y in enumerate(range(124, 306, 27))
        for x in range(LEFT + 15, RIGHT - 20, 26)
    ]
    return "".join(cells)


def pile(colours: list[str], rng: random.Random, shape: str) -> str:
    """Loose leaf in front of the tin: three tones, short curved strokes that lie in a heap."""
    layers = []
    for tone, colour in enumerate(colours):
        strands = []
        for _ in range(19):
            far = rng.uniform(-1, 1)
            x, y = 290 + far * 58, 350 - rng.random() * 26 * (1 - far * far) - tone * 3
            turn = rng.uniform(0, math.tau)
            dx, dy = 9 * math.cos(turn), 5 * math.sin(turn)
            strands.append(f"M{x:.0f} {y:.0f}q{dx:.0f} {dy - 4:.0f} {dx * 1.4:.0f} {dy:.0f}")
        layers.append(stroke("".join(strands), colour, 7 if shape == "white" else 5, stroke_linecap="round"))
    return ellipse(290, 352, 66, 9, "#000000", opacity=0.15) + "".join(layers)


def blossoms(colours: list[str], rng: random.Random) -> str:
    spots = [(rng.uniform(240, 342), rng.uniform(334, 354)) for _ in range(8)]
    return "".join(
        star(x, y, 15, 7, 8, colours[2], stroke="#bfae7c") + circle(x, y, 6, colours[0]) for x, y in spots
    )


def powder(colours: list[str], rng: random.Random) -> str:
    heap = path("M228 354Q262 346 290 308Q318 346 350 354z", colours[0]) + path(
        "M290 308Q318 346 350 354H300z", colours[1]
    )
    grains = [(rng.uniform(226, 356), rng.uniform(350, 358)) for _ in range(40)]
    return heap + dots(grains, colours[1], 2.5)


def heap(leaf: str, rng: random.Random) -> str:
    if leaf == "matcha":
        return powder(LEAVES[leaf], rng)
    return blossoms(LEAVES[leaf], rng) if leaf == "flower" else pile(LEAVES[leaf], rng, leaf)


def label(words: str, tone: str, leaf: str) -> str:
    plate = path(f"M{MIDDLE - 52} 296V192Q{MIDDLE} 152 {MIDDLE + 52} 192V296z", PAPER)
    edge = stroke(f"M{MIDDLE - 47} 291V195Q{MIDDLE} 159 {MIDDLE + 47} 195V291z", tone, 1.5)
    sprig = path(
        f"M{MIDDLE} 232C{MIDDLE - 14} 218 {MIDDLE - 12} 198 {MIDDLE} 186C{MIDDLE + 12} 198 {MIDDLE + 14} 218 {MIDDLE} 232z"
        f"M{MIDDLE - 3} 233C{MIDDLE - 22} 234 {MIDDLE - 32} 222 {MIDDLE - 34} 210C{MIDDLE - 20} 211 {MIDDLE - 8} 218 {MIDDLE - 3} 233z"
        f"M{MIDDLE + 3} 233C{MIDDLE + 22} 234 {MIDDLE + 32} 222 {MIDDLE + 34} 210C{MIDDLE + 20} 211 {MIDDLE + 8} 218 {MIDDLE + 3} 233z",
        LEAVES[leaf][1] if leaf != "white" else "#8d9a66",
    )
    name = text(MIDDLE, 258, words, fitting(words, 90, 20, 0.62), INK, font_weight="bold")
    return (
        plate
        + edge
        + sprig
        + name
        + stroke(f"M{MIDDLE - 22} 268h44", tone, 1)
        + text(MIDDLE, 283, "CAMELLIA & KETTLE", 7, tone, letter_spacing=0.6)
    )


def tin(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue = draw["hue"]
    body, light, dark = hsl(hue, 44, 36), hsl(hue, 42, 48), hsl(hue, 48, 24)
    outline = f"M{LEFT} {TOP}V{BOTTOM}A75 16 0 0 0 {RIGHT} {BOTTOM}V{TOP}z"
    pattern = rng.choice([diamonds, scallops, stripes, sprigs])()
    lid = f"M{LEFT - 4} 84V112A79 17 0 0 0 {RIGHT + 4} 112V84z"
    sheen = f"M{LEFT + 14} 100V{BOTTOM + 8}h14V100z"
    shade = f"M{RIGHT - 30} {TOP}V{BOTTOM + 11}A75 16 0 0 0 {RIGHT} {BOTTOM}V{TOP}z"
    return (
        scene(hue, floor=336, wide=112)
        + path(outline, body)
        + stroke(pattern, light, 1.6, opacity=0.75)
        + path(shade, "#000000", opacity=0.18)
        + label(draw["label"], body, draw["leaf"])
        + path(sheen, "#ffffff", opacity=0.16)
        + path(lid, dark)
        + ellipse(MIDDLE, 84, 79, 17, light)
        + ellipse(MIDDLE, 83, 66, 13, body)
        + circle(MIDDLE, 76, 9, hsl(44, 60, 62))
        + circle(MIDDLE - 3, 73, 3, "#fff6d8")
        + heap(draw["leaf"], rng)
    )


def cake(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    tones = LEAVES["dark"]
    strands = []
    for _ in range(90):
        turn, far = rng.uniform(0, math.tau), 118 * math.sqrt(rng.random())
        x, y = 200 + far * math.cos(turn), 200 + far * math.sin(turn)
        strands.append(
            f"M{number(x)} {number(y)}q{rng.randint(-7, 7)} {rng.randint(-7, 7)} {rng.randint(-14, 14)} {rng.randint(-9, 9)}"
        )
    pleats = "".join(
        f"M{at(inner, outer)}"
        for inner, outer in zip(around(200, 200, 128, 36), around(200, 200, 142, 36), strict=True)
    )
    return (
        scene(draw["hue"], floor=338, wide=136)
        + circle(200, 200, 146, "#e8dcc0")
        + stroke(pleats, "#c9b98f", 2)
        + circle(200, 200, 124, tones[0])
        + stroke("".join(strands), "#6b4a35", 3, stroke_linecap="round")
        + circle(200, 200, 44, PAPER)
        + ring(200, 200, 39, "#9c2f24", 2)
        + text(200, 208, draw["label"], 19, "#9c2f24", font_weight="bold")
    )


def whisk(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    wood, dark = hsl(44, 52, 64), hsl(38, 46, 46)
    tines = "".join(
        f"M{200 + i * 2.6:.0f} 196C{200 + i * 7.6:.0f} 236 {200 + i * 8.6:.0f} 290 {200 + i * 5.4:.0f} 330"
        for i in range(-9, 10)
    )
    return (
        scene(draw["hue"])
        + stroke(tines, wood, 3.4, stroke_linecap="round")
        + stroke(tines, dark, 0.8)
        + path("M172 60Q200 50 228 60L226 196Q200 206 174 196z", wood)
        + path("M212 57Q222 58 228 60L226 196Q218 199 210 200z", dark, opacity=0.5)
        + stroke("M173 118Q200 126 227 118", dark, 3)
        + stroke("M174 180Q200 189 226 180M174 187Q200 196 226 187M174 194Q200 203 226 194", INK, 4)
        + ellipse(200, 60, 28, 6, dark)
    )
