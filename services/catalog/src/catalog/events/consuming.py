"""What the consumers of this service share."""

GROUP = "catalog"
DEAD_LETTERS = "dead-letter.catalog"


def whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value
