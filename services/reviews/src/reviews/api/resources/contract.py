"""/api/reviews/openapi.json: the contract, as it is committed."""

from typing import Any

from flask import current_app
from flask_restful import Resource

from reviews.api.openapi import specification


class Contract(Resource):
    def get(self) -> Any:
        return specification(current_app.url_map, current_app.view_functions)
