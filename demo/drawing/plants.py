"""What grows out of a seed packet, drawn around (0, 0), about 200 high."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from collections.abc import Callable

from demo.drawing.svg import (
    INK,
    around,
    circle,
    dots,
    ellipse,
    hsl,
    moved,
    path,
    stroke,
)

GREEN, DEEP, FRESH = "#4d7a3a", "#345a2c", "#7fae5a"

type Plant = Callable[[float, int, random.Random], str]


def leaf(x: float, y: float, turn: float, long: float, tone: str = GREEN) -> str:
    d = f"M0 0C{long * 0.25:.0f} {-long * 0.4:.0f} {long * 0.8:.0f} {-long * 0.3:.0f} {long:.0f} 0C{long * 0.8:.0f} {long * 0.3:.0f} {long * 0.25:.0f} {long * 0.4:.0f} 0 0z"
    return path(d, tone, transform=f"translate({x:.0f} {y:.0f}) rotate({turn:.0f})")


def tomato(hue: float, petals: int, rng: random.Random) -> str:
    fruit = ""
    for x, y, r in ((-32, 16, 38), (36, 24, 33), (4, -32, 30)):
        fruit += circle(x, y, r, hsl(hue, 62, 44)) + ellipse(
            x - r / 3, y - r / 3, r / 4, r / 6, "#ffffff", opacity=0.45
        )
        fruit += "".join(leaf(x, y - r + 4, a, 17) for a in (-160, -125, -60, -20, 90))
    return stroke("M-30 -30C-16 -66 20 -74 34 -100M4 -66C10 -60 34 -40 36 -8", DEEP, 5) + fruit


def chilli(hue: float, petals: int, rng: random.Random) -> str:
    pod = "M-10 -8C-16 24 -10 56 8 82C18 56 18 24 10 -8z"
    pods = "".join(
        moved(x, y, path(pod, hsl(hue, 80, 52)) + path("M-12 -4Q0 -20 12 -4Q0 4 -12 -4z", GREEN), turn=a)
        for x, y, a in [(-46, -34, 16), (-6, -22, -4), (36, -40, -20)]
    )
    return (
        stroke("M-46 -42C-30 -76 20 -80 36 -48M-6 -30C-6 -60 0 -74 6 -96", DEEP, 5)
        + pods
        + leaf(6, -76, -20, 52)
        + leaf(-4, -72, 200, 52)
    )


def pea(hue: float, petals: int, rng: random.Random) -> str:
    pod = path("M-84 16C-60 -40 50 -48 86 -6C56 36 -40 56 -84 16z", FRESH) + path(
        "M-74 14C-50 -14 46 -26 76 -4C44 16 -36 32 -74 14z", DEEP
    )
    peas = "".join(circle(-54 + i * 18, 9 - i * 2.4, 11, hsl(95, 48, 56)) for i in range(7))
    return (
        moved(0, 14, pod, peas, turn=-14)
        + stroke("M84 -20C96 -50 70 -70 84 -92C94 -100 100 -84 90 -82", GREEN, 4)
        + leaf(-30, -50, -30, 54)
        + leaf(-34, -50, 200, 46)
    )


def bean(hue: float, petals: int, rng: random.Random) -> str:
    vine = stroke("M-6 92C40 60 -44 40 -4 4C36 -30 -34 -50 6 -96", DEEP, 5)
    blooms = ""
    for x, y in ((34, -54), (-40, -16), (38, 24), (-34, 58)):
        blooms += (
            circle(x - 8, y - 8, 15, hsl(hue, 66, 50))
            + circle(x + 8, y - 8, 15, hsl(hue, 66, 50))
            + path(f"M{x - 16} {y}Q{x} {y + 26} {x + 16} {y}z", "#fbeef0")
        )
    return (
        vine
        + "".join(
            leaf(x, y, a, 42)
            for x, y, a in [(8, -74, -10), (-8, -46, 190), (14, 0, 10), (-8, 30, 170), (4, 74, -14)]
        )
        + blooms
    )


def beet(hue: float, petals: int, rng: random.Random) -> str:
    tops = "".join(leaf(0, -6, a, 84, GREEN) for a in (-118, -92, -64)) + stroke(
        "M0 4L-34 -70M0 4L-2 -80M0 4L32 -66", hsl(hue, 60, 46), 4
    )
    rings = "".join(
        circle(0, 40, r, hsl(hue, 60, 44 if i % 2 == 0 else 92))
        for i, r in enumerate((46, 38, 30, 22, 14, 6))
    )
    return tops + path("M-12 82Q0 96 4 116Q6 96 12 82z", hsl(hue, 60, 44)) + rings


def carrot(hue: float, petals: int, rng: random.Random) -> str:
    one = path("M-15 -24Q0 -34 15 -24L3 98Q0 106 -3 98z", hsl(hue, 44, 38)) + stroke(
        "M-11 0h10M2 22h8M-8 44h8", hsl(hue, 40, 58), 2
    )
    top = stroke(
        "M0 -26C-4 -54 -24 -62 -28 -84M0 -26V-92M0 -26C4 -54 22 -62 26 -84M-16 -56l-14 2M16 -56l14 2M0 -60l10 -12",
        FRESH,
        5,
        stroke_linecap="round",
    )
    return "".join(
        moved(x, y, top, one, turn=a, scale=0.95) for x, y, a in [(-38, 10, 14), (38, 10, -14), (0, 0, 0)]
    )


def greens(hue: float, petals: int, rng: random.Random) -> str:
    fronds = ""
    for turn in (-150, -30, -125, -55, -105, -75, -90):
        tone = hsl(hue, 34, 28 + abs(turn + 90) / 6)
        fronds += leaf(0, 70, turn, 124, tone)
        far = math.radians(turn)
        fronds += stroke(
            f"M0 70L{112 * math.cos(far):.0f} {70 + 112 * math.sin(far):.0f}", hsl(hue, 26, 66), 2.5
        )
    spots = [(rng.uniform(-62, 62), rng.uniform(-50, 34)) for _ in range(16)]
    return fronds + dots(spots, hsl(350, 40, 40), 5, opacity=0.5 if hue < 120 else 0)


def pumpkin(hue: float, petals: int, rng: random.Random) -> str:
    ribs = "".join(
        ellipse(
            x,
            26,
            32,
            56 - abs(x) / 4,
            hsl(hue, 74, 50 - abs(x) / 7),
            stroke=hsl(hue, 70, 36),
            stroke_width=1.5,
        )
        for x in (-62, 62, -34, 34, 0)
    )
    return (
        ribs
        + path("M-8 -24Q-4 -52 14 -64L26 -56Q10 -46 10 -24z", DEEP)
        + leaf(10, -40, 12, 66)
        + stroke("M-8 -34C-40 -60 -58 -30 -70 -52", GREEN, 4)
    )


def corn(hue: float, petals: int, rng: random.Random) -> str:
    kernels = ""
    for row in range(13):
        half = 3 if row > 1 else 2
        for column in range(-half, half + 1):
            tone = hsl(rng.choice([hue, 20, 46, 190, 270, 340]), 50, 60)
            kernels += circle(column * 11, -74 + row * 12, 6.4, tone)
    return (
        kernels
        + path("M-6 100C-64 70 -66 0 -44 -34C-36 20 -24 70 -6 100z", FRESH)
        + path("M6 100C64 70 66 0 44 -34C36 20 24 70 6 100z", GREEN)
    )


def radish(hue: float, petals: int, rng: random.Random) -> str:
    one = path(
        "M-17 -6C-22 34 -10 60 -4 70L0 100L4 70C10 60 22 34 17 -6Q0 -18 -17 -6z", hsl(hue, 66, 48)
    ) + path("M-11 52Q-6 64 -4 70L0 100L4 70Q6 64 11 52Q0 60 -11 52z", "#fdf4f2")
    tops = leaf(0, -6, -112, 64, FRESH) + leaf(0, -6, -70, 70, GREEN)
    return "".join(moved(x, 6, tops, one, turn=a) for x, a in [(-44, 14), (44, -14), (0, 0)])


def herb(hue: float, petals: int, rng: random.Random) -> str:
    d, leaves = "M0 100V-70", ""
    for i, y in enumerate((70, 40, 10, -20, -50)):
        long = 58 - i * 8
        leaves += leaf(0, y, -24, long, hsl(hue, 40, 34 + i * 5)) + leaf(
            0, y, 204, long, hsl(hue, 40, 38 + i * 5)
        )
    return (
        stroke(d, DEEP, 5)
        + leaves
        + leaf(0, -64, -118, 36, FRESH)
        + leaf(0, -64, -62, 36, FRESH)
        + leaf(0, -66, -90, 40, FRESH)
    )


def daisy(hue: float, petals: int, rng: random.Random) -> str:
    light = 92 if hue == 60 else 50
    stem = stroke("M0 -10C6 40 -6 70 0 104M0 50C-26 40 -40 50 -56 34M0 66C24 56 36 64 52 46", GREEN, 5)
    heads = ""
    for x, y, size in ((0, -26, 1.0), (-54, 22, 0.5), (52, 34, 0.45)):
        wide = 240 / petals if petals > 7 else 34
        one = ellipse(
            0,
            -38,
            wide / 1.6,
            26,
            hsl(hue, 62 if light == 50 else 20, light),
            stroke=hsl(hue, 40, light - 16),
            stroke_width=1,
        )
        bloom = (
            "".join(f'<g transform="rotate({360 * i / petals:.0f})">{one}</g>' for i in range(petals))
            if size == 1
            else "".join(circle(px, py, 17, hsl(hue, 58, light - 2)) for px, py in around(0, 0, 26, 7))
        )
        heads += moved(
            x,
            y,
            bloom,
            circle(0, 0, 21, "#4a3320" if petals > 18 else "#e0b23c"),
            dots(around(0, 0, 12, 9), "#f4d98a" if petals < 19 else "#7a5530", 4),
            scale=size,
        )
    return stem + leaf(0, 80, -30, 44) + leaf(0, 86, 210, 44) + heads


def poppy(hue: float, petals: int, rng: random.Random) -> str:
    stems = stroke(
        "M-6 -20C-16 40 4 60 -2 106M44 20C40 60 16 80 10 106M-52 36C-50 70 -20 86 -8 106", GREEN, 4
    )
    bloom = "".join(
        ellipse(x, y, 36, 31, hsl(hue, 78, 46 + i * 3))
        for i, (x, y) in enumerate(around(-4, -34, 24, 4, -45))
    )
    heart = circle(-4, -32, 17, INK) + dots(around(-4, -32, 22, 14), INK, 5) + circle(-4, -32, 7, FRESH)
    bud = ellipse(-52, 24, 11, 17, GREEN) + circle(44, 10, 19, hsl(hue, 74, 50)) + circle(44, 6, 6, INK)
    return stems + bloom + heart + bud


def meadow(hue: float, petals: int, rng: random.Random) -> str:
    grass, flowers = "", ""
    for i in range(26):
        x = -78 + i * 6.2
        top = rng.uniform(-70, 40)
        grass += f"M{x:.0f} 100Q{x + rng.uniform(-6, 6):.0f} {(100 + top) / 2:.0f} {x + rng.uniform(-14, 14):.0f} {top:.0f}"
        if i % 2:
            tone = hsl(rng.choice([0, 45, 220, 285, 330]), 62, 56)
            flowers += "".join(circle(px, py, 5.4, tone) for px, py in around(x, top, 7, 5)) + circle(
                x, top, 4, "#f6e08a"
            )
    return stroke(grass, GREEN, 2.5) + flowers


PLANTS: dict[str, Plant] = {
    "tomato": tomato, "chilli": chilli, "pea": pea, "bean": bean, "beet": beet, "carrot": carrot, "leaf": greens,
    "pumpkin": pumpkin, "corn": corn, "radish": radish, "herb": herb, "daisy": daisy, "poppy": poppy, "meadow": meadow,
}  # fmt: skip
