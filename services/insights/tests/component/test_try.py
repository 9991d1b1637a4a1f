from datetime import UTC, datetime
import time
from bazaar_shared.testing import aeventually
from tests.component.conftest import Market
from tests.events import line, new_id, order


async def test_try(market: Market) -> None:
    seller = new_id()
    t=time.time()
    worker = market.worker().until_ready()
    print("ready", time.time()-t)
    now = datetime.now(UTC)
    o = order("pending", [line(seller, 500)], time=now, version=1)
    c = order("confirmed", [line(seller, 500)], time=now, order_id=o["data"]["order_id"])
    await market.tell(market.names.orders, o, c)
    def seen():
        status, body = worker.get(f"/sellers/{seller}/revenue", market.operator())
        assert status == 200, body
        print(body["total"])
        assert body["total"] == {"orders": 1, "revenue_minor": 500}
        return body
    print(await aeventually(seen, within=20, every=0.5))
    worker.kill(); t=time.time()
    worker = market.worker().until_ready()
    print("ready again", time.time()-t)
    await aeventually(lambda: worker.get(f"/sellers/{seller}/revenue", market.operator())[1]["total"]["orders"] == 1)
    print(worker.get("/trending"), worker.get("/funnel", market.operator()), worker.get("/nothing"), worker.get("/funnel"))
    t=time.time(); print(worker.stop(), time.time()-t)
    print(market.run("export"))
