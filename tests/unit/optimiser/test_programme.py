import numpy as np

from router.optimiser.convex.programme import PIECES, compiled, solve
from router.optimiser.convex.reach import enough, most
from router.optimiser.convex.split import separable
from router.optimiser.market.market import prepare, scale, select
from tests.unit.optimiser.world import book, pool, problem


def test_without_binding_rows_the_programme_finds_the_separable_split():
    made = problem(quantity=200.0, pools=(pool(),), books=(book(),))
    scaled = scale(select(prepare(made), (0,)), 200.0)
    shares, demand = separable(scaled)
    caps = [curve.cap for curve in scaled.curves]
    points = np.array(
        [
            np.sort(np.append(np.linspace(0.0, min(cap, 1.0), PIECES - 1), [share, cap]))
            for cap, share in zip(caps, shares, strict=True)
        ]
    )

    answer = solve(scaled, points)

    assert answer is not None
    # Its chords have the separable answer among their ends, and lie above the curves.
    assert scaled.cost(answer.shares) <= scaled.cost(shares) + 1e-6
    assert abs(answer.demand - demand) < 1e-4
    assert np.all(np.abs(answer.rows) < 1e-9)


def test_a_shape_is_compiled_once():
    assert compiled(2, 2, "HIGHS") is compiled(2, 2, "HIGHS")


def test_cash_and_margin_reach_to_where_their_row_is_used_up():
    made = problem(
        quantity=100.0,
        pools=(pool(),),
        books=(book(), book("perp-b", seed=1)),
        cash=5e4,
        equity=1e3,
    )
    scaled = scale(select(prepare(made), (0,)), 100.0)

    shares = most(scaled)

    assert shares is not None
    for used, row in zip(scaled.use(shares), scaled.rows, strict=True):
        assert row.room * (1.0 - 1e-8) <= used <= row.room + 1e-15
    assert enough(scaled) is None
    smaller = enough(scale(select(prepare(made), (0,)), 20.0))
    assert smaller is not None
    assert smaller.sum() >= 1.0
