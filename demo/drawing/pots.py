"""Ceramics: half a profile, turned around the middle as on the wheel, then glazed."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from demo.drawing.svg import (
    INK,
    Point,
    around,
    at,
    circle,
    dots,
    ellipse,
    hsl,
    path,
    rect,
    scene,
    smooth,
    stroke,
)

# (radius, height) from the lip to the foot
PROFILES: dict[str, list[Point]] = {
    "bowl": [(128, 148), (126, 186), (112, 236), (84, 286), (50, 318), (46, 340)],
    "mug": [(84, 130), (86, 180), (86, 250), (84, 310), (74, 340)],
    "cup": [(82, 182), (82, 216), (74, 258), (54, 296), (40, 312)],
    "tumbler": [(78, 110), (82, 170), (78, 250), (68, 310), (62, 340)],
    "teapot": [(44, 152), (86, 168), (116, 214), (118, 262), (96, 314), (66, 338)],
    "kyusu": [(40, 184), (88, 198), (112, 238), (106, 288), (80, 326), (60, 338)],
    "jug": [(58, 88), (50, 122), (64, 168), (96, 232), (96, 288), (66, 340)],
    "moonjar": [(42, 84), (46, 98), (112, 140), (138, 206), (120, 284), (58, 336), (54, 344)],
    "bottle": [(24, 62), (20, 96), (22, 146), (54, 190), (86, 246), (84, 306), (58, 342)],
    "amphora": [(36, 66), (26, 92), (28, 120), (82, 162), (94, 214), (66, 288), (30, 330), (44, 344)],
    "bud": [(18, 142), (16, 176), (24, 206), (58, 244), (70, 286), (56, 330), (46, 340)],
    "vase": [(62, 66), (44, 92), (50, 124), (98, 176), (108, 226), (84, 294), (58, 344)],
    "jar": [(74, 144), (88, 160), (94, 210), (94, 280), (84, 340)],
    "crock": [(96, 118), (112, 136), (120, 200), (118, 280), (100, 342)],
    "planter": [(112, 150), (110, 180), (98, 182), (86, 260), (76, 326)],
    "birdbath": [(138, 148), (128, 172), (60, 190), (30, 204), (24, 260), (34, 310), (72, 342)],
}  # fmt: skip


def radius(profile: list[Point], y: float) -> float:
    for (r1, y1), (r2, y2) in pairwise(profile):
        if y1 <= y <= y2:
            return r1 + (r2 - r1) * (y - y1) / (y2 - y1)
    return profile[-1][0]


def silhouette(profile: list[Point], left: float = 1) -> str:
    """The outline; `left` moves the left edge towards the right one, for the shade."""
    right = smooth([(200 + r, y) for r, y in profile], closed=False)
    back = smooth([(200 - r * left, y) for r, y in reversed(profile)], closed=False)
    lip, foot = profile[0][0] * 0.16, profile[-1][0] * 0.16
    return f"{right}Q200 {profile[-1][1] + foot * 1.6:.0f} {back[1:]}Q200 {profile[0][1] + lip * 1.8:.0f} {200 + profile[0][0]} {profile[0][1]}z"


def stripe(profile: list[Point], top: float, bottom: float, fill: str, **more: str | float) -> str:
    ys = [top + (bottom - top) * i / 3 for i in range(4)]
    upper, lower = radius(profile, top), radius(profile, bottom)
    d = f"M{at(*((200 - radius(profile, y), y) for y in ys))}Q200 {bottom + lower / 5:.0f} {200 + lower:.0f} {bottom:.0f}"
    d += f"L{at(*((200 + radius(profile, y), y) for y in reversed(ys)))}Q200 {top + upper / 5:.0f} {200 - upper:.0f} {top:.0f}z"
    return path(d, fill, **more)


type Glaze = Callable[[list[Point], float, random.Random], str]


def span(profile: list[Point], share: float) -> float:
    return profile[0][1] + (profile[-1][1] - profile[0][1]) * share


def plain(profile: list[Point], hue: float, rng: random.Random) -> str:
    return stripe(profile, span(profile, 0.9), profile[-1][1], hsl(28, 38, 52))


def banded(profile: list[Point], hue: float, rng: random.Random) -> str:
    return stripe(profile, span(profile, 0.55), span(profile, 0.97), hsl(36, 40, 86)) + stripe(
        profile, span(profile, 0.5), span(profile, 0.55), hsl(hue, 50, 24)
    )


def striped(profile: list[Point], hue: float, rng: random.Random) -> str:
    steps = [0.14, 0.3, 0.46, 0.62, 0.78]
    white = stripe(profile, span(profile, 0.08), span(profile, 0.94), "#f3eee2")
    return white + "".join(
        stripe(profile, span(profile, s), span(profile, s + 0.07), hsl(hue, 55, 38)) for s in steps
    )


def drip(profile: list[Point], hue: float, rng: random.Random) -> str:
    low = stripe(profile, span(profile, 0.5), profile[-1][1], hsl(30, 34, 56))
    y, runs = span(profile, 0.5), ""
    wide = radius(profile, y) * 0.93
    for i in range(9):
        x = 200 - wide + 2 * wide * i / 8
        fall = rng.uniform(8, 46) * (1 - (abs(x - 200) / (wide + 30)) ** 2) + 6
        runs += f"M{x:.0f} {y - 4:.0f}v{fall:.0f}"
    return low + stroke(runs, hsl(hue, 42, 38), wide / 4.4, stroke_linecap="round")


def speckled(profile: list[Point], hue: float, rng: random.Random) -> str:
    spots = []
    for _ in range(80):
        y = rng.uniform(span(profile, 0.12), span(profile, 0.95))
        spots.append((200 + rng.uniform(-0.92, 0.92) * radius(profile, y), y))
    return stripe(profile, span(profile, 0.02), span(profile, 0.96), hsl(hue, 36, 74)) + dots(
        spots, hsl(22, 40, 30), 3
    )


def crackled(profile: list[Point], hue: float, rng: random.Random) -> str:
    cracks = ""
    for _ in range(22):
        y = rng.uniform(span(profile, 0.1), span(profile, 0.85))
        x = 200 + rng.uniform(-0.75, 0.75) * radius(profile, y)
        cracks += f"M{x:.0f} {y:.0f}l{rng.randint(-16, 16)} {rng.randint(4, 16)}l{rng.randint(-12, 12)} {rng.randint(2, 12)}"
    blush = stripe(profile, span(profile, 0.6), span(profile, 0.86), hsl(18, 60, 58), opacity=0.35)
    return (
        stripe(profile, span(profile, 0.03), span(profile, 0.88), "#ece4d4")
        + blush
        + stroke(cracks, INK, 0.9, opacity=0.5)
    )


def meander(profile: list[Point], hue: float, rng: random.Random) -> str:
    y = span(profile, 0.44)
    wide = radius(profile, y) * 0.9
    keys = "".join(
        f"M{200 - wide + i * 19:.0f} {y + 14:.0f}h13v-13h-8v6h3" for i in range(int(wide * 2 // 19))
    )
    dark = stripe(profile, span(profile, 0.36), span(profile, 0.56), "#2a211c") + stripe(
        profile, span(profile, 0.0), span(profile, 0.14), "#2a211c"
    )
    return dark + stroke(keys, hsl(22, 60, 58), 2.6)


GLAZES: dict[str, Glaze] = {
    "plain": plain, "band": banded, "stripes": striped, "drip": drip, "speckle": speckled, "crackle": crackled,
    "meander": meander,
}  # fmt: skip


def behind(shape: str, tone: str, dark: str) -> str:
    """What the body covers: handles, spouts, saucers."""
    handle = "M276 168C340 160 344 280 278 290"
    return {
        "mug": stroke(handle, dark, 22) + stroke(handle, tone, 15),
        "cup": ellipse(200, 318, 128, 20, dark)
        + ellipse(200, 313, 128, 18, tone)
        + stroke("M270 206C318 200 312 260 258 262", tone, 12),
        "teapot": stroke("M300 200C360 180 372 290 300 292", dark, 17)
        + path("M96 250C60 250 66 196 40 174L58 164C88 180 92 210 112 220z", tone),
        "kyusu": path("M280 250L372 214L378 234L296 284z", dark)
        + path("M104 232L62 202L72 190L118 214z", tone),
        "jug": stroke("M250 110C336 104 330 236 284 250", dark, 20)
        + stroke("M250 110C336 104 330 236 284 250", tone, 13),
        "amphora": stroke("M172 92C110 84 112 150 130 172M228 92C290 84 288 150 270 172", dark, 12),
        "planter": ellipse(200, 336, 100, 13, dark),
    }.get(shape, "")


def lid(shape: str, tone: str, dark: str) -> str:
    if shape in {"teapot", "kyusu"}:
        y = 152 if shape == "teapot" else 184
        return (
            ellipse(200, y + 2, 50, 12, dark)
            + path(f"M152 {y}Q200 {y - 34} 248 {y}Q200 {y + 16} 152 {y}z", tone)
            + circle(200, y - 24, 11, dark)
        )
    if shape == "jar":
        return (
            rect(134, 112, 132, 34, "#c79a66", rx=8)
            + ellipse(200, 113, 66, 11, "#dcb483")
            + dots([(160, 130), (190, 136), (226, 128), (246, 136), (178, 124)], "#9d7243", 4)
        )
    if shape == "crock":
        return (
            ellipse(200, 120, 104, 20, dark)
            + path("M112 116Q200 70 288 116Q200 140 112 116z", tone)
            + circle(200, 88, 13, dark)
        )
    return ""


def inside(shape: str, profile: list[Point], tone: str, dark: str) -> str:
    if shape in {"teapot", "kyusu", "jar", "crock"}:
        return lid(shape, tone, dark)
    r, y = profile[0]
    mouth = ellipse(200, y, r, r * 0.16, tone) + ellipse(200, y + 1, r * 0.93, r * 0.125, dark)
    if shape == "planter":
        sprigs = "".join(
            circle(x, y - h, 17, hsl(100 + h / 2, 38, 34 + h / 4))
            for x, h in [(130, 14), (160, 34), (196, 22), (230, 40), (266, 16), (212, 56), (178, 60)]
        )
        return mouth + sprigs
    if shape == "birdbath":
        return mouth + ellipse(200, y + 3, r * 0.84, r * 0.09, hsl(195, 50, 70))
    if shape in {"bud", "bottle"}:
        bloom = "".join(
            circle(px, py, 10, hsl(345, 60, 70)) for px, py in around(226, y - 70, 13, 5)
        ) + circle(226, y - 70, 7, "#f5d76a")
        if shape == "bud":
            return mouth + stroke(f"M200 {y}C200 {y - 30} 214 {y - 46} 224 {y - 60}", "#5f8a4a", 4) + bloom
    return mouth


def pot(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, shape, finish = draw["hue"], draw["shape"], draw["finish"]
    profile = PROFILES[shape]
    light = 80 if shape == "moonjar" else 44
    tone, dark = hsl(hue, 42, light), hsl(hue, 44, 26)
    if finish in {"speckle", "crackle", "stripes"}:
        tone = {"speckle": hsl(hue, 36, 74), "crackle": "#ece4d4", "stripes": "#f3eee2"}[finish]
    glaze = "" if shape in {"moonjar", "planter"} else GLAZES[finish](profile, hue, rng)
    shade = path(silhouette(profile, -0.52), "#000000", opacity=0.13)
    y1, y2 = span(profile, 0.25), span(profile, 0.6)
    gleam = stroke(
        f"M{200 - radius(profile, y1) * 0.72:.0f} {y1:.0f}Q{200 - radius(profile, (y1 + y2) / 2) * 0.78:.0f} {(y1 + y2) / 2:.0f} {200 - radius(profile, y2) * 0.72:.0f} {y2:.0f}",
        "#ffffff",
        8,
        opacity=0.3,
        stroke_linecap="round",
    )
    wide = max(profile[-1][0] + 24, 70)
    return (
        scene(hue, floor=344, wide=wide)
        + behind(shape, tone, dark)
        + path(silhouette(profile), tone)
        + glaze
        + shade
        + gleam
        + inside(shape, profile, tone, dark)
    )
