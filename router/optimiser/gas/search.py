"""Which pools are worth their gas: choices searched at fixed prices of the rows, the best solved.

A fixed cost per pool makes the choice discrete. The search asks what choices cost at the rows'
prices of the best plan so far; where no row binds that is what they cost, else no more than it. So
the joint problem is solved for the few that may be the best. Refuses to prove it; `bound` does.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from router.domain.units import PICO_PER_UNIT
from router.liquidity.pointwise import PointCurve
from router.optimiser.convex.certificate import DEMAND, Prices, Split
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.exact.parts import DUST_SHARE
from router.optimiser.gas.charged import chargeable
from router.optimiser.gas.local import BETTER, Search
from router.optimiser.gas.relaxed import Relaxed, flat_of
from router.optimiser.gas.ways import gas_of, is_priced, ways_of
from router.optimiser.market.market import Selection, Source
from router.optimiser.market.network import Network
from router.optimiser.market.route import Route, Stage

_SOLVES_MAX: Final = 24
_DUST: Final = 1e-6  # of the order
_TIE: Final = 1e-13  # of a price: nearer ones are the same
_NEAR: Final = 1e-11  # of the notional: solved as it was searched


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A selection of pools with its certified split."""

    selection: Selection
    scaled: ScaledProblem
    split: Split


Solve: TypeAlias = Callable[[tuple[int, ...]], Solved | None]


def worth_their_gas(full: Solved, solve: Solve) -> Solved:
    """Return the best selection found, gas included.

    Parameters
    ----------
    solve : Solve
        Solves the same order with some pools only; None where it cannot be done.
    """
    if not is_priced(full.selection.market):
        return full
    search = _Search(full)
    for _ in range(_SOLVES_MAX):
        pools = search.next()
        if pools is None:
            break
        search.learn(solve(pools))
    return search.best


def cost_with_gas(solved: Solved) -> float:
    """Return what a split costs before lots with the gas of the pools it uses, as a rate."""
    return _total(solved, used_pools(solved))


def used_pools(solved: Solved) -> tuple[int, ...]:
    """Return the pools that carry more than dust, ascending."""
    found: list[int] = []
    ordered = solved.scaled.curves[0].quantity
    for c, (account, curve) in enumerate(solved.selection.chains):
        quantity = min(float(solved.split.shares[c]) * ordered, curve.capacity)
        if quantity <= _DUST * ordered:
            continue
        marginal = PointCurve(curve).marginal(quantity)
        marginal += abs(marginal) * _TIE
        for source in solved.selection.of(account):
            if source.curve.first_marginal > marginal:
                continue
            part = min(PointCurve(source.curve).quantity_at(marginal), quantity)
            if part > _DUST * ordered:
                found += _used(source, part)
    return tuple(sorted(found))


def _total(solved: Solved, used: Sequence[int]) -> float:
    return solved.split.upper + gas_of(solved.selection, solved.scaled, used)


# What is known from one joint solve to the next. Every plan's prices give a bound for every choice;
# the choice with the lowest bound comes next, until none is below the best plan.
class _Search:
    def __init__(self, full: Solved) -> None:
        self._full = full
        self._ways = ways_of(full.selection, full.scaled)
        self._flat = flat_of(self._ways, full.scaled)
        used = used_pools(full)
        self.best, self._total = full, _total(full, used)
        self._tried = {frozenset(used)}
        self._asked: frozenset[int] = frozenset()
        self._priced: set[Prices] = set()
        self._searches: list[Search] = []
        self._bounds: dict[frozenset[int], float] = {}  # of choices of ways
        self._exact: set[frozenset[int]] = set()
        self._look_around(full)

    def next(self) -> tuple[int, ...] | None:
        """Return the pools that may be the best choice; None if there are none any more."""
        while self._bounds:
            used = min(self._bounds, key=lambda u: (self._bounds[u], sorted(u)))
            if self._bounds[used] >= self._total - BETTER:
                return None
            if used not in self._exact:
                self._exact.add(used)
                self._bounds[used] = max(search.cost(used) for search in self._searches)
                continue
            del self._bounds[used]
            pools = frozenset(i for way in used for i in self._ways.ways[way].pools)
            if pools not in self._tried:
                self._tried.add(pools)
                self._asked = used
                return tuple(sorted(pools))
        return None

    def learn(self, solved: Solved | None) -> None:
        """Take in what the pools asked for cost, or that they cannot carry the order."""
        if solved is not None:
            cost = cost_with_gas(solved)
            expected = max(search.cost(self._asked) for search in self._searches)
            if cost < self._total:
                self.best, self._total = solved, cost
            if cost <= expected + _NEAR:
                return  # no row made a difference: the choices nearby are known already
            self._look_around(solved)
        self._add(near for search in self._searches[-1:] for near in search.near(self._used()))

    # Search the choices at the prices of a plan.
    def _look_around(self, solved: Solved) -> None:
        prices, demand = row_prices(self._full.scaled, solved.split)
        rows = Prices((), prices.rows)
        if rows not in self._priced:
            self._priced.add(rows)
            relaxed = Relaxed(self._full.scaled, self._ways, prices, flat=self._flat)
            search = Search(relaxed, demand)
            self._searches.append(search)
            self._exact.clear()
            self._add(choice.used for choice in search.run())

    def _add(self, choices: Iterable[frozenset[int]]) -> None:
        for used in choices:
            known = self._bounds.get(used, -np.inf)
            bound = max(search.at_least(used) for search in self._searches)
            if bound < self._total - BETTER:
                self._bounds[used] = max(known, bound)

    # The ways of the best plan; a route whose choice of pools is none of its ways counts whole.
    def _used(self) -> frozenset[int]:
        pools = set(used_pools(self.best))
        found: dict[int, int] = {}
        for i, way in enumerate(self._ways.ways):
            if pools.issuperset(way.pools):
                held = found.get(way.source)
                if held is None or len(self._ways.ways[held].pools) < len(way.pools):
                    found[way.source] = i
        return frozenset(found.values())


def row_prices(scaled: ScaledProblem, split: Split) -> tuple[Prices, float]:
    """Return what the rows that every plan keeps cost in a split, and the price of the order."""
    rows = {scaled.name(row): row for row in chargeable(scaled)}
    charged = sorted(
        (rows[m.row], m.value) for m in split.multipliers if m.row in rows and m.value > 0
    )
    demand = next(m.value for m in split.multipliers if m.row.partition(":")[0] == DEMAND)
    return Prices((demand,), tuple(charged)), demand / PICO_PER_UNIT


def _used(source: Source, quantity: float) -> list[int]:
    way = source.way
    if isinstance(way, Network):
        return [source.pools[place] for place, _ in way.gains(quantity)]
    if not isinstance(way, Route):
        return list(source.pools)
    base, quote = way.base_stage, way.quote_stage
    quantity = min(quantity, base.merged.capacity)
    middle = min(abs(float(base.merged.cost(quantity))), quote.merged.capacity)
    first = len(base.pools)
    return [
        *_used_of(base, source.pools[:first], quantity),
        *_used_of(quote, source.pools[first:], middle),
    ]


def _used_of(stage: Stage, pools: tuple[int, ...], quantity: float) -> list[int]:
    split = stage.together.split(min(quantity, stage.together.capacity))
    least = DUST_SHARE * float(np.sum(split))
    return [i for i, part in zip(pools, split.tolist(), strict=True) if part > least]
