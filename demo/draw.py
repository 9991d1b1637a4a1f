"""Draws each product's picture into demo/pictures/<sku>.svg, from the `draw` hints in stalls/*.yaml.

python -m demo.draw            draw all
python -m demo.draw PL-101     draw these
python -m demo.draw --check    only tell whether the committed pictures are what would be drawn
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from demo.drawing.boards import game
from demo.drawing.books import book
from demo.drawing.desk import desk
from demo.drawing.garden import bulb, packet
from demo.drawing.instruments import brass, concertina, drum, kalimba, pipe, squeeze, xylophone
from demo.drawing.jars import jar
from demo.drawing.maps import old_map, weights
from demo.drawing.plates import plate, tile
from demo.drawing.pots import pot
from demo.drawing.strings import dulcimer, harp, strings
from demo.drawing.svg import dice, document
from demo.drawing.tins import cake, tin, whisk
from demo.make_market import DEMO, read_stalls

type Draftsman = Callable[[dict[str, Any], random.Random, str], str]

PICTURES = DEMO / "pictures"
KINDS: dict[str, Draftsman] = {
    "book": book, "tin": tin, "cake": cake, "whisk": whisk, "map": old_map, "weights": weights,
    "strings": strings, "harp": harp, "dulcimer": dulcimer, "pipe": pipe, "brass": brass, "squeeze": squeeze,
    "concertina": concertina, "drum": drum, "kalimba": kalimba, "xylophone": xylophone, "pot": pot,
    "plate": plate, "game": game, "desk": desk, "tile": tile, "packet": packet, "bulb": bulb, "jar": jar,
}  # fmt: skip


def picture(product: dict[str, Any]) -> str:
    draw = product["draw"]
    return document(product["name"], KINDS[draw["kind"]](draw, dice(product["sku"]), product["name"]))


def pictures(wanted: list[str] | None = None) -> Iterator[tuple[Path, str]]:
    for stall in read_stalls():
        for product in stall["products"]:
            if not wanted or product["sku"] in wanted:
                yield PICTURES / f"{product['sku']}.svg", picture(product)


def outdated() -> list[str]:
    """What the folder holds that would be drawn otherwise, or not at all."""
    drawn = dict(pictures())
    wrong = [path for path, svg in drawn.items() if not path.exists() or path.read_text("utf-8") != svg]
    return sorted(path.name for path in [*wrong, *(set(PICTURES.iterdir()) - set(drawn))])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draw the products' pictures.")
    parser.add_argument("sku", nargs="*", help="only these; all of them when none is named")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a picture is not up to date"
    )
    arguments = parser.parse_args(argv)
    if arguments.check:
        names = outdated()
        if names:
            print(f"not up to date: {', '.join(names)}; run: python -m demo.draw", file=sys.stderr)
        return 1 if names else 0
    PICTURES.mkdir(exist_ok=True)
    for file, svg in pictures(arguments.sku):
        file.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
