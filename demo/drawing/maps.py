"""Old maps on parchment. The plans that show the world use one coarse outline of it, in different projections."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from demo.drawing.plans import PLANS
from demo.drawing.svg import (
    Point,
    around,
    at,
    circle,
    ellipse,
    fitting,
    group,
    hsl,
    path,
    polygon,
    rect,
    ring,
    scene,
    star,
    stroke,
    text,
)
from demo.drawing.world import LANDS


class Colours(NamedTuple):
    sea: str
    land: str
    line: str
    accent: str


def colours(hue: float) -> Colours:
    return Colours(hsl(192 + hue % 18, 27, 76), hsl(44, 50, 82), "#5b4630", hsl(hue, 52, 38))


def coast(shapes: Iterable[list[Point]], c: Colours) -> str:
    d = "".join(f"M{at(*shape)}z" for shape in shapes)
    ripple = stroke(d, c.line, 6, opacity=0.18, stroke_linejoin="round")
    return ripple + path(d, c.land, stroke=c.line, stroke_width=1.2, stroke_linejoin="round")


type Projection = Callable[[float, float], Point]


def flat(longitude: float, latitude: float) -> Point:
    return 200 + longitude * 0.81, 192 - latitude * 1.1


def mercator(longitude: float, latitude: float) -> Point:
    turn = math.radians(max(-72.0, min(76.0, latitude)))
    return 200 + longitude * 0.81, 208 - 46 * math.log(math.tan(math.pi / 4 + turn / 2))


def oval(longitude: float, latitude: float) -> Point:
    return 200 + longitude * 0.8 * math.sqrt(max(0.02, 1 - (latitude / 92) ** 2)), 192 - latitude * 0.98


def fan(longitude: float, latitude: float) -> Point:
    turn, far = math.radians((longitude - 60) * 0.56), 290 - (latitude + 26) * 1.6
    return 200 + far * 0.74 * math.sin(turn), 4 + far * 0.94 * math.cos(turn)


def disc(longitude: float, latitude: float) -> Point:
    """South on top, the way a monk in Venice saw it."""
    x, y = -(longitude - 50) * 1.5, (latitude - 22) * 1.7
    reach = math.hypot(x, y)
    squeeze = 128 / max(reach, 128) if reach > 100 else 1
    return 200 + x * squeeze, 192 + y * squeeze


def globe(longitude: float, latitude: float, centre: float, x: float) -> Point:
    turn, up = math.radians(max(-90.0, min(90.0, longitude - centre))), math.radians(latitude)
    return x + 72 * math.cos(up) * math.sin(turn), 192 - 72 * math.sin(up)


def whole(point: Point) -> Point:
    return round(point[0]), round(point[1])


def projected(projection: Projection, names: Iterable[str] = LANDS) -> list[list[Point]]:
    return [[whole(projection(*place)) for place in LANDS[name]] for name in names]


def lattice(projection: Projection) -> str:
    meridians = "".join(
        f"M{at(*(whole(projection(x, y)) for y in range(-80, 81, 32)))}" for x in range(-150, 151, 30)
    )
    parallels = "".join(f"M{at(*(whole(projection(x, y)) for x in (-180, 180)))}" for y in range(-60, 61, 30))
    return meridians + parallels


def sea_rect(c: Colours) -> str:
    return rect(54, 84, 292, 216, c.sea)


def world(c: Colours, rng: random.Random) -> str:
    net = stroke(lattice(flat), c.line, 0.5, opacity=0.45)
    return sea_rect(c) + net + coast(projected(flat), c) + star(88, 262, 22, 6, 8, c.accent)


def grid(c: Colours, rng: random.Random) -> str:
    rhumbs = "".join(f"M{at((170, 215), point)}" for point in around(170, 215, 84, 16))
    lines = "".join(f"M{x} 84V300" for x in range(54, 347, 24)) + "".join(
        f"M54 {mercator(0, y)[1]:.0f}H346" for y in range(-60, 75, 15)
    )
    return (
        sea_rect(c)
        + stroke(lines, c.line, 0.6, opacity=0.5)
        + stroke(rhumbs, c.accent, 0.6)
        + coast(projected(mercator), c)
    )


def oval_world(c: Colours, rng: random.Random) -> str:
    clouds = "".join(
        circle(x, y, 10, c.accent, opacity=0.25)
        for x, y in [(74, 100), (90, 96), (326, 100), (310, 96), (76, 286), (324, 286)]
    )
    sea = ellipse(200, 192, 146, 92, c.sea, stroke=c.line, stroke_width=2)
    return clouds + sea + stroke(lattice(oval), c.line, 0.5, opacity=0.4) + coast(projected(oval), c)


def hemispheres(c: Colours, rng: random.Random) -> str:
    halves = []
    for centre, x, names in (
        (-95, 126, ("north_america", "south_america", "greenland")),
        (60, 274, ("eurasia", "africa", "australia")),
    ):
        shapes = [[whole(globe(lon, lat, centre, x)) for lon, lat in LANDS[name]] for name in names]
        net = "".join(f"M{x} 120A{r} 72 0 0 0 {x} 264M{x} 120A{r} 72 0 0 1 {x} 264" for r in (24, 48))
        halves.append(
            circle(x, 192, 72, c.sea) + stroke(net + f"M{x - 72} 192h144", c.line, 0.5) + coast(shapes, c)
        )
        halves.append(ring(x, 192, 72, c.line, 2) + ring(x, 192, 76, c.accent, 2))
    spheres = "".join(
        circle(200, y, 13, "#f3e6c4", stroke=c.accent, stroke_width=1.5) + star(200, y, 10, 4, 8, c.accent)
        for y in (108, 276)
    )
    return "".join(halves) + spheres


def disc_world(c: Colours, rng: random.Random) -> str:
    return (
        circle(200, 192, 108, c.accent)
        + circle(200, 192, 102, c.sea)
        + group(coast(projected(disc, ("eurasia", "africa")), c), transform="translate(44 42) scale(.78)")
        + ring(200, 192, 105, "#e3c878", 2)
    )


def fan_world(c: Colours, rng: random.Random) -> str:
    edge = [fan(x, 66) for x in range(-20, 141, 16)] + [fan(x, -26) for x in range(140, -21, -16)]
    heads = "".join(
        circle(x, y, 9, "#e9c9a2", stroke=c.line, stroke_width=1)
        + stroke(f"M{x} {y}l{(200 - x) / 6:.0f} {(200 - y) / 6:.0f}", c.line, 1)
        for x, y in [(68, 100), (332, 100), (66, 286), (334, 286), (200, 96)]
    )
    sea = polygon(edge, c.sea, stroke=c.line, stroke_width=2)
    lands = [
        [(x, min(max(y, -24), 64)) for x, y in LANDS[name] if -18 <= x <= 138]
        for name in ("eurasia", "africa")
    ]
    return heads + sea + coast([[fan(*point) for point in land] for land in lands], c)


WORLDS: dict[str, Callable[[Colours, random.Random], str]] = {
    "world": world, "grid": grid, "oval": oval_world, "hemispheres": hemispheres, "disc": disc_world, "fan": fan_world,
}  # fmt: skip


def sheet(hue: float) -> str:
    torn = "M38 66L120 62L212 66L300 61L364 66L361 140L365 220L361 300L364 344L286 340L196 345L112 340L37 344L40 250L36 160z"
    creases = stroke("M146 64V342M254 64V342M38 204H363", "#a8905c", 1, opacity=0.35)
    return path(torn, "#000000", opacity=0.16, transform="translate(5 7)") + path(torn, "#f1e3c0") + creases


def border() -> str:
    lines = rect(50, 80, 300, 224, "none", stroke="#5b4630", stroke_width=1)
    return (
        rect(46, 76, 308, 232, "none", stroke="#5b4630", stroke_width=4)
        + stroke("M46 76H354V308H46z", "#f1e3c0", 2.4, stroke_dasharray="14 14")
        + lines
    )


def cartouche(title: str, year: int, c: Colours) -> str:
    scroll = path("M96 312H304L312 325L304 338H96L88 325z", c.accent)
    words = f"{title} · {year}"
    return scroll + text(200, 330, words, fitting(words, 190, 15, 0.7), "#f6eeda", letter_spacing=1)


def old_map(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    c, plan = colours(draw["hue"]), draw["plan"]
    inside = WORLDS[plan](c, rng) if plan in WORLDS else PLANS[plan](c.sea, c.land, c.line, c.accent, rng)
    ground = scene(draw["hue"], floor=352, wide=150)
    return ground + sheet(draw["hue"]) + inside + border() + cartouche(draw["title"], draw["year"], c)


def weights(draw: dict[str, Any], rng: random.Random, name: str) -> str:
    parts = []
    for x, y in [(140, 180), (262, 172), (120, 300), (250, 310)]:
        parts.append(ellipse(x, y + 22, 56, 15, "#000000", opacity=0.18))
        parts.append(path(f"M{x - 48} {y}V{y + 16}A48 15 0 0 0 {x + 48} {y + 16}V{y}z", hsl(42, 55, 42)))
        parts.append(ellipse(x, y, 48, 15, hsl(45, 62, 62)) + ellipse(x, y - 1, 34, 10, hsl(44, 56, 52)))
        parts.append(
            path(f"M{x - 9} {y - 4}V{y - 26}H{x + 9}V{y - 4}A9 3 0 0 1 {x - 9} {y - 4}z", hsl(43, 55, 46))
        )
        parts.append(ellipse(x, y - 28, 19, 11, hsl(46, 66, 66)) + ellipse(x - 5, y - 32, 7, 3, "#fff3c9"))
    return scene(draw["hue"], floor=348, wide=150) + "".join(parts)
