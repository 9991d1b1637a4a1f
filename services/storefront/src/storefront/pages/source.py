from quart import Blueprint, Response, abort, current_app
from quart.utils import run_sync

from storefront import sources
from storefront.rendering import PageParts, page

bp = Blueprint("source", __name__)


@bp.get("/source/<path:path>")
async def show(path: str) -> Response:
    # a big file takes a tenth of a second of computing: the loop has other pages to serve
    found = await run_sync(sources.read)(current_app.extensions["settings"].source_dir, path)
    if found is None:
        abort(404, "This file is not on show.")
    async with PageParts():
        pass
    name = path.rpartition("/")[2]
    return await page("source.html", name, path=found.path, code=found.code, lines=found.lines)
