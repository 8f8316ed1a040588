"""A solver that is quick and good enough: a plain rule, and the gate's own word on its plans.

Splits at random over what the problem offers, in whole lots and within its bounds. Now and then it
is slow or ends. Proves nothing of its plans.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from router.domain.basket import BasketPlan
from router.domain.certificate import Certificate
from router.domain.market import ReservesSnapshot
from router.domain.plan import (
    BookCandidate,
    CostSplit,
    Leg,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.schedule import Schedule, ScheduleProblem
from router.domain.units import (
    NS_PER_S,
    PIPS_PER_UNIT,
    Amount,
    DurationNs,
    Pico,
    Pips,
    Rounding,
    Side,
    divide,
)
from router.domain.verdict import Approved, Refused
from router.liquidity.constant_product import Pool, swap
from router.liquidity.oracle import LiquidityError
from router.port import Clock
from router.risk.limits import approve
from router.simulation.town import LOT
from router.simulation.weather import Weather

_USUAL: Final = DurationNs(NS_PER_S // 50)
_SLOW_MAX_S: Final = 3.0
_BOOK_ROOM_TICKS: Final = 40
_SHARES: Final = (0, 1, 2, 4)
_NO_COST: Final = CostSplit(0, 0, 0, 0)
_NO_PROOF: Final = Certificate(Pico(0), Pico(0), Pico(0), (), "simulated")


@dataclass(frozen=True, slots=True)
class SimulatedSolver:
    """Satisfies `router.shell.solver_pool.Solver`."""

    clock: Clock
    rng: Random
    weather: Callable[[], Weather]

    async def solve(self, problem: RoutingProblem) -> RoutePlan | Refused:
        """Plan a problem after a while."""
        await self._think()
        if self.rng.random() < self.weather().solver_fails:
            return Refused(NoRouteReason.SOLVER, "the solver's process ended; it is started again")
        return planned(problem, self.rng)

    async def solve_basket(self, problems: tuple[RoutingProblem, ...]) -> BasketPlan | Refused:
        """Plan problems one beside the other."""
        await self._think()
        plans = []
        for problem in problems:
            plan = planned(problem, self.rng)
            if isinstance(plan, Refused):
                return plan
            plans.append(plan)
        return BasketPlan(tuple(plans), _NO_COST, _NO_PROOF)

    async def solve_schedule(self, problem: ScheduleProblem) -> Schedule | Refused:
        """Spread an order evenly, as far as its margin lets it."""
        await self._think()
        if self.rng.random() < self.weather().solver_fails:
            return Refused(NoRouteReason.SOLVER, "the solver's process ended; it is started again")
        total, count, releases = problem.quantity.atoms, len(problem.intervals), []
        for place, interval in enumerate(problem.intervals):
            even = divide(total * (place + 1), count, Rounding.DOWN)
            most = problem.margin_max[place].atoms if problem.margin_max else even
            releases.append((interval.begins_at, min(even, most)))
        nothing = Pico(0)
        return Schedule(tuple(releases), nothing, nothing, nothing, nothing, nothing)

    async def _think(self) -> None:
        slow = self.rng.random() < self.weather().solver_slow
        wait = round(self.rng.random() * _SLOW_MAX_S * NS_PER_S) if slow else _USUAL
        await self.clock.sleep(DurationNs(wait))


def planned(problem: RoutingProblem, rng: Random) -> RoutePlan | Refused:
    """Return a plan that passes the gate, or that there is none."""
    markets = (*problem.books, *problem.pools)
    if not markets:
        return Refused(NoRouteReason.NO_LIQUIDITY, "no market is left")
    weights = [rng.choice(_SHARES) for _ in markets]
    for chosen in (weights, [0] * len(problem.books) + [1] * len(problem.pools)):
        for size in (4, 2, 1):  # quarters of the whole
            whole = problem.quantity.atoms * size // 4
            plan = _plan(problem, _parts(chosen, whole))
            if isinstance(approve(problem, plan, problem.quantity), Approved):
                return plan
    return Refused(NoRouteReason.LIMIT_PRICE, "nothing trades within the limits")


def _parts(weights: list[int], whole: int) -> list[int]:
    total = sum(weights)
    if not total:
        return [whole] + [0] * (len(weights) - 1)
    return [whole * weight // total for weight in weights]


def _plan(problem: RoutingProblem, parts: list[int]) -> RoutePlan:
    markets: tuple[BookCandidate | PoolCandidate, ...] = (*problem.books, *problem.pools)
    found: list[Leg] = []
    for market, part in zip(markets, parts, strict=True):
        if isinstance(market, BookCandidate):
            leg = _book_leg(problem, market, part)
        else:
            leg = _pool_leg(problem, market, part)
        if leg is not None:
            found.append(leg)
    in_base = problem.kind is QuantityKind.BASE
    done = sum((leg.quantity if in_base else leg.notional).atoms for leg in found)
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=tuple(found),
        unfilled=Amount(problem.quantity.asset, problem.quantity.atoms - done),
        arrival_mid=problem.arrival_mid,
        block=None,
        cost=_NO_COST,
        slippage=Pips(0),
        singles=(),
        certificate=_NO_PROOF,
    )


def _book_leg(problem: RoutingProblem, book: BookCandidate, atoms: int) -> Leg | None:
    buying = problem.side is Side.BUY
    levels = book.snapshot.asks if buying else book.snapshot.bids
    if problem.kind is QuantityKind.CASH or not levels:
        return None
    lots = min(atoms // LOT, sum(size for _, size in levels))
    ticks = levels[0][0] + (_BOOK_ROOM_TICKS if buying else -_BOOK_ROOM_TICKS)
    quantity = Amount(problem.quantity.asset, lots * LOT)
    rounding = Rounding.UP if buying else Rounding.DOWN
    bound = book.instrument.tick_price(ticks).notional(quantity, rounding)
    if not lots or bound.atoms < book.instrument.notional_min_atoms:
        return None
    return Leg(
        instrument=book.instrument,
        side=problem.side,
        quantity_kind=QuantityKind.BASE,
        quantity=quantity,
        notional=book.instrument.tick_price(levels[0][0]).notional(quantity, rounding),
        bound=bound,
        limit_ticks=ticks,
        cost=_NO_COST,
        slippage=Pips(0),
    )


def _pool_leg(problem: RoutingProblem, candidate: PoolCandidate, atoms: int) -> Leg | None:
    buying, in_base = problem.side is Side.BUY, problem.kind is QuantityKind.BASE
    told = candidate.snapshot
    assert isinstance(told, ReservesSnapshot), "all pools of the town are pairs"
    pool = Pool(told.reserve0, told.reserve1, told.fee_pips)
    if not atoms:
        return None
    amount = -atoms if buying is in_base else atoms
    try:
        done = swap(pool, zero_for_one=not buying, amount_specified=amount)
    except LiquidityError:
        return None
    base, cash = abs(done.amount0), abs(done.amount1)
    pays_more = buying is in_base  # the other side is what is paid, at most
    tolerance = problem.slippage_tolerance_pips * (1 if pays_more else -1)
    other = cash if in_base else base
    rounding = Rounding.DOWN if pays_more else Rounding.UP
    bound = divide(other * (PIPS_PER_UNIT + tolerance), PIPS_PER_UNIT, rounding)
    instrument, limit = candidate.instrument, problem.limit_price
    quantity = Amount(instrument.base.id, base)
    notional = Amount(instrument.quote.id, cash)
    if in_base:
        at_limit = limit.notional(quantity, rounding).atoms
    else:
        at_limit = limit.quantity(notional, rounding).atoms
    bound = min(bound, at_limit) if pays_more else max(bound, at_limit)
    if (bound < other) if pays_more else (bound > other):
        return None
    asset = notional.asset if in_base else quantity.asset
    return Leg(
        instrument=instrument,
        side=problem.side,
        quantity_kind=problem.kind,
        quantity=quantity,
        notional=notional,
        bound=Amount(asset, bound),
        limit_ticks=None,
        cost=_NO_COST,
        slippage=Pips(0),
    )
