"""The arrays against the exact verdict and against a plain loop; identities that always hold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.margin import HeldPosition, StressShock
from router.domain.stress import Scenario, VenueShock
from router.domain.units import Pico, Pips
from router.risk.stress.book import Bucket, Stock
from router.risk.stress.depth import line
from router.risk.stress.exact import Exposure, outcome
from router.risk.stress.run import outcomes
from tests.unit.risk.stress import plain
from tests.unit.risk.stress.desk import (
    BTC,
    DOLLAR,
    ETH,
    FLAT,
    HERE,
    SOL,
    STEPS,
    THERE,
    USDC,
    book,
    levels,
    market,
)

ASSETS, VENUES = (BTC, ETH, SOL), (HERE, THERE)
RELATIVE = 1e-9  # of all that was added up: gross notional and equity

percents = st.integers(-999_999, 2_000_000).map(Pips)
shares = st.integers(0, 1_000_000).map(Pips)
positions = st.builds(
    HeldPosition,
    asset=st.sampled_from(ASSETS),
    notional_atoms=st.integers(-(10**12), 10**12),
    tiers=st.sampled_from([FLAT, STEPS, ()]),
    initial=st.just(Pico(10**11)),
)


@st.composite
def exposures(draw):
    # One position an asset; equity around what keeps them, so that many are short but not lost.
    held = draw(st.lists(positions, max_size=3, unique_by=lambda p: p.asset))
    gross = sum(abs(p.notional_atoms) for p in held)
    equity = draw(st.integers(-gross // 50, gross // 4 + 1))
    return Exposure(draw(st.sampled_from(VENUES)), equity, tuple(held), draw(st.integers(0, 10**9)))


shocks = st.lists(
    st.builds(
        StressShock,
        asset=st.sampled_from(ASSETS),
        gap_pips=percents,
        funding_pips=st.integers(-50_000, 50_000).map(Pips),
    ),
    max_size=3,
).map(tuple)
venue_shocks = st.lists(
    st.builds(
        VenueShock,
        venue=st.sampled_from(VENUES),
        mark_pips=st.integers(-300_000, 300_000).map(Pips),
        is_out=st.booleans(),
        oracle_late_s=st.integers(0, 600),
        deleveraged_pips=shares,
        deleveraged_at_pips=shares,
    ),
    max_size=2,
).map(tuple)
mild = st.builds(Scenario, name=st.just("mild"), gap_pips=st.integers(-30_000, 30_000).map(Pips))
scenarios = mild | st.builds(
    Scenario,
    name=st.just("any"),
    gap_pips=percents,
    funding_pips=st.integers(-50_000, 50_000).map(Pips),
    apart=shocks,
    venues=venue_shocks,
    depth_pips=st.integers(0, 1_000_000).map(Pips),
    duration_s=st.integers(1, 900),
)
ladders = st.lists(
    st.tuples(st.floats(0.01, 5.0), st.floats(100.0, 500_000.0)), min_size=0, max_size=12
).map(lambda rows: levels(*sorted(rows), fee=0.000_45))
depths = st.fixed_dictionaries({(v, a): ladders for v in VENUES for a in ASSETS})
accounts = st.lists(exposures(), min_size=1, max_size=4)


def gross(one):
    return (abs(one.equity_atoms) + sum(abs(p.notional_atoms) for p in one.positions)) / DOLLAR


@given(accounts, st.lists(scenarios, min_size=1, max_size=5))
def test_arrays_say_what_the_exact_verdict_says(desk, several):
    found = outcomes(book(*desk), several)

    for row, one in enumerate(desk):
        for column, scenario in enumerate(several):
            exact = outcome(one, scenario)
            # An atom of rounding against us in each of equity and maintenance; and the gap and the
            # venue's mark may triple a notional and raise it by a third again.
            tolerance = RELATIVE * 4 * gross(one) + 2 / DOLLAR
            assert found.equity[row, column] == pytest.approx(
                exact.equity_atoms / DOLLAR, abs=tolerance
            )
            assert found.maintenance[row, column] == pytest.approx(
                exact.maintenance_atoms / DOLLAR, abs=tolerance
            )
            assert found.room[row, column] == pytest.approx(
                exact.room_atoms / DOLLAR, abs=2 * tolerance
            )


@settings(max_examples=60)
@given(accounts, depths, st.lists(scenarios, min_size=1, max_size=4))
def test_arrays_say_what_a_plain_loop_says(desk, shown, several):
    made = book(*desk, depths=shown)
    found = outcomes(made, several)
    by_market = {market(*place): depth for place, depth in shown.items()}

    for row, one in enumerate(desk):
        name = [market(one.venue, p.asset) for p in one.positions]
        group = plain.group(_bucket(one, name), by_market)
        for column, scenario in enumerate(several):
            _agree(
                found, (row, made.buckets.rows[row], column), plain.evaluate(group, scenario), one
            )


stocks = st.lists(
    st.builds(
        Stock,
        asset=st.sampled_from((*ASSETS, USDC)),
        value=st.floats(0.0, 1e6),
        haircut=st.floats(0.0, 1.0),
        exit_gas=st.floats(0.0, 100.0),
    ).map(lambda one: replace(one, is_money=one.asset == USDC)),
    max_size=4,
)


@st.composite
def narrow(draw):
    # Two accounts that a small gap makes short, but seldom lost: their sales go through.
    held = HeldPosition(
        draw(st.sampled_from(ASSETS)),
        draw(st.integers(10**9, 10**12)) * draw(st.sampled_from((1, -1))),
        draw(st.sampled_from([FLAT, STEPS])),
        Pico(10**11),
    )
    other = replace(held, notional_atoms=-held.notional_atoms // draw(st.integers(1, 5)))
    return [
        Exposure(venue, abs(one.notional_atoms) * draw(st.integers(14, 50)) // 1_000, (one,))
        for venue, one in ((HERE, held), (THERE, other))
    ]


@settings(max_examples=150)
@given(accounts | narrow(), depths, stocks, mild | scenarios)
def test_arrays_say_of_the_firm_what_a_plain_loop_says(desk, shown, held, scenario):
    made = book(*desk, depths=shown, inventory=held)
    found = outcomes(made, (scenario,))
    by_market = {market(*place): depth for place, depth in shown.items()}
    names = [[market(one.venue, p.asset) for p in one.positions] for one in desk]
    groups = [
        plain.group(_bucket(one, its), by_market) for one, its in zip(desk, names, strict=True)
    ]
    now = plain.shock(scenario, VENUES)
    loop = plain.firm(groups, held, now)

    scale = max(4 * sum(map(gross, desk)) + 10 * sum(one.value for one in held), 1e-6)
    assert (found.inventory[0], found.gas[0]) == pytest.approx(
        (loop.inventory, loop.gas), rel=RELATIVE, abs=RELATIVE * scale
    )
    # On an edge the last digit says who is sold, and on a knot how far from the mark.
    if any(_is_on_the_edge(one, scale) for one in loop.groups) or _is_on_a_knot(groups, loop, now):
        return
    impact = [loop.impact.get(asset, 0.0) for asset in made.assets]
    assert found.contagion.impact[:, 0] == pytest.approx(impact, rel=RELATIVE, abs=RELATIVE)
    pairs = zip(found.contagion.equity[:, 0], found.contagion.maintenance[:, 0], strict=True)
    for numbers, expected in zip(pairs, loop.accounts, strict=True):
        assert numbers == pytest.approx(expected[:2], rel=RELATIVE, abs=RELATIVE * scale)
    delta = [loop.delta.get(asset, 0.0) for asset in made.assets]
    assert found.delta_after[:, 0] == pytest.approx(delta, rel=RELATIVE, abs=RELATIVE * scale)
    assert found.total[0] == pytest.approx(loop.total, rel=RELATIVE, abs=RELATIVE * scale)
    costs = [(one.costs, one.fees) for one in loop.groups]
    told = np.stack((found.forced.costs[:, 0], found.forced.fees[:, 0]), axis=1)
    assert told == pytest.approx(
        np.array(costs).reshape(told.shape), rel=RELATIVE, abs=RELATIVE * scale
    )


def _is_on_a_knot(groups, loop, now):
    for one, its in zip(groups, loop.groups, strict=True):
        mark = now.venues[one.venue].mark
        for held, sold in zip(one.lines, its.sold, strict=True):
            gap = now.apart.get(held.asset, (now.gap, 0.0))[0]
            seen = sold / max(now.depth * (1.0 + gap) * (1.0 + mark), 1e-300)
            if sold and any(abs(seen - knot) <= RELATIVE * knot for knot in held.takes[1:-1]):
                return True
    return False


def _bucket(one, markets):
    return Bucket("account", one, "USDC", 6, tuple(markets))


def _agree(found, place, loop, one):
    row, rows, column = place
    scale = max(gross(one) * 4, 1e-6)
    pairs = [
        (found.price, loop.price),
        (found.funding, loop.funding),
        (found.equity, loop.equity),
        (found.shown, loop.shown),
        (found.maintenance, loop.maintenance),
        (found.exit_cost, loop.exit_cost),
        (found.exit_unsold, loop.exit_unsold),
    ]
    for array, value in pairs:
        assert array[row, column] == pytest.approx(value, rel=RELATIVE, abs=RELATIVE * scale)
    # Whether a bucket is short, met or lost turns on the last digit where both sides are equal.
    if _is_on_the_edge(loop, scale):
        return
    assert found.forced.is_lost[row, column] == loop.is_lost
    sold = found.forced.sold[rows, column]
    assert list(sold) == pytest.approx(loop.sold, rel=RELATIVE, abs=RELATIVE * scale)
    final = found.forced.equity[row, column], found.forced.maintenance[row, column]
    expected = loop.final_equity, loop.final_maintenance
    assert final == pytest.approx(expected, rel=RELATIVE, abs=RELATIVE * scale)


def _is_on_the_edge(loop, scale):
    pairs = (
        (loop.equity, loop.maintenance),
        (loop.equity, loop.maintenance * 2 / 3),
        (loop.equity, 0.0),
        (loop.final_equity, loop.final_maintenance),
        (loop.final_equity, loop.final_maintenance * 2 / 3),
    )
    return not loop.is_lost and any(abs(a - b) < RELATIVE * scale for a, b in pairs)


@settings(max_examples=25)
@given(accounts, depths, st.lists(scenarios, min_size=2, max_size=5))
def test_a_scenario_comes_to_the_same_alone_and_among_others(desk, shown, several):
    made = book(*desk, depths=shown)
    together = outcomes(made, several)

    for column, scenario in enumerate(several):
        alone = outcomes(made, (scenario,))
        # Sums may run in another order.
        tolerance = 1e-12 * max(4 * sum(map(gross, desk)), 1.0)
        found = np.stack((together.equity, together.maintenance))[:, :, column]
        expected = np.stack((alone.equity, alone.maintenance))[:, :, 0]
        assert found == pytest.approx(expected, abs=tolerance)
        assert np.array_equal(together.is_stuck[:, column], alone.is_stuck[:, 0])


@settings(max_examples=25)
@given(accounts, depths, scenarios)
def test_what_is_lost_is_named(desk, shown, scenario):
    made = book(*desk, depths=shown)
    found = outcomes(made, (scenario,))
    forced = found.forced

    # Each is a sum of the same terms in another order.
    tolerance = 1e-12 * max(4 * sum(map(gross, desk)), 1.0)
    before = made.buckets.equity[:, None]
    assert found.equity == pytest.approx(before + found.price + found.funding, abs=tolerance)
    after = np.where(forced.is_lost, 0.0, found.equity - forced.costs - forced.fees)
    assert forced.equity == pytest.approx(after, abs=tolerance)
    assert (forced.costs >= 0.0).all()
    assert (forced.sold >= 0.0).all()
    # Only who is short has something sold.
    rows = [np.any(forced.sold[rows] > 0.0, axis=0) for rows in made.buckets.rows]
    assert not (np.array(rows) & (found.equity >= found.maintenance)).any()
    assert np.array_equal(forced.first >= 0, _short(made, found))


def _short(made, found):
    is_held = np.array([[rows.stop > rows.start] for rows in made.buckets.rows])
    return (found.equity < found.maintenance) & is_held


@settings(max_examples=25)
@given(accounts, depths)
def test_without_a_shock_nothing_changes(desk, shown):
    made = book(*desk, depths=shown)
    found = outcomes(made, (Scenario("nothing"),))

    assert np.array_equal(found.equity[:, 0], made.buckets.equity)
    assert np.array_equal(found.shown, found.equity)
    assert np.array_equal(found.price, np.zeros_like(found.price))
    tolerance = 1e-12 * max(sum(map(gross, desk)), 1.0)
    quiet = found.equity >= found.maintenance
    assert (abs(found.contagion.equity - found.equity) <= tolerance)[quiet & ~_touched(found)].all()


def _touched(found):
    return np.broadcast_to(found.contagion.impact.any(axis=0), found.equity.shape)


@settings(max_examples=25)
@given(exposures(), depths, scenarios, st.integers(1, 1_000_000), st.integers(0, 1_000_000))
def test_a_thinner_book_never_takes_more(one, shown, scenario, depth, less):
    made = book(one, depths=shown)
    deep = replace(scenario, depth_pips=Pips(depth))
    thin = replace(scenario, depth_pips=Pips(max(depth - less, 0)))

    found = outcomes(made, (deep, thin))

    tolerance = 1e-9 * max(gross(one), 1.0)
    assert found.exit_unsold[0, 1] >= found.exit_unsold[0, 0] - tolerance
    if found.exit_unsold[0, 1] <= tolerance:
        assert found.exit_cost[0, 1] >= found.exit_cost[0, 0] - tolerance


@given(st.lists(st.tuples(st.floats(-0.001, 0.3), st.floats(1.0, 1e6)), min_size=1, max_size=40))
def test_a_summed_up_side_never_understates_and_overstates_within_its_bound(rows):
    rows = sorted(rows)
    side = line(rows)
    width, far = np.array([w for _, w in rows]), np.array([d for d, _ in rows])
    true_takes = np.concatenate(([0.0], np.cumsum(width)))
    true_costs = np.concatenate(([0.0], np.cumsum(width * far)))

    asked = np.linspace(0.0, true_takes[-1], 97)
    true = np.interp(asked, true_takes, true_costs)
    told = np.interp(asked, side.takes, side.costs)

    scale = 1e-12 * true_takes[-1]
    assert (told >= true - scale).all()
    assert side.takes[-1] == pytest.approx(true_takes[-1])
    # Within a chord the slope runs from one level's distance to another's, at most all the way.
    slopes = np.interp(side.takes, true_takes, np.concatenate(([far[0]], far)))
    bound = np.max(np.diff(side.takes) * np.diff(slopes)) / 4
    assert (told - true <= bound + scale).all()
