"""What must hold of any two certified splits, one of whose problems allows more than the other."""

import random
from dataclasses import dataclass, replace

import pytest

from router.domain.margin import HeldPosition, MarginAccount, MarginTier
from router.domain.plan import BookCandidate, RoutingProblem
from router.domain.units import Amount, Pips, Price
from router.liquidity.curve import CostCurve
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.checks import solved as planned
from tests.unit.optimiser.joint.checks import scaled_of
from tests.unit.optimiser.joint.instances import scenarios, small_problem
from tests.unit.optimiser.world import random_problem

SEEDS = range(24)
MANY = range(24, 1_000)
NOISE = 1e-12


def assert_no_dearer(better: ScaledProblem, worse: ScaledProblem) -> bool:
    """Tell whether there was something to compare."""
    dear = solve_continuous(worse)
    if dear is None:
        return False
    cheap = solve_continuous(better)
    assert cheap is not None
    assert cheap.lower <= dear.upper + NOISE
    assert cheap.upper <= dear.upper + cheap.gap_max + NOISE
    return True


def deeper(curve: CostCurve, factor: float) -> CostCurve:
    return replace(curve, depth=curve.depth * factor, quantity=curve.quantity * factor)


def with_depth(scaled: ScaledProblem, place: int, factor: float) -> ScaledProblem:
    curves = list(scaled.curves)
    made = deeper(curves[place].curve, factor)
    curves[place] = replace(curves[place], curve=made, floor=made)
    return replace(scaled, curves=tuple(curves))


def check_depth(seed: int) -> bool:
    scaled = scaled_of(small_problem(seed))
    place = random.Random(seed).randrange(len(scaled.curves))
    return assert_no_dearer(with_depth(scaled, place, 1.5), scaled)


