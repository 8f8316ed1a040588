from dataclasses import replace

import numpy as np
import pytest

from router.optimiser.convex import direct
from router.optimiser.convex.chords import PIECES, Answer, Chorder, Chords
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable, solve_separable
from tests.unit.optimiser.convex.worlds import cost, is_allowed, random_scaled, use
from tests.unit.optimiser.joint.checks import assert_proved
from tests.unit.optimiser.joint.instances import SIZES, case


def tight_world(seed: int) -> ScaledProblem:
    scaled = random_scaled(seed, chains=2, books=4, accounts=2, room=(0.002, 0.02))
    assert solve_separable(scaled) is None
    return scaled


def first_points(scaled: ScaledProblem, *, charged: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    shares, _ = separable(scaled)
    curves = zip(scaled.curves, shares.tolist(), strict=True)
    centre = np.array([curve.rate(share) for curve, share in curves])
    asked = (*range(len(scaled.cash)), *scaled.first_rows)
    points = Chorder(scaled).first_points(
        shares, centre=centre, charged=np.array(charged), asked=asked
    )
    return shares, points


@pytest.mark.parametrize("seed", range(4))
def test_the_first_points_reach_from_nothing_to_the_cap_and_hold_the_answer(seed):
    scaled = tight_world(seed)

    shares, points = first_points(scaled, charged=[False] * 6)

    assert points.shape == (len(scaled.curves), PIECES + 1)
    assert np.all(np.diff(points, axis=1) >= 0.0)
    assert np.all(points[:, 0] == 0.0)
    assert points[:, -1].tolist() == [curve.cap for curve in scaled.curves]
    assert np.all(np.any(points == shares[:, None], axis=1))


@pytest.mark.parametrize("seed", range(4))
def test_the_first_points_of_a_curve_lie_where_rows_will_move_it(seed):
    scaled = tight_world(seed)

    shares, dearer = first_points(scaled, charged=[True] * 6)
    _, cheaper = first_points(scaled, charged=[False] * 6)

    used = (shares > 0.0) & (shares < [curve.cap for curve in scaled.curves])
    assert np.any(used)
    assert np.all(dearer <= cheaper)
    assert np.all(np.any(dearer[used] < cheaper[used], axis=1))


def test_the_nearest_row_of_an_account_that_is_kept_is_asked_for_from_the_start():
    scaled = tight_world(1)
    first, second = scaled.accounts
    roomy = np.full_like(second.rooms, 5.0)
    roomy[3] = 4.0
    scaled = replace(scaled, accounts=(first, replace(second, rooms=roomy)))
    assert not solve_separable(scaled)
    asked: list[tuple[int, ...]] = []

    def solver(chords: Chords) -> Answer | None:
        asked.append(chords.asked)
        return direct.solve(chords)

    split = solve_continuous(scaled, effort=Effort(solvers=(solver,)))

    assert split is not None
    assert scaled.first_rows[1] + 3 in asked[0]
    shares = split.shares.tolist()
    assert is_allowed(scaled, shares, slack=1e-9)
    assert cost(scaled, shares) == pytest.approx(split.upper, abs=1e-12)


def test_other_rooms_change_nothing_else_of_an_account():
    scaled = tight_world(2)
    account = scaled.accounts[0]
    shares, _ = separable(scaled)

    other = account.with_rooms(account.rooms + 1.0, grain=1e-6)

    members, first = list(account.members), scaled.first_rows[0]
    used = other.uses(scaled.slips(shares)[members], shares[members])
    told = [use(scaled, first + r, shares.tolist()) for r in range(len(account.names))]
    assert used == pytest.approx(told, abs=1e-12)
    assert other.rooms.tolist() == (account.rooms + 1.0).tolist()
    assert other.grain == 1e-6
    assert account.grain == 3e-9


@pytest.mark.parametrize("seed", range(4))
def test_the_rooms_kept_are_those_of_the_tightened_problem(seed):
    scaled = tight_world(seed)

    assert scaled.kept_rooms().tolist() == scaled.tightened().rooms().tolist()


def test_a_programme_that_the_dual_method_cannot_end_is_ended_by_the_primal_one():
    made = case(757, SIZES["50x100+10x100+50"])

    split = solve_continuous(made.scaled, effort=Effort(solvers=(direct.solve,)))

    assert split is not None
    assert_proved(made.problem, made.scaled, split)
