"""Spices in glass, each kind with its own grain, and a few of them spilt in front."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from demo.drawing.svg import (
    INK,
    PAPER,
    circle,
    dots,
    ellipse,
    fitting,
    hsl,
    path,
    rect,
    scene,
    star,
    stroke,
    text,
    wrapped,
)

LEFT, RIGHT, TOP, BOTTOM = 118, 282, 142, 326

type Spot = tuple[float, float]
type Grain = Callable[[list[Spot], float, float, random.Random], str]


def tones(hue: float, light: float) -> tuple[str, str, str]:
    return hsl(hue, 46, light * 0.7), hsl(hue, 50, light), hsl(hue, 48, min(light * 1.3 + 4, 88))


def strokes(spots: list[Spot], rng: random.Random, long: float, bend: float) -> str:
    d = ""
    for middle_x, middle_y in spots:
        turn = rng.uniform(0, math.tau)
        dx, dy = long * math.cos(turn), long * math.sin(turn)
        x, y = middle_x - dx / 2, middle_y - dy / 2
        d += f"M{x:.0f} {y:.0f}q{dx / 2 + rng.uniform(-bend, bend):.0f} {dy / 2 + rng.uniform(-bend, bend):.0f} {dx:.0f} {dy:.0f}"
    return d


def corns(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    dark, tone, pale = tones(hue, light)
    third = len(spots) // 3
    return (
        dots(spots[:third], dark, 14)
        + dots(spots[third : 2 * third], tone, 13)
        + dots(spots[2 * third :], pale, 12)
    )


def nuts(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    dark, tone, pale = tones(hue, light)
    some = spots[: len(spots) // 2]
    return "".join(
        ellipse(
            x,
            y,
            13,
            10,
            rng.choice([dark, tone, tone]),
            transform=f"rotate({rng.randint(0, 170)} {x:.0f} {y:.0f})",
        )
        for x, y in some[:24]
    ) + dots([(x - 3, y - 3) for x, y in some[:24]], pale, 4)


def powder(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    dark, _, pale = tones(hue, light)
    half = len(spots) // 2
    return dots(spots[:half], dark, 2.5, opacity=0.6) + dots(spots[half:], pale, 3, opacity=0.7)


def lines(long: float, wide: float, bend: float) -> Grain:
    def grain(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
        third = len(spots) // 3
        parts = zip(
            tones(hue, light), (spots[:third], spots[third : 2 * third], spots[2 * third :]), strict=True
        )
        return "".join(
            stroke(strokes(some, rng, long, bend), tone, wide, stroke_linecap="round") for tone, some in parts
        )

    return grain


def leaves(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    parts = ""
    for x, y in spots[:26]:
        turn = rng.randint(0, 350)
        parts += path(
            "M-16 0Q0 -13 16 0Q0 13 -16 0z",
            rng.choice(tones(hue, light)),
            transform=f"translate({x:.0f} {y:.0f}) rotate({turn})",
        )
    return parts


def stars(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    dark, tone, pale = tones(hue, light)
    some = [(round(x), round(y)) for x, y in spots[:10]]
    return "".join(star(x, y, 19, 7, 8, rng.choice([dark, tone])) for x, y in some) + dots(some, pale, 6)


def cloves(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    dark, tone, pale = tones(hue, light)
    parts = ""
    for x, y in spots[:26]:
        turn = rng.uniform(0, math.tau)
        parts += f"M{x:.0f} {y:.0f}l{20 * math.cos(turn):.0f} {20 * math.sin(turn):.0f}"
    buds = spots[:26]
    return stroke(parts, tone, 5, stroke_linecap="round") + dots(buds, dark, 11) + dots(buds, pale, 3)


def sticks(spots: list[Spot], hue: float, light: float, rng: random.Random) -> str:
    """Upright in the glass, lying in front of it."""
    parts: dict[str, str] = dict.fromkeys(tones(hue, light), "")
    for x, y in spots:
        upright = f"M{x:.0f} {BOTTOM - 12}L{x + rng.uniform(-7, 7):.0f} {TOP + rng.uniform(8, 34):.0f}"
        lying = f"M{x - 34:.0f} {y:.0f}l{rng.uniform(48, 62):.0f} {rng.uniform(-9, 9):.0f}"
        parts[rng.choice(list(parts))] += upright if y < BOTTOM else lying
    return "".join(stroke(d, tone, 10, stroke_linecap="round") for tone, d in parts.items())


FORMS: dict[str, Grain] = {
    "corns": corns, "nuts": nuts, "powder": powder, "leaves": leaves, "stars": stars, "cloves": cloves,
    "pods": lines(15, 9, 3), "seeds": lines(7, 4, 1), "threads": lines(24, 2.4, 9), "flakes": lines(4, 7, 1),
    "husks": lines(3, 12, 2), "sticks": sticks,
}  # fmt: skip
FINE = {
    "powder": 110,
    "seeds": 110,
    "threads": 80,
    "flakes": 90,
    "corns": 90,
    "husks": 70,
    "sticks": 22,
    "pods": 64,
}


def scattered(count: int, rng: random.Random) -> list[Spot]:
    return [(rng.uniform(LEFT + 14, RIGHT - 14), rng.uniform(TOP + 30, BOTTOM - 8)) for _ in range(count)]


def jar(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, light, form = draw["hue"], draw["light"], draw["form"]
    dark, tone, _ = tones(hue, light)
    fill = path(
        f"M{LEFT + 6} {TOP + 22}Q200 {TOP + 10} {RIGHT - 6} {TOP + 22}V{BOTTOM - 14}Q{RIGHT - 6} {BOTTOM} {RIGHT - 22} {BOTTOM}H{LEFT + 22}Q{LEFT + 6} {BOTTOM} {LEFT + 6} {BOTTOM - 14}z",
        tone if form in {"powder", "seeds", "flakes"} else dark,
    )
    grain = FORMS[form](scattered(FINE.get(form, 52), rng), hue, light, rng)
    glass = rect(LEFT, TOP - 14, RIGHT - LEFT, BOTTOM - TOP + 22, "#ffffff", rx=20, opacity=0.55)
    rim = rect(
        LEFT, TOP - 14, RIGHT - LEFT, BOTTOM - TOP + 22, "none", rx=20, stroke="#9fb4b8", stroke_width=3
    )
    neck = (
        rect(134, 108, 132, 24, "#dfe9ea", rx=5)
        + rect(126, 66, 148, 48, "#b98a5a", rx=9)
        + ellipse(200, 70, 72, 11, "#d3a875")
    )
    cork = dots([(rng.uniform(134, 266), rng.uniform(84, 108)) for _ in range(16)], "#8f6538", 4)
    words = wrapped(name, 15)
    plate = rect(138, 206, 124, 84, PAPER, rx=4) + rect(
        143, 211, 114, 74, "none", stroke=hsl(hue, 46, 40), stroke_width=1.5
    )
    base = 254 - (len(words) - 1) * 10
    title = "".join(
        text(200, base + i * 20, line, fitting(line, 108, 19, 0.62), INK, font_weight="bold")
        for i, line in enumerate(words)
    )
    crest = text(200, 280, "PEPPER & MACE", 7.5, hsl(hue, 46, 34), letter_spacing=0.8)
    shine = path(f"M{LEFT + 12} {TOP + 6}q-2 80 0 150h9q-3 -70 0 -150z", "#ffffff", opacity=0.6)
    spilt = [
        (rng.uniform(258, 356), rng.uniform(336, 352))
        for _ in range(9 if form not in {"powder", "seeds", "flakes"} else 24)
    ]
    return (
        scene(hue, floor=338, wide=120)
        + glass
        + fill
        + grain
        + rim
        + neck
        + cork
        + plate
        + title
        + crest
        + shine
        + FORMS[form](spilt, hue, light, rng)
        + circle(200, 218, 3, hsl(hue, 50, 44))
    )
