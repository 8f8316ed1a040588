import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import NoRouteError
from router.domain.instrument import InstrumentKind
from router.domain.plan import (
    InclusionScenario,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
    Uncertainty,
)
from router.domain.units import PICO_PER_UNIT, Amount, Pico, Pips, Side
from router.optimiser.proof import explain
from router.optimiser.solve import solve
from tests.unit.optimiser.checks import assert_exact, solved
from tests.unit.optimiser.oracle import solve_reference
from tests.unit.optimiser.world import (
    ETH,
    MID,
    UNIT,
    USD,
    USDC,
    book,
    pool,
    problem,
    random_problem,
)

GAP_MAX = PICO_PER_UNIT // 10**6  # 0.01 bp
ACCURACY = GAP_MAX + PICO_PER_UNIT // 10**9  # and what a float quote is off
SEEDS = st.integers(0, 10**6)
slow = settings(max_examples=12, deadline=None)


def as_cash(made: RoutingProblem) -> RoutingProblem:
    cash = made.quantity.atoms * int(MID) * USD // UNIT
    return replace(made, kind=QuantityKind.CASH, quantity=Amount(USDC.id, cash))


@slow
@given(SEEDS, st.booleans(), st.booleans())
def test_every_plan_is_exact_certified_and_within_its_accounts(seed, binding, in_cash):
    made = random_problem(seed, binding=binding)
    made = as_cash(made) if in_cash else made

    plan = solved(made)

    if plan is not None:
        assert 0 <= plan.certificate.gap <= GAP_MAX
        assert_exact(made, plan)


def test_binding_margin_is_met_by_the_programme_and_told():
    methods = set()
    for seed in range(40):
        plan = solved(random_problem(seed, binding=True))
        if plan is None:
            continue
        methods.add(plan.certificate.method.partition(",")[0])
        binds = any(
            m.value > 0 and m.row.startswith("margin:") for m in plan.certificate.multipliers
        )
        told = any("collateral of" in sentence for sentence in explain(plan))
        assert binds is told
    assert methods == {"separable", "joint"}


@pytest.mark.parametrize("seed", range(12))
def test_an_independent_programme_agrees_and_never_beats_the_bound(seed):
    made = random_problem(seed, binding=True)
    # Accounts whose positions may be reduced have a second branch that one programme cannot hold.
    books = tuple(replace(b, position_lots=0) for b in made.books)
    made = replace(made, books=books)

    reference = solve_reference(made, cuts=1_500)
    plan = solved(made)

    assert (plan is None) == (reference is None)
    if plan is not None and reference is not None:
        value = reference * PICO_PER_UNIT
        assert plan.certificate.lower_bound <= value + PICO_PER_UNIT // 10**8
        assert plan.certificate.upper_bound <= value + ACCURACY
        # 1,500 steps from a price within 2 % of the mid to 10 %: a chord of a convex curve lies
        # above it by at most a quarter of its step of the rate, times its share.
        assert value <= plan.certificate.upper_bound + PICO_PER_UNIT * 0.12 / 1_500 / 4


@slow
@given(SEEDS, st.booleans())
def test_splitting_never_costs_more_than_the_best_instrument_alone(seed, binding):
    plan = solved(random_problem(seed, binding=binding))

    if plan is not None:
        whole = [s for s in plan.singles if s.slippage is not None]
        ordered = sum(leg.quantity.atoms for leg in plan.legs) + plan.unfilled.atoms
        complete = [s for s in whole if s.filled_atoms == ordered]
        assert all(plan.slippage <= s.slippage for s in complete) or plan.unfilled.atoms
        # A book alone leaves less than a lot (0.2 USD) over; what that is worth is all it may gain.
        worth = 200_000 / (ordered / UNIT * MID * USD) * 1e6
        assert all(plan.slippage <= s.slippage + worth + 1 for s in whole)


def upper(made: RoutingProblem) -> int:
    return solve(made).certificate.upper_bound


