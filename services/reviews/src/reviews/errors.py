"""What can go wrong in this service's own matters; web/problems.py says which status each becomes."""


class NoSuchReview(Exception):
    """Nobody's, or nobody's that the caller may know of."""


class NotBought(Exception):
    """Only who received a product, and did not give it back, may review it."""


class AlreadyReviewed(Exception):
    """A shopper has one review of a product."""


class VersionConflict(Exception):
    def __init__(self, actual: int) -> None:
        super().__init__(f"it has version {actual} by now")
        self.actual = actual


class NotAShopper(Exception):
    """A token without a person behind it."""
