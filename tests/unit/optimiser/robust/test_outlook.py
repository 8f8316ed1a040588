"""Uncertainties as numbers: tails, weights as they are stored, and what is refused."""

import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.error import OrderError
from router.domain.units import Pico
from router.optimiser.robust.outlook import is_tail, outlook_of, to_tail
from tests.unit.optimiser.robust.instances import random_uncertainty, scenario, uncertainty
from tests.unit.optimiser.robust.model import worth


@pytest.mark.parametrize("seed", range(20))
def test_the_worth_of_outcomes_is_that_of_the_sorted_outcomes(seed):
    rng = random.Random(seed)
    told = random_uncertainty(seed, aversion=rng.uniform(0.0, 5.0), tail=rng.uniform(0.01, 1.0))
    outlook = outlook_of(told)
    costs = np.array([rng.gauss(0.0, 0.01) for _ in told.scenarios])

    tail = outlook.tail_weights(costs)

    ordered = sorted(told.scenarios, key=lambda s: s.name)
    assert outlook.worth(costs) == pytest.approx(
        worth(replace(told, scenarios=tuple(ordered)), costs.tolist()), abs=1e-14
    )
    assert is_tail(outlook, to_tail(outlook, tail.tolist()))


@pytest.mark.parametrize("seed", range(20))
def test_stored_weights_are_those_of_a_tail_whatever_a_solver_said(seed):
    rng = random.Random(seed)
    outlook = outlook_of(random_uncertainty(seed, tail=rng.choice((0.05, 0.4, 1.0))))
    said = [rng.gauss(0.3, 0.5) for _ in outlook.names]

    tail = to_tail(outlook, said)

    assert is_tail(outlook, tail)
    assert not is_tail(outlook, (*tail[:-1], Pico(tail[-1] + 1)))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (uncertainty(scenario("a", weight=0.5), scenario("b", weight=0.4)), "add up to"),
        (uncertainty(scenario("a", weight=1.0), tail=0.0), "tail_pips"),
        (uncertainty(scenario("a", weight=1.0), tail=1.1), "tail_pips"),
        (uncertainty(scenario("a", weight=1.0), aversion=-1.0), "aversion_pips"),
        (uncertainty(scenario("a", weight=1.0, pool=0)), "pool_depth_pips"),
        (uncertainty(scenario("a", weight=1.0, book=1_000_001)), "book_depth_pips"),
        (uncertainty(scenario("a", weight=1.0, move=-1_000_000)), "move_pips"),
        (uncertainty(scenario("a", weight=0.5), scenario("a", weight=0.5)), "own name"),
        (uncertainty(scenario("a", weight=-0.5), scenario("b", weight=1.5)), "negative"),
        (uncertainty(), "add up to"),
    ],
    ids=range(10),
)
def test_what_is_no_probability_is_refused_by_name(told, message):
    with pytest.raises(OrderError, match=message):
        outlook_of(told)
