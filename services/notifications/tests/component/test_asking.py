"""What is asked of the other services, over real HTTP."""

from pathlib import Path
from uuid import uuid4

import pytest
from notifications.clients.market import Market as Client
from notifications.errors import Passing
from notifications.settings import Settings

from .market import NAMES, Market


@pytest.fixture
def client(market: Market, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("a secret of the tests")
    settings = Settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        amqp_url="amqp://127.0.0.1:1",
        redis_url="redis://127.0.0.1:1",
        kafka_bootstrap_servers="127.0.0.1:1",
        identity_url=market.url,
        catalog_url=market.url,
        orders_url=market.url,
        client_secret_file=secret,
        smtp_url="smtp://127.0.0.1:1",
    )
    client = Client(settings)
    yield client
    client.close()


def test_more_stalls_and_products_than_one_page_or_one_question_holds(
    market: Market, client: Client, monkeypatch: pytest.MonkeyPatch
):
    stalls = {uuid4(): f"Stall {number}" for number in range(120)}
    for seller_id, name in stalls.items():
        monkeypatch.setitem(NAMES, seller_id, name)
    products = [market.product(f"Product {number}") for number in range(130)]

    assert {seller_id: seller.name for seller_id, seller in client.sellers(stalls).items()} == stalls
    assert set(client.products([*products, uuid4()])) == set(products)
    assert client.sellers([]) == client.products([]) == {}
    assert (market.asked["/api/catalog"], market.asked["/api/catalog/products"]) == (2, 2)


def test_one_token_serves_many_questions_and_404_is_an_answer(market: Market, client: Client):
    account_id, erased = uuid4(), uuid4()
    market.erased.add(erased)
    found = client.account(account_id)
    assert found is not None
    assert found.email == f"{account_id}@shoppers.example"
    assert client.account(erased) is None
    assert client.order(uuid4()) is None
    assert client.picture(str(uuid4())) is None


def test_what_is_no_answer_passes(market: Market, client: Client):
    market.away = {"catalog"}
    with pytest.raises(Passing, match="answers 503"):
        client.staff(uuid4())
    market.tokens = set()
    with pytest.raises(Passing):
        client.account(uuid4())
