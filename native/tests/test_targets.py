from native import compose, targets

MARKET = compose.load({})


def test_everything_that_runs_and_has_metrics_is_a_target_in_both_modes() -> None:
    inside, here = targets.in_containers(MARKET), targets.on_this_machine(MARKET)
    assert [group["labels"] for group in inside] == [group["labels"] for group in here]
    named = {group["labels"]["process"]: group["targets"] for group in inside}
    assert named["orders-saga"] == ["orders-saga:9133"]
    assert named["rabbitmq"] == ["rabbitmq:15692"]
    assert named.keys() >= {process.name for process in MARKET.running if process.service}
    native = {group["labels"]["process"]: group["targets"] for group in here}
    assert native["orders-saga"] == ["127.0.0.1:9133"]
    assert native["rabbitmq"] == ["127.0.0.1:16692"]
    assert native["prometheus"] == ["127.0.0.1:19090"]
    assert [group["labels"]["service"] for group in here if group["labels"]["process"] == "payments"] == [
        "fulfillment"
    ]
