"""What a plan would make of an account, by hand."""

from dataclasses import replace
from fractions import Fraction

from router.domain.instrument import InstrumentKind
from router.domain.plan import CostSplit, Leg, QuantityKind
from router.domain.units import Amount, InstrumentId, Pips, Side
from router.risk.margin.model import Change
from router.risk.margin.planned import changes_of
from router.risk.margin.read import account_model
from tests.unit.risk.margin.test_read import CONTEXT, ETH, USD, USDC, WHO, snapshot

PAYING = replace(ETH, fee_pips=Pips(450))
SECOND = replace(PAYING, id=InstrumentId("eth-2"))
POOL = replace(PAYING, id=InstrumentId("pool"), kind=InstrumentKind.SPOT_POOL)


def leg(side, lots, usd, *, instrument=PAYING):
    notional = Amount(USDC, usd)
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=QuantityKind.BASE,
        quantity=Amount(instrument.base.id, lots * instrument.lot_atoms),
        notional=notional,
        bound=notional,
        limit_ticks=300_000,
        cost=CostSplit(0, 0, 0, 0),
        slippage=Pips(0),
    )


def test_a_leg_is_a_fill_at_its_average_price_with_its_fee_rounded_up():
    (change,) = changes_of([leg(Side.SELL, 30_000, 8_999 * USD + 1)], WHO)

    # 450 pips of 8,999.000001: 4.04955000045, rounded up.
    expected = Change(
        ETH.id, Fraction(-30_000), Fraction(8_999 * USD + 1, 30_000), Fraction(4_049_551)
    )
    assert change == expected


def test_legs_of_pools_and_of_other_accounts_are_left_out():
    other = replace(PAYING, account="hyperliquid:other")
    legs = [
        leg(Side.BUY, 1, 300_000, instrument=POOL),
        leg(Side.BUY, 1, 300_000, instrument=other),
    ]

    assert changes_of(legs, WHO) == ()


def test_a_plan_of_two_legs_changes_equity_and_margin_at_once():
    marks = [CONTEXT, replace(CONTEXT, instrument=SECOND.id)]
    model = account_model(snapshot(0), [PAYING, SECOND], marks)
    plan = [
        leg(Side.BUY, 10_000, 3_001 * USD),
        leg(Side.SELL, 20_000, 5_996 * USD, instrument=SECOND),
    ]

    after = model.after(changes_of(plan, WHO))

    # One dollar and four lost against the marks; fees of 1.35045 and 2.6982.
    assert model.equity - after.equity == 5 * USD + 1_350_450 + 2_698_200
    # One coin ten times levered, and two at leverage one, for it was not told.
    assert after.initial == 300 * USD + 6_000 * USD