@slow
@given(SEEDS)
def test_more_depth_more_collateral_or_lower_fees_never_cost_more(seed):
    rng = random.Random(seed)
    shallow = pool("pool-a", depth_usd=1e6, seed=seed)
    deep = pool("pool-a", depth_usd=3e6, seed=seed)
    perp = book(seed=seed)
    quantity = rng.uniform(20, 300)
    side = rng.choice((Side.BUY, Side.SELL))
    common = {"side": side, "quantity": quantity, "books": (perp,)}
    equity = quantity * MID * rng.uniform(0.005, 0.05)

    poor = upper(problem(pools=(deep,), equity=equity, **common))

    assert poor <= upper(problem(pools=(shallow,), equity=equity, **common)) + ACCURACY
    assert upper(problem(pools=(deep,), equity=2 * equity, **common)) <= poor + ACCURACY
    cheaper = replace(perp, instrument=replace(perp.instrument, fee_pips=100))
    common["books"] = (cheaper,)
    assert upper(problem(pools=(deep,), equity=equity, **common)) <= poor + ACCURACY


@pytest.mark.parametrize("seed", [1, 3, 7])
def test_the_order_of_candidates_changes_nothing(seed):
    made = random_problem(seed, binding=True)

    plan = solve(made)

    for pools, books in itertools.product(
        itertools.islice(itertools.permutations(made.pools), 3), itertools.permutations(made.books)
    ):
        mixed = replace(made, pools=pools, books=books, margins=made.margins[::-1])
        assert solve(mixed) == plan


def test_a_plan_does_not_depend_on_what_was_solved_before():
    made = random_problem(1, binding=True)
    first = solve(made)

    for seed in range(3):
        solved(random_problem(seed, binding=True))

    assert solve(made) == first


def test_gas_decides_how_many_pools_are_used():
    pools = tuple(pool(f"pool-{i}", depth_usd=2e6, seed=i) for i in range(5))

    cheap = solve(problem(quantity=20.0, pools=pools, gas_usd=0.0))
    dear = solve(problem(quantity=20.0, pools=pools, gas_usd=50.0))

    assert len(cheap.legs) == 5
    assert len(dear.legs) == 1
    # 100,000 units for the transaction and 120,000 for the pool, at 50 USD for 100,000.
    assert dear.cost.gas == 110 * USD
    assert cheap.certificate.upper_bound == dear.certificate.upper_bound


