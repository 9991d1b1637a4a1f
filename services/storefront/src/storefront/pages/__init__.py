"""Blueprints, one a resource."""

from quart import Quart

from storefront.pages import (
    about,
    account,
    ask,
    basket,
    checkout,
    dashboard,
    errors,
    home,
    messages,
    orders,
    products,
    progress,
    reviews,
    source,
    stalls,
)

_ALL = (
    about,
    account,
    ask,
    basket,
    checkout,
    dashboard,
    home,
    messages,
    orders,
    products,
    progress,
    reviews,
    source,
    stalls,
)


def install(app: Quart) -> None:
    for resource in _ALL:
        app.register_blueprint(resource.bp)
    errors.install(app)
