"""Games that come in pieces: cards, tiles, dice, tops, puzzles."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random

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
    star,
    stroke,
    text,
)

DARK = "#5a3721"


def pips(x: float, y: float, value: int, step: float) -> list[tuple[float, float]]:
    spots = {1: "c", 2: "ad", 3: "acd", 4: "abde", 5: "abcde", 6: "abdefg"}
    where = {"a": (-1, -1), "b": (1, -1), "c": (0, 0), "d": (1, 1), "e": (-1, 1), "f": (-1, 0), "g": (1, 0)}
    return [(x + where[k][0] * step, y + where[k][1] * step) for k in spots.get(value, "")]


def dominoes(hue: float, rng: random.Random) -> str:
    def tile(upper: int, lower: int) -> str:
        return (
            rect(-33, -62, 66, 128, "#000000", rx=9, opacity=0.18)
            + rect(-35, -66, 66, 128, "#23262c", rx=9)
            + stroke("M-28 -2H24", "#8a8f99", 2)
            + dots(pips(-2, -34, upper, 17) + pips(-2, 30, lower, 17), "#faf6ea", 11)
            + circle(-2, -2, 5, "#d8b25a")
        )

    return (
        moved(128, 156, tile(6, 4), turn=-14)
        + moved(222, 138, tile(3, 5), turn=9)
        + moved(300, 230, tile(2, 6), turn=32)
        + moved(170, 284, tile(1, 1), turn=84)
    )


def mahjong(hue: float, rng: random.Random) -> str:
    def tile(x: float, y: float, face: str) -> str:
        return (
            rect(x + 5, y + 7, 76, 104, hsl(145, 40, 28), rx=9)
            + rect(x, y, 76, 104, "#fbf7e9", rx=9, stroke="#d8cfb2")
            + moved(x + 38, y + 52, face)
        )

    dragon = stroke(
        "M-22 -18H22V8H-22zM0 -36V38", "#b3262a", 7
    )  # 中, drawn: not every machine has the letters
    bamboo = "".join(
        rect(dx - 5, dy, 10, 34, hsl(140, 48, 34), rx=4)
        for dx, dy in [(-16, -40), (16, -40), (0, -2), (-20, 6), (20, 6)]
    )
    circles = "".join(
        ring(dx, dy, 11, tone, 5) + circle(dx, dy, 4, tone)
        for dx, dy, tone in [
            (-16, -28, "#2f6fa8"),
            (16, -28, "#2f7f4d"),
            (-16, 0, "#b3262a"),
            (16, 0, "#b3262a"),
            (-16, 28, "#2f7f4d"),
            (16, 28, "#2f6fa8"),
        ]
    )
    wind = stroke(
        "M-24 -24H24M-16 -10H16V10H-16zM-16 0H16M0 -36V38M-4 14L-26 32M4 14L26 32", "#26304a", 6
    )  # 東
    bird = (
        path("M-26 22C-26 -10 -4 -30 16 -24L28 -18L18 -10C20 12 4 26 -26 22z", hsl(140, 48, 34))
        + dots([(12, -16)], "#ffffff", 4)
        + stroke("M-4 24V38M6 22V38", "#b3262a", 4)
    )
    green = rect(-26, -38, 52, 76, "none", rx=6, stroke=hsl(215, 50, 42), stroke_width=6) + ring(
        0, 0, 12, hsl(145, 50, 34), 6
    )
    faces = [dragon, bamboo, circles, wind, bird, green]
    return "".join(tile(68 + (i % 3) * 92, 84 + (i // 3) * 122, face) for i, face in enumerate(faces))


def card(inside: str, back: str = "#fbf7ec") -> str:
    return (
        rect(-52, -78, 110, 164, "#000000", rx=9, opacity=0.15)
        + rect(-56, -82, 110, 164, back, rx=9, stroke="#cfc4a4")
        + inside
    )


def cards(hue: float, rng: random.Random) -> str:
    heart, spade = (
        "M0 26C-34 2 -24 -26 -9 -26C-3 -26 0 -20 0 -17C0 -20 3 -26 9 -26C24 -26 34 2 0 26z",
        "M0 -28C-34 0 -24 22 -9 20L-3 14L-8 32H8L3 14L9 20C24 22 34 0 0 -28z",
    )
    ace = path(heart, "#b3262a", transform="scale(1.4)") + text(-40, -54, "A", 26, "#b3262a")
    queen = (
        path(spade, INK, transform="scale(1.2)") + text(-40, -54, "Q", 26, INK) + ring(0, 0, 46, "#d8b25a", 3)
    )
    back = rect(-46, -72, 90, 144, "none", rx=6, stroke=PAPER, stroke_width=3) + stroke(
        "".join(f"M{x} -70L{x + 36} 70M{x + 36} -70L{x} 70" for x in (-44, -26, -8, 8)), PAPER, 2, opacity=0.7
    )
    return (
        moved(128, 204, card(back, hsl(220, 48, 38)), turn=-22)
        + moved(202, 186, card(queen), turn=-2)
        + moved(278, 204, card(ace), turn=20)
    )


def hanafuda(hue: float, rng: random.Random) -> str:
    crane = (
        circle(-10, -40, 26, "#c8372d")
        + path(
            "M-30 50C-20 0 20 10 14 -26C12 -36 24 -40 28 -34L20 -28C30 0 16 40 -30 50z", "#ffffff", stroke=INK
        )
        + stroke("M-20 50V74M-8 46V74", INK, 2)
    )
    night = (
        rect(-56, -82, 110, 164, "#b3262a", rx=9)
        + circle(0, -26, 34, "#f6eeda")
        + path("M-56 40Q0 -14 54 40V73Q54 82 45 82H-47Q-56 82 -56 73z", "#1d1a17")
    )
    plum = (
        stroke("M-40 80C-10 40 -20 10 10 -20S20 -60 40 -70", "#3a2c24", 7)
        + "".join(
            circle(px, py, 9, "#c8372d")
            for x, y in [(-20, 30), (14, -16), (30, -56), (24, 24)]
            for px, py in around(x, y, 10, 5)
        )
        + dots([(-20, 30), (14, -16), (30, -56), (24, 24)], "#f4d35e", 8)
    )
    return (
        moved(112, 202, card(crane, "#f3e3b8"), turn=-12)
        + moved(202, 184, card(night), turn=0)
        + moved(292, 204, card(plum, "#efe6cf"), turn=12)
    )


def tarot(hue: float, rng: random.Random) -> str:
    sun = (
        star(0, -34, 40, 20, 16, "#e0a92e")
        + circle(0, -34, 21, "#f6d56a")
        + dots([(-7, -38), (7, -38)], INK, 4)
        + stroke("M-7 -26q7 6 14 0", INK, 2)
    )
    twins = path("M-34 60C-34 26 -8 26 -8 60zM8 60C8 26 34 26 34 60z", hsl(210, 46, 52)) + dots(
        [(-21, 26), (21, 26)], "#efc9a4", 18
    )
    edge = (
        rect(-50, -76, 98, 152, "none", stroke=INK, stroke_width=2)
        + text(0, -60, "XVIIII", 13, INK)
        + text(0, 72, "LE·SOLEIL", 12, INK)
    )
    back = "".join(star(x, y, 12, 5, 6, "#e3c064") for x in (-32, -2, 28) for y in (-52, -18, 16, 50))
    return moved(138, 206, card(back, hsl(hue, 40, 26)), turn=-14, scale=1.15) + moved(
        244, 194, card(edge + sun + twins, "#f4e8c8"), turn=8, scale=1.25
    )


def wave(hue: float, rng: random.Random) -> str:
    sea = path(
        "M60 344V220C84 150 150 96 214 110C186 118 178 140 196 150C176 158 176 182 200 186C188 204 204 236 240 236C290 238 306 276 340 262V344z",
        hsl(hue, 58, 34),
    )
    foam = path(
        "M214 110C186 118 178 140 196 150C176 158 176 182 200 186L184 168L188 152L174 142L184 128L176 118z",
        "#f7f3e4",
    )
    lines = stroke(
        "M72 300C100 200 150 150 190 146M100 330C130 240 160 200 196 190M140 336C170 270 200 250 240 246",
        "#cfe0ea",
        5,
    )
    peak = path("M238 232L272 190L306 232z", hsl(hue, 40, 28)) + path(
        "M260 205L272 190L284 205L276 210L268 205z", "#ffffff"
    )
    cuts = "".join(
        f"M{60 + i * 56} 64v24a10 10 0 1 1 0 18v48a10 10 0 1 0 0 18v48a10 10 0 1 1 0 18v48a10 10 0 1 0 0 18v40"
        for i in range(1, 5)
    ) + "".join(
        f"M60 {64 + i * 56}h24a10 10 0 1 1 18 0h48a10 10 0 1 0 18 0h48a10 10 0 1 1 18 0h48a10 10 0 1 0 18 0h40"
        for i in range(1, 5)
    )
    gap = rect(284, 64, 60, 56, hsl(hue, 38, 89)) + moved(
        22, -18, path("M292 72h44v42h-44z", "#e6d6a8", stroke="#6b5a3a", stroke_width=1)
    )
    return (
        rect(60, 64, 280, 280, "#ecdcae")
        + peak
        + sea
        + lines
        + foam
        + stroke(cuts, "#6b5a3a", 1, opacity=0.55)
        + gap
    )


def tangram(hue: float, rng: random.Random) -> str:
    pieces = [
        ((0, 0), (240, 0), (120, 120)),
        ((0, 0), (120, 120), (0, 240)),
        ((240, 0), (240, 120), (180, 60)),
        ((120, 120), (180, 60), (240, 120), (180, 180)),
        ((0, 240), (60, 180), (180, 180), (120, 240)),
        ((120, 120), (180, 180), (60, 180)),
        ((240, 120), (240, 240), (120, 240)),
    ]
    woods = [hsl(hue + i * 2, 34 + i * 3, 30 + i * 6) for i in range(7)]
    body = "".join(
        polygon(points, tone, stroke="#f6eeda", stroke_width=4, stroke_linejoin="round")
        for points, tone in zip(pieces, woods, strict=True)
    )
    return group(body, transform="translate(200 206) rotate(-12) translate(-120 -120)")


def die(size: float, faces: tuple[int, int, int]) -> str:
    tone, side, top = "#d9a566", "#b88246", "#eabf86"
    front = polygon([(0, 0), (size, 0), (size, size), (0, size)], tone) + dots(
        pips(size / 2, size / 2, faces[0], size / 3.6), DARK, size / 6
    )
    right = polygon([(size, 0), (size * 1.4, -size * 0.35), (size * 1.4, size * 0.65), (size, size)], side)
    lid = polygon([(0, 0), (size * 0.4, -size * 0.35), (size * 1.4, -size * 0.35), (size, 0)], top)
    marks = [
        (size * 1.2 + (x * 0.4), size * 0.14 + y + x * -0.35 + size * 0.02)
        for x, y in pips(0, 0, faces[1], size / 3.8)
    ]
    lids = [(size * 0.7 + x - y * 0.4, -size * 0.175 + y * 0.35) for x, y in pips(0, 0, faces[2], size / 3.8)]
    return (
        front
        + right
        + lid
        + dots([(x, y + size / 5) for x, y in marks], DARK, size / 8)
        + dots(lids, DARK, size / 9)
    )


def five_dice(hue: float, rng: random.Random) -> str:
    places = [
        (64, 136, -10, (5, 3, 1)),
        (214, 110, 8, (6, 2, 4)),
        (104, 258, 6, (3, 6, 2)),
        (238, 250, -8, (4, 1, 5)),
        (172, 190, 2, (1, 5, 6)),
    ]
    return "".join(moved(x, y, die(74, faces), turn=turn) for x, y, turn, faces in places)


def tops(hue: float, rng: random.Random) -> str:
    def top(tone: str, second: str) -> str:
        return (
            rect(-4, -64, 8, 34, DARK, rx=4)
            + path("M-50 -10C-50 26 -14 40 0 66C14 40 50 26 50 -10z", tone)
            + path("M-46 6C-40 22 -26 32 -18 40H18C26 32 40 22 46 6z", second)
            + ellipse(0, -10, 50, 16, second)
            + ellipse(0, -11, 36, 11, tone)
            + ellipse(0, -12, 14, 5, second)
        )

    spots = [(100, 136, -8), (202, 116, 4), (302, 140, 14), (116, 266, 12), (214, 256, -6), (306, 270, -14)]
    return "".join(
        moved(x, y, top(hsl(hue + i * 55, 56, 52), hsl(hue + i * 55 + 30, 50, 78)), turn=a, scale=0.92)
        for i, (x, y, a) in enumerate(spots)
    )
