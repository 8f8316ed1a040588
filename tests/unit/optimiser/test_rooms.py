"""The exact check of accounts, held against the venue's documented formulas."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginTier,
    Reservation,
    StressScenario,
    StressShock,
)
from router.domain.plan import BookCandidate, NoRouteReason, RoutingProblem
from router.domain.units import PICO_PER_UNIT, AccountId, Amount, Pico, Pips, Side
from router.optimiser.exact.rooms import Fill, Used, initial_margin, rooms_of
from tests.unit.optimiser.world import ETH, UNIT, USD, USDC, WBTC, book, pool, problem

# ETH on the venue's testnet: 25x to 20,000, 10x to 50,000, 5x beyond; maintenance is half of that.
TIERS = (
    MarginTier(0, 25, Pico(PICO_PER_UNIT // 50)),
    MarginTier(20_000 * USD, 10, Pico(PICO_PER_UNIT // 20)),
    MarginTier(50_000 * USD, 5, Pico(PICO_PER_UNIT // 10)),
)
FALL = StressScenario("gap -30 %", Pips(-300_000), Pips(0))


def tiered(rule: InitialMargin = InitialMargin.AT_LEVERAGE, **more: object) -> BookCandidate:
    return replace(book(**more), tiers=TIERS, initial_margin=rule)


def of_usd(usd: float) -> int:
    """Return the lots that are worth so many dollars at the mark of 2,000."""
    return round(usd / 0.2)


def at_mark(perp: BookCandidate, usd: float, *, side: Side = Side.BUY, fee: int = 0) -> Used:
    """Return a fill at the mark price: nothing is lost but the fee."""
    return Used(fills=(Fill(perp, side, of_usd(usd), round(usd * USD), fee),))


def reason(made: RoutingProblem, used: Used) -> NoRouteReason | None:
    return rooms_of([made]).broken(used)


@pytest.mark.parametrize(
    ("rule", "usd", "margin_usd"),
    [
        (InitialMargin.AT_LEVERAGE, 10_000, Fraction(400)),
        (InitialMargin.CAPPED, 20_000, Fraction(800)),
        (InitialMargin.CAPPED, 20_000.2, Fraction(200_002, 100)),
        (InitialMargin.CAPPED, 60_000, Fraction(12_000)),
        (InitialMargin.MARGINAL, 20_000, Fraction(800)),
        (InitialMargin.MARGINAL, 30_000, Fraction(800 + 1_000)),
        (InitialMargin.MARGINAL, 60_000, Fraction(800 + 3_000 + 2_000)),
    ],
)
def test_initial_margin_follows_each_rule_at_each_tier(rule, usd, margin_usd):
    perp = tiered(rule, leverage=25)

    assert initial_margin(perp, of_usd(usd)) == margin_usd * USD
    assert initial_margin(perp, -of_usd(usd)) == margin_usd * USD


@pytest.mark.parametrize("rule", InitialMargin)
def test_the_last_atom_of_equity_decides(rule):
    perp = tiered(rule, leverage=5)
    made = problem(quantity=10.0, books=(perp,), equity=3_000.0)
    # 15,000 at 5x is 3,000; the fee is lost on top.
    exact, beyond = at_mark(perp, 15_000.0), at_mark(perp, 15_000.0, fee=1)

    assert reason(made, exact) is None
    assert reason(made, beyond) is NoRouteReason.INSUFFICIENT_MARGIN


@pytest.mark.parametrize(
    ("before", "deduction"), [(15_000.0, 0), (40_000.0, 600), (100_000.0, 3_100)]
)
def test_a_scenario_charges_the_tier_that_is_left_after_the_gap(before, deduction):
    perp = tiered(leverage=5)
    after = before * 0.7
    # Maintenance of the notional after the gap by the documented deductions, and the loss itself.
    rate = {0: Fraction(1, 50), 600: Fraction(1, 20), 3_100: Fraction(1, 10)}[deduction]
    needed = int((rate * Fraction(round(after)) - deduction + Fraction(round(before * 0.3))) * USD)
    made = replace(problem(quantity=10.0, books=(perp,)), scenarios=(FALL,))

    def with_equity(atoms: int) -> RoutingProblem:
        return replace(made, margins=tuple(replace(m, equity_atoms=atoms) for m in made.margins))

    assert reason(with_equity(needed), at_mark(perp, before)) is None
    assert reason(with_equity(needed - 1), at_mark(perp, before)) is NoRouteReason.STRESS


def test_positions_elsewhere_reservations_and_the_buffer_leave_less():
    perp = tiered(leverage=5)
    shock = StressShock(WBTC.id, Pips(100_000), Pips(0))
    made = replace(
        problem(quantity=10.0, books=(perp,), equity=10_000.0),
        scenarios=(replace(FALL, apart=(shock,)),),
    )
    (margin,) = made.margins
    # 10,000 lose 3,000 and keep 2 % of 7,000; a short of 20,000 elsewhere loses 10 % and keeps
    # 10 % of 22,000: 140 + 3,000 + 2,000 + 2,200 = 7,340.
    short = HeldPosition(WBTC.id, -20_000 * USD, (), Pico(PICO_PER_UNIT // 10))
    full = replace(margin, elsewhere=(short,), stress_buffer_atoms=660 * USD)
    kept = Reservation(AccountId("perp:me"), Amount(USDC.id, 2_000 * USD))
    room = replace(made, margins=(full,), reservations=(kept,))
    over = replace(room, margins=(replace(full, stress_buffer_atoms=660 * USD + 1),))

    assert reason(room, at_mark(perp, 10_000.0)) is None
    assert reason(over, at_mark(perp, 10_000.0)) is NoRouteReason.STRESS


def test_longs_pay_funding_in_a_scenario_and_shorts_receive_it():
    perp = tiered(leverage=5)
    paying = StressScenario("funding", Pips(0), Pips(10_000))
    made = replace(problem(quantity=10.0, books=(perp,), equity=2_000.0), scenarios=(paying,))
    (margin,) = made.margins
    tight = replace(made, margins=(replace(margin, stress_buffer_atoms=1_750 * USD),))

    # Maintenance 200; a long pays 100 more, a short receives 100.
    assert reason(tight, at_mark(perp, 10_000.0)) is NoRouteReason.STRESS
    assert reason(tight, at_mark(perp, 10_000.0, side=Side.SELL)) is None


def test_an_order_that_only_reduces_passes_unless_it_loses_a_scenario():
    long = tiered(leverage=5, position_lots=of_usd(50_000.0))
    made = replace(problem(quantity=10.0, books=(long,), equity=1.0), scenarios=(FALL,))

    # In breach, and better with less of the position.
    assert reason(made, at_mark(long, 20_000.0, side=Side.SELL)) is None
    # The fee costs more than what a smaller position saves.
    costly = at_mark(long, 1_000.0, side=Side.SELL, fee=400 * USD)
    assert reason(made, costly) is NoRouteReason.STRESS
    # Through zero it opens a position: 10,000 short at 5x.
    through = at_mark(long, 60_000.0, side=Side.SELL)
    assert reason(made, through) is NoRouteReason.INSUFFICIENT_MARGIN


def test_a_survived_scenario_must_stay_survived_when_a_hedge_is_reduced():
    long = tiered(name="perp-a", leverage=5, position_lots=of_usd(20_000.0))
    short = tiered(name="perp-b", leverage=5, position_lots=-of_usd(20_000.0))
    made = problem(side=Side.BUY, quantity=10.0, books=(long, short), equity=3_000.0)
    made = replace(made, scenarios=(FALL,))

    # Buying back the hedge of a long leaves it alone with a fall of 30 %: 6,000 above 3,000.
    assert reason(made, at_mark(short, 20_000.0)) is NoRouteReason.STRESS
    assert reason(made, at_mark(short, 4_000.0)) is None


def test_caps_and_reduce_only_are_named():
    perp = tiered(leverage=10)
    made = problem(quantity=10.0, books=(perp,))
    at_tier, beyond = at_mark(perp, 50_000.0), at_mark(perp, 50_000.2)
    capped = replace(perp, position_max_atoms=10_000 * USD)
    closing = replace(perp, reduces_only=True, position_lots=-of_usd(5_000.0))

    assert reason(made, at_tier) is None
    assert reason(made, beyond) is NoRouteReason.POSITION_CAP
    assert reason(replace(made, books=(capped,)), at_tier) is NoRouteReason.POSITION_CAP
    for only in (
        replace(made, books=(closing,)),
        replace(
            made,
            books=(replace(closing, reduces_only=False),),
            margins=tuple(replace(m, reduces_only=True) for m in made.margins),
        ),
    ):
        assert reason(only, at_mark(only.books[0], 5_000.0)) is None
        assert reason(only, at_mark(only.books[0], 5_000.2)) is NoRouteReason.REDUCE_ONLY


def test_an_account_nothing_is_known_of_bears_nothing():
    perp = tiered()
    made = replace(problem(quantity=10.0, books=(perp,)), margins=())

    assert reason(made, at_mark(perp, 100.0)) is NoRouteReason.INSUFFICIENT_MARGIN
    assert reason(made, Used()) is None


def test_cash_that_is_reserved_or_taken_by_others_is_not_spent_again():
    chain = AccountId("chain:me")
    rooms = rooms_of([problem(quantity=1.0, cash=1_000.0, pools=(pool(),))])
    kept = replace(
        problem(quantity=1.0, cash=1_000.0, pools=(pool(),)),
        reservations=(Reservation(chain, Amount(USDC.id, 400 * USD)),),
    )

    def paying(usd: int) -> Used:
        return Used({(chain, USDC.id): usd * USD})

    assert rooms.left(chain, ETH.id) == UNIT // 2
    assert rooms.broken(paying(1_000)) is None
    assert rooms_of([kept]).broken(paying(600)) is None
    assert rooms_of([kept]).broken(paying(601)) is NoRouteReason.INSUFFICIENT_BALANCE
    assert rooms.with_beside(paying(300)).broken(paying(701)) is NoRouteReason.INSUFFICIENT_BALANCE


def test_a_fill_that_gains_does_not_pay_its_own_initial_margin():
    perp = tiered(leverage=10)
    made = problem(side=Side.SELL, quantity=10.0, books=(perp,), equity=1_000.0)

    # 10,000 sold for 10,500 gain 500; what opens them, 1,000, must be there before.
    gaining = Used(fills=(Fill(perp, Side.SELL, of_usd(10_000), 10_500 * USD, 0),))
    larger = Used(fills=(Fill(perp, Side.SELL, of_usd(10_002), 10_502 * USD, 0),))
    assert reason(made, gaining) is None
    assert reason(made, larger) is NoRouteReason.INSUFFICIENT_MARGIN
    # In a scenario the gain is there: 10,000 short lose 3,000, and a fiftieth of 13,000 keeps them.
    rise = StressScenario("gap +30 %", Pips(300_000), Pips(0))
    rich = problem(side=Side.SELL, quantity=10.0, books=(perp,), equity=2_760.0)
    assert reason(replace(rich, scenarios=(rise,)), gaining) is None
    assert reason(replace(rich, scenarios=(rise,)), larger) is NoRouteReason.STRESS


def test_a_gain_in_one_book_does_not_pay_for_a_loss_in_another():
    first, second = (tiered(name=name, leverage=10) for name in ("perp-a", "perp-b"))
    made = problem(side=Side.SELL, quantity=10.0, books=(first, second), equity=2_100.0)
    gaining = Fill(first, Side.SELL, of_usd(10_000), 10_500 * USD, 0)
    losing = Fill(second, Side.SELL, of_usd(10_000), 9_900 * USD, 0)

    assert reason(made, Used(fills=(gaining, losing))) is None
    worse = replace(losing, quote=9_900 * USD - 1)
    assert reason(made, Used(fills=(gaining, worse))) is NoRouteReason.INSUFFICIENT_MARGIN


def test_an_accounts_own_scenarios_count_and_close_what_gains():
    perp = tiered(leverage=5)
    own = replace(FALL, name="own", closed_pips=Pips(500_000), closed_at_pips=Pips(100_000))
    made = problem(side=Side.SELL, quantity=10.0, books=(perp,), equity=2_000.0)
    (margin,) = made.margins

    # Of 10,000 short half are closed at -3 %: 150 and 1,500 are gained, and a fiftieth of the
    # 3,500 left keeps them: 3,580 are free. Whole, they would gain 3,000 and be kept by 140.
    def left(buffer, scenario):
        kept = replace(margin, scenarios=(scenario,), stress_buffer_atoms=buffer)
        return reason(replace(made, margins=(kept,)), at_mark(perp, 10_000.0, side=Side.SELL))

    assert left(3_580 * USD, own) is None
    assert left(3_580 * USD + 1, own) is NoRouteReason.STRESS
    assert left(4_860 * USD, FALL) is None
    assert left(4_860 * USD + 1, FALL) is NoRouteReason.STRESS
