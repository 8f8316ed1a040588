"""The certified split against a model of every tick that shares nothing with the optimiser."""

import pytest

from router.domain.units import PICO_PER_UNIT
from router.optimiser.convex.parts import solve_continuous
from tests.unit.optimiser.joint.checks import EFFORTS, assert_proved, scaled_of
from tests.unit.optimiser.joint.full_model import solve_full
from tests.unit.optimiser.joint.instances import apart, small_problem

CUTS = 150
NOISE = 1e-9  # what the model's solver leaves of its tolerance, for multipliers of one


def assert_agrees(seed: int, solver: str, *, is_apart: bool = False) -> str:
    problem = small_problem(seed)
    problem = apart(problem, seed) if is_apart else problem
    scaled = scaled_of(problem)

    split = solve_continuous(scaled, effort=EFFORTS[solver]())
    full = solve_full(problem, cuts=CUTS)

    assert (split is None) == (full is None)
    if split is None or full is None:
        return "refused"
    assert_proved(problem, scaled, split)
    charged = [m.value for m in split.multipliers if not m.row.startswith("demand")]
    dear = 1.0 + sum(charged) / PICO_PER_UNIT
    assert split.lower <= full.value + NOISE * dear
    assert split.upper <= full.value + split.gap_max + NOISE * dear
    # A chord's error costs itself, and what the room it takes is worth.
    assert full.value <= split.upper + full.error * dear + 10.0 * NOISE * dear
    return split.method if len(split.parts) == 1 else "several parts"


def test_a_model_of_every_tick_agrees_and_never_beats_the_bound():
    kinds = {assert_agrees(seed, "direct") for seed in range(8)}

    assert kinds == {"refused", "separable", "joint", "several parts"}


def test_it_agrees_where_accounts_survive_scenarios_of_their_own_and_fills_gain():
    kinds = {assert_agrees(seed, "direct", is_apart=True) for seed in (0, 1, 2, 8, 16, 19, 35)}

    assert {"separable", "joint"} <= kinds


@pytest.mark.soak
@pytest.mark.parametrize("start", range(1_000, 1_400, 20))
def test_it_agrees_on_many_with_scenarios_of_their_own(start):
    for seed in range(start, start + 20):
        assert_agrees(seed, "direct", is_apart=True)


@pytest.mark.parametrize("seed", [3, 5])
def test_it_agrees_with_what_cvxpy_finds(seed):
    assert_agrees(seed, "cvxpy")


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 400, 20))
def test_it_agrees_on_many(start):
    for seed in range(start, start + 20):
        assert_agrees(seed, "direct")
