"""Instruments with strings. Most lean against the light, at the same angle."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from typing import Any

from demo.drawing.svg import (
    INK,
    around,
    circle,
    dots,
    group,
    hsl,
    path,
    polygon,
    rect,
    ring,
    scene,
    star,
    stroke,
)

BRASS, IVORY = "#d8b25a", "#f4ead2"

# Half outlines, from the neck's foot (200, top) down the right side to (200, bottom); the left side is their mirror.
BODIES: dict[str, list[tuple[float, ...]]] = {
    "violin": [(222, 148, 250, 156, 247, 184), (244, 202, 230, 206, 231, 224), (232, 244, 258, 244, 262, 276), (266, 318, 232, 332, 200, 332)],
    "cello": [(228, 128, 264, 138, 260, 172), (256, 196, 236, 202, 237, 224), (238, 248, 270, 250, 275, 288), (279, 334, 238, 346, 200, 346)],
    "guitar": [(226, 158, 254, 166, 253, 192), (252, 214, 238, 218, 242, 234), (248, 252, 274, 256, 272, 288), (270, 326, 238, 340, 200, 340)],
    "drop": [(218, 164, 252, 206, 264, 250), (276, 306, 240, 336, 200, 336)],
    "lute": [(214, 152, 262, 196, 276, 252), (288, 316, 244, 344, 200, 344)],
    "triangle": [(206, 160, 296, 312, 304, 326), (306, 336, 240, 336, 200, 336)],
}  # fmt: skip


TOPS = {"violin": 150, "cello": 130, "guitar": 160, "drop": 160, "lute": 148, "triangle": 156}


def outline(body: str) -> str:
    top, curves = TOPS[body], BODIES[body]
    d = f"M200 {top}"
    for curve in curves:
        d += "C" + " ".join(str(value) for value in curve)
    ends = [(200.0, float(top)), *[(curve[4], curve[5]) for curve in curves]]
    for index in range(len(curves) - 1, -1, -1):
        one, two, end = curves[index][2:4], curves[index][0:2], ends[index]
        d += f"C{400 - one[0]:g} {one[1]:g} {400 - two[0]:g} {two[1]:g} {400 - end[0]:g} {end[1]:g}"
    return d + "z"


def neck(dark: str, top: float, foot: float, wide: float, frets: bool, bent: bool) -> str:
    board = polygon(
        [(200 - wide / 2, top), (200 + wide / 2, top), (203 + wide / 2, foot), (197 - wide / 2, foot)], dark
    )
    lines = "".join(
        f"M{200 - wide / 2} {y:.0f}h{wide}"
        for y in (top + (foot - top) * (1 - 0.89**n) for n in range(1, 13))
    )
    head = path(
        f"M{200 - wide / 2} {top}L{190 - wide / 2} {top - 42}Q200 {top - 52} {210 + wide / 2} {top - 42}L{200 + wide / 2} {top}z",
        dark,
    )
    if bent:
        head = path(
            f"M{200 - wide / 2} {top}H{200 + wide / 2}L{236 + wide / 2} {top - 34}L{226 + wide / 2} {top - 44}z",
            dark,
        )
    return head + board + (stroke(lines, BRASS, 1, opacity=0.7) if frets else "")


def pegs(count: int, top: float, wide: float) -> str:
    per_side = -(-count // 2)
    rows = [top - 10 - i * 30 / max(per_side, 2) for i in range(per_side)]
    arms = "".join(f"M{186 - wide / 2} {y:.0f}H{214 + wide / 2}" for y in rows)
    knobs = [(x, y) for y in rows for x in (183 - wide / 2, 217 + wide / 2)]
    return stroke(arms, BRASS, 2) + dots(knobs[: count if count % 2 == 0 else count + 1], IVORY, 8)


def scroll(wood: str) -> str:
    return stroke("M200 62C200 40 190 34 186 42C184 50 194 52 195 45", wood, 9, stroke_linecap="round")


def sound_hole(body: str, dark: str) -> str:
    if body in {"violin", "cello"}:
        left = "M180 214C168 216 172 232 178 240C184 250 186 262 172 262"
        right = "M220 214C232 216 228 232 222 240C216 250 214 262 228 262"
        return stroke(left + right, INK, 4, stroke_linecap="round")
    y, r = {"guitar": (222, 22), "drop": (236, 17), "lute": (236, 25), "triangle": (280, 9)}[body]
    rosette = star(200, y, r - 4, r / 2.4, 12, BRASS, opacity=0.85) if body == "lute" else ""
    return circle(200, y, r, INK) + rosette + ring(200, y, r + 4, dark, 3)


def banjo_body(wood: str) -> str:
    lugs = dots(around(200, 264, 70, 20), BRASS, 7)
    return circle(200, 264, 72, wood) + lugs + circle(200, 264, 61, IVORY) + ring(200, 264, 61, "#c9b98f", 2)


def strings(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, body, count = draw["hue"], draw["body"], draw["strings"]
    tint = 14 + hue * 0.5  # wood is never green
    wood, light, dark = hsl(tint, 58, 38), hsl(tint + 6, 60, 60), hsl(tint, 46, 20)
    bowed, wide = body in {"violin", "cello"}, 16 if count < 8 else 22
    top = 84 if body in {"guitar", "banjo"} else 76
    foot, bridge = (208, 274) if bowed else (200, 300)
    if body == "banjo":
        shape = banjo_body(wood)
    else:
        face = light if body in {"guitar", "lute", "triangle"} else wood
        shape = path(outline(body), face, stroke=dark, stroke_width=5) + sound_hole(body, dark)
        shape += path(outline(body), "none", stroke=hsl(tint + 10, 60, 74), stroke_width=1, opacity=0.5)
    gaps = [200 + (i - (count - 1) / 2) * (wide - 5) / max(count - 1, 1) for i in range(count)]
    wires = stroke("".join(f"M{x:.1f} {top - 6}V{bridge + 18 if bowed else bridge}" for x in gaps), IVORY, 1)
    rest = rect(182, bridge - 3, 36, 6, dark, rx=2)
    if bowed:
        rest = path(f"M184 {bridge}Q200 {bridge - 14} 216 {bridge}z", light) + path(
            f"M191 {bridge + 12}H209L205 {bridge + 46}H195z", INK
        )
    spike = stroke("M200 344V368", INK, 3) if body == "cello" else ""
    head = scroll(wood) if bowed else ""
    parts = spike + shape + neck(dark, top, foot, wide, not bowed and body != "lute", body == "lute") + head
    parts += pegs(count, top - 4, wide if not bowed else 10) if body != "lute" else ""
    turn = "rotate(18 200 200) translate(-2 -6)"
    return scene(hue, floor=354, wide=104) + group(parts, rest, wires, transform=turn)


def harp(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    wood, dark = hsl(draw["hue"], 56, 42), hsl(draw["hue"], 50, 26)
    wires = "".join(
        f"M{122 + i * 6.6:.0f} {64 + 18 * (i / 24) ** 2 + 26 * abs(i / 12 - 1):.0f}L{122 + i * 6.6:.0f} {332 - i * 9.6:.0f}"
        for i in range(24)
    )
    column = path("M106 62Q96 200 108 340H126Q112 200 122 62z", wood)
    soundbox = path("M108 350L300 92Q318 84 316 106L150 350z", wood) + stroke("M124 346L300 104", dark, 3)
    arm = path(
        "M98 66C110 34 150 60 192 86S270 84 316 92Q318 108 300 108C250 108 230 116 190 108C150 98 134 70 112 78z",
        dark,
    )
    return (
        scene(draw["hue"], floor=350)
        + column
        + soundbox
        + stroke(wires, "#8b7a58", 1.2)
        + arm
        + circle(106, 62, 11, BRASS)
        + rect(92, 346, 74, 10, dark, rx=4)
    )


def dulcimer(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    wood, light, dark = hsl(draw["hue"], 50, 38), hsl(draw["hue"] + 8, 56, 60), hsl(draw["hue"], 46, 22)
    wires = "".join(f"M{82 + (i * 4.6):.0f} {296 - i * 10}H{318 - i * 4.6:.0f}" for i in range(15))
    box = polygon([(48, 312), (352, 312), (282, 136), (118, 136)], wood) + polygon(
        [(72, 302), (328, 302), (270, 146), (130, 146)], light
    )
    holes = "".join(circle(x, 222, 20, dark) + star(x, 222, 17, 7, 8, BRASS) for x in (162, 238))
    bridges = polygon([(146, 300), (154, 300), (168, 148), (164, 148)], dark) + polygon(
        [(246, 300), (254, 300), (236, 148), (232, 148)], dark
    )
    hammers = stroke("M86 110L210 180M316 96L214 200", dark, 5, stroke_linecap="round") + stroke(
        "M204 172l12 12M220 190l-12 14", IVORY, 9, stroke_linecap="round"
    )
    return (
        scene(draw["hue"], floor=330, wide=150)
        + box
        + holes
        + bridges
        + stroke(wires, "#fdf6df", 1.2)
        + hammers
    )
