"""The query parameters of the lists of stalls and of their staff."""

from typing import Any, Final

from rest_framework import serializers

from bazaar_shared.pagination import MAX_LIMIT
from catalog.web.fields import Ids
from catalog.web.pagination import Ordering, PageQuery, Query, read_text

BY_NAME: Final = Ordering("name", "name", read_text)


class SellerQuery(PageQuery):
    ids = Ids(at_most=MAX_LIMIT, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "ids" in attrs and "limit" not in self.initial_data:
            attrs["limit"] = MAX_LIMIT  # who names them wants them all, on one page
        return attrs


class StaffQuery(Query):
    seller_id = serializers.UUIDField()
