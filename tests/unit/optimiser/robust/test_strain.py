"""What a plan would break by the time it is included."""

import numpy as np
import pytest

from router.optimiser.robust.depth import depth_curves
from router.optimiser.robust.outlook import outlook_of
from router.optimiser.robust.strain import Strain, strains
from tests.unit.optimiser.robust.instances import LIMIT, levels, problem, scenario, uncertainty

SHARES = np.array([0.5, 0.5])


def strained(*scenarios, cash=None, equity=None):
    pool = levels([1e-3], [1.0])
    book = levels([2e-3], [1.0])
    made, views = problem([(pool, False), (book, True)], cash=cash, equity=equity)
    outlook = outlook_of(uncertainty(*scenarios))
    depths = depth_curves(made.curves, views, outlook)
    return strains(made, depths, SHARES, outlook=outlook)


def test_a_plan_that_just_fits_breaks_nothing_as_seen():
    # Half the order with its slip; a tenth of the other half, and its slip.
    cash, margin = 0.5 * 1.001, 0.05 + 0.5 * 2e-3

    assert strained(scenario("as seen", weight=1.0), cash=cash, equity=[margin, 10.0]) == ()


def test_a_move_strains_cash_and_thin_depth_both():
    cash, margin = 0.5 * 1.001, 0.05 + 0.5 * 2e-3

    found = strained(
        scenario("moved", weight=0.5, move=10_000),
        scenario("thin", weight=0.5, pool=250_000, book=250_000),
        cash=cash,
        equity=[margin, 10.0],
    )

    # Of each half only a quarter of the level is left; the rest costs the limit.
    assert [(s.scenario, s.row) for s in found] == [
        ("moved", "cash:chain"),
        ("thin", "cash:chain"),
        ("thin", "margin:perp"),
    ]
    assert isinstance(found[0], Strain)
    assert found[0].missing == pytest.approx(0.005)
    assert found[1].missing == pytest.approx(0.25 * (LIMIT - 1e-3))
    assert found[2].missing == pytest.approx(0.25 * (LIMIT - 2e-3))