@pytest.mark.parametrize("gas_usd", [0.5, 5.0, 40.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_gas_search_is_no_worse_than_every_subset(seed, gas_usd):
    pools = tuple(
        pool(
            f"pool-{i}",
            depth_usd=1e6 * (1 + i),
            seed=10 * seed + i,
            fee_pips=(100, 500, 3000)[i % 3],
        )
        for i in range(4)
    )
    made = problem(quantity=60.0, pools=pools, gas_usd=gas_usd)

    plan = solve(made)

    subsets = [subset for n in range(1, 5) for subset in itertools.combinations(pools, n)]
    best = min(solve(replace(made, pools=subset)).cost.total for subset in subsets)
    # Both split to whole atoms; a millionth of a basis point of 120,000 USD is 12 atoms.
    assert plan.cost.total <= best + 12


def test_funding_moves_an_order_to_the_side_it_pays():
    made = {"quantity": 50.0, "pools": (pool(),), "horizon_s": 24 * 3600}
    paid = solve(problem(books=(book(funding=10**8),), **made))
    received = solve(problem(books=(book(funding=-(10**8)),), **made))

    def perp_atoms(plan: RoutePlan) -> int:
        return sum(
            leg.quantity.atoms
            for leg in plan.legs
            if leg.instrument.kind is InstrumentKind.PERP_BOOK
        )

    assert perp_atoms(received) > perp_atoms(paid)
    funding = received.cost.funding
    # 1e-4 an hour for 24 hours of the mark value, received; rounded against us by one atom.
    expected = -perp_atoms(received) * 24 * 2_000 * USD // (UNIT * 10**4)
    assert expected <= funding <= expected + 1


def test_an_expected_loss_of_basis_is_charged_like_funding_by_split_and_legs_alike():
    falling = replace(book(), basis=Pico(PICO_PER_UNIT // 1_000))
    made = {"quantity": 5.0, "books": (falling,), "horizon_s": 0}

    plan, plain = solve(problem(**made)), solve(problem(quantity=5.0, books=(book(),)))

    # A thousandth of 10,000 USD at the mark.
    assert plan.cost.total - plain.cost.total == 10 * USD
    rounding = plan.certificate.rounded_cost - plan.certificate.upper_bound
    assert abs(rounding) <= PICO_PER_UNIT // 10**9


def test_reducing_orders_pass_without_margin():
    short = book(position_lots=-2_000_000)

    plan = solve(problem(quantity=100.0, books=(short,), equity=1.0))

    assert plan.legs[0].quantity.atoms == 100 * UNIT


def test_an_order_through_zero_needs_margin_for_what_it_opens():
    short = book(position_lots=-500_000)

    with pytest.raises(NoRouteError) as refused:
        solve(problem(quantity=100.0, books=(short,), equity=1.0))

    assert refused.value.reason is NoRouteReason.INSUFFICIENT_MARGIN
    assert "nearest feasible quantity 50 ETH" in str(refused.value)


def test_selling_all_that_is_held_is_not_refused():
    cash = 20_000.0

    plan = solve(problem(side=Side.SELL, quantity=10.0, pools=(pool(), pool("pool-b")), cash=cash))

    assert sum(leg.quantity.atoms for leg in plan.legs) == 10 * UNIT


def test_spending_all_that_is_held_is_not_refused():
    made = problem(kind=QuantityKind.CASH, quantity=20_000.0, pools=(pool(),), cash=20_000.0)

    plan = solve(made)

    assert sum(leg.notional.atoms for leg in plan.legs) == 20_000 * USD


def test_books_alone_leave_less_than_a_lot():
    made = replace(problem(books=(book(),)), quantity=Amount(ETH.id, UNIT + 5 * 10**13))

    plan = solve(made)

    assert plan.unfilled == Amount(ETH.id, 5 * 10**13)


def refusal(made: RoutingProblem) -> NoRouteError:
    with pytest.raises(NoRouteError) as refused:
        solve(made)
    assert "\n" not in str(refused.value)
    return refused.value


@pytest.mark.parametrize("kind", QuantityKind)
@pytest.mark.parametrize("side", Side)
def test_each_refusal_names_its_reason(side, kind):
    scale = 1.0 if kind is QuantityKind.BASE else MID
    small = book(levels=3)

    def made(quantity: float, **more: object) -> RoutingProblem:
        return problem(side=side, kind=kind, quantity=quantity * scale, **more)

    reasons = {
        NoRouteReason.NO_VENUE: made(1.0),
        NoRouteReason.NO_LIQUIDITY: made(1e6, books=(small,), limit=0.5),
        NoRouteReason.LIMIT_PRICE: made(1_000.0, pools=(pool(depth_usd=1e6),), limit=0.001),
        NoRouteReason.BELOW_MINIMUM: made(0.003, books=(small,)),
        NoRouteReason.INSUFFICIENT_BALANCE: made(100.0, pools=(pool(),), cash=1_000.0),
        NoRouteReason.INSUFFICIENT_MARGIN: made(50.0, books=(book(),), equity=1_000.0),
    }

    assert {reason: refusal(case).reason for reason, case in reasons.items()} == {
        reason: reason for reason in reasons
    }


def test_a_refused_quantity_is_feasible_when_cut_to_the_one_named():
    made = problem(quantity=100.0, pools=(pool(),), books=(book(),), cash=50_000.0, equity=1_000.0)

    told = str(refusal(made))

    nearest = float(told.split("nearest feasible quantity ")[1].split(maxsplit=1)[0])
    solve(replace(made, quantity=Amount(ETH.id, int(nearest * 0.999 * UNIT))))
    refusal(replace(made, quantity=Amount(ETH.id, int(nearest * 1.001 * UNIT))))


@pytest.mark.parametrize("kind", QuantityKind)
def test_a_problem_with_an_uncertainty_is_planned_for_it_and_tells_its_band(kind):
    scale = 1.0 if kind is QuantityKind.BASE else MID
    seen = problem(kind=kind, quantity=100.0 * scale, pools=(pool(),), books=(book(),))
    half = Pico(PICO_PER_UNIT // 2)
    calm = InclusionScenario("calm", half, Pips(0), Pips(10**6), Pips(10**6))
    thin = InclusionScenario("thin books", half, Pips(200), Pips(10**6), Pips(100_000))
    unsure = replace(seen, uncertainty=Uncertainty((calm, thin), Pips(500_000), Pips(10**6)))

    nominal, robust = solve(seen), solve(unsure)

    def on_the_book(plan: RoutePlan) -> int:
        return sum(leg.quantity.atoms for leg in plan.legs if leg.limit_ticks is not None)

    assert nominal.band is None
    assert robust.band is not None
    assert robust.band.best <= robust.band.expected <= robust.band.tail <= robust.band.worst
    assert on_the_book(robust) < on_the_book(nominal)
    assert robust.certificate.gap <= ACCURACY
    assert robust.certificate.lower_bound <= robust.certificate.rounded_cost
    assert_exact(unsure, robust)
