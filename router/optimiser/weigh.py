"""What a plan is to be held against: splits that nobody had to solve, and what may become of it.

A naive split is made of the same markets at the same moment and costed by the same exact integers,
gas included; but as if neither limit price nor cash nor margin bound it, so that it has a price
even where it could not be traded. Whether it could is told beside it. Refuses to improve any.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from router.domain.plan import (
    BookCandidate,
    CostSplit,
    NoRouteReason,
    PlannedRoute,
    PoolCandidate,
    RoutingProblem,
)
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    InstrumentId,
    Pico,
    Pips,
    Rounding,
    Side,
)
from router.domain.weighed import NaiveSplit, Outcome, Weighed
from router.liquidity.pointwise import PointCurve
from router.optimiser.exact.atoms import within_limit
from router.optimiser.exact.leg import slippage, to_legs
from router.optimiser.exact.rooms import rooms_of
from router.optimiser.exact.rounding import Draft, draft, whole_lots
from router.optimiser.exact.trade import Trade, book_trade, paid_asset
from router.optimiser.market.market import Selection, Source, prepare, select
from router.optimiser.robust.band import slippages
from router.optimiser.robust.outlook import outlook_of

_BEYOND: Final = {Side.BUY: Pips(9_000_000), Side.SELL: Pips(-990_000)}  # no market is so far off
_PLENTY: Final = 10**60


def weigh(planned: PlannedRoute) -> Weighed:
    """Cost the naive splits of a plan's order, and the plan in every scenario."""
    problem = planned.problem
    strict = _View.of(problem)
    loose = _View.of(_unbound(problem))
    ways = (
        ("best single venue", _best_single),
        ("all where the price is best", _best_price),
        ("equal parts", _equal_parts),
        ("parts by depth", _parts_by_depth),
    )
    naive = tuple(replace(way(strict, loose), method=name) for name, way in ways)
    return Weighed(naive, _outcomes(planned, strict.selection))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The markets of the pair by name; `capacity` and `rate` in base units and of the price."""

    problem: RoutingProblem
    selection: Selection
    sources: dict[InstrumentId, Source]
    books: dict[InstrumentId, BookCandidate]
    capacity: dict[InstrumentId, float]
    rate: dict[InstrumentId, float]

    @classmethod
    def of(cls, problem: RoutingProblem) -> "_View":
        market = prepare(problem)
        selection = select(market, range(len(market.pools)))
        sources = {s.instrument.id: s for s in selection.sources}
        books = {b.instrument.id: b for b in market.problem.books}
        curves = {s.instrument.id: s.curve for s in selection.sources}
        curves |= {
            b.instrument.id: c
            for b, c in zip(market.problem.books, market.book_curves, strict=True)
        }
        held = {name: curve for name, curve in curves.items() if curve.capacity > 0.0}
        return cls(
            problem=market.problem,
            selection=selection,
            sources=sources,
            books=books,
            capacity={name: curve.capacity for name, curve in held.items()},
            rate={name: PointCurve(curve).marginal(0.0) for name, curve in held.items()},
        )

    @property
    def direct(self) -> tuple[InstrumentId, ...]:
        """What trades the pair by itself, and holds anything."""
        pools = (n for n, s in self.sources.items() if isinstance(s.way, PoolCandidate))
        return tuple(name for name in (*pools, *self.books) if name in self.capacity)

    def trade(self, name: InstrumentId, atoms: int) -> Trade | NoRouteReason:
        if name in self.sources:
            return within_limit(self.problem, self.sources[name], amount=atoms)
        if name not in self.books:
            return NoRouteReason.NO_LIQUIDITY
        lots = whole_lots(self.problem, self.books[name], atoms=atoms)
        if lots == 0:
            return NoRouteReason.BELOW_MINIMUM
        return book_trade(self.problem, self.books[name], lots=lots)

    # A trade each; what whole lots leave of a book's part goes to the largest pool.
    def trades(self, parts: dict[InstrumentId, int]) -> list[Trade | NoRouteReason]:
        found: list[Trade | NoRouteReason] = []
        given = dict(parts)
        pools = [n for n in given if n in self.sources]
        for name in [n for n in given if n in self.books]:
            one = self.trade(name, given[name])
            found.append(one)
            if isinstance(one, Trade) and pools:
                most = max(pools, key=lambda n: given[n])
                given[most] += given[name] - one.base if self._is_base else 0
        return [*found, *(self.trade(n, given[n]) for n in pools if given[n] > 0)]

    @property
    def _is_base(self) -> bool:
        return self.problem.quantity.asset == self.problem.arrival_mid.base


def _best_single(strict: _View, loose: _View) -> NaiveSplit:
    whole = loose.problem.quantity.atoms
    names = (*loose.sources, *loose.books)
    return min((_costed(strict, loose, {n: whole}) for n in names), key=_rank)


def _best_price(strict: _View, loose: _View) -> NaiveSplit:
    sign = 1.0 if loose.problem.side is Side.BUY else -1.0
    best = min(loose.direct, key=lambda n: (sign * abs(loose.rate[n]), n), default=None)
    if best is None:
        return _impossible()
    return _costed(strict, loose, {best: loose.problem.quantity.atoms})


def _equal_parts(strict: _View, loose: _View) -> NaiveSplit:
    return _by_weight(strict, loose, weight=lambda _: 1.0)


# What each shows within the order's limit price.
def _parts_by_depth(strict: _View, loose: _View) -> NaiveSplit:
    return _by_weight(strict, loose, weight=lambda name: strict.capacity.get(name, 0.0))


def _by_weight(
    strict: _View, loose: _View, *, weight: Callable[[InstrumentId], float]
) -> NaiveSplit:
    whole = loose.problem.quantity.atoms
    weights = {name: weight(name) for name in loose.direct}
    total = sum(weights.values())
    if total <= 0.0:
        return _impossible()
    parts = {name: int(whole * (own / total)) for name, own in weights.items()}
    most = max(parts, key=lambda name: parts[name])
    parts[most] += whole - sum(parts.values())
    return _costed(strict, loose, {name: part for name, part in parts.items() if part > 0})


def _costed(strict: _View, loose: _View, parts: dict[InstrumentId, int]) -> NaiveSplit:
    trades = [t for t in loose.trades(parts) if isinstance(t, Trade)]
    if len(trades) < len(parts):
        return _impossible()
    legs = to_legs(loose.problem, trades)
    cost = sum((leg.cost for leg in legs), CostSplit(0, 0, 0, 0))
    base = sum(t.base for t in trades)
    allowed = draft(strict.problem, strict.trades(parts), rooms=rooms_of([strict.problem]))
    return NaiveSplit(
        method="",
        parts=tuple((t.instrument.id, t.base) for t in trades),
        cost=cost,
        slippage=slippage(loose.problem, cost=cost.total, base=base),
        is_allowed=isinstance(allowed, Draft),
    )


def _impossible() -> NaiveSplit:
    return NaiveSplit("", (), None, None, is_allowed=False)


# One that is allowed before one that is not.
def _rank(split: NaiveSplit) -> tuple[bool, bool, int]:
    return split.slippage is None, not split.is_allowed, split.slippage or 0


def _unbound(problem: RoutingProblem) -> RoutingProblem:
    buying = problem.side is Side.BUY
    limit = problem.arrival_mid.shifted(
        _BEYOND[problem.side], Rounding.UP if buying else Rounding.DOWN
    )
    plenty = Amount(paid_asset(problem), _PLENTY)
    return replace(
        problem,
        limit_price=limit,
        books=tuple(replace(b, quantity_max_lots=None) for b in problem.books),
        chains=tuple(replace(c, spendable=(plenty,)) for c in problem.chains),
        reservations=(),
    )


# In the state as seen where nothing is said of how it may change.
def _outcomes(planned: PlannedRoute, selection: Selection) -> tuple[Outcome, ...]:
    plan, uncertainty = planned.plan, planned.problem.uncertainty
    if uncertainty is None or not plan.legs:
        return (Outcome("as seen", Pico(PICO_PER_UNIT), plan.slippage),)
    outlook = outlook_of(uncertainty)
    costs = slippages(plan.legs, selection, outlook).tolist()
    weights = {s.name: s.weight for s in uncertainty.scenarios}
    return tuple(
        Outcome(name, weights[name], Pips(round(cost * PIPS_PER_UNIT)))
        for name, cost in zip(outlook.names, costs, strict=True)
    )
