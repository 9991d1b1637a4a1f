"""The blueprint itself, apart from what is hung on it."""

from flask import Blueprint

blueprint = Blueprint(
    "moderation", __name__, url_prefix="/moderation", template_folder="templates", static_folder="static"
)
