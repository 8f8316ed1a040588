"""What a venue told of an account, made into a model; what is not told is refused."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.account import (
    AccountMode,
    AccountSnapshot,
    IsolatedPosition,
    MarkedPosition,
    Position,
    SpotHolding,
)
from router.domain.error import MalformedDataError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.margin import HeldPosition, InitialMargin, MarginTier
from router.domain.market import PerpContext
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    Pico,
    Pips,
    Rounding,
    TimestampNs,
    VenueId,
)
from router.risk.margin.read import account_model, lot_ticks, per_lot, unexplained_atoms

USD = 1_000_000
NOW = TimestampNs(1)
WHO = AccountId("hyperliquid:me")
USDC = AssetId("USDC")
TENTH = Pico(10**11)
TIERS = (MarginTier(0, 25, Pico(2 * 10**10)),)
ETH = Instrument(
    id=InstrumentId("eth"),
    venue=VenueId("hyperliquid"),
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=Asset(AssetId("ETH"), 18),
    quote=Asset(USDC, 6),
    account=WHO,
    lot_atoms=10**14,
    notional_min_atoms=0,
    fee_pips=Pips(0),
    tick_decimals=2,
)
CONTEXT = PerpContext(ETH.id, 300_000, 300_000, Pico(0), NOW, tiers=TIERS)


def snapshot(lots, **changes):
    told = AccountSnapshot(
        account=WHO,
        balances=(Amount(USDC, 1_000 * USD),),
        spendable=(),
        positions=(Position(ETH.id, lots, 10),),
        equity_atoms=1_000 * USD,
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=NOW,
    )
    return replace(told, **changes)


def test_a_price_for_a_lot_is_in_ticks_at_hyperliquid_and_comes_back():
    # A tick is a hundredth of a dollar, a lot a ten-thousandth of a coin: together an atom.
    assert per_lot(ETH, 300_000) == 300_000
    coarse = replace(ETH, lot_atoms=10**15)
    assert per_lot(coarse, 300_000) == 3_000_000
    assert lot_ticks(coarse, Fraction(3_000_005), Rounding.DOWN) == 300_000
    assert lot_ticks(coarse, Fraction(3_000_005), Rounding.UP) == 300_001


def test_a_flat_account_has_a_place_for_what_it_could_open():
    model = account_model(snapshot(0), [ETH], [CONTEXT])

    held = model.held(ETH.id)
    assert (held.size, held.holding.mark, held.holding.leverage) == (0, 300_000, 10)
    assert model.equity == 1_000 * USD
    assert model.risk_ratio == 0


def test_an_open_position_stands_at_the_mark_it_was_told_with():
    # Ten coins at 2,999.50, though the context says 3,000 by now.
    marked = MarkedPosition(ETH.id, HeldPosition(AssetId("ETH"), 29_995 * USD, TIERS, TENTH))
    told = snapshot(
        100_000,
        balances=(Amount(USDC, -25_000 * USD),),
        equity_atoms=4_995 * USD,
        marked=(marked,),
    )

    model = account_model(told, [ETH], [CONTEXT])

    assert model.held(ETH.id).holding.mark == 299_950
    assert model.equity == 4_995 * USD
    assert unexplained_atoms(told, model) == 0
    assert unexplained_atoms(replace(told, equity_atoms=4_996 * USD), model) == USD
    assert model.initial == Fraction(29_995 * USD, 10)
    assert model.maintenance == Fraction(29_995 * USD, 50)


def test_a_position_whose_mark_was_not_told_takes_the_markets():
    model = account_model(snapshot(100_000), [ETH], [CONTEXT])

    assert model.equity == 31_000 * USD


def test_a_position_without_any_mark_is_refused():
    with pytest.raises(MalformedDataError, match="eth: the position has no mark"):
        account_model(snapshot(100_000), [ETH], [])


def test_a_market_without_position_and_mark_is_left_out():
    assert account_model(snapshot(0), [ETH], []).positions == ()


def test_a_coin_that_is_not_configured_is_one_lot_worth_its_notional():
    doge = InstrumentId("hyperliquid:DOGE")
    marked = MarkedPosition(doge, HeldPosition(AssetId("DOGE"), -700 * USD, TIERS, TENTH))

    model = account_model(snapshot(0, marked=(marked,)), [ETH], [CONTEXT])

    held = model.held(doge)
    assert (held.size, held.holding.mark, held.holding.leverage) == (-1, 700 * USD, 10)
    assert model.equity == 300 * USD
    # Owing p of 1,000, it must keep p / 50: p is 1,000 / 1.02, of 700.
    assert model.distance(doge) == Fraction(1_000) / Fraction("1.02") / 700 - 1


def test_an_isolated_position_has_its_own_cash():
    pepe = InstrumentId("hyperliquid:PEPE")
    held = HeldPosition(AssetId("PEPE"), 100 * USD, TIERS, TENTH)
    told = snapshot(0, isolated=(IsolatedPosition(pepe, held, -85 * USD),))

    model = account_model(told, [ETH], [CONTEXT])

    assert model.equity == 1_000 * USD
    assert model.value == 1_015 * USD
    assert model.margin_used == 15 * USD
    assert model.held(pepe).is_isolated


def test_without_tiers_a_position_is_kept_by_what_opened_it():
    bare = replace(CONTEXT, tiers=(), initial_margin=InitialMargin.CAPPED)

    model = account_model(snapshot(10_000), [ETH], [bare])

    assert model.maintenance == model.initial == 300 * USD


def test_resting_orders_bind_margin():
    model = account_model(snapshot(0), [ETH], [CONTEXT], resting={ETH.id: (10_000, 0)})

    assert model.initial == 300 * USD


def test_a_unified_account_has_the_balance_of_its_spot():
    spot = SpotHolding(USDC, 1_200 * 10**8, 200 * 10**8, 8)
    told = snapshot(0, mode=AccountMode.UNIFIED, spot=(spot,), balances=())

    model = account_model(told, [ETH], [CONTEXT])

    assert model.equity == 1_200 * USD
    assert model.available == 1_000 * USD


def test_a_unified_account_whose_balance_is_not_told_is_refused():
    with pytest.raises(MalformedDataError, match="the balance of USDC was not told"):
        account_model(snapshot(0, mode=AccountMode.UNIFIED), [ETH], [CONTEXT])


def test_portfolio_margin_is_refused():
    with pytest.raises(MalformedDataError, match="portfolio margin has no model"):
        account_model(snapshot(0, mode=AccountMode.PORTFOLIO), [ETH], [CONTEXT])


def test_an_account_of_unknown_collateral_is_refused():
    with pytest.raises(MalformedDataError, match="its collateral is unknown"):
        account_model(snapshot(0, balances=()), [], [])
