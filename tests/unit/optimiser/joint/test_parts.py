"""The union of what is allowed: jumps against brute force, reducing accounts, and the cover."""

import itertools
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from router.domain.certificate import AssumptionKind
from router.domain.margin import InitialMargin, MarginAccount, MarginTier, StressScenario
from router.domain.plan import RoutingProblem
from router.domain.units import Pico, Pips, Side
from router.optimiser.convex import direct
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.parts import holds_every_plan, part_of, solve_continuous
from tests.unit.optimiser.joint import rules
from tests.unit.optimiser.joint.checks import assert_proved, scaled_of, trades_of
from tests.unit.optimiser.joint.instances import small_problem
from tests.unit.optimiser.world import MID, USD, book, pool, problem

STEPS = 36
ATOM = 1e-11  # what the optimiser rounds up to an atom, the grid does not
LONG = [Side.BUY, Side.SELL]


def jumping_problem(seed: int) -> RoutingProblem:
    """Return a pool and two books of one account, whose margins jump and bind."""
    rng = random.Random(seed)
    quantity = rng.uniform(50.0, 400.0)
    notional = quantity * MID * USD
    books = []
    for i in range(2):
        made = book(
            f"perp-{i}", price=MID * (1.0 + rng.uniform(-2e-4, 2e-4)), seed=rng.randrange(10**6)
        )
        bounds = (0.0, rng.uniform(0.1, 0.3), rng.uniform(0.35, 0.6))
        tiers = tuple(
            MarginTier(round(b * notional), leverage, Pico(rate * 10**6))
            for b, leverage, rate in zip(bounds, (25, 10, 4), (20_000, 50_000, 90_000), strict=True)
        )
        held = rng.choice((0.0, rng.uniform(-0.6, 0.6)))
        books.append(
            replace(
                made,
                leverage=25,
                tiers=tiers,
                initial_margin=InitialMargin.CAPPED,
                position_lots=round(held * quantity * 10_000),
            )
        )
    made = problem(
        side=rng.choice(LONG),
        quantity=quantity,
        pools=(pool(seed=seed, fee_pips=3000, spacing=60),),
        books=tuple(books),
        gas_usd=None,
    )
    before = -rules.free_margin(made, MarginAccount(made.margins[0].account, 0, 0), {})
    equity = (before + rng.choice((-0.01, 0.01, 0.04))) * notional
    margin = replace(made.margins[0], equity_atoms=max(round(equity), 0))
    shock = StressScenario("gap", Pips(rng.choice((-200_000, 200_000))), Pips(1_000))
    return replace(made, margins=(margin,), scenarios=rng.choice(((), (shock,))))


def cheapest_on_a_grid(made: RoutingProblem) -> float:
    """Return the least cost rate over a grid of shares that keep every rule; infinite if none."""
    scaled = scaled_of(made)
    chain, *books = scaled.curves
    grids = [
        np.unique([*np.linspace(0.0, c.cap, STEPS), *ends_of(made, i)]) for i, c in enumerate(books)
    ]
    best = math.inf
    for own in itertools.product(*grids):
        first = 1.0 - sum(own)
        inside = all(x <= c.cap for x, c in zip(own, books, strict=True))
        if not inside or not 0.0 <= first <= chain.cap:
            continue
        shares = [first, *own]
        cost = scaled.cost(np.array(shares))
        if cost < best:
            trades = trades_of(scaled, shares)
            account = rules.account_excess(made, made.margins[0], trades)
            best = cost if account <= 0.0 else best
    return best


# Where a book's position is closed, or reaches the end of a tier on either side.
def ends_of(made: RoutingProblem, place: int) -> list[float]:
    held = sorted(made.books, key=lambda b: b.instrument.id)[place]
    before = rules.sign_of(made) * rules.position_of(made, held)
    unit = rules.unit_of(made) * rules.mark_of(made, held)
    ends = [s * t.above_atoms / unit - before for t in held.tiers for s in (-1.0, 1.0)]
    # Just inside: a grid point has no tolerance for a float that is a whisker beyond.
    return [e - 1e-9 * s for e in ends for s in (-1.0, 1.0) if e > 1e-6]


@pytest.mark.parametrize("seed", range(10))
def test_no_point_of_a_grid_over_all_tiers_beats_the_bound(seed):
    made = jumping_problem(seed)
    scaled = scaled_of(made)

    split = solve_continuous(scaled)
    best = cheapest_on_a_grid(made)

    if split is None:
        assert best == math.inf
    else:
        assert_proved(made, scaled, split)
        assert split.lower <= best + ATOM
        assert split.upper <= best + split.gap_max + ATOM


