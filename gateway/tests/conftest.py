from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from bazaar_shared.testing import eventually
from gateway.tests.kit import Gateway, Market, running


@pytest.fixture(scope="session")
def one_market() -> Iterator[Market]:
    market = Market()
    yield market
    market.close()


@pytest.fixture
def market(one_market: Market) -> Market:
    one_market.reset()
    return one_market


@pytest.fixture(scope="session")
def one_gateway(one_market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("gateway"), one_market) as gateway:
        eventually(gateway.has_keys)
        yield gateway


@pytest.fixture
def gateway(one_gateway: Gateway, market: Market) -> Gateway:
    """One gateway for all tests that do not need settings of their own; the market behind it is fresh."""
    return one_gateway


@pytest.fixture
def start(market: Market, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """A gateway of the test's own, with settings."""
    with ExitStack() as stack:

        def start(**settings: str) -> Gateway:
            context: AbstractContextManager[Gateway] = running(tmp_path, market, **settings)
            return stack.enter_context(context)

        yield start
