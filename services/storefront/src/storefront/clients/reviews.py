"""reviews: what buyers say of what they bought."""

from collections.abc import Mapping, Sequence
from typing import Any

from storefront.clients.base import Bearer, Service, document
from storefront.viewmodels.reviews import MyReview, Rating, Review, Reviews


class ReviewsClient(Service):
    name = "reviews"

    async def of_product(
        self, product_id: str, cursor: str | None = None, bearer: Bearer | None = None
    ) -> Reviews:
        """With the shopper's token the answer says which one is theirs."""
        params: dict[str, Any] = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        route = "/api/reviews/products/{product_id}"
        answer = await self.ask("GET", route, bearer=bearer, params=params, path={"product_id": product_id})
        page = document(self.name, answer)
        return Reviews(tuple(Review.of(item) for item in page["items"]), page["next_cursor"])

    async def summary(self, product_id: str) -> Rating:
        route = "/api/reviews/products/{product_id}/summary"
        return Rating.of(document(self.name, await self.ask("GET", route, path={"product_id": product_id})))

    async def mine(self, bearer: Bearer) -> Sequence[Review]:
        answer = await self.ask("GET", "/api/reviews/mine", bearer=bearer, params={"limit": 100})
        return [Review.of(item) for item in document(self.name, answer)["items"]]

    async def mine_of(self, product_id: str, bearer: Bearer) -> MyReview:
        route = "/api/reviews/mine/products/{product_id}"
        answer = await self.ask("GET", route, bearer=bearer, path={"product_id": product_id})
        return MyReview.of(document(self.name, answer))

    async def write(self, product_id: str, review: Mapping[str, Any], bearer: Bearer) -> None:
        route = "/api/reviews/products/{product_id}"
        await self.ask("POST", route, bearer=bearer, json=review, path={"product_id": product_id})
