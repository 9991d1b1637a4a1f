"""Content security policies: what a page of ours may load and where it may send forms."""

from django.utils.csp import CSP

type Policy = dict[str, list[str]]

PAGES: Policy = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
# Swagger UI comes from our own static files, but brings styles inline
DOCS: Policy = {**PAGES, "style-src": [CSP.SELF, CSP.UNSAFE_INLINE]}
