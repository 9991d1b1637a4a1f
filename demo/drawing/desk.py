"""What lies on a desk: notebooks, pens, ink, wax."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from demo.drawing.svg import (
    INK,
    PAPER,
    around,
    circle,
    dots,
    ellipse,
    group,
    hsl,
    moved,
    path,
    polygon,
    rect,
    ring,
    scene,
    stroke,
    text,
)

BRASS, STEEL = "#d8b25a", "#c8cdd3"

type Item = Callable[[float, random.Random], str]


def notebook(hue: float, rng: random.Random) -> str:
    cover, dark = hsl(hue, 44, 38), hsl(hue, 48, 26)
    grid = dots([(x, y) for x in range(96, 186, 13) for y in range(90, 330, 14)], "#b9b39e", 2.4)
    book = rect(86, 66, 240, 290, "#000000", rx=10, opacity=0.15) + rect(80, 60, 118, 288, PAPER, rx=4) + grid
    right = (
        rect(196, 56, 130, 292, cover, rx=9)
        + rect(196, 56, 16, 292, dark)
        + rect(296, 56, 7, 292, hsl(hue + 180, 46, 44))
    )
    plate = rect(224, 120, 60, 44, PAPER, rx=3) + stroke("M234 138H274M234 150H260", dark, 2)
    ribbon = path("M150 348V376L156 368L162 376V348z", hsl(350, 56, 46))
    return book + right + plate + ribbon + stroke("M197 62V346", "#000000", 3, opacity=0.2)


def score(hue: float, rng: random.Random) -> str:
    staves = "".join(f"M92 {92 + s * 62 + i * 8}H308" for s in range(4) for i in range(5))
    notes, stems = [], ""
    for s in range(4):
        for i in range(7):
            y = 92 + s * 62 + rng.randint(0, 7) * 4
            notes.append((132 + i * 26, y))
            stems += f"M{137 + i * 26} {y}v-30"
    clefs = "".join(
        stroke(
            f"M104 {130 + s * 62}c-12 -6 0 -20 6 -10c4 10 -14 12 -14 -4c0 -14 16 -18 10 -36c-8 6 0 34 2 50q-2 8 -9 4",
            INK,
            2.4,
        )
        for s in range(4)
    )
    sheet = (
        rect(78, 52, 252, 300, "#000000", opacity=0.14)
        + rect(72, 46, 252, 300, "#fbf6e6")
        + rect(72, 46, 12, 300, hsl(hue, 50, 36))
    )
    return sheet + stroke(staves, "#8a8270", 1) + clefs + stroke(stems, INK, 2.4) + dots(notes, INK, 11)


def pen(hue: float, rng: random.Random) -> str:
    tone, dark = hsl(hue, 60, 36), hsl(hue, 60, 22)
    body = (
        path("M-150 -16Q-162 0 -150 16H96L124 8V-8L96 -16z", tone)
        + rect(-30, -17, 26, 34, "#2a2f3a", opacity=0.55)
        + rect(-46, -17, 9, 34, BRASS)
        + rect(88, -14, 9, 28, BRASS)
    )
    nib = path("M122 -8L184 0L122 8z", BRASS) + stroke("M136 0H182", INK, 1.5) + circle(140, 0, 3.4, INK)
    shine = stroke("M-146 -8H84", "#ffffff", 4, opacity=0.35, stroke_linecap="round")
    line = stroke(
        "M70 316C110 270 130 350 160 312S220 280 236 318S290 330 340 300", dark, 4, stroke_linecap="round"
    )
    return line + moved(178, 176, body, nib, shine, turn=40, scale=0.98) + rect(0, 0, 1, 1, dark, opacity=0)


def dip(hue: float, rng: random.Random) -> str:
    holder = (
        path("M-150 -4L40 -11Q52 0 40 11L-150 4z", "#c98f55")
        + rect(30, -11, 22, 22, BRASS)
        + path("M50 -10C80 -12 100 -4 122 0C100 4 80 12 50 10z", STEEL)
        + stroke("M78 0H120", INK, 1.5)
    )
    spare = path("M-26 -9C0 -11 18 -4 38 0C18 4 0 11 -26 9z", STEEL, stroke="#8d939b") + circle(2, 0, 3, INK)
    nibs = "".join(
        moved(x, y, spare, turn=a)
        for x, y, a in [(110, 300, -20), (180, 326, 10), (250, 312, -30), (312, 330, 16)]
    )
    flourish = stroke(
        "M90 96C150 40 210 120 150 136S100 90 190 84S330 100 318 130",
        hsl(hue, 50, 34),
        4,
        stroke_linecap="round",
    )
    return flourish + moved(190, 210, holder, turn=28, scale=1.08) + nibs


def ink(hue: float, rng: random.Random) -> str:
    tone, dark = hsl(hue, 46, 26), hsl(hue, 50, 16)
    glass = path(
        "M108 196Q108 176 128 176H272Q292 176 292 196V318Q292 340 270 340H130Q108 340 108 318z", "#dbe7ea"
    ) + path("M118 214H282V312Q282 330 266 330H134Q118 330 118 312z", tone)
    label = (
        rect(136, 232, 128, 74, PAPER, rx=3)
        + rect(141, 237, 118, 64, "none", stroke=tone, stroke_width=1.5)
        + text(200, 268, "INK", 27, tone, font_weight="bold", letter_spacing=4)
        + text(200, 288, "RAINY SUNDAY", 9, tone, letter_spacing=1)
    )
    cap = (
        rect(150, 130, 100, 48, dark, rx=6)
        + "".join(rect(156 + i * 12, 134, 4, 40, "#ffffff", opacity=0.12) for i in range(8))
        + ellipse(200, 131, 50, 8, tone)
    )
    blot = path(
        "M318 356C300 350 312 330 326 338C332 322 352 330 346 344C362 346 360 364 344 362C336 374 320 370 318 356z",
        tone,
    ) + dots([(300, 366), (366, 346), (356, 372)], tone, 7)
    return (
        glass + label + cap + blot + stroke("M120 196V316", "#ffffff", 6, opacity=0.6, stroke_linecap="round")
    )


def pencils(hue: float, rng: random.Random) -> str:
    tin = (
        rect(46, 116, 316, 220, "#000000", rx=10, opacity=0.15)
        + rect(40, 108, 316, 220, STEEL, rx=10)
        + rect(50, 118, 296, 200, "#e9ecef", rx=5)
    )
    one = ""
    for i in range(24):
        tone, x = hsl(i * 15, 62 if i else 0, 52 if i else 96), 54 + i * 12.1
        one += (
            rect(x, 170, 10, 146, tone)
            + polygon([(x, 170), (x + 10, 170), (x + 5, 142)], "#e7c792")
            + polygon([(x + 3.2, 152), (x + 6.8, 152), (x + 5, 142)], tone)
        )
    return tin + one


def letter(hue: float, rng: random.Random) -> str:
    lines = "".join(
        f"M112 {104 + i * 17}"
        + "".join(f"q6 -{rng.randint(3, 9)} 12 0t12 0" for _ in range(rng.randint(5, 7)))
        for i in range(7)
    )
    paper = group(
        rect(94, 62, 210, 230, "#fdf8e9", stroke="#dccfae"),
        stroke(lines, "#5b5f86", 2),
        transform="rotate(-6 200 180)",
    )
    envelope = (
        rect(86, 206, 236, 146, "#f0dfc0", rx=4)
        + path("M86 210L204 290L322 210", hsl(hue, 40, 80), stroke="#c9b48a", stroke_width=2)
        + stroke("M86 352L170 276M322 352L238 276", "#c9b48a", 2)
    )
    seal = circle(204, 288, 19, hsl(hue, 58, 42)) + ring(204, 288, 12, hsl(hue, 56, 32), 2)
    return paper + envelope + seal


def wax(hue: float, rng: random.Random) -> str:
    red, dark = hsl(hue, 62, 42), hsl(hue, 60, 30)
    sticks = "".join(
        moved(
            x,
            y,
            rect(-14, -92, 28, 184, tone, rx=6) + rect(-14, -92, 8, 184, "#ffffff", rx=4, opacity=0.2),
            turn=a,
        )
        for x, y, a, tone in [(112, 170, -16, red), (160, 160, -4, hsl(hue + 220, 50, 34))]
    )
    stamp = (
        rect(240, 186, 60, 24, BRASS, rx=4)
        + path("M252 186C256 150 244 120 248 96Q270 72 292 96C296 120 284 150 288 186z", "#7a4a2a")
        + rect(246, 206, 48, 10, "#b08a3c", rx=3)
    )
    seal = (
        path(
            "M196 250C226 240 262 246 282 262C304 276 300 322 274 336C246 352 190 350 174 326C158 302 166 262 196 250z",
            red,
        )
        + circle(230, 298, 35, dark)
        + circle(230, 298, 31, red)
    )
    bee = (
        ellipse(230, 302, 9, 15, dark)
        + ellipse(216, 292, 12, 7, dark, transform="rotate(-28 216 292)")
        + ellipse(244, 292, 12, 7, dark, transform="rotate(28 244 292)")
        + circle(230, 282, 6, dark)
        + stroke("M222 300h16M223 307h14", red, 2.5)
    )
    return sticks + stamp + seal + bee


def calendar(hue: float, rng: random.Random) -> str:
    def cube(x: float, digit: str) -> str:
        return (
            rect(x, 122, 106, 112, "#e6c795", rx=8)
            + path(f"M{x} 130q0 -8 8 -8l16 -20h98l-16 20z", "#f3dcb4")
            + text(x + 53, 206, digit, 78, hsl(hue, 50, 24), font_weight="bold")
        )

    bars = "".join(
        rect(78, 246 + i * 30, 236, 26, tone, rx=4) for i, tone in enumerate(["#d9b67e", "#e6c795"])
    )
    words = text(196, 265, "NOVEMBER", 18, hsl(hue, 50, 24), letter_spacing=3) + text(
        196, 295, "RAINY SUNDAY", 15, hsl(hue, 50, 24), letter_spacing=3
    )
    return (
        cube(80, "2")
        + cube(208, "9")
        + bars
        + words
        + rect(62, 306, 268, 22, "#9a6b3c", rx=5)
        + rect(62, 250, 14, 60, "#9a6b3c", rx=3)
        + rect(316, 250, 14, 60, "#9a6b3c", rx=3)
    )


def sharpener(hue: float, rng: random.Random) -> str:
    wedge = polygon([(96, 150), (304, 150), (276, 290), (124, 290)], hsl(hue, 58, 56)) + polygon(
        [(96, 150), (304, 150), (300, 170), (100, 170)], hsl(hue, 64, 70)
    )
    blades = moved(
        160,
        220,
        rect(-26, -46, 34, 92, STEEL, rx=3) + circle(-9, 0, 8, "#8d939b") + stroke("M-14 0h10", INK, 2),
        turn=7,
    ) + moved(
        246,
        220,
        rect(-12, -46, 34, 92, STEEL, rx=3) + circle(5, 0, 8, "#8d939b") + stroke("M0 0h10", INK, 2),
        turn=-7,
    )
    grip = stroke("M120 276h160M124 284h152", hsl(hue, 50, 38), 3)
    curl = stroke("M300 330c22 -30 50 -6 32 12s-46 4 -30 -18c10 -14 34 -10 40 4", "#e3b877", 9) + dots(
        around(332, 340, 26, 9), hsl(355, 55, 48), 4
    )
    return wedge + blades + grip + curl


ITEMS: dict[str, Item] = {
    "notebook": notebook, "score": score, "pen": pen, "dip": dip, "ink": ink, "pencils": pencils, "letter": letter,
    "wax": wax, "calendar": calendar, "sharpener": sharpener,
}  # fmt: skip


def desk(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    return scene(draw["hue"], floor=350, wide=132) + ITEMS[draw["item"]](draw["hue"], rng)
