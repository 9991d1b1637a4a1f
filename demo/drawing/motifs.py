"""Emblems for book covers. Each is drawn around (0, 0), about 100 wide, in one ink and one ground colour."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
from collections.abc import Callable

from demo.drawing.svg import (
    around,
    at,
    circle,
    dots,
    ellipse,
    group,
    path,
    polygon,
    rect,
    ring,
    star,
    stroke,
)

type Motif = Callable[[str, str], str]


def rose(ink: str, ground: str) -> str:
    petals = "".join(circle(x, y, 17, ink) for x, y in around(0, -14, 20, 6))
    swirl = (
        "M0 -14m-4 0a5 5 0 0 1 9 -3a10 10 0 0 1 -12 12a15 15 0 0 1 -8 -22a20 20 0 0 1 33 2a24 24 0 0 1 -8 30"
    )
    leaves = path("M0 46C-10 26 -34 24 -42 34C-32 48 -14 50 0 46C10 28 32 26 40 34C32 48 14 52 0 46z", ink)
    return petals + circle(0, -14, 24, ink) + stroke(swirl, ground, 3) + stroke("M0 20V56", ink, 4) + leaves


def ship(ink: str, ground: str) -> str:
    hull = path("M-50 22H50L36 44H-34z", ink)
    masts = stroke("M-18 22V-46M16 22V-52", ink, 3)
    sails = path("M-44 -6Q-30 -14 -20 -38V-2Q-32 -8 -44 -6zM-16 -40Q2 -28 4 -6Q-6 -12 -16 -6z", ink)
    more = path("M-12 14Q-2 4 14 8V-48Q-4 -36 -12 14zM18 -50Q44 -30 46 8Q32 2 18 8z", ink)
    return (
        hull
        + masts
        + sails
        + more
        + stroke("M-46 52q11 -8 23 0t23 0t23 0t23 0", ink, 3)
        + dots([(-16, 33), (0, 33), (16, 33)], ground, 5)
    )


def bolt(ink: str, ground: str) -> str:
    return path("M10 -54L-30 8H-4L-14 54L32 -12H6L22 -54z", ink) + stroke(
        "M-40 -34l10 10M40 34l-10 -10", ink, 4
    )


def bat(ink: str, ground: str) -> str:
    half = "C16 -14 30 -20 54 -16C44 -6 44 4 46 14C36 6 28 8 24 18C18 8 10 10 0 26"
    other = "C-10 10 -18 8 -24 18C-28 8 -36 6 -46 14C-44 4 -44 -6 -54 -16C-30 -20 -16 -14 0 -4z"
    head = path("M-9 -20L-6 -10H6L9 -20L10 -2H-10z", ink)
    return path(f"M0 -4{half}{other}", ink) + head + dots([(-3, -5), (3, -5)], ground, 3)


def whale(ink: str, ground: str) -> str:
    body = "M-52 6C-52 -22 -14 -30 14 -16C26 -10 34 -10 40 -18C34 -28 40 -36 54 -38C52 -28 52 -22 46 -16"
    belly = "C50 6 22 32 -12 32C-38 32 -52 22 -52 6z"
    jet = stroke(
        "M-22 -30C-24 -44 -36 -48 -40 -40M-22 -30C-20 -46 -8 -50 -4 -42", ink, 4, stroke_linecap="round"
    )
    return (
        path(body + belly, ink)
        + jet
        + stroke("M-50 10C-38 16 -26 14 -16 8", ground, 3)
        + dots([(-30, 0)], ground, 5)
    )


def flame(ink: str, ground: str) -> str:
    outer = "M4 -54C10 -28 38 -14 34 18C32 40 16 52 0 52C-18 52 -34 40 -34 18C-34 0 -22 -6 -18 -22C-10 -16 -8 -8 -8 -2C4 -14 8 -34 4 -54z"
    return path(outer, ink) + path(
        "M2 44C-10 44 -16 34 -14 24C-12 14 -2 12 2 -2C10 12 18 18 16 30C14 40 8 44 2 44z", ground
    )


def tree(ink: str, ground: str) -> str:
    crown = "".join(
        circle(x, y, r, ink) for x, y, r in [(0, -30, 24), (-24, -14, 20), (24, -14, 20), (0, -8, 22)]
    )
    return (
        crown
        + path("M-6 8L-9 46Q-24 48 -34 54H34Q24 48 9 46L6 8z", ink)
        + stroke("M0 30V-22M0 4L-18 -14M0 -4L18 -20", ground, 3, stroke_linecap="round")
    )


def key(ink: str, ground: str) -> str:
    bow = "".join(ring(x, y, 12, ink, 7) for x, y in around(0, -30, 15, 3, 90 + 180))
    return bow + rect(-4, -14, 8, 68, ink) + path("M4 30H22V38H14V44H22V54H4z", ink) + circle(0, -28, 4, ink)


def clock(ink: str, ground: str) -> str:
    return (
        circle(0, 0, 48, ink)
        + circle(0, 0, 39, ground)
        + dots(around(0, 0, 32, 12), ink, 5)
        + stroke("M0 0V-25M0 0L17 11", ink, 5, stroke_linecap="round")
        + circle(0, 0, 5, ink)
        + rect(-6, -60, 12, 12, ink)
    )


def tower(ink: str, ground: str) -> str:
    crown = "M-30 -34V-50H-18V-42H-6V-50H6V-42H18V-50H30V-34z"
    windows = path("M-6 -14A6 6 0 0 1 6 -14V0H-6zM-8 54V34A8 8 0 0 1 8 34V54z", ground)
    return path(crown + "M-24 -34H24L28 54H-28z", ink) + windows


def mask(ink: str, ground: str) -> str:
    face = "M-46 -26Q0 -48 46 -26Q50 22 22 40Q0 54 -22 40Q-50 22 -46 -26z"
    eyes = "M-34 -8Q-22 -22 -8 -8Q-22 2 -34 -8zM34 -8Q22 -22 8 -8Q22 2 34 -8z"
    mouth = "M-20 18Q0 36 20 18Q0 26 -20 18z"
    ribbons = stroke("M-46 -20C-62 -8 -54 10 -62 22M46 -20C62 -8 54 10 62 22", ink, 4)
    return path(face, ink) + path(eyes + mouth, ground) + ribbons


def heart(ink: str, ground: str) -> str:
    shape = path("M0 48C-62 4 -46 -44 -18 -44C-6 -44 0 -34 0 -28C0 -34 6 -44 18 -44C46 -44 62 4 0 48z", ink)
    crown = path("M-22 6L-26 -18L-12 -8L0 -24L12 -8L26 -18L22 6z", ground)
    return shape + crown + rect(-22, 10, 44, 5, ground)


def squid(ink: str, ground: str) -> str:
    head = path("M0 -56C18 -40 26 -20 22 4H-22C-26 -20 -18 -40 0 -56z", ink) + path(
        "M-20 -30L-42 -12L-22 -8zM20 -30L42 -12L22 -8z", ink
    )
    arms = stroke(
        "M-18 4C-24 28 -48 22 -46 46M-9 4C-10 34 -28 34 -24 56M0 4V58M9 4C10 34 28 34 24 56M18 4C24 28 48 22 46 46",
        ink, 6, stroke_linecap="round",
    )  # fmt: skip
    return (
        head + arms + circle(-9, -8, 6, ground) + circle(9, -8, 6, ground) + dots([(-9, -8), (9, -8)], ink, 5)
    )


def balloon(ink: str, ground: str) -> str:
    bag = circle(0, -18, 38, ink) + path("M-34 -2L-10 34H10L34 -2z", ink)
    seams = stroke("M0 -56V34M-14 -53C-30 -20 -18 12 -5 34M14 -53C30 -20 18 12 5 34", ground, 3)
    return bag + seams + stroke("M-9 34L-8 44M9 34L8 44", ink, 2) + rect(-10, 43, 20, 14, ink, rx=3)


def axe(ink: str, ground: str) -> str:
    blade = path("M-2 -42C-22 -50 -42 -44 -50 -34C-36 -26 -34 -10 -40 2C-26 2 -10 -4 -2 -16z", ink)
    return group(
        rect(-3, -52, 9, 108, ink, rx=3) + blade + path("M6 -40H20V-20H6z", ink), transform="rotate(24)"
    )


def crown(ink: str, ground: str) -> str:
    band = rect(-42, 26, 84, 14, ink, rx=3) + dots([(-28, 33), (0, 33), (28, 33)], ground, 7)
    points = path("M-42 22L-52 -26L-24 -4L0 -42L24 -4L52 -26L42 22z", ink)
    return points + band + dots([(-52, -30), (0, -47), (52, -30)], ink, 13)


def train(ink: str, ground: str) -> str:
    boiler = (
        rect(-22, -14, 64, 30, ink, rx=6) + rect(-50, -34, 34, 50, ink, rx=3) + rect(22, -38, 12, 26, ink)
    )
    smoke = circle(26, -50, 9, ink) + circle(8, -58, 7, ink) + circle(-6, -62, 5, ink)
    wheels = "".join(
        circle(x, 28, r, ink) + circle(x, 28, r / 2.4, ground) for x, r in [(-36, 17), (-4, 13), (26, 13)]
    )
    return boiler + smoke + rect(-43, -26, 18, 16, ground) + path("M42 16L56 36H36z", ink) + wheels


def laurel(ink: str, ground: str) -> str:
    leaves = []
    for side in (-1, 1):
        for i in range(7):
            turn = math.radians(90 + side * (24 + i * 21))
            x, y = 40 * math.cos(turn), 40 * math.sin(turn)
            lean = math.degrees(turn) + side * 55
            leaves.append(
                ellipse(0, 0, 14, 6, ink, transform=f"translate({x:.0f} {y:.0f}) rotate({lean:.0f})")
            )
    return (
        "".join(leaves)
        + stroke("M-14 38A40 40 0 0 1 -30 -28M14 38A40 40 0 0 0 30 -28", ink, 2)
        + circle(0, 42, 5, ink)
    )


def stars(ink: str, ground: str) -> str:
    rays = stroke("".join(f"M0 0L{at(point)}" for point in around(0, 0, 56, 16)), ink, 2)
    return rays + star(0, 0, 44, 14, 8, ink) + circle(0, 0, 8, ground)


def windmill(ink: str, ground: str) -> str:
    house = path("M-16 -8L-26 56H26L16 -8Q0 -26 -16 -8z", ink) + path("M-7 56V40A7 7 0 0 1 7 40V56z", ground)
    sail = "M0 0L4 -58H18L10 -14z"
    blades = "".join(
        path(sail, ink, stroke=ground, stroke_width=2, transform=f"rotate({a})") for a in (20, 110, 200, 290)
    )
    return house + group(
        blades + circle(0, 0, 6, ink, stroke=ground, stroke_width=2), transform="translate(0 -12)"
    )


def blossom(ink: str, ground: str) -> str:
    petal = "M0 -6C-18 -16 -20 -42 -7 -50L0 -43L7 -50C20 -42 18 -16 0 -6z"
    petals = "".join(path(petal, ink, transform=f"rotate({a})") for a in range(0, 360, 72))
    threads = "".join(f"M0 0L{at(point)}" for point in around(0, 0, 20, 10))
    return petals + stroke(threads, ground, 1.5) + dots(around(0, 0, 21, 10), ground, 5)


def cloud(ink: str, ground: str) -> str:
    puffs = [(-26, 4, 22), (2, -12, 28), (28, 6, 20)]
    shape = "".join(circle(x, y, r, ink) for x, y, r in puffs) + rect(-46, 4, 94, 22, ink, rx=11)
    curls = "M-30 12a9 9 0 1 1 9 -9M-2 8a13 13 0 1 1 13 -13M26 14a8 8 0 1 1 8 -8"
    return shape + stroke(curls, ground, 3, stroke_linecap="round") + stroke("M-54 40H30M-30 52H54", ink, 4)


def lamp(ink: str, ground: str) -> str:
    body = "M-30 8C-44 4 -54 -8 -58 -20C-46 -14 -38 -10 -26 -10C-10 -20 14 -20 26 -6C32 6 22 26 2 28H-6C-18 26 -26 18 -30 8z"
    rest = rect(-10, 28, 16, 10, ink) + path("M-26 46Q-2 32 22 46z", ink) + circle(0, -24, 6, ink)
    smoke = stroke("M-56 -26C-64 -40 -44 -44 -52 -58", ink, 3, stroke_linecap="round")
    return path(body, ink) + ring(32, 4, 14, ink, 5) + rest + smoke + stroke("M-20 2Q0 12 20 2", ground, 3)


def finch(ink: str, ground: str) -> str:
    body = "M-46 -14L-30 -20C-24 -36 -2 -38 6 -22C14 -8 30 6 56 26C34 22 28 24 22 20C8 36 -18 34 -26 12C-28 4 -28 -2 -30 -8z"
    wing = stroke("M-6 -2C4 16 20 18 30 16M-8 8C0 20 10 22 18 20", ground, 3, stroke_linecap="round")
    branch = stroke("M-50 42C-20 34 20 44 54 38M-6 27V38M4 27V40", ink, 4)
    return path(body, ink) + wing + branch + dots([(-16, -20)], ground, 6)


def polygons(ink: str, ground: str) -> str:
    shapes = [(3, -30, -26, 22), (4, 28, -26, 22), (5, -28, 28, 22), (6, 28, 28, 22)]
    return "".join(polygon(around(x, y, r, n), ink) for n, x, y, r in shapes) + dots([(0, 0)], ink, 14)


def pipe(ink: str, ground: str) -> str:
    bowl = path("M18 -34H52L48 6C46 32 22 40 4 26L-52 -16L-48 -22L6 10C14 12 20 6 20 -4z", ink)
    smoke = stroke("M34 -40C26 -50 42 -54 34 -66", ink, 3, stroke_linecap="round")
    return bowl + smoke + stroke("M23 -24H47", ground, 3)


def knot(ink: str, ground: str) -> str:
    loops = "".join(
        ellipse(0, 0, 48, 20, "none", stroke=ink, stroke_width=8, transform=f"rotate({a})")
        for a in (0, 60, 120)
    )
    inner = "".join(
        ellipse(0, 0, 48, 20, "none", stroke=ground, stroke_width=2, transform=f"rotate({a})")
        for a in (0, 60, 120)
    )
    return loops + inner + ring(0, 0, 30, ink, 4) + circle(0, 0, 7, ink)


MOTIFS: dict[str, Motif] = {
    "rose": rose, "ship": ship, "bolt": bolt, "bat": bat, "whale": whale, "flame": flame, "tree": tree, "key": key,
    "clock": clock, "tower": tower, "mask": mask, "heart": heart, "squid": squid, "balloon": balloon, "axe": axe,
    "crown": crown, "train": train, "laurel": laurel, "star": stars, "windmill": windmill, "blossom": blossom,
    "cloud": cloud, "lamp": lamp, "finch": finch, "polygon": polygons, "pipe": pipe, "knot": knot,
}  # fmt: skip
