"""SVG can run scripts and load other documents. Only shapes, paint and text are let through."""

import re
from xml.etree.ElementTree import Element, ParseError, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from catalog.products.pictures.refusal import PictureRefused

SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
MAX_ELEMENTS = 20_000

ELEMENTS = frozenset(
    [
        "svg",
        "g",
        "defs",
        "symbol",
        "use",
        "title",
        "desc",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "textPath",
        "style",
        "linearGradient",
        "radialGradient",
        "stop",
        "pattern",
        "clipPath",
        "mask",
        "marker",
        "filter",
        "feBlend",
        "feColorMatrix",
        "feComponentTransfer",
        "feComposite",
        "feDropShadow",
        "feFlood",
        "feFuncA",
        "feFuncB",
        "feFuncG",
        "feFuncR",
        "feGaussianBlur",
        "feMerge",
        "feMergeNode",
        "feMorphology",
        "feOffset",
        "feTurbulence",
        "feDisplacementMap",
        "feDiffuseLighting",
        "feSpecularLighting",
        "feDistantLight",
        "fePointLight",
    ]
)
ATTRIBUTE = re.compile(r"(?![oO][nN])[a-zA-Z][a-zA-Z0-9-]*|(?:data|aria)-[a-z-]+")
REFERENCES = frozenset({"href", XLINK_HREF})
FOREIGN = frozenset({"src", "base", "ping", "formaction", "requiredExtensions"})
# anything in CSS or a paint that could leave the document; a backslash could hide any of them
UNSAFE_STYLE = re.compile(
    r"""url\(\s*(?!["']?#)|@import|@font-face|expression\(|javascript:|\\|image-set\(|src\(""", re.IGNORECASE
)


def clean_svg(content: bytes) -> bytes:
    try:
        root = fromstring(content, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, ValueError, LookupError) as error:  # ValueError: DefusedXmlException among others
        hint = (
            "A DOCTYPE or an entity is not taken."
            if isinstance(error, DefusedXmlException)
            else "It is not XML."
        )
        raise PictureRefused("not_svg", hint) from error
    if root.tag != f"{SVG}svg":
        raise PictureRefused("not_svg", "The outermost element is not an <svg> of the SVG namespace.")
    for count, element in enumerate(root.iter()):
        if count >= MAX_ELEMENTS:
            raise PictureRefused("too_large", f"More than {MAX_ELEMENTS} elements.")
        _check(element)
    register_namespace("", SVG.strip("{}"))
    # written anew from the tree: comments and processing instructions were no part of it
    return bytes(tostring(root, encoding="utf-8", xml_declaration=False))


def _check(element: Element) -> None:
    name = element.tag.removeprefix(SVG)
    if name not in ELEMENTS:
        raise PictureRefused("element_refused", f"The element <{_short(name)}> is not taken.")
    if name == "style" and UNSAFE_STYLE.search("".join(element.itertext())):
        raise PictureRefused("style_refused", "The style sheet refers to something outside of the picture.")
    for attribute, value in element.attrib.items():
        if attribute in REFERENCES:
            if not value.startswith("#"):
                raise PictureRefused("reference_refused", "Only references within the picture are taken.")
        elif attribute != XML_SPACE and (attribute in FOREIGN or not ATTRIBUTE.fullmatch(attribute)):
            raise PictureRefused("attribute_refused", f"The attribute {_short(attribute)} is not taken.")
        if UNSAFE_STYLE.search(value):
            raise PictureRefused(
                "style_refused", f"{_short(attribute)} refers to something outside of the picture."
            )


def _short(name: str) -> str:
    return name.rpartition("}")[2][:40]
