"""Instruments that are blown, beaten or squeezed."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from typing import Any

from demo.drawing.strings import BRASS, IVORY
from demo.drawing.svg import (
    INK,
    around,
    circle,
    dots,
    ellipse,
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


def pipe(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, flare, holes = draw["hue"], draw["flare"], draw["holes"]
    dark_wood = flare or hue == 0
    wood, ring_tone = ("#2c2624", "#cfd3d8") if dark_wood else (hsl(hue, 48, 46), IVORY)
    end = [(370, 226), (356, 211), (330, 207)] if flare else [(352, 210), (340, 210), (330, 209)]
    lower = [(x, 400 - y) for x, y in reversed(end)]
    tube = polygon([(44, 192), (330, 191), *lower, *end, (330, 209), (44, 208)], wood)
    beak = path("M44 192L18 197V204L44 208z", ring_tone if flare else wood) + (
        "" if flare else path("M62 191h14l-5 8h-9z", INK)
    )
    rings = "".join(rect(x, 189, 9, 22, ring_tone, rx=2) for x in (44, 112, 322))
    step = 180 / holes
    spots = [(138 + i * step, 200) for i in range(holes)]
    shine = stroke("M50 195H322", "#ffffff", 2, opacity=0.35)
    keys = dots(spots, "#dfe3e8" if flare else "#191513", 13 if flare else 9)
    rods = (
        stroke("M126 188H312M126 212H250", "#aab0b8", 3)
        + stroke("".join(f"M{x:.0f} 188v-8" for x, _ in spots[::2]), "#dfe3e8", 5, stroke_linecap="round")
        if flare
        else ""
    )
    return scene(hue, floor=330, wide=100) + group(
        tube,
        beak,
        rings,
        shine,
        rods,
        keys,
        transform="translate(200 196) rotate(-40) scale(1.28) translate(-194 -200)",
    )


def brass(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    tube = "M52 168H262A36 36 0 0 1 262 240H120A36 36 0 0 1 120 168"
    bell = path("M250 160C300 158 326 140 350 104V232C326 196 300 178 250 176z", hsl(44, 64, 54)) + ellipse(
        350, 168, 12, 64, hsl(42, 60, 38)
    )
    cord = stroke("M126 160C130 176 160 150 168 172S200 156 206 176S240 156 250 172", "#9c2f3a", 9) + stroke(
        "M168 176C160 220 172 250 166 290M176 176C184 220 174 250 182 284", "#9c2f3a", 4
    )
    tassels = path("M158 286h16l4 34h-24zM174 282h16l4 34h-24z", "#b8433f")
    pipe_work = (
        stroke(tube, hsl(40, 60, 40), 15)
        + stroke(tube, hsl(44, 64, 56), 11)
        + stroke(tube, "#fff0bd", 2, opacity=0.8)
    )
    garnish = "".join(rect(x, 157, 12, 22, hsl(40, 60, 38), rx=3) for x in (96, 236)) + path(
        "M34 156L56 164V172L34 180z", hsl(42, 62, 46)
    )
    return scene(draw["hue"], floor=336, wide=110) + group(
        pipe_work, bell, garnish, cord, tassels, transform="rotate(-8 200 200)"
    )


def squeeze(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    case, dark = hsl(draw["hue"], 58, 40), hsl(draw["hue"], 56, 26)
    folds = "".join(
        path(
            f"M{148 + i * 15} {112 + i % 2 * 8}L{156 + i * 15} 104L{163 + i * 15} {112 + i % 2 * 8}V312L{156 + i * 15} 320L{148 + i * 15} 312z",
            hsl(draw["hue"], 22 + 20 * (i % 2), 64 if i % 2 else 30),
        )
        for i in range(8)
    )
    left = rect(56, 96, 92, 232, case, rx=12) + rect(68, 110, 68, 204, dark, rx=8)
    right = (
        rect(270, 96, 76, 232, case, rx=12) + star(308, 212, 27, 12, 8, BRASS) + ring(308, 212, 34, BRASS, 2)
    )
    buttons = dots([(x, 130 + i * 18) for x in (88, 114) for i in range(10)], IVORY, 13)
    return (
        scene(draw["hue"], floor=338, wide=150)
        + folds
        + left
        + right
        + buttons
        + stroke("M346 130Q372 212 346 294", dark, 10)
    )


def concertina(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    wood = hsl(14, 44, 30)
    folds = "".join(
        rect(
            150 + i * 17,
            128 + (i % 2) * 5,
            15,
            152 - (i % 2) * 10,
            hsl(draw["hue"], 40, 34 + (i % 2) * 16),
            rx=5,
        )
        for i in range(6)
    )
    hexagon = [(158, 120), (158, 288), (132, 304), (88, 250), (88, 158), (132, 104)]
    left = polygon(hexagon, wood) + dots([(x, 168 + i * 18) for x in (112, 130) for i in range(5)], IVORY, 9)
    right = (
        polygon([(400 - x, y) for x, y in hexagon], wood)
        + star(276, 204, 26, 11, 6, BRASS)
        + ring(276, 204, 36, BRASS, 2)
    )
    return (
        scene(draw["hue"], floor=332, wide=130)
        + folds
        + left
        + right
        + stroke("M100 150Q72 204 100 258M300 150Q328 204 300 258", "#5b3a24", 10)
    )


def drum(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    hue, look = draw["hue"], draw["look"]
    wood, dark = hsl(hue, 52, 46), hsl(hue, 48, 28)
    if look == "goblet":
        shell = path(
            "M104 112C110 190 168 208 170 252C172 290 150 312 142 340H258C250 312 228 290 230 252C232 208 290 190 296 112z",
            wood,
        )
        inlay = "".join(star(x, 158 + abs(200 - x) / -6, 13, 6, 8, BRASS) for x in (138, 169, 200, 231, 262))
        bands = stroke("M122 168Q200 196 278 168M170 236H230M164 282H236M144 332H256", BRASS, 4)
        return (
            scene(hue, floor=342, wide=92)
            + shell
            + bands
            + inlay
            + ellipse(200, 110, 98, 26, dark)
            + ellipse(200, 106, 92, 22, IVORY)
        )
    hoop = circle(200, 196, 136, wood) + circle(200, 196, 122, IVORY) + ring(200, 196, 122, dark, 2)
    if look == "tambourine":
        jingles = "".join(
            ellipse(
                x,
                y,
                17,
                7,
                "#d9dde2",
                stroke="#8d939b",
                stroke_width=2,
                transform=f"rotate({30 + i * 60 + 90} {x:.0f} {y:.0f})",
            )
            for i, (x, y) in enumerate(around(200, 196, 129, 6, 30))
        )
        ribbon = path(
            "M96 300C70 330 90 352 66 372L84 376C104 352 92 336 112 312zM112 312C104 340 124 352 112 380L130 378C140 352 120 336 124 318z",
            hsl(350, 55, 50),
        )
        return scene(hue, floor=352, wide=120) + ribbon + hoop + jingles + ring(200, 196, 70, "#d8c493", 2)
    tipper = group(
        stroke("M150 330L300 250", dark, 12, stroke_linecap="round")
        + dots([(150, 330), (300, 250), (226, 290)], hsl(hue, 50, 20), 20)
    )
    knot = "".join(
        ellipse(200, 180, 62, 24, "none", stroke="#b99a5c", stroke_width=5, transform=f"rotate({a} 200 180)")
        for a in (0, 60, 120)
    )
    return scene(hue, floor=352, wide=120) + hoop + knot + dots(around(200, 196, 129, 28), BRASS, 5) + tipper


def kalimba(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    wood, dark = hsl(draw["hue"], 54, 44), hsl(draw["hue"], 48, 26)
    body = path("M98 96Q200 76 302 96L318 308Q200 352 82 308z", wood) + stroke(
        "M112 110Q200 92 288 110L302 298Q200 336 98 298z", hsl(34, 60, 62), 2
    )
    tongues = "".join(
        rect(
            103 + i * 11.6,
            110,
            8,
            152 - abs(i - 8) * 9.5,
            "#dde1e6",
            rx=4,
            stroke="#8d939b",
            stroke_width=0.8,
        )
        for i in range(17)
    )
    bars = rect(98, 140, 204, 9, dark, rx=4) + rect(96, 122, 208, 6, BRASS, rx=3)
    return scene(draw["hue"], floor=346, wide=126) + body + circle(200, 292, 20, INK) + tongues + bars


def xylophone(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    bars = "".join(
        rect(52 + i * 23, 134 + i * 5, 19, 168 - i * 10, hsl(draw["hue"] + i, 52, 30 + i), rx=4)
        for i in range(13)
    )
    frame = stroke("M44 168L356 212M44 272L356 228", hsl(30, 30, 26), 10)
    pegs = dots([(61.5 + i * 23, y) for i in range(13) for y in (171 + i * 3.2, 269 - i * 3.2)], BRASS, 6)
    mallets = stroke("M120 356L214 232M286 350L190 248", "#d8c08a", 6, stroke_linecap="round") + dots(
        [(216, 228), (186, 244)], hsl(350, 56, 46), 27
    )
    return scene(draw["hue"], floor=346, wide=150) + frame + bars + pegs + mallets
