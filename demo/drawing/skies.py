"""Maps of what is above: the planets, the moon."""

# ruff: noqa: ARG001 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random

from demo.drawing.svg import (
    around,
    at,
    circle,
    dots,
    ellipse,
    hsl,
    rect,
    ring,
    star,
    stroke,
)


def celestial(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    night, gold = "#1f2c52", "#e3c064"
    orbits = "".join(ring(200, 192, r, gold, 1, opacity=0.8) for r in (28, 42, 57, 73, 90))
    planets = []
    for r, size in ((28, 5), (42, 7), (57, 8), (73, 9), (90, 11)):
        turn = rng.uniform(0, math.tau)
        planets.append((200 + r * math.cos(turn), 192 + r * math.sin(turn), size))
    zodiac = "".join(
        f"M{at(a, b)}" for a, b in zip(around(200, 192, 94, 24), around(200, 192, 104, 24), strict=True)
    )
    sky = [(rng.uniform(58, 342), rng.uniform(88, 296)) for _ in range(60)]
    return (
        rect(52, 82, 296, 220, night)
        + dots(sky, gold, 1.6, opacity=0.8)
        + orbits
        + ring(200, 192, 104, gold, 1.5)
        + ring(200, 192, 94, gold, 1)
        + stroke(zodiac, gold, 1)
        + star(200, 192, 24, 12, 16, gold)
        + circle(200, 192, 11, "#fbe7a4")
        + "".join(circle(x, y, size / 1.4, hsl(30 + size * 25, 55, 68)) for x, y, size in planets)
    )


def moon(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    parts = [
        rect(52, 82, 296, 220, "#2a2f45"),
        dots([(rng.uniform(56, 344), rng.uniform(86, 298)) for _ in range(40)], "#e8e2c8", 1.5),
    ]
    for x in (126, 274):
        parts.append(circle(x, 192, 68, "#d9d4c2"))
        parts += [
            ellipse(
                x + rng.uniform(-34, 34),
                192 + rng.uniform(-36, 36),
                rng.uniform(9, 20),
                rng.uniform(7, 15),
                "#a9a592",
                opacity=0.8,
            )
            for _ in range(6)
        ]
        craters = [
            (x + rng.uniform(-44, 44), 192 + rng.uniform(-44, 44), rng.uniform(2, 6)) for _ in range(14)
        ]
        parts.extend(ring(cx, cy, r, "#7d7968", 1.2) for cx, cy, r in craters)
        parts.append(ring(x, 192, 68, "#f0e9cf", 2))
    return "".join(parts)
