"""SVG → PNG by resvg: a Rust renderer without scripts, network or files. Catalog's SVGs are shapes, paint and
text; the fonts are ours, so that a picture looks the same in every container.
"""

import base64
from pathlib import Path

from resvg_py import svg_to_bytes

_FONTS = [
    str(Path(__file__).parent / "fonts" / name) for name in ("literata-regular.ttf", "literata-bold.ttf")
]
# a PNG is wrapped: the same renderer scales it, and nothing else reads pictures here
_WRAPPED = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="100" height="100">'
    '<image width="100" height="100" preserveAspectRatio="xMidYMid meet" href="data:image/png;base64,{}"/>'
    "</svg>"
)


class Undrawable(Exception):
    """No picture, or none that resvg can draw."""


def rasterize(content_type: str, content: bytes, size: int) -> bytes:
    """A PNG that is `size` pixels wide."""
    match content_type:
        case "image/svg+xml":
            svg = content.decode("utf-8", "replace")
        case "image/png":
            svg = _WRAPPED.format(base64.b64encode(content).decode("ascii"))
        case _:
            raise Undrawable(f"{content_type} is none of catalog's types")
    try:
        return svg_to_bytes(
            svg_string=svg,
            width=size,
            height=size,
            skip_system_fonts=True,
            font_files=_FONTS,
            font_family="Literata",
            serif_family="Literata",
            sans_serif_family="Literata",
        )
    except ValueError as error:
        raise Undrawable(str(error)) from error
