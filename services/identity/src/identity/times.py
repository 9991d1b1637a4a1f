from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """UTC with a Z, as all of the market's APIs write times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
