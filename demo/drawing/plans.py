"""What an old map may show besides the whole world: cities, coasts, the sky, an army that melts away."""

# ruff: noqa: ARG001, E501 - all drawings are called alike; an outline is data, and no clearer when wrapped

from __future__ import annotations

import math
import random
from collections.abc import Callable

from demo.drawing.skies import celestial, moon
from demo.drawing.svg import (
    Point,
    around,
    at,
    blob,
    circle,
    dots,
    ellipse,
    hsl,
    path,
    polygon,
    rect,
    ring,
    smooth,
    star,
    stroke,
)

type Plan = Callable[[str, str, str, str, random.Random], str]


def shore(points: list[Point], land: str, line: str) -> str:
    d = smooth(points)
    return stroke(d, line, 7, opacity=0.17) + path(d, land, stroke=line, stroke_width=1.3)


def contours(x: float, y: float, points: list[Point], levels: list[float], line: str) -> str:
    d = "".join(smooth([(x + (px - x) * k, y + (py - y) * k) for px, py in points]) for k in levels)
    return stroke(d, line, 0.9, opacity=0.6)


def region(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    outline = blob(rng, 196, 192, 116, 92, 15)
    hills = "".join(
        f"M{x:.0f} {y:.0f}l7 -11l7 11"
        for x, y in ((rng.uniform(140, 250), rng.uniform(150, 240)) for _ in range(16))
    )
    towns = [(rng.uniform(130, 262), rng.uniform(140, 246)) for _ in range(9)]
    river = "M196 150C170 176 226 190 196 214S176 250 190 282"
    return (
        rect(52, 82, 296, 220, sea)
        + shore(outline, land, line)
        + contours(196, 192, outline, [0.8, 0.55, 0.3], accent)
        + stroke(river, accent, 2.5)
        + stroke(hills, line, 1.4)
        + dots(towns, "#a5342a", 6)
        + compass(312, 118, 26, line, accent)
    )


def compass(x: float, y: float, r: float, line: str, accent: str) -> str:
    return (
        ring(x, y, r * 0.72, line, 1)
        + star(x, y, r, r * 0.28, 4, accent)
        + star(x, y, r * 0.66, r * 0.2, 8, line)
    )


def portolan(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    roses = [(200, 192, 106), (100, 132, 46), (298, 252, 46)]
    rhumbs = "".join(f"M{at((x, y), end)}" for x, y, far in roses for end in around(x, y, far, 16))
    west, east = blob(rng, 74, 210, 34, 90, 11), blob(rng, 322, 170, 40, 94, 13)
    monster = "M168 262q10 -22 22 0q10 -26 22 0q10 -20 22 2l12 -6l-2 12z"
    return (
        rect(52, 82, 296, 220, "#efe0b8")
        + stroke(rhumbs, "#7c8f6a", 0.7)
        + shore([(max(54, x), max(86, min(298, y))) for x, y in west], land, line)
        + shore([(min(346, x), max(86, min(298, y))) for x, y in east], land, line)
        + path(monster, accent)
        + path("M150 148l14 -26v26zM146 152h34l-8 10h-18z", line)
        + "".join(compass(x, y, 20, line, accent) for x, y, _ in roses[:1])
    )


def clover(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    leaf = "M200 196C150 190 130 130 166 108C184 98 200 112 200 124C200 112 216 98 234 108C270 130 250 190 200 196z"
    parts = [rect(52, 82, 296, 220, sea)]
    for turn, fill in ((0, hsl(352, 40, 72)), (125, hsl(48, 55, 72)), (235, hsl(130, 28, 68))):
        parts.append(path(leaf, fill, stroke=line, stroke_width=1.5, transform=f"rotate({turn} 200 200)"))
    waves = "".join(
        f"M{x} {y}q6 -5 12 0t12 0"
        for x, y in [(70, 110), (300, 120), (66, 260), (306, 276), (190, 286), (84, 180)]
    )
    city = circle(200, 200, 17, "#f6eeda", stroke=line, stroke_width=1.5) + path(
        "M190 208V196l4 -5l4 5v-8l4 -6l4 6v8l4 -5v17z", accent
    )
    return (
        "".join(parts)
        + stroke(waves, line, 1.3)
        + city
        + shore([(58, 300), (54, 276), (78, 268), (92, 284), (88, 300)], land, line)
    )


def city(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    blocks = []
    for ring_at, count in ((34, 8), (58, 12), (82, 17), (106, 22)):
        for i in range(count):
            turn, wide = math.tau * i / count, math.tau / count * rng.uniform(0.55, 0.8)
            inner, outer = ring_at, ring_at + rng.uniform(13, 18)
            corners = [(inner, turn), (outer, turn), (outer, turn + wide), (inner, turn + wide)]
            blocks.append(
                f"M{at(*((200 + 1.24 * r * math.cos(t), 192 + 0.84 * r * math.sin(t)) for r, t in corners))}z"
            )
    river = "M60 250C120 262 130 180 186 196S260 250 344 214"
    bridges = "M140 190l14 28M236 206l-6 26"
    return (
        rect(52, 82, 296, 220, land)
        + path("".join(blocks), line, opacity=0.78)
        + stroke(river, land, 22)
        + stroke(river, sea, 15)
        + stroke(bridges, line, 4)
        + ellipse(200, 192, 148, 104, "none", stroke=accent, stroke_width=2.5, stroke_dasharray="9 4")
        + circle(200, 180, 11, accent)
    )


def blocks(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    tones = [accent, hsl(44, 60, 66), hsl(8, 45, 62), hsl(210, 25, 50), "#3b342c"]
    parts = dict.fromkeys(tones, "")
    for x in range(92, 300, 22):
        for y in range(90, 294, 12):
            parts[rng.choices(tones, [5, 4, 3, 2, 1])[0]] += f"M{x} {y}h18v8h-18z"
    park = rect(158, 150, 84, 44, hsl(110, 28, 62), stroke=line, stroke_width=1)
    water = "M52 82H84Q74 190 88 302H52zM348 82H304Q322 180 306 302H348z"
    return (
        rect(52, 82, 296, 220, land)
        + path(water, sea, stroke=line, stroke_width=1)
        + "".join(path(d, tone, opacity=0.85) for tone, d in parts.items())
        + park
        + dots([(rng.uniform(164, 236), rng.uniform(156, 188)) for _ in range(18)], hsl(120, 30, 36), 5)
    )


def snow(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    streets = (
        "M52 140L348 176M52 232L348 252M104 82L134 302M206 82L196 302M286 82L300 302M52 190L200 204L348 214"
    )
    deaths = []
    for _ in range(120):
        x, y = rng.gauss(198, 46), rng.gauss(200, 36)
        if 60 < x < 340 and 90 < y < 294:
            deaths.append(f"M{x:.0f} {y:.0f}h7")
    pumps = [(198, 204), (112, 118), (300, 132), (96, 270), (312, 282)]
    return (
        rect(52, 82, 296, 220, "#efe6cf")
        + stroke(streets, "#ffffff", 13)
        + stroke(streets, line, 0.6, opacity=0.6)
        + stroke("".join(deaths), "#2b2622", 3)
        + "".join(circle(x, y, 6, accent, stroke="#ffffff", stroke_width=1.5) for x, y in pumps)
        + ring(198, 204, 30, accent, 2, stroke_dasharray="4 3")
    )


def march(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    out = "M62 196L110 186L170 178L226 152L286 138L330 118L330 126L288 150L230 172L172 204L112 226L62 238z"
    back = "M330 126L300 168L246 186L196 204L140 214L62 226L62 220L140 209L196 198L246 179L296 160z"
    weather = "M62 286L110 284L160 270L210 274L262 262L330 250"
    return (
        rect(52, 82, 296, 220, "#f4ead0")
        + path(out, hsl(36, 62, 62))
        + path(back, "#2b2622")
        + stroke("M96 238Q100 214 92 160M176 250Q160 210 190 100M262 240Q250 190 270 96", sea, 3)
        + stroke(weather, line, 1.5)
        + dots([(62, 286), (110, 284), (160, 270), (210, 274), (262, 262), (330, 250)], accent, 6)
        + stroke("M56 248H344M56 292H344M56 270H344", line, 0.5)
    )


def strata(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    parts = [rect(52, 82, 296, 220, sea)]
    tones = [
        hsl(*tone)
        for tone in ((52, 60, 72), (92, 34, 58), (34, 62, 62), (8, 44, 60), (280, 20, 56), (205, 30, 52))
    ]
    for i, tone in enumerate(tones):
        x = 284 - i * 34
        edge = [(x + rng.uniform(-9, 9) + (y - 190) * 0.24, y) for y in range(96, 297, 40)]
        back = [(x - 40 + rng.uniform(-7, 7) + (y - 190) * 0.24, y) for y in range(296, 95, -40)]
        parts.append(path(smooth(edge + back), tone, stroke=line, stroke_width=0.8))
    return "".join(parts) + compass(318, 112, 22, line, accent)


def mountain(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    bands = [
        (0.0, hsl(95, 34, 46)),
        (0.28, hsl(80, 34, 58)),
        (0.5, hsl(50, 34, 66)),
        (0.7, hsl(30, 18, 70)),
        (0.84, "#ffffff"),
    ]
    layers = []
    for low, tone in bands:
        y, half = 296 - low * 186, 122 * (1 - low) + 3
        jag = [(200 - half + 2 * half * i / 10, y + (rng.uniform(-6, 6) if low else 0)) for i in range(11)]
        layers.append(polygon([*jag, (206, 104), (196, 110)], tone))
    plants = "".join(f"M{x:.0f} 294v-{rng.randint(5, 14)}" for x in (rng.uniform(90, 310) for _ in range(44)))
    ruler = "".join(f"M{x} {y}h12" for x in (58, 330) for y in range(96, 300, 12))
    columns = stroke("M74 82V302M326 82V302", line, 1) + stroke(ruler, line, 1.2)
    return (
        rect(52, 82, 296, 220, sea)
        + circle(270, 122, 13, "#fbe7a4")
        + "".join(layers)
        + stroke(plants, "#33502c", 2)
        + columns
    )


def whales(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    cells = "".join(f"M{x} 82V302" for x in range(76, 348, 24)) + "".join(
        f"M52 {y}H348" for y in range(106, 302, 24)
    )
    fish = "c2 -9 16 -12 24 -4l9 -6l-2 8l3 7l-10 -4c-8 6 -22 6 -24 -1z"
    spots = [(rng.randint(3, 10) * 24 + 30, rng.randint(1, 7) * 24 + 84) for _ in range(11)]
    shores = blob(rng, 64, 190, 22, 100, 10), blob(rng, 340, 180, 18, 96, 10)
    return (
        rect(52, 82, 296, 220, sea)
        + stroke(cells, line, 0.7, opacity=0.6)
        + "".join(
            shore([(min(346, max(54, x)), min(298, max(86, y))) for x, y in each], land, line)
            for each in shores
        )
        + path("".join(f"M{x} {y}{fish}" for x, y in sorted(set(spots))), accent)
        + path("M180 122l16 -26v26zM198 122l14 -20v20zM172 126h48l-9 12h-30z", line)
    )


def strip(sea: str, land: str, line: str, accent: str, rng: random.Random) -> str:
    rows = []
    for i, y in enumerate((118, 192, 266)):
        lumps = "".join(f"M{x} {y + 8}q16 -{rng.randint(16, 42)} 34 0" for x in range(58, 310, 36))
        road = f"M54 {y + 18}" + "".join(f"q18 {-9 if k % 2 else 9} 36 0" for k in range(8))
        stops = [(x, y + 18) for x in range(72, 342, 36)]
        rows.append(rect(52, y - 34, 296, 68, sea if i % 2 else "#efe0b8"))
        rows.append(path(lumps, hsl(110, 22, 62), stroke=line, stroke_width=1) + stroke(road, accent, 4))
        rows.append(dots(stops, line, 10) + dots(stops, "#f6eeda", 5))
    peak = path("M250 118L284 78L318 118z", "#8ca0b4") + path(
        "M272 92L284 78L296 92L290 96L284 90L278 96z", "#ffffff"
    )
    return "".join(rows) + peak


PLANS: dict[str, Plan] = {
    "region": region, "portolan": portolan, "clover": clover, "celestial": celestial, "moon": moon, "city": city,
    "blocks": blocks, "snow": snow, "march": march, "strata": strata, "mountain": mountain, "whales": whales,
    "strip": strip,
}  # fmt: skip
