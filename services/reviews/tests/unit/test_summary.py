"""A product's stars."""

from uuid import uuid4

from reviews.models import RatingSummary


def test_no_reviews_have_no_average():
    summary = RatingSummary.empty(uuid4())

    assert (summary.count, summary.total, summary.average) == (0, 0, None)
    assert summary.histogram == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0}


def test_the_average_has_two_decimals():
    summary = RatingSummary.empty(uuid4())
    for star in (5, 5, 4):
        summary.move(star, +1)

    assert (summary.count, summary.total, summary.average) == (3, 14, 4.67)

    summary.move(5, -1)
    assert summary.average == 4.5
