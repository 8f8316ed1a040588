import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.error import SolverError
from router.optimiser.convex import direct
from router.optimiser.convex.certificate import GAP_MAX, lower_bound
from router.optimiser.convex.joint import Effort, Proof, dearest_plan, prove
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from tests.unit.optimiser.convex.worlds import cost, is_allowed, random_plan, random_scaled

BY_HIGHS = Effort(solvers=(direct.solve,))


def proof(scaled: ScaledProblem, effort: Effort = BY_HIGHS) -> Proof:
    shares, demands = separable(scaled)
    return prove(scaled, shares, demands, effort=effort)


# Problems drawn over all that a problem can have; the seed draws the kind, too.
def drawn(seed: int) -> ScaledProblem:
    rng = random.Random(seed)
    return random_scaled(
        seed,
        demands=rng.choice((1, 1, 2)),
        accounts=rng.choice((1, 2)),
        books=rng.choice((2, 3, 4)),
        chains=rng.choice((1, 2)),
        scenarios=rng.choice((0, 6, 40)),
        room=rng.choice(((0.0, 0.01), (0.005, 0.05), (-0.01, 0.03), (0.05, 0.3))),
        held=rng.choice((0.0, 0.2, 0.6)),
    )


def assert_proved(scaled: ScaledProblem, found: Proof, rng: random.Random) -> None:
    assert found.lower == lower_bound(scaled, found.prices)
    if math.isinf(found.upper):
        assert found.lower > dearest_plan(scaled)
        assert all(random_plan(scaled, rng) is None for _ in range(20))
        return
    shares = found.shares.tolist()
    assert found.upper - found.lower <= found.gap_max
    assert found.upper == pytest.approx(cost(scaled, shares), abs=1e-13)
    assert is_allowed(scaled, shares, slack=1e-9)
    for d, demand in enumerate(scaled.demands):
        met = sum(x for c, x in zip(scaled.curves, shares, strict=True) if c.demand == d)
        assert met == pytest.approx(demand.share, abs=1e-12)


@pytest.mark.parametrize("seed", range(60))
def test_every_problem_gets_a_plan_with_its_proof_or_a_proof_that_there_is_none(seed):
    scaled = drawn(seed)

    assert_proved(scaled, proof(scaled), random.Random(seed))


@pytest.mark.soak
def test_three_thousand_problems_get_their_proof():
    for seed in range(60, 3_060):
        scaled = drawn(seed)
        assert_proved(scaled, proof(scaled), random.Random(seed))


@pytest.mark.parametrize("seed", [6, 34, 477])
def test_prices_that_go_in_circles_come_to_an_end(seed):
    """Where a round forgot what the one before saw, the price of an order had two answers."""
    scaled = drawn(seed)

    assert_proved(scaled, proof(scaled), random.Random(seed))


def test_some_of_the_problems_bind_and_some_are_infeasible():
    found = [proof(drawn(seed)) for seed in range(30)]

    assert sum(math.isinf(p.upper) for p in found) >= 3
    assert sum(bool(p.prices.rows) for p in found if not math.isinf(p.upper)) >= 10


@pytest.mark.parametrize("seed", range(6))
def test_no_point_of_a_grid_is_cheaper_than_the_plan_or_allowed_where_there_is_none(seed):
    scaled = random_scaled(seed, chains=1, books=2, scenarios=3, room=(-0.002, 0.01))
    rooms = np.linspace(0.0, 1.0, 61)

    found = proof(scaled)

    for a, b in itertools.product(rooms.tolist(), repeat=2):
        shares = [1.0 - a - b, a, b]
        if shares[0] < 0.0 or any(x > c.cap for x, c in zip(shares, scaled.curves, strict=True)):
            continue
        if is_allowed(scaled, shares):
            assert not math.isinf(found.upper)
            assert found.lower <= cost(scaled, shares) + 1e-12


class Late:
    """Late after so many questions."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def __call__(self) -> bool:
        self.left -= 1
        return self.left <= 0


def test_a_late_search_returns_its_best_plan_and_says_how_far_it_may_be_off():
    unfinished = 0
    for seed in range(30):
        scaled = drawn(seed)
        whole = proof(scaled)
        for rounds in (1, 2):
            try:
                late = proof(scaled, replace(BY_HIGHS, is_late=Late(rounds)))
            except SolverError:
                continue  # no plan was found yet
            if math.isinf(late.upper):
                assert math.isinf(whole.upper)
                continue
            unfinished += not late.is_proved
            assert is_allowed(scaled, late.shares.tolist(), slack=1e-9)
            assert late.lower <= whole.upper + 1e-12
            assert whole.lower <= late.upper + 1e-12
            assert late.is_proved == (late.upper - late.lower <= late.gap_max)
    assert unfinished >= 3


def test_a_late_search_without_a_plan_is_an_error():
    scaled = next(s for s in map(drawn, range(100)) if is_slow(s))

    with pytest.raises(SolverError, match="no round left"):
        proof(scaled, replace(BY_HIGHS, is_late=lambda: True))


def is_slow(scaled: ScaledProblem) -> bool:
    try:
        proof(scaled, replace(BY_HIGHS, is_late=lambda: True))
    except SolverError:
        return True
    return False


def test_the_gap_asked_for_is_a_hundredth_of_a_basis_point_and_what_the_grains_are_worth():
    for seed in range(20):
        found = proof(drawn(seed))
        prices = sum(p for _, p in found.prices.rows) * 1e-12
        assert found.gap_max == pytest.approx(GAP_MAX + 3e-9 * prices, rel=1e-9)


def test_a_solver_that_fails_is_followed_by_the_next():
    scaled = random_scaled(0)

    found = proof(scaled, Effort(solvers=(lambda _: None, direct.solve)))

    assert (found.upper, found.lower) == (proof(scaled).upper, proof(scaled).lower)


def test_where_every_solver_fails_there_is_an_error():
    with pytest.raises(SolverError):
        proof(random_scaled(0), Effort(solvers=(lambda _: None,)))


def test_a_proof_does_not_depend_on_what_was_solved_before():
    first = proof(drawn(3))

    for seed in range(5):
        proof(drawn(seed))

    again = proof(drawn(3))
    assert again.shares.tolist() == first.shares.tolist()
    assert (again.upper, again.lower, again.prices) == (first.upper, first.lower, first.prices)
