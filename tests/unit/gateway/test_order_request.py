from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import OrderError
from router.domain.units import NS_PER_S, Amount, Pips, Side, TimestampNs, VenueId
from router.gateway.order_request import OrderContext, parent_id, parse_order
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, LIMITS, T0, USDC

CONTEXT = OrderContext(
    assets={"ETH": ETH, "USDC": USDC},
    venues=(VenueId("uniswap_v3"), VenueId("hyperliquid")),
    limits=LIMITS,
    journal_id="journal-a",
    now=T0,
)
REQUEST = {
    "client_order_id": "one",
    "side": "buy",
    "quantity": "1.5",
    "base": "ETH",
    "quote": "USDC",
}


def parsed(**changes):
    return parse_order({**REQUEST, **changes}, CONTEXT)


def refusal(request):
    with pytest.raises(OrderError) as refused:
        parse_order(request, CONTEXT)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_short_request_gets_the_defaults_that_are_documented():
    order = parsed()

    assert (order.side, order.base, order.quote) == (Side.BUY, ETH.id, USDC.id)
    assert order.quantity == Amount(ETH.id, 15 * ETHER // 10)
    assert order.limit_price is None
    assert order.slippage_max_pips == LIMITS.slippage_max_pips
    assert order.holding_horizon_s == 8 * 3_600
    assert order.venues == ()
    assert order.deadline_at == T0 + 120 * NS_PER_S
    assert order.submitted_at == T0


def test_a_full_request_is_read_field_by_field():
    order = parsed(
        side="SELL",
        quantity="2500.000001",
        quantity_asset="USDC",
        limit_price="2999.5",
        slippage_max_bps="12.34",
        holding_hours="1.5",
        venues="hyperliquid, uniswap_v3",
        deadline_s="0.001",
    )

    assert order.side is Side.SELL
    assert order.quantity == Amount(USDC.id, 2_500 * DOLLAR + 1)
    assert order.slippage_max_pips == Pips(1_234)
    assert order.holding_horizon_s == 5_400
    assert order.venues == ("hyperliquid", "uniswap_v3")
    assert order.deadline_at == TimestampNs(T0 + NS_PER_S // 1_000)


@given(st.integers(min_value=1, max_value=10**30))
def test_a_limit_price_is_exact_to_its_last_decimal(scaled):
    text = f"{scaled // 10**18}.{scaled % 10**18:018d}"

    price = parsed(limit_price=text).limit_price

    units = Fraction(price.quote_atoms, price.base_atoms) * ETHER / DOLLAR
    assert units == Fraction(scaled, 10**18)


@given(st.integers(min_value=1, max_value=10**40))
def test_a_quantity_is_exact_to_the_atom(atoms):
    order = parsed(quantity=f"{atoms // ETHER}.{atoms % ETHER:018d}")

    assert order.quantity == Amount(ETH.id, atoms)


@pytest.mark.parametrize("field", sorted(REQUEST))
def test_a_missing_field_is_named(field):
    request = {name: value for name, value in REQUEST.items() if name != field}

    assert refusal(request) == f"{field}: missing; add it"


def test_an_unknown_field_is_named_with_those_that_are_known():
    message = refusal({**REQUEST, "quantiy": "1"})

    assert message.startswith("quantiy: unknown field; use ")
    assert "quantity" in message


NOT_PLAIN = "must be a plain decimal number such as 0.25, was"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("side", "hold", "must be buy or sell, was 'hold'"),
        ("side", "", "must be buy or sell, was ''"),
        ("quantity", "0", "must be positive, was 0"),
        ("quantity", "0.000", "must be positive"),
        ("quantity", "-1", "must be positive, was -1"),
        ("quantity", "-0", "must be positive"),
        ("quantity", "", NOT_PLAIN),
        ("quantity", "ten", NOT_PLAIN),
        ("quantity", "NaN", NOT_PLAIN),
        ("quantity", "sNaN", NOT_PLAIN),
        ("quantity", "inf", NOT_PLAIN),
        ("quantity", "-Infinity", NOT_PLAIN),
        ("quantity", "1e-400", NOT_PLAIN),
        ("quantity", "1e-9999999", NOT_PLAIN),
        ("quantity", "1e9999999", NOT_PLAIN),
        ("quantity", "1e3", NOT_PLAIN),
        ("quantity", "1_000", NOT_PLAIN),
        ("quantity", "1,000", NOT_PLAIN),
        ("quantity", " 1", NOT_PLAIN),
        ("quantity", "1\n", NOT_PLAIN),
        ("quantity", "\u0661\u0662", NOT_PLAIN),
        ("quantity", "1." + "0" * 130 + "1", NOT_PLAIN),
        ("quantity", "9" * 79, NOT_PLAIN),
        ("quantity", "0.0000000000000000001", "must have at most 18 decimals"),
        ("quantity_asset", "BTC", "must be ETH or USDC, was 'BTC'"),
        ("base", "DOGE", "'DOGE' is not configured; use one of ETH, USDC"),
        ("quote", "usdc", "'usdc' is not configured; use one of ETH, USDC"),
        ("limit_price", "0", "must be positive, was 0"),
        ("limit_price", "-3000", "must be positive, was -3000"),
        ("limit_price", "nan", NOT_PLAIN),
        ("limit_price", "1e-9999999", NOT_PLAIN),
        ("limit_price", "0.0000000000000000001", "must have at most 18 decimals"),
        ("slippage_max_bps", "-1", "must not be negative, was -1"),
        ("slippage_max_bps", "0.001", "must have at most 2 decimals"),
        ("slippage_max_bps", "inf", NOT_PLAIN),
        ("holding_hours", "-1", "must lie between 0 and 8760"),
        ("holding_hours", "8760.001", "must lie between 0 and 8760"),
        ("holding_hours", "nan", NOT_PLAIN),
        ("deadline_s", "0", "must lie between 0 and 86400"),
        ("deadline_s", "-5", "must lie between 0 and 86400"),
        ("deadline_s", "86400.001", "must lie between 0 and 86400"),
        ("deadline_s", "0.0001", "must have at most 3 decimals"),
        ("deadline_s", "soon", NOT_PLAIN),
        ("venues", "binance", "'binance' is not configured; use one of uniswap_v3, hyperliquid"),
        ("venues", "uniswap_v3,,sushi", "'sushi' is not configured"),
        ("client_order_id", "", "must be 1 to 64 letters, digits, dots, dashes"),
        ("client_order_id", "x" * 65, "must be 1 to 64 letters"),
        ("client_order_id", "one\n", "must be 1 to 64 letters"),
        ("client_order_id", "one two", "must be 1 to 64 letters"),
        ("client_order_id", "\u00e9", "must be 1 to 64 letters"),
        ("client_order_id", "../../etc", "must be 1 to 64 letters"),
        ("client_order_id", ".", "not . or .."),
        ("client_order_id", "..", "not . or .."),
    ],
)
def test_a_bad_value_is_refused_with_its_field_and_what_would_be_good(field, value, words):
    message = refusal({**REQUEST, field: value})

    assert message.startswith(f"{field}: ")
    assert words in message


def test_a_quantity_in_cash_has_the_decimals_of_cash():
    assert refusal({**REQUEST, "quantity": "0.0000001", "quantity_asset": "USDC"}) == (
        "quantity: must have at most 6 decimals, was '0.0000001'"
    )


@pytest.mark.parametrize("value", ["86400", "0.001"])
def test_the_ends_of_the_range_of_deadlines_are_in_it(value):
    assert parsed(deadline_s=value).deadline_at > T0


def test_ids_depend_on_the_journal_and_the_client_and_on_nothing_else():
    first = parsed()
    again = parse_order(
        {**REQUEST, "quantity": "7"},
        OrderContext(CONTEXT.assets, CONTEXT.venues, LIMITS, "journal-a", TimestampNs(T0 + 5)),
    )

    assert first.id == again.id == parent_id("journal-a", "one")
    ids = {parent_id(j, c) for j in ("a", "ab", "b") for c in ("b", "c", "bc")}
    assert len(ids) == 9
