"""Who is not counted: people who say so, and machines.

Machines are known by their User-Agent: crawler-user-agents' patterns, which know search engines, previews,
monitors and HTTP libraries. Who sends none is no browser.
"""

from functools import lru_cache

from crawleruseragents import is_crawler

# the patterns are some hundreds: a third of a millisecond, spent once for each browser that is about
_REMEMBERED = 4096
_LONGEST = 512


def wants_no_tracking(do_not_track: str | None, global_privacy_control: str | None) -> bool:
    return do_not_track == "1" or global_privacy_control == "1"


def is_machine(user_agent: str | None) -> bool:
    return not user_agent or _is_crawler(user_agent[:_LONGEST])


@lru_cache(_REMEMBERED)
def _is_crawler(user_agent: str) -> bool:
    return bool(is_crawler(user_agent))
