"""Proof of how far a plan with its gas can be from the best, case by case.

The plans are cut into those without any pool, those with one pool (or route) only, and those with
more. In each case, for any price of the order and multipliers of the rows, no plan is cheaper than

    a - (multipliers times rooms) + (best of every book) + least over choices S (gas - gains of S)

with S in the case; see `relaxed`. A choice's parts separate, so the least is found by sorting. The
gains of a route are bounded by those of all its pools, its gas by the cheapest of each hop.
Refuses multipliers of rows that an account could pass by reducing only: the bound is of all plans.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from router.domain.certificate import GasBound, Multiplier
from router.domain.error import SolverError
from router.domain.plan import QuantityKind
from router.domain.units import PICO_PER_UNIT, InstrumentId, Pico
from router.liquidity.pointwise import PointCurve
from router.optimiser.convex.certificate import (
    Best,
    Prices,
    bound_of,
    cheapest,
    demand_name,
    to_prices,
)
from router.optimiser.convex.joint import Effort, prove
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.convex.split import separable
from router.optimiser.gas.charged import chargeable, charged_curves
from router.optimiser.gas.choice import least_choice
from router.optimiser.gas.relaxed import Relaxed, State, flat_of
from router.optimiser.gas.search import Solved, cost_with_gas, row_prices
from router.optimiser.gas.ways import is_priced, whole_ways
from router.optimiser.market.market import Selection, select
from router.optimiser.market.scaling import scale

_SEVERAL: Final = 2  # pools or routes: more than one alone
_NEAR_ENOUGH: Final = 1e-6  # a hundredth of a basis point: no need to look at pools one by one
_WEAK: Final = 1e-5  # a tenth of a basis point: worth solving a case for
_WEAK_MAX: Final = 12  # cases solved
_FAR: Final = 1e6  # times the notional: no cost is so far below zero
_SLACK: Final = 1e-13  # what adding up the gains may be off

_Rows: TypeAlias = tuple[tuple[int, Pico], ...]


class Cases:
    """The cases of one order, over a selection of all its pools.

    Attributes
    ----------
    names : tuple of InstrumentId
        Pools and routes that can carry anything, each a case.
    """

    def __init__(self, selection: Selection, scaled: ScaledProblem) -> None:
        self._scaled = scaled
        self._chains = len(selection.chains)
        self.ways = whole_ways(selection, scaled)
        self.names = tuple(way.name for way in self.ways.ways)
        self._kept = chargeable(scaled)
        # Over the notional of what is traded; zero where the order fixes the base.
        self._cash = 0.0
        market, curve = selection.market, scaled.curves[0]
        if market.problem.kind is QuantityKind.CASH:
            cash = market.problem.quantity.atoms / 10.0**market.pair.quote.decimals
            self._cash = cash / (curve.quantity * curve.mid)

    @property
    def has_books(self) -> bool:
        """Whether a plan without any pool is possible at all."""
        return len(self._scaled.curves) > self._chains

    def bound(self, case: GasBound, prices: Prices) -> float:
        """Return a cost with gas, as a rate, that no plan of the case can beat.

        Only what the case is of is looked at, not its own multipliers. Minus infinity where a row
        has a multiplier that some plans need not keep, infinity where there is no such plan.
        """
        if any(row not in self._kept for row, _ in prices.rows):
            return -math.inf
        bound = self._at_quantity(case, prices)
        return self._for_cash(case, bound, prices) if self._cash and bound < math.inf else bound

    # The same of plans that move so much cash: with fewer pools a buyer gets less base for it, a
    # seller gives more. A plan of y times the quantity has a rate of price + rest / y at least, and
    # what its cash and gas make of y; both are least where they meet.
    def _for_cash(self, case: GasBound, bound: float, prices: Prices) -> float:
        sign, price = self._scaled.curves[0].curve.sign, prices.demands[0] / PICO_PER_UNIT
        rest = bound - price
        if sign * rest >= 0.0:
            return bound
        carry = min(0.0, *(curve.adder for curve in self._scaled.curves))
        cash = self._cash + sign * (self._least_gas(case) + carry)
        if cash <= 0.0:
            # A seller's gas is more than the cash: the rate is above one, whatever is sold.
            return min(bound, 1.0 if sign < 0.0 else -_FAR)
        rate = sign * (cash * (1.0 + sign * price) / (cash - sign * rest) - 1.0)
        return min(bound, rate - _SLACK)

    def _at_quantity(self, case: GasBound, prices: Prices) -> float:
        bests = cheapest(self._scaled, prices)
        fixed = bound_of(self._scaled, prices, bests[self._chains :]) - _SLACK
        if case.pool is not None:
            if case.pool not in self.names:
                return math.inf
            way = self.names.index(case.pool)
            gain = self._gain(way, bests, self._weights(prices))
            return fixed - gain + self.ways.gas([way])
        if case.pools_min == 0:
            return fixed if self.has_books else math.inf
        return fixed + self._least(case.pools_min, bests, prices)

    def covers(self, bounds: Iterable[GasBound]) -> bool:
        """Tell whether cases together hold every plan."""
        given = list(bounds)
        least = min((b.pools_min for b in given if b.pool is None and b.pools_min), default=None)
        without = any(b.pool is None and b.pools_min == 0 for b in given)
        if self.has_books and not without:
            return False
        alone = {b.pool for b in given} >= set(self.names)
        several = least == _SEVERAL or len(self.names) < _SEVERAL
        return least == 1 or (alone and several)

    def _least(self, least: int, bests: list[Best], prices: Prices) -> float:
        weights = self._weights(prices)
        gains = [self._gain(i, bests, weights) for i in range(len(self.names))]
        net = np.array([w.gas for w in self.ways.ways]) - np.array(gains)
        used = least_choice(self.ways, net, least)
        if len(used) < least:
            return math.inf
        return self.ways.gas(used) - math.fsum(gains[i] for i in used)

    def _least_gas(self, case: GasBound) -> float:
        if case.pool is not None:
            return self.ways.gas([self.names.index(case.pool)])
        gas = np.array([way.gas for way in self.ways.ways])
        used = least_choice(self.ways, gas, case.pools_min) if case.pools_min else []
        return self.ways.gas(used)

    def _weights(self, prices: Prices) -> list[float]:
        return [c.weight for c in charged_curves(self._scaled, prices)[: self._chains]]

    # How much less the best share of a way costs than it is worth.
    def _gain(self, way: int, bests: list[Best], weights: list[float]) -> float:
        chain, point = self.ways.ways[way].chain, PointCurve(self.ways.ways[way].curve)
        curve = self._scaled.curves[chain]
        marginal = (bests[chain].rate + curve.curve.sign) * curve.mid
        most = math.inf if self._cash and curve.curve.sign < 0.0 else curve.quantity
        quantity = min(point.quantity_at(marginal), most)
        gained = marginal * quantity - point.cost(quantity)
        return weights[chain] * gained / (curve.quantity * curve.mid)


def prove_gas(full: Solved, best: Solved) -> tuple[GasBound, ...]:
    """Return bounds of cases that hold every plan; none where gas costs nothing.

    Parameters
    ----------
    full : Solved
        With all pools.
    best : Solved
        What was found to be worth its gas: a case need not be bounded above what that costs.
    """
    if not is_priced(full.selection.market):
        return ()
    return _Prover(full, best).proved()


# Bounds cases at the rows' prices of both plans, and the weakest at their own.
class _Prover:
    def __init__(self, full: Solved, best: Solved) -> None:
        selection, self._scaled = _drawn_again(full)
        self._market = selection.market
        self._upper = cost_with_gas(best)
        self._cases = Cases(selection, self._scaled)
        self._flat = flat_of(self._cases.ways, self._scaled)
        self._relaxed: dict[_Rows, Relaxed] = {}
        for solved in (best, full):
            prices, self._start = row_prices(self._scaled, solved.split)
            self._priced(prices)

    def proved(self) -> tuple[GasBound, ...]:
        found = {(b.pools_min, b.pool): b for b in self._bounds()}
        for _ in range(_WEAK_MAX):
            weakest = min(found.values(), key=lambda bound: bound.lower_bound)
            if self._upper - weakest.lower_bound / PICO_PER_UNIT <= _WEAK or weakest.pools_min > 1:
                break
            better = self._at_own_prices(weakest)
            if better is None or better.lower_bound <= weakest.lower_bound:
                break
            found[better.pools_min, better.pool] = better
        return tuple(found.values())

    # A case whose plans the rows make dear or forbid, at what they cost in its own best plan.
    def _at_own_prices(self, weak: GasBound) -> GasBound | None:
        used = [i for i, name in enumerate(self._cases.names) if name == weak.pool]
        if weak.pools_min > len(used) or not self._scaled.n_rows:
            return None
        pools = [p for i in used for p in self._cases.ways.ways[i].pools]
        scaled = scale(select(self._market, pools), self._scaled.curves[0].quantity)
        if math.fsum(curve.cap for curve in scaled.curves) < 1.0:
            return None
        shares, demands = separable(scaled)
        try:
            proof = prove(scaled, shares, demands, effort=Effort())
        except SolverError:
            return None
        kept = {self._scaled.name(row): row for row in chargeable(self._scaled)}
        named = [(scaled.name(row), price) for row, price in proof.prices.rows]
        rows = tuple(sorted((kept[name], price) for name, price in named if name in kept))
        relaxed = self._priced(Prices((), rows))
        _, state = relaxed.cost_of(used, self._start, enough=self._upper)
        prices = Prices(to_prices([state.price], ()).demands, rows)
        return self._bound(weak.pools_min, weak.pool, prices)

    def _priced(self, prices: Prices) -> Relaxed:
        if prices.rows not in self._relaxed:
            made = Relaxed(self._scaled, self._cases.ways, prices, flat=self._flat)
            self._relaxed[prices.rows] = made
        return self._relaxed[prices.rows]

    def _bounds(self) -> tuple[GasBound, ...]:
        cases = self._cases
        found: list[GasBound] = []
        if cases.has_books:
            found.append(self._best(0, None, lambda relaxed: self._of(relaxed, [])))
        if not cases.names:
            return tuple(found)
        every = self._best(1, None, lambda relaxed: self._several(relaxed, 1).price)
        if self._upper - every.lower_bound / PICO_PER_UNIT <= _NEAR_ENOUGH:
            return (*found, every)
        several = {r: self._several(r, 2) for r in self._relaxed.values()}
        found += [self._alone(several, way) for way in range(len(cases.names))]
        if len(cases.names) > 1:
            found.append(self._best(2, None, lambda relaxed: several[relaxed].price))
        return tuple(found)

    def _best(
        self, least: int, pool: InstrumentId | None, price: Callable[[Relaxed], float]
    ) -> GasBound:
        made = []
        for rows, relaxed in self._relaxed.items():
            prices = Prices(to_prices([price(relaxed)], ()).demands, rows)
            made.append(self._bound(least, pool, prices))
            if made[-1].lower_bound >= self._upper * PICO_PER_UNIT:
                break
        return max(made, key=lambda bound: bound.lower_bound)

    def _several(self, relaxed: Relaxed, least: int) -> State:
        return relaxed.bound(least, self._start, enough=self._upper)[1]

    # At a price that is known if it is high enough, else at its own.
    def _alone(self, several: Mapping[Relaxed, State], way: int) -> GasBound:
        def price(relaxed: Relaxed) -> float:
            state, gas = several[relaxed], relaxed.ways.gas([way])
            if state.value - float(state.gain[way]) + gas >= self._upper:
                return state.price
            if not relaxed.has_books and relaxed.carries([way]):
                return relaxed.price_alone(way)
            return relaxed.cost_of([way], state.price, enough=self._upper)[1].price

        return self._best(1, self._cases.names[way], price)

    def _of(self, relaxed: Relaxed, used: list[int]) -> float:
        return relaxed.cost_of(used, self._start, enough=self._upper)[1].price

    def _bound(self, least: int, pool: InstrumentId | None, prices: Prices) -> GasBound:
        demand = self._scaled.demands[0]
        multipliers = [Multiplier(demand_name(demand.name), prices.demands[0])]
        multipliers += [Multiplier(self._scaled.name(row), p) for row, p in prices.rows]
        case = GasBound(least, pool, tuple(multipliers), Pico(0))
        # A case without plans has no cost to bound.
        lower = min(self._cases.bound(case, prices), max(self._upper, 1.0))
        return replace(case, lower_bound=Pico(math.floor(lower * PICO_PER_UNIT)))


# A network knows more of itself the longer it was searched. The bounds are of what it knows at
# first, so that whoever checks them needs nothing but the problem.
def _drawn_again(full: Solved) -> tuple[Selection, ScaledProblem]:
    market = full.selection.market
    if not market.networks:
        return full.selection, full.scaled
    selection = select(market, range(len(market.pools)))
    return selection, scale(selection, full.scaled.curves[0].quantity)
