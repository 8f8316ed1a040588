import orjson
import pytest
from pydantic import ValidationError

from router.gateway.http.models import (
    AmendOrder,
    OrdersQuery,
    QuoteOrder,
    SubmitBasket,
    SubmitOrder,
)

ORDER = {
    "client_order_id": "o-1",
    "side": "buy",
    "base": "ETH",
    "quote": "USDC",
    "quantity": "1.5",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", 1.5),
        ("quantity", "1e3"),
        ("quantity", "-1"),
        ("quantity", ""),
        ("quantity", "1.5\n"),
        ("quantity", "\u0661"),
        ("quantity", "9" * 31),
        ("side", "BUY"),
        ("side", 1),
        ("client_order_id", "a b"),
        ("client_order_id", "x" * 65),
        ("slippage_max_bps", "1.234"),
        ("venues", "uniswap_v3"),
        ("venues", ["x"] * 33),
        ("allow_similar", "true"),
        ("by", "somebody"),
        ("client", "another"),
        ("confirmed_by", "nobody"),
        ("quote_id", "q-1"),
    ],
)
def test_an_order_with_a_wrong_field_is_refused_and_names_it(field, value):
    with pytest.raises(ValidationError) as refused:
        SubmitOrder.model_validate({**ORDER, field: value})

    assert refused.value.errors()[0]["loc"][0] == field


def test_an_order_becomes_the_strings_that_the_daemon_takes():
    order = SubmitOrder.model_validate_json(
        b'{"client_order_id":"o-1","side":"buy","base":"ETH","quote":"USDC","quantity":"1.5",'
        b'"venues":["uniswap_v3","hyperliquid"],"allow_similar":true,"account":null}'
    )

    assert order.flat() == {
        **ORDER,
        "venues": "uniswap_v3,hyperliquid",
        "allow_similar": "true",
    }


def test_a_basket_carries_its_orders_as_json_of_strings():
    leg = {name: text for name, text in ORDER.items() if name != "client_order_id"}
    basket = SubmitBasket.model_validate(
        {"client_order_id": "b", "orders": (leg,), "exposure_max": "10"}
    )

    flat = basket.flat()

    assert set(flat) == {"client_order_id", "orders", "exposure_max"}
    assert orjson.loads(flat["orders"]) == [leg]


def test_a_basket_names_its_orders_itself():
    with pytest.raises(ValidationError):
        SubmitBasket.model_validate({"client_order_id": "b", "orders": (ORDER,)})


@pytest.mark.parametrize("wait_s", ["31", "30.0001", "-1", "1000"])
def test_nobody_waits_longer_than_half_a_minute(wait_s):
    with pytest.raises(ValidationError):
        AmendOrder.model_validate({"request": "a", "quantity": "1", "wait_s": wait_s})


def test_a_query_is_read_from_text():
    query = OrdersQuery.model_validate({"ended": "true", "limit": "7"})

    assert (query.ended, query.limit) == (True, 7)


@pytest.mark.parametrize("limit", ["0", "501", "x", "-1"])
def test_a_page_has_bounds(limit):
    with pytest.raises(ValidationError):
        OrdersQuery.model_validate({"limit": limit})


def test_what_a_dry_run_tells_besides_is_yes_or_no():
    terms = {name: text for name, text in ORDER.items() if name != "client_order_id"}

    with pytest.raises(ValidationError):
        QuoteOrder.model_validate({**terms, "curve": "yes"})
