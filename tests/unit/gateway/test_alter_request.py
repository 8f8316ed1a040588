import pytest

from router.domain.amend import Amendment
from router.domain.error import OrderError
from router.domain.units import Amount, Price
from router.gateway.alter_request import parse_amend, parse_cancel
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, T0, USDC, order

ASSETS = {ETH.id: ETH, USDC.id: USDC}
CANCEL = {"order": "one", "request": "r-1", "by": "ann"}


def terms(**words):
    return parse_amend({**CANCEL, **words}).amendment(order(), ASSETS, T0)


def test_a_cancel_names_the_order_the_request_and_who_asks():
    wanted = parse_cancel({**CANCEL, "wait_s": "1.5"})

    assert (wanted.order, wanted.request, wanted.by) == ("one", "r-1", "ann")
    assert wanted.wait == 1_500_000_000


def test_terms_are_in_the_orders_own_units():
    found = terms(quantity="2.5", limit_price="3000.5", slippage_max_bps="12.5", deadline_s="1.5")

    assert found.quantity == Amount(ETH.id, 5 * ETHER // 2)
    price = Price(ETH.id, USDC.id, 6_001 * DOLLAR, 2 * ETHER)
    assert found.limit_price is not None
    assert not found.limit_price.is_above(price)
    assert not price.is_above(found.limit_price)
    assert found.slippage_max_pips == 1_250
    assert found.deadline_at == T0 + 1_500_000_000


def test_cash_is_read_with_the_decimals_of_cash():
    cash = order(quantity=Amount(USDC.id, 9_000 * DOLLAR))

    found = parse_amend({**CANCEL, "quantity": "8000.25"}).amendment(cash, ASSETS, T0)

    assert found == Amendment(quantity=Amount(USDC.id, 8_000_250_000))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"order": "a b"}, "order: must be 1 to 64 letters"),
        ({"request": ""}, "request: must be 1 to 64 letters"),
        ({"by": "\n"}, "by: must be 1 to 64 letters"),
        ({"wait_s": "soon"}, "wait_s: must be a plain decimal number"),
        ({"wait_s": "601"}, "wait_s: must lie between 0 and 600"),
        ({"quantity": "1"}, "quantity: unknown field; use order, request, by, wait_s"),
    ],
)
def test_a_cancel_that_cannot_be_read_names_the_field(words, message):
    with pytest.raises(OrderError, match=message):
        parse_cancel({**CANCEL, **words})


@pytest.mark.parametrize("field", CANCEL)
def test_a_field_that_is_missing_is_named(field):
    with pytest.raises(OrderError, match=f"{field}: missing; "):
        parse_cancel({name: word for name, word in CANCEL.items() if name != field})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"quantity": "-1"}, "quantity: must not be negative, was -1"),
        ({"quantity": "1e3"}, "quantity: must be a plain decimal number"),
        ({"quantity": "0." + "0" * 18 + "1"}, "quantity: must have at most 18 decimals"),
        ({"limit_price": "0"}, "limit_price: must be positive, was 0"),
        ({"slippage_max_bps": "-0.5"}, "slippage_max_bps: must not be negative, was -0.5"),
        ({"deadline_s": "0"}, "deadline_s: must lie between 0 and 86400, counted from now"),
        ({"deadline_s": "86401"}, "deadline_s: must lie between 0 and 86400"),
    ],
)
def test_a_term_that_cannot_be_names_the_field_and_the_remedy(words, message):
    with pytest.raises(OrderError, match=message):
        terms(**words)


def test_an_amendment_without_terms_says_what_there_is():
    with pytest.raises(OrderError, match="terms: missing; give at least one of quantity, limit"):
        parse_amend(CANCEL)


def test_an_asset_that_is_gone_is_named():
    wanted = parse_amend({**CANCEL, "quantity": "1"})

    with pytest.raises(OrderError, match="order: ETH is no longer configured"):
        wanted.amendment(order(), {USDC.id: USDC}, T0)
