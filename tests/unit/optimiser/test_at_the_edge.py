"""At the very edge of what accounts allow there is a clean plan or a clean refusal."""

import random
from dataclasses import replace

import pytest

from router.domain.error import NoRouteError, SolverError
from router.domain.margin import StressScenario
from router.domain.plan import PlannedRoute, QuantityKind, RoutePlan, RoutingProblem
from router.domain.units import Amount, Pips, Side
from router.optimiser.basket import solve_basket
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.world import MID, TIERS, book, pool, problem

GAPS = tuple(
    StressScenario(f"gap {percent:+d} %", Pips(percent * 10_000), Pips(0)) for percent in (-20, 20)
)
NEARLY = (0.999999, 1.0, 1.000001)
STEPS = 62  # of a bisection down to atoms


def bound_by_accounts(seed: int) -> RoutingProblem:
    """Return an order that cash, margin, a scenario or several of them stand against."""
    rng = random.Random(seed)
    kind, bound = rng.choice(list(QuantityKind)), rng.choice(("margin", "cash", "stress", "both"))
    worth = 10 ** rng.uniform(4, 6)
    pools, books = (), ()
    if bound != "margin" or rng.random() < 0.6:
        pools = tuple(
            pool(
                f"pool-{i}",
                fee_pips=fee,
                spacing=spacing,
                seed=rng.randrange(10**6),
                depth_usd=10 ** rng.uniform(6.5, 7.5),
            )
            for i, (fee, spacing) in enumerate(rng.sample(TIERS, rng.randint(1, 3)))
        )
    if bound != "cash":
        books = tuple(
            book(
                f"perp-{i}",
                price=MID * (1 + rng.uniform(-1, 1) * 3e-4),
                level_usd=10 ** rng.uniform(5, 6),
                seed=rng.randrange(10**6),
                leverage=rng.choice((3, 10)),
                position_lots=rng.choice((0, 0, rng.randint(-(10**5), 10**5))),
            )
            for i in range(rng.randint(1, 2))
        )
    held = sum(abs(b.position_lots) * 1e-4 * MID / b.leverage for b in books)
    made = problem(
        side=rng.choice(list(Side)),
        kind=kind,
        quantity=worth / MID if kind is QuantityKind.BASE else worth,
        pools=pools,
        books=books,
        cash=worth * rng.uniform(0.2, 0.6),
        equity=held + worth * rng.uniform(0.01, 0.05),
    )
    return replace(made, scenarios=GAPS if bound == "stress" else ())


def of_atoms(made: RoutingProblem, atoms: int) -> RoutingProblem:
    return replace(made, quantity=Amount(made.quantity.asset, atoms))


def told(refused: NoRouteError, made: RoutingProblem) -> int:
    """Return the nearest feasible quantity that a refusal tells, in atoms."""
    decimals = 18 if made.kind is QuantityKind.BASE else 6
    return round(float(str(refused).split("nearest feasible ")[1].split()[1]) * 10**decimals)


def planned(made: RoutingProblem) -> RoutePlan | None:
    """Return the plan, None where it is refused; no other error is clean."""
    try:
        return solve(made)
    except NoRouteError:
        return None


def edge(made: RoutingProblem, low: int, high: int) -> int:
    """Return about the most atoms that are planned; every step is a plan or a refusal."""
    for _ in range(STEPS):
        if high - low <= 1:
            break
        middle = (low + high) // 2
        low, high = (low, middle) if planned(of_atoms(made, middle)) is None else (middle, high)
    return low


def check_edge(seed: int) -> None:
    made = bound_by_accounts(seed)
    try:
        solve(made)
    except NoRouteError as refused:
        nearest = told(refused, made)
    else:
        return
    if nearest == 0:
        return
    assert planned(of_atoms(made, nearest)) is not None
    high = min(made.quantity.atoms, nearest * 51 // 50)
    most = edge(made, nearest, high)
    assert most <= nearest * 1.01
    for part in NEARLY:
        smaller = of_atoms(made, int(most * part))
        plan = planned(smaller)
        if plan is not None:
            checks = verify_plan(PlannedRoute(smaller, plan))
            assert [c.sentence for c in checks if not c.holds] == []


@pytest.mark.parametrize("seed", range(6))
def test_at_the_edge_there_is_a_plan_or_a_refusal(seed):
    check_edge(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6, 106))
def test_at_the_edge_there_is_a_plan_or_a_refusal_on_many(seed):
    check_edge(seed)


@pytest.mark.parametrize("kind", list(QuantityKind))
@pytest.mark.parametrize("calls", [0, 1, 2, 5, 9])
def test_who_is_late_has_a_true_plan_or_is_told_that_it_was_too_late(kind, calls):
    made = replace(bound_by_accounts(1), kind=kind)
    worth = 6.0 if kind is QuantityKind.BASE else 12_000.0
    quantity = problem(kind=kind, quantity=worth, pools=(pool(),)).quantity
    made = replace(made, quantity=quantity)
    left = iter(range(calls))

    def is_late() -> bool:
        return next(left, None) is None

    plan, told_why = None, ""
    try:
        plan = solve(made, is_late=is_late)
    except SolverError as error:
        told_why = str(error)
    if plan is None:
        assert told_why == "time was up before a plan was found"
        return
    checks = verify_plan(PlannedRoute(made, plan))
    assert [c.sentence for c in checks if not c.holds] == []


def test_a_basket_at_the_edge_is_a_plan_or_a_refusal():
    made = bound_by_accounts(1)
    with pytest.raises(NoRouteError) as refused:
        solve(made)
    low, high = told(refused.value, made), made.quantity.atoms
    for _ in range(STEPS):
        middle = (low + high) // 2
        try:
            solve_basket([of_atoms(made, middle)])
            low = middle
        except NoRouteError:
            high = middle
    assert low > told(refused.value, made)
