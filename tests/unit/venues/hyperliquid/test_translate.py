"""Decimal strings to ticks, lots and atoms, and back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import IsolatedPosition, MarkedPosition
from router.domain.error import MalformedDataError
from router.domain.margin import HeldPosition, MarginTier
from router.domain.order import OrderStatus
from router.domain.units import Amount, ChildId, Pico, Rounding, TimestampNs, format_decimal
from venues.hyperliquid import translate, wire

NOW = TimestampNs(5)


def execution(**changes):
    told = wire.Execution(
        coin="ETH",
        price="3000.15",
        size="0.0333",
        is_buy=True,
        time_ms=1_681_222_254_710,
        oid=7,
        trade_id=118906512037719,
        fee="0.04495725",
        fee_currency="USDC",
    )
    return replace(told, **changes)


def order(status, *, size="1.0", left="0.0"):
    return wire.Order("ETH", 7, "0x00", size, left, status, 1)


@given(st.integers(-(10**30), 10**30), st.integers(0, 18))
def test_text_and_units_are_each_others_inverse(units, decimals):
    text = format_decimal(units, decimals)

    assert translate.exact(text, decimals, "n") == units


@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.integers(1, 6))
def test_rounding_brackets_a_finer_number_by_less_than_one_unit(units, decimals, finer):
    text = format_decimal(units, decimals + finer)

    down = translate.rounded(text, decimals, rounding=Rounding.DOWN, name="n")
    up = translate.rounded(text, decimals, rounding=Rounding.UP, name="n")

    assert down * 10**finer <= units <= up * 10**finer
    assert up - down == (0 if units % 10**finer == 0 else 1)


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".5", "1e5", "NaN", "1_0", " 1", "+1", "0x1", "\u0661"]
)
def test_what_is_no_plain_decimal_number_is_malformed(text):
    with pytest.raises(MalformedDataError):
        translate.exact(text, 6, "px")


def test_reference_prices_are_rounded_down_and_funding_up(eth):
    told = wire.Context("ETH", "3000.129", "2999.991", "-0.00001250000051")

    context = translate.context(told, eth, NOW)

    assert (context.mark_ticks, context.oracle_ticks) == (300_012, 299_999)
    assert context.funding_rate_per_hour == -12_500_000


# The venue's own example of an account (documentation of clearinghouseState): one isolated ETH
# position beside a cross bucket that holds all cash.
EXAMPLE = {
    "assetPositions": [],
    "crossMarginSummary": {
        "accountValue": "13104.514502",
        "totalNtlPos": "0.0",
        "totalRawUsd": "13104.514502",
        "totalMarginUsed": "0.0",
    },
    "withdrawable": "13104.514502",
    "time": 1708622398623,
}
# The venue's own example of a settlement: the account was paid.
FUNDING = {
    "time": 1708622398623,
    "hash": "0x" + "00" * 32,
    "delta": {
        "type": "funding",
        "coin": "ETH",
        "usdc": "-3.625312",
        "szi": "49.1477",
        "fundingRate": "0.0000417",
        "nSamples": None,
    },
}
POSITION = {
    "type": "oneWay",
    "position": {
        "coin": "ETH",
        "szi": "-0.0335",
        "leverage": {"type": "cross", "value": 20},
    },
}


def test_an_account_is_read_to_the_last_atom_and_lists_flat_instruments(config, eth):
    snapshot = translate.account(
        wire.read_account(EXAMPLE), config, fundings=(), leverage={eth.id: 10}, received_at=NOW
    )

    usdc = eth.quote.id
    assert snapshot.balance(usdc) == snapshot.spendable_atoms(usdc) == 13_104_514_502
    assert (snapshot.equity_atoms, snapshot.margin_used_atoms) == (13_104_514_502, 0)
    assert (snapshot.position_lots(eth.id), snapshot.leverage(eth.id)) == (0, 10)
    assert snapshot.account == config.account


def test_a_position_has_its_sign_and_the_leverage_the_venue_tells(config, eth):
    told = wire.read_account({**EXAMPLE, "assetPositions": [POSITION]})

    snapshot = translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)

    assert (snapshot.position_lots(eth.id), snapshot.leverage(eth.id)) == (-335, 20)


def valued(coin, size, value, *, kind="cross"):
    leverage = {"type": kind, "value": 20}
    position = {"coin": coin, "szi": size, "leverage": leverage, "positionValue": value}
    return {"type": "oneWay", "position": position}


def test_cross_positions_are_valued_at_the_venues_mark_in_any_coin(config, eth):
    held = [
        valued("ETH", "-0.0335", "100.02765"),
        valued("DOGE", "70.0", "7.0000001"),
        valued("PEPE", "1.0", "5.0", kind="isolated"),
    ]
    told = wire.read_account({**EXAMPLE, "assetPositions": held})
    tiers = {"ETH": (MarginTier(0, 25, Pico(20_000_000_000)),)}

    snapshot = translate.account(
        told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW, tiers=tiers
    )

    half = Pico(50_000_000_000)
    assert snapshot.marked == (
        MarkedPosition(eth.id, HeldPosition("ETH", -100_027_650, tiers["ETH"], half)),
        MarkedPosition("hyperliquid:DOGE", HeldPosition("DOGE", 7_000_001, (), half)),
    )


def test_an_isolated_position_is_told_with_its_own_cash_and_apart_from_the_others(config, eth):
    row = valued("PEPE", "-3.0", "5.0", kind="isolated")
    row["position"]["leverage"]["rawUsd"] = "6.25"
    told = wire.read_account({**EXAMPLE, "assetPositions": [row]})

    snapshot = translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)

    held = HeldPosition("PEPE", -5_000_000, (), Pico(50_000_000_000))
    assert snapshot.isolated == (IsolatedPosition("hyperliquid:PEPE", held, 6_250_000),)
    assert snapshot.marked == ()


def test_a_position_without_a_value_is_not_given_one(config, eth):
    told = wire.read_account({**EXAMPLE, "assetPositions": [POSITION]})

    snapshot = translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)

    assert snapshot.marked == ()


def test_funding_is_told_up_to_the_time_of_the_state_and_negative_where_it_was_paid(config, eth):
    later = {**FUNDING, "time": EXAMPLE["time"] + 1}
    fundings = wire.read_fundings([FUNDING, later])

    snapshot = translate.account(
        wire.read_account(EXAMPLE),
        config,
        fundings=fundings,
        leverage={eth.id: 10},
        received_at=NOW,
    )

    assert [p.amount.atoms for p in snapshot.funding] == [-3_625_312]
    assert snapshot.at_venue == snapshot.funding[0].at_venue == EXAMPLE["time"] * 1_000_000
    assert snapshot.funding[0].instrument == eth.id


def test_figures_finer_than_an_atom_are_rounded_against_us(config, eth):
    cross = {
        "accountValue": "10.0000009",
        "totalRawUsd": "10",
        "totalMarginUsed": "1.0000001",
    }
    told = wire.read_account({**EXAMPLE, "crossMarginSummary": cross, "withdrawable": "8.9999999"})

    snapshot = translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)

    assert snapshot.equity_atoms == 10_000_000
    assert snapshot.margin_used_atoms == 1_000_001
    assert snapshot.spendable_atoms(eth.quote.id) == 8_999_999


def test_cash_finer_than_an_atom_is_malformed_for_cash_is_never_rounded(config, eth):
    cross = {**EXAMPLE["crossMarginSummary"], "totalRawUsd": "1.0000001"}
    told = wire.read_account({**EXAMPLE, "crossMarginSummary": cross})

    with pytest.raises(MalformedDataError, match="totalRawUsd"):
        translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)


def test_an_isolated_position_in_a_configured_instrument_is_refused(config, eth):
    position = {**POSITION["position"], "leverage": {"type": "isolated", "value": 20}}
    told = wire.read_account({**EXAMPLE, "assetPositions": [{"position": position}]})

    with pytest.raises(MalformedDataError, match="isolated"):
        translate.account(told, config, fundings=(), leverage={eth.id: 10}, received_at=NOW)


def test_the_client_order_id_is_sixteen_bytes_of_the_digest_of_the_childs_id():
    # sha256("abc"), FIPS 180-2 appendix B.1
    assert translate.cloid(ChildId("abc")) == "0xba7816bf8f01cfea414140de5dae2223"


def test_a_leg_that_is_no_whole_number_of_lots_has_none(eth, make_child):
    leg = make_child(eth, lots=5, ticks=1).legs[0]

    assert translate.leg_lots(leg) == 5
    assert translate.leg_lots(replace(leg, quantity=Amount(eth.base.id, 5 * 10**14 + 1))) is None
    assert translate.leg_lots(replace(leg, quantity=Amount(eth.base.id, 0))) is None


def test_a_fill_is_exact_and_its_fee_rounded_up(eth):
    fill = translate.fill(execution(), ChildId("c"), eth)

    assert fill.id == "ETH:1681222254710:118906512037719"
    assert fill.quantity == Amount(eth.base.id, 333 * 10**14)
    assert fill.notional == Amount(eth.quote.id, 99_904_995)  # 3000.15 * 0.0333 = 99.904995
    assert fill.fee == Amount(eth.quote.id, 44_958)


def test_a_rebate_is_a_negative_fee_rounded_towards_zero(eth):
    fill = translate.fill(execution(fee="-0.0000019"), ChildId("c"), eth)

    assert fill.fee.atoms == -1


def test_a_fee_in_another_currency_is_malformed(eth):
    with pytest.raises(MalformedDataError, match="feeToken"):
        translate.fill(execution(fee_currency="HYPE"), ChildId("c"), eth)


@pytest.mark.parametrize(
    ("told", "lots"),
    [
        (order("filled", left="0.0"), 10_000),
        (order("filled", left="1.0"), 10_000),  # some answers repeat the size of a filled order
        (order("canceled", left="0.4"), 6_000),
        (order("iocCancelRejected", left="1.0"), 0),
    ],
)
def test_what_traded_is_what_is_not_left(told, lots, eth):
    assert translate.lots_filled(told, None, eth) == lots


def test_the_reply_to_the_order_itself_says_best_what_traded(eth):
    told = order("filled", left="0.0")

    assert translate.lots_filled(told, wire.Accepted(7, "0.25"), eth) == 2_500


def test_more_left_than_was_asked_for_is_malformed(eth):
    with pytest.raises(MalformedDataError):
        translate.lots_filled(order("open", left="1.1"), None, eth)


@pytest.mark.parametrize(
    ("status", "filled", "expected"),
    [
        ("open", 0, OrderStatus.NEW),
        ("open", 4, OrderStatus.PARTIALLY_FILLED),
        ("filled", 10, OrderStatus.FILLED),
        ("canceled", 10, OrderStatus.FILLED),
        ("filled", 4, OrderStatus.CANCELED),
        ("canceled", 4, OrderStatus.CANCELED),
        ("marginCanceled", 0, OrderStatus.CANCELED),
        ("iocCancelRejected", 0, OrderStatus.REJECTED),
        ("rejected", 0, OrderStatus.REJECTED),
        ("somethingNewRejected", 0, OrderStatus.REJECTED),
        ("somethingNew", 0, OrderStatus.CANCELED),
    ],
)
def test_statuses_of_the_venue_become_ours(status, filled, expected):
    assert translate.order_status(status, filled=filled, lots=10) is expected
