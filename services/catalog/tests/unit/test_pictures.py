import struct
from zlib import compress, crc32

import pytest

from catalog.products.pictures import MAX_PICTURE_BYTES, PictureRefused, clean

SVG = "image/svg+xml"
PNG = "image/png"


def svg(inside: str, attributes: str = "") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", compress(b"\0\0"))
END = chunk(b"IEND", b"")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_shapes_paint_and_text_are_kept() -> None:
    drawn = svg('<g fill="#fff"><path d="M0 0h1"/><text x="1">A tin</text></g>', 'viewBox="0 0 10 10"')
    assert clean(drawn, SVG) == (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
        b'<g fill="#fff"><path d="M0 0h1" /><text x="1">A tin</text></g></svg>'
    )


def test_references_within_the_picture_are_kept() -> None:
    inside = '<defs><linearGradient id="a"/></defs><rect fill="url(#a)"/><use href="#a"/>'
    assert b'href="#a"' in clean(svg(inside), SVG)


def test_comments_and_instructions_are_no_part_of_what_is_stored() -> None:
    written = clean(b"<?xml-stylesheet href='http://x'?>" + svg("<!-- secret --><rect/>"), SVG)
    assert written == b'<svg xmlns="http://www.w3.org/2000/svg"><rect /></svg>'


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (svg("<script>alert(1)</script>"), "element_refused"),
        (svg("<foreignObject/>"), "element_refused"),
        (svg("<image href='http://x/y.png'/>"), "element_refused"),
        (svg("<a href='#x'/>"), "element_refused"),
        (svg("<animate/>"), "element_refused"),
        (svg("<set attributeName='href' to='javascript:alert(1)'/>"), "element_refused"),
        (svg("<h:script xmlns:h='http://www.w3.org/1999/xhtml'/>"), "element_refused"),
        (svg("<rect onclick='x()'/>"), "attribute_refused"),
        (svg("<rect ONLOAD='x()'/>"), "attribute_refused"),
        (svg("<rect xmlns:e='http://e' e:onload='x()'/>"), "attribute_refused"),
        (svg("<use href='http://x#a'/>"), "reference_refused"),
        (
            svg("<use xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='data:image/svg+xml,x'/>"),
            "reference_refused",
        ),
        (svg("<use href='javascript:alert(1)'/>"), "reference_refused"),
        (svg("<rect fill='url(http://x)'/>"), "style_refused"),
        (svg("<rect style='background:url( \"//x\")'/>"), "style_refused"),
        (svg("<style>@import 'http://x';</style>"), "style_refused"),
        (svg("<style>rect{fill:u\\72l(http://x)}</style>"), "style_refused"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "not_svg"),
        (b"<html/>", "not_svg"),
        (b"<svg/>", "not_svg"),
        (b"not xml", "not_svg"),
        (b"", "not_svg"),
        (b"\xff\xfe\x00", "not_svg"),
        (svg("<g/>" * 20_001), "too_large"),
        (b" " * (MAX_PICTURE_BYTES + 1), "too_large"),
    ],
)
def test_what_a_picture_has_no_need_of_is_refused(picture: bytes, code: str) -> None:
    with pytest.raises(PictureRefused) as refusal:
        clean(picture, SVG)
    assert refusal.value.code == code


def test_a_png_keeps_what_draws_and_loses_what_tells() -> None:
    told = chunk(b"tEXt", b"Author\0somebody") + chunk(b"eXIf", b"51.5N 0.1W")
    assert clean(SIGNATURE + HEADER + told + PIXELS + END + b"trailing <script>", PNG) == (
        SIGNATURE + HEADER + PIXELS + END
    )


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"GIF89a",
        SIGNATURE,
        SIGNATURE + HEADER + PIXELS,
        SIGNATURE + HEADER + END,
        SIGNATURE + PIXELS + HEADER + END,
        SIGNATURE + HEADER + HEADER + PIXELS + END,
        SIGNATURE + HEADER + PIXELS[:-1] + b"\0" + END,
        SIGNATURE + HEADER + chunk(b"ABCD", b"") + PIXELS + END,
        SIGNATURE + struct.pack(">I", 2**31) + b"IHDR",
        SIGNATURE + chunk(b"IHDR", b"short") + PIXELS + END,
    ],
)
def test_what_is_no_png_is_refused(picture: bytes) -> None:
    with pytest.raises(PictureRefused) as refusal:
        clean(picture, PNG)
    assert refusal.value.code == "not_png"


def test_a_png_that_would_unpack_to_gigabytes_is_refused() -> None:
    huge = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    with pytest.raises(PictureRefused) as refusal:
        clean(SIGNATURE + huge + PIXELS + END, PNG)
    assert refusal.value.code == "too_large"
