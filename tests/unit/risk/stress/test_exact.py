"""Scenarios worked by hand: what each kind of shock leaves of one account, to the atom."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import AccountSnapshot, MarkedPosition
from router.domain.margin import HeldPosition, MarginTier, StressScenario, StressShock
from router.domain.stress import PegShock, Scenario, VenueShock
from router.domain.units import AssetId, Pico, Pips, VenueId
from router.risk.stress.exact import (
    Exposure,
    exposure,
    outcome,
    parts,
    stress_buffer,
    worst,
)
from router.risk.stress.terms import terms
from tests.unit.risk.stress.desk import (
    BTC,
    DOLLAR,
    ETH,
    FLAT,
    HERE,
    MARGIN,
    PERP,
    SOL,
    STEPS,
    T0,
    THERE,
    USDC,
    account,
    apart,
    at,
    gap,
    held,
    limits,
    pips,
)


def left(*, equity, needed, room):
    return (equity * DOLLAR, needed * DOLLAR, room * DOLLAR)


def numbers(one, scenario):
    found = outcome(one, scenario)
    return found.equity_atoms, found.maintenance_atoms, found.room_atoms


def test_a_fall_takes_from_a_long_what_it_takes_from_the_price():
    # 100,000 long, 20 % down: 20,000 lost of 30,000; 2 % of 80,000 keep what is left.
    found = numbers(account(30_000, held(ETH, 100_000)), gap(-20))

    assert found == left(equity=10_000, needed=1_600, room=8_400)


def test_a_fall_gives_to_a_short_and_a_rise_takes_from_it():
    short = account(30_000, held(ETH, -100_000))

    # 80,000 left to keep after the fall, 125,000 after the rise.
    assert numbers(short, gap(-20)) == left(equity=50_000, needed=1_600, room=48_400)
    assert numbers(short, gap(25)) == left(equity=5_000, needed=2_500, room=2_500)


def test_tiers_are_those_of_the_notional_after_the_gap():
    # 120,000 short, 25 % up: 150,000 to keep, 2,000 for the first 100,000 and 2,500 for the rest.
    found = numbers(account(50_000, held(ETH, -120_000, STEPS)), gap(25))

    assert found == left(equity=20_000, needed=4_500, room=15_500)


def test_each_asset_has_its_own_gap():
    # Ether falls by 30 % (30,000 lost), Bitcoin by 10 % (5,000 won by the short).
    one = account(40_000, held(ETH, 100_000), held(BTC, -50_000))
    found = numbers(one, gap(-10, apart=(apart(ETH, -30),)))

    # 2 % of 70,000 and of 45,000.
    assert found == left(equity=15_000, needed=2_300, room=12_700)


def test_longs_pay_funding_of_the_notional_before_and_shorts_get_it():
    # 1.5 % of 100,000 are 1,500, whatever the gap makes of the notional.
    falls = gap(-20, funding_pips=pips(1.5))

    assert numbers(account(30_000, held(ETH, 100_000)), falls)[0] == 8_500 * DOLLAR
    assert numbers(account(30_000, held(ETH, -100_000)), falls)[0] == 51_500 * DOLLAR


def test_funding_that_flips_eats_a_hedge_that_no_price_touches():
    # -1.5 % over a day: the short pays 1,500 and nothing moved.
    one = account(3_000, held(ETH, -100_000))
    found = numbers(one, Scenario("flip", funding_pips=pips(-1.5), duration_s=86_400))

    assert found == left(equity=1_500, needed=2_000, room=-500)


def test_the_buffer_must_be_left_above_maintenance():
    found = numbers(account(30_000, held(ETH, 100_000), buffer=9_000), gap(-20))

    assert found == left(equity=10_000, needed=1_600, room=-600)


def test_a_venue_may_mark_away_from_the_price():
    # 20 % down and the venue 5 % below that: 0.8 * 0.95 = 0.76.
    blown = gap(-20, venues=at(HERE, mark_pips=pips(-5)))
    long = held(ETH, 100_000)

    assert numbers(account(30_000, long), blown) == left(equity=6_000, needed=1_520, room=4_480)
    # Elsewhere it is the price.
    assert numbers(account(30_000, long, venue=THERE), blown)[0] == 10_000 * DOLLAR


def test_deleveraging_closes_a_part_of_what_gains_before_the_price_is_there():
    # 40 % down; half of the short is closed when a quarter of it, 10 %, has happened.
    # 50,000 win 5,000, the other 50,000 win 20,000; 30,000 are left to keep.
    closed = gap(-40, venues=at(HERE, deleveraged_pips=pips(50), deleveraged_at_pips=pips(25)))
    found = numbers(account(30_000, held(ETH, -100_000)), closed)

    assert found == left(equity=55_000, needed=600, room=54_400)


def test_deleveraging_leaves_alone_what_loses():
    closed = gap(-20, venues=at(HERE, deleveraged_pips=pips(100), deleveraged_at_pips=pips(10)))

    assert numbers(account(30_000, held(ETH, 100_000)), closed) == left(
        equity=10_000, needed=1_600, room=8_400
    )


def test_a_hedge_whose_gaining_leg_is_closed_early_loses_the_rest_of_the_fall():
    # Long ether, short Bitcoin, 40 % down: 40,000 lost; the short is closed whole at -4 %.
    closed = gap(-40, venues=at(HERE, deleveraged_pips=pips(100), deleveraged_at_pips=pips(10)))
    found = numbers(account(50_000, held(ETH, 100_000), held(BTC, -100_000)), closed)

    assert found == left(equity=14_000, needed=1_200, room=12_800)


def test_a_late_oracle_an_outage_thin_books_gas_and_pegs_are_no_matter_of_the_margin_rule():
    one = account(30_000, held(ETH, 100_000))
    others = replace(
        gap(-20, venues=at(HERE, oracle_late_s=120, is_out=True)),
        depth_pips=pips(10),
        gas_pips=pips(5_000),
        pegs=(PegShock(USDC, pips(65)),),
    )

    assert numbers(one, others) == numbers(one, gap(-20))


def test_a_position_without_tiers_is_kept_by_what_opened_it():
    # Ten per cent of 80,000.
    found = numbers(account(30_000, held(ETH, 100_000, ())), gap(-20))

    assert found == left(equity=10_000, needed=8_000, room=2_000)


def test_rounding_is_against_us():
    # A third of an atom of funding is lost whole, a third of an atom of maintenance is needed.
    rate = (MarginTier(0, 25, Pico(333_333_333_333)),)
    one = Exposure(HERE, 10, (HeldPosition(ETH, 1, rate, Pico(0)),))

    found = outcome(one, Scenario("tiny", funding_pips=Pips(333_333)))

    assert (found.equity_atoms, found.maintenance_atoms, found.room_atoms) == (9, 1, 8)


def test_the_worst_scenario_leaves_least_room_and_none_is_the_worst_of_none():
    one = account(30_000, held(ETH, 100_000))
    mild, hard = replace(gap(-10), name="mild"), replace(gap(-20), name="hard")

    assert worst(one, (mild, hard, replace(hard, name="again"))) == outcome(one, hard)
    assert worst(one, ()) is None


def test_a_snapshot_is_read_with_every_position_that_draws_on_its_equity():
    position = held(SOL, -7)
    snapshot = AccountSnapshot(
        MARGIN,
        (),
        (),
        (),
        equity_atoms=5,
        margin_used_atoms=0,
        next_nonce=None,
        block=None,
        received_at=T0,
        marked=(MarkedPosition(PERP.id, position),),
    )

    assert exposure(snapshot, venue=HERE, buffer_atoms=3) == Exposure(HERE, 5, (position,), 3)


def test_the_buffer_is_that_of_the_venue_in_its_collateral():
    assert stress_buffer(limits(buffer=8), venue=HERE, collateral=USDC) == 8 * DOLLAR
    assert stress_buffer(limits(buffer=8), venue=HERE, collateral=ETH) == 0
    assert stress_buffer(limits(buffer=8), venue=THERE, collateral=USDC) == 0


# Properties.

percents = st.integers(-999_999, 3_000_000).map(Pips)
shares = st.integers(0, 1_000_000).map(Pips)
positions = st.builds(
    HeldPosition,
    asset=st.sampled_from([BTC, ETH, SOL]),
    notional_atoms=st.integers(-(10**15), 10**15),
    tiers=st.sampled_from([FLAT, STEPS, ()]),
    initial=st.integers(1, 10**12).map(Pico),
)
exposures = st.builds(
    Exposure,
    venue=st.just(HERE),
    equity_atoms=st.integers(-(10**13), 10**15),
    positions=st.lists(positions, max_size=6).map(tuple),
    buffer_atoms=st.integers(0, 10**12),
)
venue_shocks = st.builds(
    VenueShock,
    venue=st.sampled_from([HERE, THERE]),
    mark_pips=st.integers(-500_000, 500_000).map(Pips),
    deleveraged_pips=shares,
    deleveraged_at_pips=shares,
)
scenarios = st.builds(
    Scenario,
    name=st.just("any"),
    gap_pips=percents,
    funding_pips=st.integers(-200_000, 200_000).map(Pips),
    apart=st.lists(
        st.builds(
            StressShock,
            asset=st.sampled_from([BTC, ETH]),
            gap_pips=percents,
            funding_pips=st.integers(-200_000, 200_000).map(Pips),
        ),
        max_size=3,
    ).map(tuple),
    venues=st.lists(venue_shocks, max_size=2).map(tuple),
)


@given(exposures, scenarios)
def test_the_parts_add_up_to_the_change_of_equity(one, scenario):
    found = parts(one, scenario)

    assert found.equity == one.equity_atoms + found.price + found.funding


@given(exposures)
def test_without_a_shock_nothing_changes(one):
    found = parts(one, Scenario("nothing"))

    assert (found.price, found.funding, found.equity) == (0, 0, one.equity_atoms)
    assert outcome(one, Scenario("nothing")).equity_atoms == one.equity_atoms


@given(exposures, scenarios, st.integers(2, 9))
def test_money_scales(one, scenario, times):
    flat = tuple(replace(p, tiers=FLAT) for p in one.positions)
    single = replace(one, positions=flat)
    many = Exposure(
        one.venue,
        one.equity_atoms * times,
        tuple(replace(p, notional_atoms=p.notional_atoms * times) for p in flat),
    )

    found, more = parts(single, scenario), parts(many, scenario)

    assert (more.equity, more.maintenance) == (found.equity * times, found.maintenance * times)


@given(st.integers(1, 10**15), st.integers(-999_999, 0), st.integers(0, 999_999))
def test_a_deeper_fall_never_leaves_a_long_more_room(notional, fall, further):
    one = Exposure(HERE, 0, (HeldPosition(ETH, notional, STEPS, Pico(0)),))
    deeper = max(fall - further, -999_999)

    found = [outcome(one, Scenario("fall", gap_pips=Pips(p))).room_atoms for p in (fall, deeper)]

    assert found[1] <= found[0]


@given(exposures, scenarios)
def test_rounding_costs_less_than_an_atom_each(one, scenario):
    exact, found = parts(one, scenario), outcome(one, scenario)

    assert 0 <= exact.equity - found.equity_atoms < 1
    assert 0 <= found.maintenance_atoms - exact.maintenance < 1
    assert found.room_atoms == found.equity_atoms - found.maintenance_atoms - one.buffer_atoms


@given(scenarios, st.booleans())
def test_terms_are_those_of_a_plain_scenario_where_the_venue_is_spared(scenario, is_long):
    spared = replace(scenario, venues=())
    shock = scenario.shock(ETH)
    plain = StressScenario("p", shock.gap_pips, shock.funding_pips).shock(ETH)

    found = terms(spared, venue=VenueId("any"), asset=AssetId("ETH"))

    moved = Fraction(plain.gap_pips - plain.funding_pips, 10**6)
    assert found.gain(is_long=is_long) == moved
    assert found.left(is_long=is_long) == 1 + Fraction(plain.gap_pips, 10**6)
