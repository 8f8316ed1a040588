import math

import numpy as np
import pytest

from router.optimiser.convex import direct, programme
from router.optimiser.convex.certificate import GAP_MAX
from router.optimiser.convex.chords import PIECES, Chorder, Chords
from router.optimiser.convex.joint import Effort, Proof, Solver, prove
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from tests.unit.optimiser.convex.worlds import is_allowed, random_scaled


def highs_through_cvxpy(chords: Chords):
    return programme.solve_by("HIGHS", chords)


def clarabel(chords: Chords):
    return programme.solve_by("CLARABEL", chords)


def proof_by(scaled: ScaledProblem, solver: Solver) -> Proof:
    shares, demands = separable(scaled)
    return prove(scaled, shares, demands, effort=Effort(solvers=(solver,)))


@pytest.mark.parametrize("solver", [direct.solve, highs_through_cvxpy, clarabel])
def test_without_binding_rows_the_programme_finds_the_separable_split(solver):
    scaled = random_scaled(3, room=(5.0, 6.0))
    shares, demands = separable(scaled)
    caps = [curve.cap for curve in scaled.curves]
    points = np.array(
        [
            np.sort(np.append(np.linspace(0.0, cap, PIECES), share))
            for cap, share in zip(caps, shares, strict=True)
        ]
    )

    chords = Chorder(scaled).chords(points, asked=(0, 1), rooms=scaled.rooms(), penalty=10.0)
    answer = solver(chords)

    assert answer is not None
    # The separable answer is among its points; its chords lie above the curves.
    assert scaled.cost(answer.shares) <= scaled.cost(shares) + 1e-9
    assert np.all(np.abs(answer.rows) < 1e-9)
    assert answer.unfilled < 1e-9
    # Chords of a sixteenth of a curve that rises by 15 %.
    assert abs(answer.demands[0] - demands[0]) < 0.15 / PIECES


def test_a_shape_is_compiled_once():
    first = programme.compiled(2, 1, 4, solver="HIGHS")

    assert programme.compiled(2, 1, 4, solver="HIGHS") is first


def test_warming_up_compiles_what_orders_will_ask_for():
    programme.warm_up()
    before = programme.compiled.cache_info().misses

    proof_by(random_scaled(0), highs_through_cvxpy)

    assert programme.compiled.cache_info().misses == before


@pytest.mark.parametrize("demands", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_all_solvers_agree_to_the_certificate(seed, demands):
    scaled = random_scaled(seed, demands=demands, accounts=2, books=3)

    proofs = [proof_by(scaled, s) for s in (direct.solve, highs_through_cvxpy, clarabel)]

    assert len({math.isinf(p.upper) for p in proofs}) == 1
    for one in proofs:
        if math.isinf(one.upper):
            continue
        assert one.upper - one.lower <= one.gap_max
        # A few prices above 1 times a grain of 3e-9 are all that may be added.
        assert GAP_MAX <= one.gap_max <= 2 * GAP_MAX
        assert is_allowed(scaled, one.shares.tolist(), slack=1e-9)
        assert all(other.lower <= one.upper for other in proofs)


def test_some_of_these_problems_bind_and_some_are_infeasible():
    """Or the test above would compare nothing."""
    proofs = [proof_by(random_scaled(seed, accounts=2, books=3), direct.solve) for seed in range(8)]

    assert any(p.prices.rows for p in proofs if not math.isinf(p.upper))
