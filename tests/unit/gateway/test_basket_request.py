"""Several orders as one request; every fault names the order, the field and the remedy."""

from dataclasses import replace

import orjson
import pytest

from router.domain.error import OrderError
from router.domain.units import Amount, Side
from router.gateway.basket_request import basket_id, parse_basket
from tests.unit.engine.basket_scene import BTC
from tests.unit.engine.scene import DOLLAR, USDC
from tests.unit.gateway.test_order_request import CONTEXT as ONE_PAIR

CONTEXT = replace(ONE_PAIR, assets={**ONE_PAIR.assets, "BTC": BTC})
BUY = {"side": "buy", "quantity": "1", "base": "ETH", "quote": "USDC"}
SELL = {"side": "sell", "quantity": "0.1", "base": "BTC", "quote": "USDC"}


def asked(*orders, **more):
    return {"client_order_id": "pair", "orders": orjson.dumps(orders).decode(), **more}


def refusal(request):
    with pytest.raises(OrderError) as refused:
        parse_basket(request, CONTEXT)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_the_orders_of_a_basket_carry_its_name_and_their_own():
    found = parse_basket(asked(BUY, SELL, exposure_max="2500.5"), CONTEXT)

    assert [order.side for order in found.orders] == [Side.BUY, Side.SELL]
    assert [order.client_order_id for order in found.orders] == ["pair.1", "pair.2"]
    assert {order.basket for order in found.orders} == {basket_id("journal-a", "pair")}
    assert found.basket.orders == tuple(order.id for order in found.orders)
    assert found.basket.exposure_max == Amount(USDC.id, 2_500 * DOLLAR + DOLLAR // 2)


def test_the_same_request_is_the_same_basket():
    assert parse_basket(asked(BUY, SELL), CONTEXT) == parse_basket(asked(BUY, SELL), CONTEXT)


def test_two_orders_of_one_pair_are_told_to_send_their_net():
    said = refusal(asked(BUY, {**BUY, "side": "sell"}))

    assert said == "orders: two trade ETH/USDC; send their net as one order"


def test_a_fault_of_an_order_names_its_place_and_its_field():
    assert refusal(asked(BUY, {**SELL, "quantity": "none"})).startswith("order 2: quantity:")
    assert refusal(asked({**BUY, "client_order_id": "x"})).startswith("order 1: client_order_id:")


@pytest.mark.parametrize("orders", ["", "{}", "[]", "[1]", '[{"side": 1}]', "[" * 9])
def test_what_is_no_list_of_orders_is_refused(orders):
    assert refusal({"client_order_id": "pair", "orders": orders}).startswith("orders: must be")


@pytest.mark.parametrize("text", ["0", "-1", "much", "0.0000001"])
def test_an_exposure_that_is_none_is_refused(text):
    assert refusal(asked(BUY, SELL, exposure_max=text)).startswith("exposure_max:")


def test_unknown_and_missing_fields_are_named():
    assert refusal({**asked(BUY), "speling": "1"}).startswith("speling: unknown field")
    assert refusal({"orders": "[]"}).startswith("client_order_id: missing")


@pytest.mark.parametrize("name", ["x" * 62, "a b", "a/b", ".", ".."])
def test_a_name_that_its_orders_could_not_bear_is_refused_as_the_baskets(name):
    said = refusal({**asked(BUY, SELL), "client_order_id": name})

    assert said == "client_order_id: must be 1 to 61 letters, digits, dots, dashes; not . or .."
