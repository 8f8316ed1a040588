from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.algo import sweep
from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginAccount,
    MarginTier,
    Reservation,
    StressScenario,
    StressShock,
)
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, AssetId, Pico, Pips, Side
from router.domain.verdict import Approved, Refused
from router.risk.limits import approve
from router.risk.margin_check import beyond_margin
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    MARGIN,
    MID,
    PERP,
    POOL,
    USDC,
    observation,
    order,
    plan,
)

BTC = AssetId("BTC")
FALL = StressScenario("gap -30 %", Pips(-300_000), Pips(0))
RISE = StressScenario("gap +30 %", Pips(300_000), Pips(0))
FEE = 5_400_000  # of the fill of four ether: 4.5 bps of 12,000 dollars
TENTH, FIFTH = Pico(10**11), Pico(2 * 10**11)
TIERS = (
    MarginTier(0, 25, Pico(20_000_000_000)),
    MarginTier(5_000 * DOLLAR, 10, Pico(50_000_000_000)),
)
LEVERED = (
    MarginTier(0, 10, Pico(50_000_000_000)),
    MarginTier(6_000 * DOLLAR, 5, Pico(100_000_000_000)),
)


def problem_of(*scenarios, equity=500_000 * DOLLAR, book=None, **margin):
    """Return a problem of ten ether whose account has `equity` atoms and no position yet."""
    left = Amount(ETH.id, 10 * ETHER)
    piece = sweep.Slice(order(), left, MID, sweep.Scope((POOL, PERP), ()))
    made = sweep.build_problem(piece, observation(), LIMITS)
    (candidate,) = made.books
    return replace(
        made,
        scenarios=scenarios,
        books=(replace(candidate, **(book or {})),),
        margins=(replace(MarginAccount(MARGIN, equity, 0), **margin),),
    )


def verdict(problem, ethers=4):
    parts = ((PERP, ethers),) if ethers else ((POOL, 1),)
    return beyond_margin(problem, plan(problem, *parts))


def refusal(found, reason):
    assert isinstance(found, Refused)
    assert found.reason is reason
    return found.message


def needs_exactly(atoms, *scenarios, ethers=4, **more):
    """Assert that so much equity passes, and an atom less is refused; return the words."""
    assert verdict(problem_of(*scenarios, equity=atoms, **more), ethers) is None
    found = verdict(problem_of(*scenarios, equity=atoms - 1, **more), ethers)
    assert isinstance(found, Refused)
    return found.message


def test_a_scenario_is_survived_to_the_atom_and_its_name_is_in_the_refusal():
    # Four ether at 3,000 lose 3,600 dollars; a tenth of the 8,400 that are left keeps them.
    words = needs_exactly(4_440 * DOLLAR + FEE, FALL)

    assert words == (
        f"{MARGIN}: stress scenario gap -30 %: short 0.000001 USDC; add collateral or trade less"
    )


def test_the_whole_gate_refuses_what_a_scenario_does_not_survive():
    made = problem_of(RISE, FALL, equity=4_000 * DOLLAR)

    found = approve(made, plan(made, (PERP, 4)), made.quantity)

    assert "gap -30 %: short 445.4 USDC" in refusal(found, NoRouteReason.STRESS)
    assert isinstance(approve(made, plan(made, (POOL, 4)), made.quantity), Approved)


def test_maintenance_is_by_tiers_at_the_notional_after_the_gap():
    # 8,400 dollars: a fiftieth of the first 5,000 and a twentieth of the rest.
    needs_exactly((3_600 + 100 + 170) * DOLLAR + FEE, FALL, book={"tiers": TIERS})


def test_funding_is_paid_on_the_notional_before():
    paid = StressScenario("flip", Pips(0), Pips(100_000))

    needs_exactly((1_200 + 1_200) * DOLLAR + FEE, paid)
    # Paid by shorts instead, a long receives it: what opens the position asks for more.
    words = needs_exactly(1_200 * DOLLAR + FEE, StressScenario("flip", Pips(0), Pips(-100_000)))
    assert "initial margin would be" in words


def test_an_asset_with_a_shock_of_its_own_takes_that():
    apart = (
        StressShock(ETH.id, Pips(-100_000), Pips(0)),
        StressShock(BTC, Pips(-900_000), Pips(0)),
    )

    needs_exactly((1_200 + 1_080) * DOLLAR + FEE, replace(FALL, apart=apart))


def test_positions_elsewhere_the_buffer_and_what_is_in_flight_count():
    held = HeldPosition(BTC, 10_000 * DOLLAR, (), FIFTH)
    more = (3_000 + 1_400) * DOLLAR  # its loss, and a fifth of the 7,000 left

    needs_exactly(4_440 * DOLLAR + FEE + more, FALL, elsewhere=(held,))
    hedge = replace(held, notional_atoms=-10_000 * DOLLAR)
    needs_exactly(4_440 * DOLLAR + FEE - 1_600 * DOLLAR, FALL, elsewhere=(hedge,))
    needs_exactly(4_940 * DOLLAR + FEE, FALL, stress_buffer_atoms=500 * DOLLAR)
    rich = problem_of(FALL, equity=5_000 * DOLLAR)
    promised = (Reservation(MARGIN, Amount(USDC.id, 555 * DOLLAR)),)
    assert verdict(rich) is None
    refusal(verdict(replace(rich, reservations=promised)), NoRouteReason.STRESS)


def test_cash_that_is_in_flight_is_not_spent_again():
    made = problem_of()
    bought = plan(made, (POOL, 1))
    (chain,) = made.chains
    short = replace(made, chains=(replace(chain, spendable=(Amount(USDC.id, 3_003 * DOLLAR),)),))
    promised = (Reservation(CHAIN, Amount(USDC.id, 1)), Reservation(CHAIN, Amount(ETH.id, ETHER)))

    assert isinstance(approve(short, bought, made.quantity), Approved)
    found = approve(replace(short, reservations=promised), bought, made.quantity)
    refusal(found, NoRouteReason.INSUFFICIENT_BALANCE)


def test_initial_margin_is_reckoned_by_the_venues_rule():
    capped = {"tiers": LEVERED, "initial_margin": InitialMargin.CAPPED}
    marginal = {"tiers": LEVERED, "initial_margin": InitialMargin.MARGINAL}

    needs_exactly(2_400 * DOLLAR + FEE, book=capped)  # all of it at five times
    needs_exactly((600 + 1_200) * DOLLAR + FEE, book=marginal)
    assert verdict(problem_of(equity=601_350_000 * 2, book=marginal), 2) is None


def test_a_tier_that_does_not_allow_the_leverage_is_not_reached():
    levered = problem_of(book={"tiers": LEVERED})

    assert verdict(levered, 2) is None  # 6,000 dollars: at the bound
    words = refusal(verdict(levered, 3), NoRouteReason.POSITION_CAP)
    assert "allows leverage 5 at most, 10 is set" in words
    # From beyond the bound it may be reduced.
    assert verdict(problem_of(book={"tiers": LEVERED, "position_lots": -100_000}), 3) is None


def test_a_position_is_not_worth_more_than_it_may_be():
    bound = {"position_max_atoms": 9_000 * DOLLAR}

    assert verdict(problem_of(book=bound), 3) is None
    refusal(verdict(problem_of(book=bound), 4), NoRouteReason.POSITION_CAP)
    assert verdict(problem_of(book={**bound, "position_lots": -200_000}), 4) is None


@pytest.mark.parametrize("more", [{"reduces_only": True}, {"book": {"reduces_only": True}}])
def test_what_may_only_be_reduced_is_not_grown_and_not_turned(more):
    def with_lots(lots):
        book = {**more.get("book", {}), "position_lots": lots}
        return problem_of(**{**more, "book": book})

    assert verdict(with_lots(-40_000)) is None
    refusal(verdict(with_lots(-39_999)), NoRouteReason.REDUCE_ONLY)
    refusal(verdict(with_lots(0)), NoRouteReason.REDUCE_ONLY)
    refusal(verdict(with_lots(10_000)), NoRouteReason.REDUCE_ONLY)


def test_an_account_that_may_not_grow_says_why():
    told = verdict(problem_of(reduces_only=True, why="it is in the zone soft"))

    assert "may only become smaller (it is in the zone soft); trade less" in refusal(
        told, NoRouteReason.REDUCE_ONLY
    )


def test_what_befalls_the_accounts_venue_alone_is_survived_to_the_atom():
    # Marks 10 % below a fall of 30 % are 37 % down: 4,440 of 12,000 lost, a tenth of 7,560 kept.
    basis = replace(FALL, name="basis", mark_pips=Pips(-100_000))
    words = needs_exactly((4_440 + 756) * DOLLAR + FEE, scenarios=(basis,))
    assert "stress scenario basis: short 0.000001 USDC" in words

    # Half of what gains by a rise of 30 % is closed at 3 %: 180 and 1,800 are gained, and 780 keep
    # the 7,800 left. A short elsewhere loses 3,000, and a fifth of 13,000 keeps it.
    closed = replace(RISE, name="own", closed_pips=Pips(500_000), closed_at_pips=Pips(100_000))
    held = HeldPosition(BTC, -10_000 * DOLLAR, (), FIFTH)
    more = (3_000 + 2_600 + 780 - 180 - 1_800) * DOLLAR
    needs_exactly(more + FEE, scenarios=(closed,), elsewhere=(held,))


