"""Rows of plans against the outcome that assessments reckon: the same to the atom, or stricter."""

import random
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.margin import HeldPosition, MarginTier, StressShock
from router.domain.stress import Scenario, VenueShock
from router.domain.units import AssetId, Pico, Pips, VenueId
from router.optimiser.exact import stressed
from router.risk import margin_check
from router.risk.margin_check import holding_of
from router.risk.stress.exact import Exposure, outcome
from router.risk.stress.rows import row_at, row_terms, shared_rows, venue_rows
from router.risk.stress.terms import terms
from tests.unit.engine.scene import LIMITS, MARGIN, PERP, POOL

HERE, THERE = PERP.venue, VenueId("elsewhere")
ETH, BTC = AssetId("ETH"), AssetId("BTC")
GAP = Scenario("gap", gap_pips=Pips(-300_000))
BASIS = Scenario("basis", gap_pips=Pips(-100_000), venues=(VenueShock(HERE, Pips(50_000)),))
OUT = Scenario("out", gap_pips=Pips(-200_000), venues=(VenueShock(HERE, is_out=True),))
TIERS = (
    MarginTier(0, 25, Pico(20_000_000_000)),
    MarginTier(5_000, 10, Pico(50_000_000_000)),
    MarginTier(90_000, 5, Pico(100_000_000_000)),
)

pips = st.integers(-999_999, 2_000_000).map(Pips)
shares = st.integers(0, 1_000_000).map(Pips)
shocks = st.builds(
    VenueShock,
    venue=st.just(HERE),
    mark_pips=pips,
    deleveraged_pips=shares,
    deleveraged_at_pips=shares,
)
scenarios = st.builds(
    Scenario,
    name=st.just("drawn"),
    gap_pips=pips,
    funding_pips=st.integers(-50_000, 50_000).map(Pips),
    apart=st.sampled_from([(), (StressShock(BTC, Pips(-123_457), Pips(77)),)]),
    venues=st.one_of(st.just(()), st.tuples(shocks)),
)
positions = st.lists(
    st.builds(
        HeldPosition,
        asset=st.sampled_from([ETH, BTC]),
        notional_atoms=st.integers(-200_000, 200_000),
        tiers=st.sampled_from([(), TIERS]),
        initial=st.just(Pico(123_456_789_012)),
    ),
    max_size=4,
).map(tuple)


def checked(row, held, equity):
    """Return what the gate says a row leaves."""
    holdings = [(one.asset, holding_of(one)) for one in held]
    return margin_check.left_in(row, holdings, equity=Fraction(equity)).whole


def planned(row, held, equity):
    """Return what the optimiser says it does."""
    positions = [stressed.position_of(one) for one in held]
    return stressed.left_in(row, positions, equity=Fraction(equity)).whole


def closes_late(scenario):
    """Tell whether a gaining position would be closed at a better mark than its last."""
    for asset in (ETH, BTC):
        now = terms(scenario, venue=HERE, asset=asset)
        if now.closed and (now.closed_at - now.growth) * now.gap > 0:
            return True
    return False


@given(scenarios, positions, st.integers(-10_000, 500_000), st.integers(0, 1_000))
def test_a_row_says_of_what_is_held_what_the_assessment_says_to_the_atom(
    scenario, held, equity, buffer
):
    exact = outcome(Exposure(HERE, equity, held, buffer), scenario).room_atoms
    row = row_at(scenario, HERE)

    left = checked(row, held, equity - buffer)

    assert planned(row, held, equity - buffer) == left
    assert left <= exact if closes_late(scenario) else left == exact


@given(scenarios, st.integers(1, 10**6))
def test_a_row_is_convex_in_the_position(scenario, rate):
    # Its slope does not fall where a short becomes a long, even where hardly any margin is kept.
    now = row_terms(row_at(scenario, HERE), ETH)
    kept = rate * 10**-6

    long = kept * now.left(is_long=True) - now.gain(is_long=True)
    short = -kept * now.left(is_long=False) - now.gain(is_long=False)

    assert long >= short


def test_a_scenario_of_one_venue_is_a_row_of_every_account_and_others_are_shared():
    assert [row.name for row in shared_rows((GAP, BASIS, OUT))] == ["gap", "out"]

    limits = replace(LIMITS, scenarios=shared_rows((GAP, BASIS)), stresses=(GAP, BASIS))
    other = replace(PERP, venue=THERE, account="elsewhere:me")
    rows = venue_rows(limits, (POOL, PERP, other))

    assert set(rows) == {PERP.account, "elsewhere:me"}
    (here,), (there,) = rows[PERP.account], rows["elsewhere:me"]
    assert (here.name, here.gap_pips, here.mark_pips) == ("basis", -100_000, 50_000)
    assert (there.name, there.gap_pips, there.mark_pips) == ("basis", -100_000, 0)


def test_scenarios_that_differ_only_in_what_margin_does_not_see_are_one_row():
    thin = replace(GAP, name="thin", depth_pips=Pips(100_000))

    assert [row.name for row in shared_rows((GAP, thin))] == ["gap"]
    apart = replace(BASIS, name="again", depth_pips=Pips(100_000))
    limits = replace(LIMITS, scenarios=(), stresses=(BASIS, apart))
    assert [row.name for row in venue_rows(limits, (PERP,))[MARGIN]] == ["basis"]


def test_a_venue_apart_is_one_row_with_a_gap_that_is_shared():
    # Where only another venue's marks leave the price, this one's account has the row already.
    elsewhere = replace(GAP, name="there", venues=(VenueShock(THERE, Pips(-50_000)),))
    limits = replace(LIMITS, scenarios=shared_rows((GAP,)), stresses=(GAP, elsewhere))

    assert venue_rows(limits, (PERP,))[MARGIN] == ()


def test_random_rows_never_leave_more_than_the_assessment():
    rng = random.Random(7)
    for _ in range(300):
        shock = VenueShock(
            HERE,
            mark_pips=Pips(rng.randint(-300_000, 300_000)),
            deleveraged_pips=Pips(rng.randint(0, 10**6)),
            deleveraged_at_pips=Pips(rng.randint(0, 10**6)),
        )
        drawn = Scenario("drawn", gap_pips=Pips(rng.randint(-400_000, 400_000)), venues=(shock,))
        held = (HeldPosition(ETH, rng.randint(-(10**12), 10**12), TIERS, Pico(10**11)),)

        exact = outcome(Exposure(HERE, 10**11, held), drawn).room_atoms
        assert checked(row_at(drawn, HERE), held, 10**11) <= exact
