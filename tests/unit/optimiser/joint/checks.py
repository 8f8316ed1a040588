"""A split held against its problem: proved, covered, and within every rule written again."""

from collections.abc import Callable, Sequence

import numpy as np

from router.domain.plan import RoutingProblem
from router.domain.units import PICO_PER_UNIT
from router.optimiser.convex import direct, programme
from router.optimiser.convex.certificate import Split, lower_bound
from router.optimiser.convex.joint import Effort, Solver
from router.optimiser.convex.parts import holds_every_plan, part_of
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.proof import prices_of
from tests.unit.optimiser.joint import rules

GAP_MAX = 1e-6  # 0.01 bp
EXCESS_MAX = 1e-9  # of the order
EFFORTS: dict[str, Callable[[], Effort]] = {
    "direct": lambda: Effort(solvers=(direct.solve,)),
    "cvxpy": lambda: Effort(solvers=(programme.solve,)),
}


def by(solver: Solver) -> Effort:
    return Effort(solvers=(solver,))


def scaled_of(problem: RoutingProblem) -> ScaledProblem:
    """Return the problem of all its pools and books, before gas and lots."""
    selection = select(prepare(problem), range(len(problem.pools)))
    return scale(selection, problem.quantity.atoms / 10.0**18)


def trades_of(scaled: ScaledProblem, shares: Sequence[float]) -> dict[str, rules.Trade]:
    """Return what each curve trades, its cost by the curve itself."""
    made = {}
    for curve, share in zip(scaled.curves, shares, strict=True):
        base = min(share * curve.quantity, curve.curve.capacity)
        paid = float(curve.curve.cost(base)) / (curve.quantity * curve.mid) if base else 0.0
        made[curve.name] = rules.Trade(share, paid)
    return made


def excess(problem: RoutingProblem, scaled: ScaledProblem, split: Split) -> float:
    trades = trades_of(scaled, split.shares.tolist())
    books = {b.instrument.id for b in problem.books}
    return rules.worst_excess(
        problem,
        {name: t for name, t in trades.items() if name in books},
        {name: t for name, t in trades.items() if name not in books},
    )


def cost_of(problem: RoutingProblem, scaled: ScaledProblem, split: Split) -> float:
    """Return the cost rate of a split, reckoned again."""
    sign, total = rules.sign_of(problem), 0.0
    hours = problem.holding_horizon_s / 3600.0
    books = {b.instrument.id: b for b in problem.books}
    for name, trade in trades_of(scaled, split.shares.tolist()).items():
        total += trade.cost - sign * trade.base
        if name in books:
            held = books[name]
            rate = (held.funding_rate_per_hour * hours + held.basis) * 1e-12
            total += sign * rate * rules.mark_of(problem, held) * trade.base
    return total


def assert_proved(problem: RoutingProblem, scaled: ScaledProblem, split: Split) -> None:
    """Check bounds, coverage and rules; the multipliers alone must reproduce the bound."""
    assert split.upper - split.lower <= max(split.gap_max, GAP_MAX)
    assert split.gap_max <= 1.1 * GAP_MAX
    assert abs(cost_of(problem, scaled, split) - split.upper) <= 1e-12
    assert excess(problem, scaled, split) <= EXCESS_MAX
    assert holds_every_plan(scaled, split.parts)
    bounds = []
    for part in split.parts:
        built = part_of(scaled, part.assumptions)
        bounds.append(lower_bound(built, prices_of(built, part.multipliers)))
        assert bounds[-1] * PICO_PER_UNIT >= part.lower_bound
    assert abs(min(*bounds, split.upper) - split.lower) <= 1e-12
    assert np.all(split.shares >= 0.0)
