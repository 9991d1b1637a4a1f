from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import condition, require_safe

from catalog.products.models import Picture

# An SVG opened by itself is a document of our origin: it may draw, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def _entity_tag(request: HttpRequest, pk: UUID) -> str:
    return f'"{pk}"'


@require_safe
@condition(etag_func=_entity_tag)
def picture(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A picture's id is made from its bytes: what was once fetched stays right for ever."""
    found = get_object_or_404(Picture, pk=pk)
    return HttpResponse(
        bytes(found.content),
        content_type=found.content_type,
        headers={
            "Content-Security-Policy": POLICY,
            "Content-Disposition": "inline",
            "Cache-Control": "public, max-age=31536000, immutable",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )
