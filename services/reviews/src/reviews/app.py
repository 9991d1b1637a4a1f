"""create_app: everything that a process of this service serves by HTTP."""

from flask import Flask
from jinja2 import StrictUndefined

from reviews.api import blueprint as api
from reviews.extensions import csrf, db, observability, tokens
from reviews.moderation import blueprint as moderation
from reviews.settings import Settings
from reviews.web import problems
from reviews.web.small_request import LARGEST_BODY, SmallRequest
from reviews.web.strict_json import StrictJSON


def create_app(settings: Settings) -> Flask:
    # no static folder of the app's own: the only files are the moderation pages'
    app = Flask("reviews", static_folder=None)
    app.request_class = SmallRequest
    app.json = StrictJSON(app)
    # a name that a template misspells is an error, not an empty place
    app.jinja_options = {"undefined": StrictUndefined}
    app.url_map.merge_slashes = False  # an unknown path is a 404, not a redirect to a guess
    app.config.from_mapping(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY + 1,  # web/small_request.py tells why
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="bazaar_moderation",
        SESSION_COOKIE_PATH="/moderation",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        # an error handler for everything answers; Flask's re-raising in tests would hide that
        PROPAGATE_EXCEPTIONS=False,
    )
    for extension in (observability, db, tokens, csrf):  # observability first: it sees what the others refuse
        extension.init_app(app)
    # bearer tokens are sent by programs on purpose, cookies by browsers by themselves: only the pages need it
    csrf.exempt(api)
    app.register_blueprint(api)
    app.register_blueprint(moderation)
    problems.init_app(app)
    return app