def check_collateral(seed: int) -> bool:
    made = small_problem(seed)
    margins = tuple(
        replace(m, equity_atoms=m.equity_atoms + made.quantity.atoms // 10**13)
        for m in made.margins
    )
    return assert_no_dearer(scaled_of(replace(made, margins=margins)), scaled_of(made))


def check_fees(seed: int) -> bool:
    made = small_problem(seed)
    books = tuple(
        replace(b, instrument=replace(b.instrument, fee_pips=Pips(b.instrument.fee_pips - 100)))
        for b in made.books
    )
    return assert_no_dearer(scaled_of(replace(made, books=books)), scaled_of(made))


def check_cash(seed: int) -> bool:
    made = small_problem(seed)
    chains = tuple(
        replace(c, spendable=tuple(replace(a, atoms=2 * a.atoms) for a in c.spendable))
        for c in made.chains
    )
    return assert_no_dearer(scaled_of(replace(made, chains=chains)), scaled_of(made))


def check_scenarios(seed: int) -> bool:
    made = small_problem(seed)
    drawn = scenarios(random.Random(seed), 12, gap_max=400_000)
    more = tuple(replace(s, name=f"more-{s.name}") for s in drawn)
    harder = replace(made, scenarios=made.scenarios + more)
    return assert_no_dearer(scaled_of(made), scaled_of(harder))


def check_candidates(seed: int) -> bool:
    made = small_problem(seed)
    if len(made.pools) < 2:
        return False
    return assert_no_dearer(scaled_of(made), scaled_of(replace(made, pools=made.pools[1:])))


CHECKS = {
    "more depth": check_depth,
    "more collateral": check_collateral,
    "a lower fee": check_fees,
    "more cash": check_cash,
    "one scenario less": check_scenarios,
    "one more candidate": check_candidates,
}


@pytest.mark.parametrize("name", CHECKS)
def test_what_allows_more_never_costs_more(name):
    compared = [CHECKS[name](seed) for seed in SEEDS]

    assert sum(compared) >= 8


@pytest.mark.soak
@pytest.mark.parametrize("name", CHECKS)
def test_what_allows_more_never_costs_more_on_many(name):
    assert sum(CHECKS[name](seed) for seed in MANY) >= 300


def test_less_gas_never_costs_more():
    compared = 0
    for seed in range(12):
        made = random_problem(seed)
        dear, cheap = planned(replace(made, gas_fee_wei=2 * made.gas_fee_wei)), planned(made)
        # A rate is of what is filled; less than a lot may stay.
        if dear is not None and cheap is not None and not dear.unfilled.atoms:
            compared += 1
            assert cheap.certificate.lower_bound_with_gas <= dear.certificate.rounded_cost
            assert cheap.certificate.rounded_cost <= dear.certificate.rounded_cost
    assert compared >= 5


def test_splitting_is_never_worse_than_one_curve_alone():
    compared = 0
    for seed in SEEDS:
        scaled = scaled_of(small_problem(seed))
        split = solve_continuous(scaled)
        for place in range(len(scaled.curves)):
            alone = tuple(
                c if i == place else replace(c, cap=0.0) for i, c in enumerate(scaled.curves)
            )
            single = solve_continuous(replace(scaled, curves=alone))
            if single is not None:
                compared += 1
                assert split is not None
                assert split.upper <= single.upper + split.gap_max + NOISE
    assert compared >= 10


def named(scaled: ScaledProblem, split: Split | None) -> object:
    if split is None:
        return None
    shares = {c.name: x for c, x in zip(scaled.curves, split.shares.tolist(), strict=True)}
    return shares, split.upper, split.lower


def solved(made: RoutingProblem) -> object:
    scaled = scaled_of(made)
    return named(scaled, solve_continuous(scaled))


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_candidates_and_accounts_changes_nothing(seed):
    made = small_problem(seed)
    rng = random.Random(seed)

    def mixed(items: tuple) -> tuple:
        return tuple(rng.sample(items, len(items)))

    other = replace(
        made,
        pools=mixed(made.pools),
        books=mixed(made.books),
        chains=mixed(made.chains),
        margins=mixed(made.margins),
        reservations=mixed(made.reservations),
    )

    assert solved(other) == solved(made)


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_scenarios_changes_nothing_beyond_the_certificate(seed):
    made = small_problem(seed)
    first = solve_continuous(scaled_of(made))
    second = solve_continuous(scaled_of(replace(made, scenarios=made.scenarios[::-1])))

    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.lower <= second.upper + NOISE
        assert second.lower <= first.upper + NOISE


@dataclass(frozen=True)
class Decimals:
    """So many more decimals, or fewer where negative, of base and quote."""

    base: int
    quote: int

    def cash(self, atoms: int) -> int:
        return moved(atoms, self.quote)

    def tiers(self, of: tuple[MarginTier, ...]) -> tuple[MarginTier, ...]:
        return tuple(replace(t, above_atoms=self.cash(t.above_atoms)) for t in of)

    def book(self, of: BookCandidate) -> BookCandidate:
        most, instrument = of.position_max_atoms, of.instrument
        base, quote = instrument.base, instrument.quote
        return replace(
            of,
            instrument=replace(
                instrument,
                base=replace(base, decimals=base.decimals + self.base),
                quote=replace(quote, decimals=quote.decimals + self.quote),
                lot_atoms=moved(instrument.lot_atoms, self.base),
                notional_min_atoms=self.cash(instrument.notional_min_atoms),
            ),
            tiers=self.tiers(of.tiers),
            position_max_atoms=None if most is None else self.cash(most),
        )

    def held(self, of: HeldPosition) -> HeldPosition:
        atoms = self.cash(of.notional_atoms)
        return replace(of, notional_atoms=atoms, tiers=self.tiers(of.tiers))

    def margin(self, of: MarginAccount) -> MarginAccount:
        return replace(
            of,
            equity_atoms=self.cash(of.equity_atoms),
            margin_used_elsewhere_atoms=self.cash(of.margin_used_elsewhere_atoms),
            elsewhere=tuple(self.held(p) for p in of.elsewhere),
            stress_buffer_atoms=self.cash(of.stress_buffer_atoms),
        )

    def price(self, of: Price) -> Price:
        # Both sides lifted alike, so that nothing is cut off.
        quote_atoms, base_atoms = of.quote_atoms * 10**12, of.base_atoms * 10**12
        return Price(of.base, of.quote, self.cash(quote_atoms), moved(base_atoms, self.base))

    def problem(self, of: RoutingProblem) -> RoutingProblem:
        return replace(
            of,
            quantity=Amount(of.quantity.asset, moved(of.quantity.atoms, self.base)),
            arrival_mid=self.price(of.arrival_mid),
            limit_price=self.price(of.limit_price),
            books=tuple(self.book(b) for b in of.books),
            margins=tuple(self.margin(m) for m in of.margins),
        )


def moved(atoms: int, more: int) -> int:
    return atoms * 10**more if more >= 0 else atoms // 10**-more


def books_only(seed: int) -> RoutingProblem:
    made = small_problem(seed)
    whole = made.quantity.atoms // 10**14 * 10**14
    return replace(
        made,
        pools=(),
        chains=(),
        reservations=(),
        quantity=Amount(made.quantity.asset, whole),
    )


def scaled_books(made: RoutingProblem, decimals: int) -> ScaledProblem:
    return scale(select(prepare(made), ()), made.quantity.atoms / 10.0**decimals)


@pytest.mark.parametrize(("base", "quote"), [(-10, 0), (0, 12), (-12, 12), (-4, 2)])
def test_units_change_nothing(base, quote):
    compared = 0
    for seed in range(30):
        made = books_only(seed)
        first = solve_continuous(scaled_books(made, 18))
        other = Decimals(base, quote).problem(made)
        second = solve_continuous(scaled_books(other, 18 + base))
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            compared += 1
            assert abs(first.upper - second.upper) <= 1e-9 + first.gap_max
            assert first.lower <= second.upper + 1e-9
            assert second.lower <= first.upper + 1e-9
    assert compared >= 5


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_an_order_and_its_markets_a_billion_times_as_large_cost_the_same_rate(factor):
    for seed in range(12):
        scaled = scaled_of(small_problem(seed))
        grown = replace(
            scaled,
            curves=tuple(
                replace(
                    c,
                    curve=deeper(c.curve, factor),
                    floor=deeper(c.floor, factor),
                    quantity=c.quantity * factor,
                )
                for c in scaled.curves
            ),
        )
        first, second = solve_continuous(scaled), solve_continuous(grown)
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            assert first.lower <= second.upper + NOISE
            assert second.lower <= first.upper + NOISE
