"""A picture is the request's whole body; a type without a parser here is a 415 by DRF itself."""

from typing import IO, Any

from rest_framework.parsers import BaseParser


class SvgParser(BaseParser):
    media_type = "image/svg+xml"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class PngParser(SvgParser):
    media_type = "image/png"


PARSERS = [SvgParser, PngParser]
