import math
import random
from dataclasses import replace

import pytest

from router.domain.snapshot import Pace
from router.domain.units import NS_PER_S, PICO_PER_UNIT, DurationNs, InstrumentId, Pico, Pips
from router.domain.weighed import Outcome
from router.optimiser.robust.interval import MOVES_MIN, drift_of, interval
from router.optimiser.solve import solve
from tests.unit.optimiser import world

SEEN = Outcome("as seen", Pico(PICO_PER_UNIT), Pips(500))
MANY = 100_000


def outcome(name, percent, bps):
    return Outcome(name, Pico(percent * PICO_PER_UNIT // 100), Pips(bps * 100))


def pace(name, drift, moves=MANY):
    return Pace(InstrumentId(name), Pico(round(drift * PICO_PER_UNIT)), moves, DurationNs(NS_PER_S))


def legs():
    pools = (world.pool("pair-a", fee_pips=100), world.pool("pair-b", fee_pips=100, seed=1))
    return solve(world.problem(pools=pools, books=(world.book(),), quantity=200.0)).legs


def test_of_one_outcome_the_band_is_the_middle_95_percent_of_a_normal():
    band = interval([SEEN], 0.001)

    assert band.low == math.floor(500 - 1.959964 * 1_000)
    assert band.high == math.ceil(500 + 1.959964 * 1_000)
    assert (band.expected, band.drift) == (500, 1_000)


def test_without_a_drift_the_band_is_of_the_scenarios_alone():
    rows = [
        outcome("good", 2, 1),
        outcome("seen", 94, 5),
        outcome("bad", 3, 20),
        outcome("w", 1, 90),
    ]

    band = interval(rows, None)

    # Less than a fortieth is below 5 and above 20 bps.
    assert (band.low, band.high) == (500, 2_000)
    assert band.drift is None


@pytest.mark.parametrize("drift", [0.0, 0.0001, 0.002])
def test_the_band_holds_what_it_states_of_its_own_model(drift):
    rows = [outcome("seen", 60, 5), outcome("away", 30, 9), outcome("towards", 10, -2)]
    band = interval(rows, drift)
    chance = random.Random(3)

    drawn = []
    for _ in range(20_000):
        (cost,) = chance.choices([r.slippage for r in rows], [r.weight for r in rows])
        drawn.append(cost + chance.gauss(0.0, drift * 1e6))
    inside = sum(band.low <= one <= band.high for one in drawn) / len(drawn)

    # Three standard errors of 20,000 draws; steps of the scenarios only make it wider.
    assert inside >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 20_000)


def test_what_all_legs_drift_is_their_shares_times_what_each_does_in_its_time():
    made = legs()
    paces = {n: pace(n, d) for n, d in (("pair-a", 1e-5), ("pair-b", 2e-5), ("perp-a", 4e-5))}
    value = sum(leg.notional.atoms for leg in made)
    share = {leg.instrument.id: leg.notional.atoms / value for leg in made}

    drift = drift_of(made, paces, inclusion_s=9.0, told=None)

    by_hand = 3.0 * sum(share[n] * paces[n].drift / PICO_PER_UNIT for n in share)
    assert len(share) == 3
    # So many moves leave less than a hundredth for what the estimate itself may be off.
    assert by_hand <= drift <= 1.01 * by_hand


def test_a_told_volatility_goes_before_what_was_seen():
    assert drift_of(legs(), {}, inclusion_s=4.0, told=1e-5) == pytest.approx(2e-5)


def test_a_leg_whose_market_was_not_watched_leaves_the_drift_unknown():
    made = legs()
    known = {n: pace(n, 1e-5) for n in ("pair-a", "pair-b")}

    assert drift_of(made, known, inclusion_s=1.0, told=None) is None
    few = {**known, "perp-a": pace("perp-a", 1e-5, moves=MOVES_MIN - 1)}
    assert drift_of(made, few, inclusion_s=1.0, told=None) is None


def test_books_are_executed_sooner_than_pools_where_nobody_says_when():
    made = legs()
    paces = {leg.instrument.id: pace(leg.instrument.id, 1e-5) for leg in made}
    (book,) = (leg for leg in made if not leg.instrument.is_on_chain)
    (pool, *_) = (leg for leg in made if leg.instrument.is_on_chain)

    at_the_book = drift_of([book], paces, inclusion_s=None, told=None)

    assert 0 < at_the_book < drift_of([pool], paces, inclusion_s=None, told=None)


@pytest.mark.parametrize("moves", [8, 30, 150])
def test_a_drift_estimated_from_few_moves_still_covers_the_next_one(moves):
    (leg, *_) = legs()
    chance = random.Random(moves)
    sigma, inside, runs = 1e-4, 0, 4_000
    for _ in range(runs):
        seen = math.sqrt(sum(chance.gauss(0.0, sigma) ** 2 for _ in range(moves)) / moves)
        paces = {leg.instrument.id: pace(leg.instrument.id, seen, moves)}
        drift = drift_of([leg], paces, inclusion_s=4.0, told=None)
        band = interval([replace(SEEN, slippage=Pips(0))], drift)
        inside += band.low <= chance.gauss(0.0, 2.0 * sigma) * 1e6 <= band.high

    assert inside / runs >= 0.95