def test_scenarios_are_rounded_against_us_as_assessments_are():
    # A third of an atom each way: equity rounds down, maintenance up.
    held = HeldPosition(BTC, 1_000_001, (), FIFTH)
    row = StressScenario("third", Pips(0), Pips(0), (StressShock(BTC, Pips(-333_333), Pips(0)),))
    lost, kept = -(-1_000_001 * 333_333 // 10**6), -(-1_000_001 * 666_667 // (5 * 10**6))
    # Beside it four ether are kept by a tenth.
    needs_exactly(lost + kept + 1_200 * DOLLAR + FEE, row, elsewhere=(held,))


def test_an_account_in_breach_stops_no_plan_that_leaves_it_alone():
    assert verdict(problem_of(FALL, equity=0, book={"position_lots": 100_000}), 0) is None


def test_an_account_in_breach_may_become_better_without_becoming_well():
    # Ten ether short in a rise of 30 %: 9,000 lost and 3,900 kept. Six short: 5,400 and 2,340.
    short = problem_of(RISE, equity=1_000 * DOLLAR, book={"position_lots": -100_000})

    assert verdict(short) is None
    # Two short are closed for nothing but the fee; turned into two long, they are opened anew.
    assert verdict(problem_of(RISE, equity=100, book={"position_lots": -20_000}), 2) is None
    turned = verdict(problem_of(RISE, equity=100, book={"position_lots": -20_000}), 4)
    refusal(turned, NoRouteReason.INSUFFICIENT_MARGIN)


def hedged(equity):
    """Return ten ether short against 30,000 dollars of bitcoin, of which four are bought back."""
    held = HeldPosition(BTC, 30_000 * DOLLAR, (), FIFTH)
    book = {"position_lots": -100_000}
    return problem_of(FALL, equity=equity, elsewhere=(held,), book=book)


def test_reducing_a_hedge_may_not_lose_a_scenario_that_was_survived():
    # Before: 9,000 + 4,200 of bitcoin, less the short's 9,000, and its 2,100: 6,300.
    # After: 13,200 less 5,400, and 1,260 for the six that are left: 9,060, and the fee.
    assert verdict(hedged(9_060 * DOLLAR + FEE)) is None

    words = refusal(verdict(hedged(9_060 * DOLLAR + FEE - 1)), NoRouteReason.STRESS)
    assert "gap -30 %: short 0.000001 USDC" in words
    refusal(verdict(hedged(6_300 * DOLLAR)), NoRouteReason.STRESS)


def test_reducing_a_hedge_may_not_make_a_scenario_worse_that_is_lost_already():
    refusal(verdict(hedged(1_000 * DOLLAR)), NoRouteReason.STRESS)


def test_a_seller_bears_the_mirror_of_it():
    made = problem_of(RISE, equity=(3_600 + 1_560) * DOLLAR + FEE)
    sold = plan(made, (PERP, 4))
    legs = tuple(replace(leg, side=Side.SELL) for leg in sold.legs)
    sold = replace(sold, legs=legs)

    assert beyond_margin(made, sold) is None
    (margin,) = made.margins
    poor = replace(made, margins=(replace(margin, equity_atoms=margin.equity_atoms - 1),))
    refusal(beyond_margin(poor, sold), NoRouteReason.STRESS)
    assert beyond_margin(replace(made, scenarios=(FALL,)), sold) is None


# Maintenance slice by slice, unlike the deductions of the code.
def kept(notional, tiers, initial):
    if not tiers:
        return notional * initial
    tops = [t.above_atoms for t in tiers[1:]] + [max(notional, tiers[-1].above_atoms)]
    return sum(
        Fraction(t.maintenance, 10**12) * max(0, min(notional, top) - t.above_atoms)
        for t, top in zip(tiers, tops, strict=True)
    )


pips = st.integers(min_value=-900_000, max_value=900_000)


@given(
    lots=st.integers(min_value=-150_000, max_value=150_000),
    ethers=st.integers(min_value=1, max_value=10),
    equity=st.integers(min_value=0, max_value=40_000),
    beside=st.integers(min_value=-30_000, max_value=30_000),
    shocks=st.lists(st.tuples(pips, pips), max_size=3),
    tiered=st.booleans(),
)
def test_the_verdict_is_that_of_the_rule_written_out(lots, ethers, equity, beside, shocks, tiered):
    scenarios = tuple(
        StressScenario(f"s{i}", Pips(gap), Pips(paid)) for i, (gap, paid) in enumerate(shocks)
    )
    tiers = TIERS if tiered else ()
    held = HeldPosition(BTC, beside * DOLLAR, tiers, FIFTH)
    made = problem_of(
        *scenarios,
        equity=equity * DOLLAR,
        elsewhere=(held,),
        book={"position_lots": lots, "tiers": tiers},
    )

    found = verdict(made, ethers)

    def left(size, gap, paid):
        total = Fraction(equity * DOLLAR)
        parts = ((size * 300_000, Fraction(1, 10)), (beside * DOLLAR, Fraction(1, 5)))
        for value, initial in parts:
            total += Fraction(value * (gap - paid), 10**6)
            total -= kept(abs(value) * Fraction(10**6 + gap, 10**6), tiers, initial)
        return total

    after, fee = lots + ethers * 10_000, 1_350_000 * ethers
    reduces = after <= 0
    initial = Fraction(abs(after) * 300_000, 10) + fee <= equity * DOLLAR
    survives = all(
        left(after, gap, paid) - fee >= (min(0, left(lots, gap, paid)) if reduces else 0)
        for gap, paid in shocks
    )
    assert (found is None) is ((reduces or initial) and survives)
