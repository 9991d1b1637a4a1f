import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from kafka import administer
from rest_framework.test import APIClient

from bazaar_shared.testing import TokenForge
from catalog.accounts.models import User
from catalog.events.models import OutboxMessage
from catalog.operations.seeding import Market, seed
from catalog.products.models import Product
from catalog.sellers.models import Seller
from catalog.web import authentication


@pytest.fixture(scope="session", autouse=True)
def servers() -> None:
    missing = [name for name in ("TEST_POSTGRES_URL", "TEST_KAFKA_BOOTSTRAP") if not os.environ.get(name)]
    if missing:
        pytest.fail(f"{' and '.join(missing)} unset (start them: make test S=catalog)", pytrace=False)


@pytest.fixture(scope="session")
def forge() -> Iterator[TokenForge]:
    """Tokens as identity makes them, and a JWKS endpoint that the service really asks."""
    forge = TokenForge()
    with forge.serving() as url:
        settings.CONFIG = replace(settings.CONFIG, jwks_url=url)
        authentication.verifier.cache_clear()
        yield forge


@pytest.fixture
def market(db: None) -> SimpleNamespace:
    """Two stalls, three teas and a map, seeded as the demo market is; the outbox is empty."""
    seed(Market.read(settings.CONFIG.demo_dir))
    OutboxMessage.objects.all().delete()
    cache.clear()
    return SimpleNamespace(
        teas=Seller.objects.get(slug="teas"),
        maps=Seller.objects.get(slug="maps"),
        assam=Product.objects.get(sku="T-1"),
        darjeeling=Product.objects.get(sku="T-2"),
        sencha=Product.objects.get(sku="T-3"),
        map=Product.objects.get(sku="M-1"),
        operator=User.objects.get(email="operator@bazaar.example"),
        tess=User.objects.get(email="teas@bazaar.example"),
        mara=User.objects.get(email="maps@bazaar.example"),
    )


@pytest.fixture
def api(market: SimpleNamespace) -> APIClient:
    return APIClient(raise_request_exception=False)


@pytest.fixture
def as_user(forge: TokenForge) -> Callable[..., APIClient]:
    def client(user: User, *roles: str) -> APIClient:
        token = forge.token(str(user.account_id), roles=roles or ("seller",))
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return client


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """The back office in the session of somebody."""

    def client(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client


@pytest.fixture
def topics() -> Iterator[tuple[str, str]]:
    """A topic and its dead letters, with names of their own."""
    facts, dead = (f"test.catalog.{kind}.{uuid4().hex[:8]}" for kind in ("facts", "dead"))
    asyncio.run(administer("create_topics", [NewTopic(name, 2, 1) for name in (facts, dead)]))
    yield facts, dead
    asyncio.run(administer("delete_topics", [facts, dead]))


@pytest.fixture
def events(db: None) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [row.envelope for row in OutboxMessage.objects.order_by("id")]