@pytest.mark.soak
@pytest.mark.parametrize("start", range(10, 210, 20))
def test_no_point_of_a_grid_beats_the_bound_on_many(start):
    for seed in range(start, start + 20):
        test_no_point_of_a_grid_over_all_tiers_beats_the_bound(seed)


def test_jumps_need_tiers_below_and_above():
    kinds = set()
    for seed in range(40):
        split = solve_continuous(scaled_of(jumping_problem(seed)))
        if split is not None:
            kinds |= {a.kind for part in split.parts for a in part.assumptions}

    assert kinds == set(AssumptionKind)


@pytest.mark.parametrize("side", LONG)
def test_an_account_in_breach_still_reduces_and_no_further(side):
    # A hundredth below the mid for a buy, above for a sell: every unit the book may trade, it does.
    away = -0.01 if side is Side.BUY else 0.01
    held = -300_000 if side is Side.BUY else 300_000  # 30 of 100 ETH
    perp = book(price=MID * (1.0 + away), level_usd=1e6, position_lots=held)
    made = problem(side=side, quantity=100.0, pools=(pool(),), books=(perp,), equity=0.0)

    split = solve_continuous(scaled_of(made))

    assert split is not None
    assert abs(float(split.shares[1]) - 0.3) <= 1e-9
    assert [a.kind for a in split.parts[0].assumptions] == [AssumptionKind.REDUCES]


def test_an_account_in_breach_that_cannot_reduce_is_no_reason_against_the_others():
    perp = book(price=MID * 0.99, position_lots=300_000)
    made = problem(quantity=100.0, pools=(pool(),), books=(perp,), equity=0.0)

    split = solve_continuous(scaled_of(made))

    assert split is not None
    assert float(split.shares[1]) <= 1e-12


def test_reducing_makes_no_scenario_worse_that_is_not_survived():
    # Short 30 of perp-a, long 30 of perp-b: each covers the other; closing one uncovers the other.
    short = book("perp-a", price=MID * 0.99, level_usd=1e6, position_lots=-300_000)
    other = book("perp-b", price=MID, level_usd=1.0, position_lots=300_000, levels=1)
    falls = StressScenario("falls", Pips(-300_000), Pips(0))
    made = replace(
        problem(quantity=100.0, pools=(pool(),), books=(short, other), equity=100.0),
        scenarios=(falls,),
    )

    split = solve_continuous(scaled_of(made))

    assert split is not None
    assert float(split.shares[1]) <= 1e-9
    calm = solve_continuous(scaled_of(replace(made, scenarios=())))
    assert calm is not None
    assert abs(float(calm.shares[1]) - 0.3) <= 1e-9


def several_parts() -> tuple[RoutingProblem, Split]:
    for seed in range(200):
        made = small_problem(seed)
        split = solve_continuous(scaled_of(made))
        if split is not None and len(split.parts) > 1:
            return made, split
    raise AssertionError("no seed needs several parts")


def test_the_cover_has_a_hole_where_a_part_is_taken_away():
    made, split = several_parts()
    scaled = scaled_of(made)

    assert holds_every_plan(scaled, split.parts)
    holes = [
        not holds_every_plan(scaled, [p for p in split.parts if p is not left])
        for left in split.parts
    ]
    assert any(holes)
    assert not holds_every_plan(scaled, ())


def test_a_part_taken_again_is_the_same():
    for seed in range(20):
        scaled = scaled_of(jumping_problem(seed))
        split = solve_continuous(scaled)
        for bound in () if split is None else split.parts:
            once = part_of(scaled, bound.assumptions)
            twice = part_of(once, bound.assumptions)
            assert [c.cap for c in once.curves] == [c.cap for c in twice.curves]
            assert np.allclose(once.accounts[0].rooms, twice.accounts[0].rooms, rtol=0, atol=1e-9)
            assert once.assumptions == twice.assumptions


def test_what_is_found_late_is_told_with_an_honest_bound():
    several = 0
    for seed in range(60):
        made = small_problem(seed)
        scaled = scaled_of(made)
        best = solve_continuous(scaled)
        if best is None or len(best.parts) == 1:
            continue
        several += 1
        asked = itertools.count()
        late = Effort(solvers=(direct.solve,), is_late=lambda count=asked: next(count) > 2)
        found = solve_continuous(scaled, effort=late)
        assert found is not None
        assert found.lower <= best.upper + 1e-12
        assert found.upper >= best.lower - 1e-12
        assert holds_every_plan(scaled, found.parts)
    assert several >= 5
