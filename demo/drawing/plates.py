"""Plates and tiles: what is looked at from above."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from typing import Any

from demo.drawing.svg import (
    INK,
    around,
    at,
    circle,
    dots,
    ellipse,
    hsl,
    moved,
    path,
    rect,
    ring,
    scene,
    stroke,
)


def fish(blue: str) -> str:
    body = path("M-78 0C-50 -44 20 -46 52 -6L86 -30C80 -8 80 10 88 32L52 10C20 46 -50 40 -78 0z", blue)
    scales = "".join(f"M{x} {y}a9 9 0 0 0 18 0" for y in (-14, 0, 14) for x in (-30, -8, 14))
    return (
        body
        + stroke(scales, "#f3eee2", 2)
        + circle(-56, -5, 6, "#f3eee2")
        + circle(-56, -5, 3, INK)
        + stroke("M-40 -22q10 22 0 44", "#f3eee2", 2.5)
    )


def tulip(blue: str) -> str:
    flower = path("M-26 -66Q-34 -16 0 -6Q34 -16 26 -66L12 -44L0 -72L-12 -44z", blue)
    leaves = path("M0 72C-14 40 -50 34 -62 4C-30 8 -6 30 0 60C6 30 34 14 58 20C44 44 12 48 0 72z", blue)
    return flower + stroke("M0 -8V74", blue, 6) + leaves + stroke("M-8 -26q8 10 16 0M0 -60v26", "#f3eee2", 3)


def plate(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, finish = draw["hue"], draw["finish"]
    tone, blue = hsl(hue, 44, 42), hsl(hue, 58, 34)
    pale = finish in {"fish", "tulip"}
    base, well = ("#f3eee2", "#faf7ee") if pale else (tone, hsl(hue, 40, 52))
    body = (
        ellipse(200, 214, 152, 148, "#000000", opacity=0.13)
        + circle(200, 200, 150, base)
        + circle(200, 200, 106, well)
    )
    body += ring(200, 200, 106, "#000000", 2, opacity=0.12) + stroke(
        "M92 128A132 132 0 0 1 166 74", "#ffffff", 9, opacity=0.45, stroke_linecap="round"
    )
    if finish == "fish":
        return (
            scene(hue, floor=350)
            + body
            + ring(200, 200, 143, blue, 4)
            + moved(200, 202, fish(blue), scale=0.95)
        )
    if finish == "tulip":
        edge = "".join(ring(x, y, 12, blue, 3) + circle(x, y, 4, blue) for x, y in around(200, 200, 128, 16))
        return (
            scene(hue, floor=350)
            + body
            + edge
            + ring(200, 200, 102, blue, 2)
            + moved(200, 200, tulip(blue), scale=1.05)
        )
    if finish == "slip":
        rows = "".join(f"M{112} {y}" + "q11 14 22 0t22 0" * 4 for y in range(140, 270, 18))
        return (
            scene(hue, floor=350)
            + body
            + stroke(rows, "#f6e9c6", 5)
            + dots(around(200, 200, 128, 32), "#f6e9c6", 7)
        )
    flutes = "".join(
        f"M{at(a, b)}" for a, b in zip(around(200, 200, 112, 40), around(200, 200, 146, 40), strict=True)
    )
    return (
        scene(hue, floor=350)
        + body
        + stroke(flutes, hsl(hue, 44, 32), 2, opacity=0.6)
        + ring(200, 200, 147, hsl(28, 44, 50), 5)
        + ring(200, 200, 60, "#ffffff", 1.5, opacity=0.25)
    )


def tile(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    glaze, ink = hsl(draw["hue"], 34, 82), hsl(draw["hue"], 48, 28)
    hare = "M86 262C104 226 140 214 178 218C214 206 246 206 262 196C268 176 258 142 266 118C278 126 282 152 280 178C290 158 306 132 318 134C318 154 304 176 292 190C312 198 324 214 316 226C304 236 288 232 276 238C264 256 244 262 236 270L276 292L268 302L216 278C190 284 166 278 150 290L112 316L104 308L132 280C118 278 104 284 86 262z"
    corners = "".join(
        path("M0 0Q40 0 40 40Q0 40 0 0z", ink, transform=f"translate({x} {y}) rotate({a})")
        for x, y, a in [(66, 66, 0), (334, 66, 90), (334, 334, 180), (66, 334, 270)]
    )
    grass = "".join(
        f"M{x} 326q{rng.randint(-8, 8)} -14 {rng.randint(-10, 10)} -{rng.randint(18, 36)}"
        for x in range(84, 330, 12)
    )
    return (
        scene(draw["hue"], floor=352, wide=150)
        + rect(52, 54, 300, 300, "#b98a62", rx=6)
        + rect(50, 48, 300, 298, glaze, rx=6)
        + rect(60, 58, 280, 278, "none", stroke=ink, stroke_width=2)
        + corners
        + stroke(grass, hsl(130, 30, 44), 3)
        + path(hare, ink)
        + circle(298, 208, 4, glaze)
    )
