"""Pictures come from strangers: each is read by an allow-list and written anew, never stored as sent."""

from collections.abc import Callable

from catalog.products.pictures.png import clean_png
from catalog.products.pictures.refusal import PictureRefused
from catalog.products.pictures.svg import clean_svg

MAX_PICTURE_BYTES = 2 * 1024 * 1024

CLEANERS: dict[str, Callable[[bytes], bytes]] = {"image/svg+xml": clean_svg, "image/png": clean_png}


def clean(content: bytes, content_type: str) -> bytes:
    """The same picture with nothing in it that is not drawn; raises PictureRefused saying what was found."""
    if len(content) > MAX_PICTURE_BYTES:
        raise PictureRefused("too_large", f"A picture has at most {MAX_PICTURE_BYTES} bytes.")
    return CLEANERS[content_type](content)


__all__ = ["CLEANERS", "MAX_PICTURE_BYTES", "PictureRefused", "clean"]
