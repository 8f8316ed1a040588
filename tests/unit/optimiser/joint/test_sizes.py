"""Random joint instances of every size: proved to 0.01 bp, and no rule broken."""

import pytest

from router.domain.units import Side
from router.optimiser.convex.parts import solve_continuous
from tests.unit.optimiser.joint.checks import EFFORTS, assert_proved
from tests.unit.optimiser.joint.instances import SIZES, case

SMALL = [name for name in SIZES if not name.startswith("200x")]
ALL = 1_000
SLICES = 10


def assert_proved_by(solver: str, size: str, seed: int) -> str:
    made = case(seed, SIZES[size])

    split = solve_continuous(made.scaled, effort=EFFORTS[solver]())

    if split is None:
        return "refused"
    assert_proved(made.problem, made.scaled, split)
    return split.method


@pytest.mark.parametrize("size", SMALL)
def test_instances_of_every_size_are_proved_and_keep_every_rule(size):
    methods = {assert_proved_by("direct", size, seed) for seed in range(12)}

    assert "joint" in methods


@pytest.mark.parametrize("size", SMALL[:3])
def test_instances_are_proved_through_cvxpy(size):
    assert "joint" in {assert_proved_by("cvxpy", size, seed) for seed in range(4)}


def test_the_largest_size_is_proved():
    assert assert_proved_by("direct", "200x1000+10x200+500", 1) == "joint"


def test_both_sides_are_asked_for():
    sides = {case(seed, SIZES[SMALL[0]]).problem.side for seed in range(8)}

    assert sides == set(Side)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(SLICES))
@pytest.mark.parametrize("solver", EFFORTS)
@pytest.mark.parametrize("size", SIZES)
def test_a_thousand_instances_of_each_size(size, solver, part):
    for seed in range(part, ALL, SLICES):
        assert_proved_by(solver, size, seed)
