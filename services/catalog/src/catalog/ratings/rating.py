"""What shoppers think of a product, in figures, and the figure that products are ordered by."""

from dataclasses import dataclass
from typing import Final

# Every product begins with so many reviews of the scale's middle: one shopper's five stars come after forty
# shoppers' four, and a product that nobody rated stands before one that was rated badly (ADR 0025).
PRIOR_COUNT: Final = 5
PRIOR_SUM: Final = 3 * PRIOR_COUNT
PRIOR_SCORE: Final = PRIOR_SUM / PRIOR_COUNT


@dataclass(frozen=True)
class Rating:
    count: int = 0
    sum: int = 0

    @property
    def average(self) -> float | None:
        """Rounded as reviews' own summary is: both are shown on one page."""
        return round(self.sum / self.count, 2) if self.count else None
