import httpx
import pytest

from gateway.tests.kit import Gateway


@pytest.mark.parametrize("path", ["/ready", "/health/ready", "/health/live"])
def test_health(gateway: Gateway, path: str) -> None:
    answer = httpx.get(gateway.management + path)

    assert (answer.status_code, answer.text) == (200, "LIVE\n")


def test_metrics(gateway: Gateway) -> None:
    gateway.client.get("/api/catalog/products")

    metrics = httpx.get(gateway.management + "/metrics").text

    assert (
        'envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="public"}'
        in metrics
    )
    assert (
        'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="catalog"}' in metrics
    )


@pytest.mark.parametrize(
    "path", ["/", "/stats", "/config_dump", "/certs", "/clusters", "/metrics/../config_dump", "/server_info"]
)
def test_the_rest_of_the_admin_interface_is_not_there(gateway: Gateway, path: str) -> None:
    assert httpx.get(gateway.management + path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/quitquitquit", "/healthcheck/fail", "/drain_listeners", "/metrics", "/ready"]
)
def test_nothing_can_be_changed(gateway: Gateway, path: str) -> None:
    assert httpx.post(gateway.management + path).status_code == 404
    assert gateway.ready()
