"""Static files under an address that changes with their content, so that browsers may keep them for ever.

One fingerprint for all of them, as a folder: `/static/<fingerprint>/css/site.css`. A stylesheet's own
relative addresses (fonts, pictures) then carry it as well, without anybody rewriting the stylesheet.
"""

import hashlib
import mimetypes
from pathlib import Path

from quart import Blueprint, Quart, Response, current_app, send_from_directory

bp = Blueprint("static", __name__)

FOLDER = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"
# an address of another release, while both run: what we have now, but not to be kept
_NOT_KEPT = "public, no-cache"


def fingerprint(folder: Path = FOLDER) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def install(app: Quart) -> None:
    # neither Python nor a slim image knows it
    mimetypes.add_type("font/woff2", ".woff2")
    mark = app.config["STATIC_FINGERPRINT"] = fingerprint()
    app.jinja_env.globals["asset"] = lambda path: f"/static/{mark}/{path}"
    app.register_blueprint(bp)


@bp.get("/static/<mark>/<path:path>")
async def file(mark: str, path: str) -> Response:
    response = await send_from_directory(FOLDER, path)
    current = mark == current_app.config["STATIC_FINGERPRINT"]
    response.headers["Cache-Control"] = FOR_EVER if current else _NOT_KEPT
    return response


@bp.get("/favicon.ico")
async def favicon() -> Response:
    """Pages name an icon; some clients ask here all the same."""
    return await send_from_directory(FOLDER, "img/favicon.svg")
