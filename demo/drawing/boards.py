"""Games people played before there were boxes to put them in."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from demo.drawing.pieces import (
    DARK,
    cards,
    dominoes,
    five_dice,
    hanafuda,
    mahjong,
    tangram,
    tarot,
    tops,
    wave,
)
from demo.drawing.svg import (
    INK,
    PAPER,
    Point,
    circle,
    dots,
    hsl,
    moved,
    path,
    rect,
    ring,
    scene,
    star,
    stroke,
)

LIGHT, WOOD = "#e7c792", "#b47b45"

type Board = Callable[[float, random.Random], str]


def plank(tone: str = WOOD, edge: str = DARK) -> str:
    return (
        rect(66, 74, 280, 280, "#000000", rx=8, opacity=0.15)
        + rect(60, 64, 280, 280, edge, rx=8)
        + rect(68, 72, 264, 264, tone, rx=4)
    )


def chess(hue: float, rng: random.Random) -> str:
    squares = "".join(
        f"M{76 + c * 31} {80 + r * 31}h31v31h-31z" for r in range(8) for c in range(8) if (r + c) % 2
    )
    crown = "M-22 50H22L18 34C10 20 10 0 14 -14H-14C-10 0 -10 20 -18 34zM-16 -18H16L20 -40H-20zM-3 -44V-50H-9V-57H-3V-64H3V-57H9V-50H3V-44z"
    horse = "M-22 50H22C22 20 34 0 14 -30L10 -42L4 -32C-14 -28 -20 -16 -28 2L-22 10L-8 4C-4 16 -20 26 -22 50z"
    king = path(crown, "#f7e9cb", stroke=DARK, stroke_width=3)
    knight = path(horse, "#2f2019", stroke=LIGHT, stroke_width=2) + dots([(2, -18)], LIGHT, 5)
    return (
        plank(LIGHT)
        + path(squares, hsl(hue, 40, 38))
        + moved(150, 200, king, scale=1.6)
        + moved(256, 222, knight, scale=1.5)
    )


def go(hue: float, rng: random.Random) -> str:
    grid = "".join(f"M{80 + i * 20} 84V324M80 {84 + i * 20}H320" for i in range(13))
    spots = [(c, r) for c in range(13) for r in range(13)]
    played = rng.sample(spots, 46)
    black = [(80 + c * 20, 84 + r * 20) for c, r in played[::2]]
    white = [(80 + c * 20, 84 + r * 20) for c, r in played[1::2]]
    return (
        plank("#dfb46c", "#a87838")
        + stroke(grid, "#5a3f1c", 1)
        + dots([(x + 1, y + 2) for x, y in black + white], "#000000", 19, opacity=0.2)
        + dots(black, "#25262b", 18)
        + dots(white, "#faf6ea", 18)
        + dots([(x - 3, y - 3) for x, y in black], "#6a6c75", 4)
    )


def backgammon(hue: float, rng: random.Random) -> str:
    felt, tone, pale = hsl(155, 28, 28), hsl(hue, 52, 42), "#eddcb8"
    up = ["", ""]
    for i in range(12):
        x = 74 + i * 20 + (12 if i > 5 else 0)
        up[i % 2] += f"M{x} 80l10 100l10 -100z"
        up[(i + 1) % 2] += f"M{x} 328l10 -100l10 100z"
    stones = [
        (84, 92),
        (84, 112),
        (84, 132),
        (176, 316),
        (176, 296),
        (268, 92),
        (268, 112),
        (308, 316),
        (308, 296),
    ]
    other = [(84, 316), (84, 296), (156, 92), (156, 112), (228, 316), (308, 92), (308, 112), (308, 132)]
    cubes = rect(214, 194, 22, 22, PAPER, rx=4) + dots([(220, 200), (230, 210), (225, 205)], INK, 4)
    return (
        plank(felt)
        + path(up[0], tone)
        + path(up[1], pale)
        + rect(194, 72, 12, 264, DARK)
        + dots(stones, "#2b1d16", 19)
        + dots(other, "#f7ecd4", 19)
        + cubes
    )


def morris(hue: float, rng: random.Random) -> str:
    lines = (
        "".join(f"M{200 - r} {204 - r}h{2 * r}v{2 * r}h-{2 * r}z" for r in (112, 74, 36))
        + "M88 204H164M236 204H312M200 92V168M200 240V316"
    )
    black = [(88, 92), (200, 130), (126, 204), (312, 316), (236, 240)]
    white = [(312, 92), (200, 168), (164, 204), (88, 316), (274, 278), (200, 316)]
    points = [
        (200 + x * r, 204 + y * r) for r in (112, 74, 36) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y
    ]
    return (
        plank("#cf9f62")
        + stroke(lines, DARK, 4)
        + dots(points, DARK, 11)
        + dots(black, "#2b1d16", 28)
        + dots(white, "#f7ecd4", 28)
    )


def mancala(hue: float, rng: random.Random) -> str:
    pits, seeds = "", []
    for row, y in enumerate((158, 242)):
        for i in range(6):
            x = 98 + i * 41
            pits += circle(x, y, 18, DARK)
            seeds += [
                (x + rng.uniform(-8, 8), y + rng.uniform(-8, 8)) for _ in range(rng.randint(1, 5) + row)
            ]
    stores = rect(34, 140, 38, 120, DARK, rx=19) + rect(328, 140, 38, 120, DARK, rx=19)
    seeds += [(53 + rng.uniform(-9, 9), rng.uniform(160, 244)) for _ in range(7)]
    board = rect(24, 112, 360, 184, "#000000", rx=62, opacity=0.15) + rect(20, 106, 360, 184, WOOD, rx=60)
    return (
        board
        + pits
        + stores
        + dots(seeds, "#c9cdbf", 10)
        + dots([(x - 2, y - 2) for x, y in seeds], "#ffffff", 3)
    )


def ur(hue: float, rng: random.Random) -> str:
    cells = [(c, r) for c in range(8) for r in range(3) if r == 1 or c not in {4, 5}]
    rosettes = {(0, 0), (0, 2), (3, 1), (6, 0), (6, 2)}
    parts = ""
    for c, r in cells:
        x, y = 36 + c * 41, 140 + r * 41
        parts += rect(x, y, 41, 41, "#e9d9b0", stroke="#23315c", stroke_width=4)
        if (c, r) in rosettes:
            parts += star(x + 20.5, y + 20.5, 16, 6, 8, "#a5342a") + circle(x + 20.5, y + 20.5, 5, "#23315c")
        elif (c + r) % 2:
            parts += dots(
                [(x + dx, y + dy) for dx in (12, 29) for dy in (12, 29)] + [(x + 20.5, y + 20.5)],
                "#23315c",
                7,
            )
        else:
            parts += ring(x + 20.5, y + 20.5, 11, "#23315c", 3) + circle(x + 20.5, y + 20.5, 4, "#a5342a")
    pieces = dots([(96, 318), (130, 326)], "#faf3e0", 28) + dots([(270, 322), (306, 314)], "#2a2c38", 28)
    return rect(28, 134, 344, 136, "#16203f", rx=6, opacity=0.25) + parts + pieces


def tafl(hue: float, rng: random.Random) -> str:
    side, left, top = 24, 68, 72
    lines = "".join(
        f"M{left + i * side} {top}V{top + 264}M{left} {top + i * side}H{left + 264}" for i in range(12)
    )

    def place(column: int, row: int) -> Point:
        return left + side * column + 12, top + side * row + 12

    out = [place(*spot) for i in range(3, 8) for spot in ((i, 0), (i, 10), (0, i), (10, i))]
    out += [place(5, 1), place(5, 9), place(1, 5), place(9, 5)]
    inner = [
        place(*spot)
        for spot in (
            (5, 3),
            (5, 4),
            (5, 6),
            (5, 7),
            (3, 5),
            (4, 5),
            (6, 5),
            (7, 5),
            (4, 4),
            (6, 6),
            (4, 6),
            (6, 4),
        )
    ]
    corners = "".join(star(*place(c, r), 11, 4, 4, "#8e3b2e") for c in (0, 10) for r in (0, 10))
    king = circle(*place(5, 5), 12, "#c9973a") + star(*place(5, 5), 10, 4, 5, "#fdf3d2")
    return (
        plank("#e9dfc6", hsl(hue, 30, 30))
        + stroke(lines, hsl(hue, 26, 40), 1.5)
        + corners
        + dots(out, "#3a2c24", 18)
        + dots(inner, "#faf6ea", 18)
        + king
    )


BOARDS: dict[str, Board] = {
    "chess": chess, "go": go, "backgammon": backgammon, "morris": morris, "mancala": mancala, "ur": ur, "tafl": tafl,
    "dominoes": dominoes, "mahjong": mahjong, "cards": cards, "hanafuda": hanafuda, "tarot": tarot, "wave": wave,
    "tangram": tangram, "dice": five_dice, "tops": tops,
}  # fmt: skip


def game(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    return scene(draw["hue"], floor=348, wide=136) + BOARDS[draw["board"]](draw["hue"], rng)
