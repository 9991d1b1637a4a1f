"""Seed packets with the plant on the front, and bulbs in the ground with what they will become above it."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from typing import Any

from demo.drawing.plants import FRESH, GREEN, PLANTS
from demo.drawing.svg import (
    PAPER,
    around,
    circle,
    dots,
    ellipse,
    fitting,
    hsl,
    moved,
    path,
    rect,
    ring,
    scene,
    stroke,
    text,
    wrapped,
)


def packet(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue = draw["hue"]
    tone, dark = hsl(hue, 42, 42), hsl(hue, 46, 26)
    body = rect(104, 36, 200, 316, "#000000", rx=5, opacity=0.14) + rect(98, 30, 204, 316, PAPER, rx=5)
    flap = path("M98 62V35Q98 30 103 30H297Q302 30 302 35V62L200 78z", tone) + stroke(
        "M98 62L200 78L302 62", dark, 1.5
    )
    field = rect(112, 86, 176, 186, hsl(hue, 34, 93), rx=4) + rect(
        112, 86, 176, 186, "none", rx=4, stroke=tone, stroke_width=2
    )
    sort = name.partition("'")[2].rstrip("'")
    kind = name.partition(" '")[0]
    lines = [kind, f"‘{sort}’"] if sort else wrapped(kind, 16)
    words = "".join(
        text(
            200,
            298 + i * 22,
            line,
            fitting(line, 180, 20, 0.62),
            dark,
            font_weight="bold" if i == 0 else "normal",
        )
        for i, line in enumerate(lines)
    )
    foot = rect(98, 328, 204, 18, tone, rx=4) + text(200, 341, "THE SEED DRAWER", 9, PAPER, letter_spacing=2)
    plant = moved(200, 178, PLANTS[draw["plant"]](hue, draw.get("petals", 0), rng), scale=0.82)
    return scene(hue, floor=352, wide=118) + body + flap + field + plant + words + foot


def tulip_head(x: float, y: float, hue: float, flamed: bool) -> str:
    base = "#fbf1ea" if flamed else hsl(hue, 40, 26)
    cup = path(
        "M-28 -44Q-38 16 0 28Q38 16 28 -44L13 -20L0 -50L-13 -20z",
        base,
        stroke=hsl(hue, 40, 46),
        stroke_width=2,
    )
    mark = stroke(
        "M-18 -28Q-22 6 -4 22M18 -28Q22 6 4 22M0 -40V20",
        hsl(hue, 70, 46) if flamed else hsl(hue, 34, 40),
        6,
        stroke_linecap="round",
    )
    return moved(x, y, cup, mark)


def heads(plant: str, hue: float) -> str:
    if plant == "tulip":
        return "".join(tulip_head(x, y, hue, hue > 320) for x, y in ((128, 108), (272, 116), (200, 78)))
    if plant == "daffodil":
        one = (
            "".join(
                ellipse(0, -24, 12, 20, "#fbf8ec", stroke="#dcd6b8", transform=f"rotate({a})")
                for a in range(0, 360, 60)
            )
            + circle(0, 0, 12, "#f4cf4a")
            + ring(0, 0, 12, "#d9542b", 4)
        )
        return "".join(moved(x, y, one) for x, y in ((128, 110), (272, 116), (200, 74)))
    if plant == "snowdrop":
        one = path(
            "M0 0C-26 10 -24 44 -14 52C-6 40 -4 20 0 0C4 20 6 40 14 52C24 44 26 10 0 0z",
            "#ffffff",
            stroke="#cfd8cc",
        ) + ellipse(0, 0, 7, 10, GREEN)
        return (
            stroke("M128 120Q126 84 108 92M272 124Q276 86 292 96M200 100Q204 56 222 68", GREEN, 4)
            + moved(106, 92, one)
            + moved(294, 96, one)
            + moved(224, 68, one)
        )
    if plant == "crocus":
        one = path(
            "M0 34C-34 20 -32 -24 -24 -40Q-10 -28 -8 -10Q-6 -38 0 -50Q6 -38 8 -10Q10 -28 24 -40C32 -24 34 20 0 34z",
            hsl(hue, 46, 62),
        ) + stroke("M-4 0Q-12 -30 -20 -46M0 0V-58M4 0Q12 -30 20 -46", "#c8371f", 3.5, stroke_linecap="round")
        return "".join(moved(x, y, one) for x, y in ((128, 138), (272, 144), (200, 112)))
    return "".join(
        circle(x, y, 30, hsl(hue, 36, 72))
        + dots(around(x, y, 18, 10) + around(x, y, 9, 6), hsl(hue, 30, 88), 5)
        for x, y in ((128, 106), (272, 112), (200, 70))
    )


def bulb(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, plant = draw["hue"], draw["plant"]
    skin = "#f3e6e2" if plant == "garlic" else hsl(28, 46, 48)
    stems = stroke("M130 300C136 230 126 170 128 130M270 300C262 230 274 170 272 134M200 300V96", GREEN, 6)
    blades = path(
        "M124 296C96 230 92 190 84 150C112 190 128 240 136 296zM206 296C226 230 230 170 246 142C240 200 232 250 216 296zM276 296C300 240 306 210 322 170C318 220 306 260 288 296z",
        FRESH,
    )
    ground = path("M0 290Q100 276 200 288T400 284V400H0z", hsl(24, 34, 30)) + dots(
        [(rng.uniform(8, 392), rng.uniform(300, 392)) for _ in range(46)], hsl(26, 30, 42), 5
    )
    bulbs = ""
    for x in (130, 200, 270):
        bulbs += path(
            f"M{x} 288C{x - 8} 306 {x - 30} 314 {x - 28} 340C{x - 26} 358 {x + 26} 358 {x + 28} 340C{x + 30} 314 {x + 8} 306 {x} 288z",
            skin,
        )
        bulbs += stroke(
            f"M{x} 294C{x - 10} 314 {x - 14} 330 {x - 10} 352M{x} 294C{x + 10} 314 {x + 14} 330 {x + 10} 352",
            hsl(hue if plant == "garlic" else 24, 34, 40),
            1.5,
        )
        bulbs += stroke(f"M{x - 10} 354q-4 10 -8 14M{x} 356v14M{x + 10} 354q4 10 8 14", "#e8dcc4", 2)
    sky = rect(0, 0, 400, 400, hsl(hue, 38, 89)) + circle(200, 170, 148, hsl(hue, 44, 94))
    return sky + blades + stems + ground + bulbs + heads(plant, hue)
