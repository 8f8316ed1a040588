import pytest

from router.gateway.http.paths import Paths
from router.gateway.http.routes import PREFIX, ROUTES

PATHS = Paths(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.operation)
def test_every_route_is_found_at_its_path(route):
    values = {"name": "o-1.a_b", "number": "3", "quote": "q-0123456789abcdef"}
    path = PREFIX + route.path.format(**values)

    found = PATHS.find(path, route.method)

    assert found.routes[route.method] is route
    assert all(values[name] == text for name, text in found.path.items())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/",
        "/v1/orders/",
        "/v1/orders//cancel",
        "/v1/orders/a b",
        "/v1/orders/a\n",
        "/v1/orders/" + "x" * 65,
        "/v1/orders/o/plans/x",
        "/v1/orders/o/plans/-1",
        "/v1/quotes/nonsense/orders",
        "/v1/orders/../orders/x/y",
        "/v2/orders",
    ],
)
def test_what_is_no_path_is_not_found(path):
    assert PATHS.find(path, "GET") is None


def test_an_order_may_be_called_cancel():
    found = PATHS.find("/v1/orders/cancel", "GET")

    assert found.routes["GET"].operation == "getOrder"
    assert PATHS.find("/v1/orders/cancel", "POST").routes["POST"].operation == "cancelOrders"


def test_a_path_says_which_methods_it_has():
    assert PATHS.find("/v1/orders", "DELETE").allow == "GET, POST"
