"""From a `RoutingProblem` to curves and rows: which pools are used, what they make together.

Refuses gas, lots and atoms: they belong to `gas` and `rounding`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from router.domain.instrument import Instrument
from router.domain.plan import (
    BookCandidate,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutingProblem,
)
from router.domain.units import (
    PICO_PER_UNIT,
    AccountId,
    Rounding,
    Side,
    divide,
)
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.optimiser.convex.scaled import Row, ScaledCurve, ScaledProblem
from router.optimiser.market.route import Route, check_route, hop_curves, route_over
from router.optimiser.market.source import book_cost, pool_cost, ratio
from router.optimiser.market.value import mark_value

_SECONDS_PER_HOUR: Final = 3600.0
_GRAIN_ATOMS: Final = 16
_GRAIN_MIN: Final = 3e-9  # of the order's notional: float quotes against exact ones


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A problem in canonical order, with the curve of every candidate up to the limit price.

    Attributes
    ----------
    pools : tuple of PoolCandidate
        Those of the order's pair, then those of each route, base hop first.
    pool_curves : tuple of CostCurve
        Of each pool, in its own pair.
    carriers : tuple of Instrument
        What each pool would be traded as: itself, or the route it belongs to.
    """

    problem: RoutingProblem
    pools: tuple[PoolCandidate, ...]
    pool_curves: tuple[CostCurve, ...]
    book_curves: tuple[CostCurve, ...]
    carriers: tuple[Instrument, ...]
    pair: Instrument  # one of the instruments; base and quote are the same for all
    mid: float
    limit: float

    @property
    def sign(self) -> float:
        """Return +1 for a buy, -1 for a sell."""
        return 1.0 if self.problem.side is Side.BUY else -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A pool of the order's pair, or a route over some of its pools.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools, ascending.
    """

    way: PoolCandidate | Route
    curve: CostCurve
    pools: tuple[int, ...]

    @property
    def instrument(self) -> Instrument:
        """Return what is traded."""
        return self.way.instrument


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A market of which only some pools are used.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools, ascending.
    sources : tuple of Source
        What these pools make: the routes after the others.
    chains : tuple of (AccountId, CostCurve)
        All sources of one account as one curve.
    """

    market: Market
    pools: tuple[int, ...]
    sources: tuple[Source, ...]
    chains: tuple[tuple[AccountId, CostCurve], ...]

    @property
    def curves(self) -> tuple[CostCurve, ...]:
        """Return the curve of every source and every book."""
        return (*(source.curve for source in self.sources), *self.market.book_curves)

    def of(self, account: AccountId) -> tuple[Source, ...]:
        """Return the sources of one account."""
        return tuple(s for s in self.sources if s.instrument.account == account)


def prepare(problem: RoutingProblem) -> Market:
    """Sort the candidates (one at least), so that their order cannot matter, and build curves."""
    ordered = replace(
        problem,
        pools=_sorted(problem.pools),
        books=tuple(sorted(problem.books, key=lambda b: b.instrument.id)),
        chains=tuple(sorted(problem.chains, key=lambda c: c.account)),
        margins=tuple(sorted(problem.margins, key=lambda m: m.account)),
        routes=tuple(
            replace(r, base_pools=_sorted(r.base_pools), quote_pools=_sorted(r.quote_pools))
            for r in sorted(problem.routes, key=lambda r: r.instrument.id)
        ),
    )
    pools = (*ordered.pools, *(pool for route in ordered.routes for pool in route.pools))
    instruments = [pool.instrument for pool in ordered.pools]
    instruments += [route.instrument for route in ordered.routes]
    instruments += [book.instrument for book in ordered.books]
    _check(ordered.routes, pools, instruments)
    limit = ratio(problem.limit_price, instruments[0])
    return Market(
        problem=ordered,
        pools=pools,
        pool_curves=tuple(_pool_curves(ordered, limit=limit)),
        book_curves=tuple(
            book_cost(b, ordered.side, limit=problem.limit_price) for b in ordered.books
        ),
        carriers=(
            *(pool.instrument for pool in ordered.pools),
            *(route.instrument for route in ordered.routes for _ in route.pools),
        ),
        pair=instruments[0],
        mid=ratio(problem.arrival_mid, instruments[0]),
        limit=limit,
    )


def select(market: Market, pools: Iterable[int]) -> Selection:
    """Use only these pools (and every book); those of a route that has lost a hop are no use."""
    sources = tuple(_sources(market, sorted(pools), curves=market.pool_curves, limit=market.limit))
    chains: list[tuple[AccountId, CostCurve]] = []
    for account in sorted({s.instrument.account for s in sources}):
        curves = [s.curve for s in sources if s.instrument.account == account]
        chains.append((account, merge(curves) if len(curves) > 1 else curves[0]))
    return Selection(market, tuple(i for s in sources for i in s.pools), sources, tuple(chains))


def whole_curves(market: Market) -> list[CostCurve]:
    """Return all that each pool, route and book holds, whatever its price."""
    problem = market.problem
    curves = list(_pool_curves(problem, limit=None))
    sources = _sources(market, range(len(curves)), curves=curves, limit=None)
    books = (book_cost(book, problem.side, limit=None) for book in problem.books)
    return [*(source.curve for source in sources), *books]


def scale(selection: Selection, quantity: float) -> ScaledProblem:
    """Write the problem for `quantity` of base, [base]."""
    market = selection.market
    problem = market.problem
    notional = quantity * market.mid
    rows: list[Row] = []
    curves: list[ScaledCurve] = []
    for account, curve in selection.chains:
        curves.append(
            _chain_curve(curve, account, row=len(rows), quantity=quantity, mid=market.mid)
        )
        rows.append(_cash_row(selection, account, quantity=quantity))
    accounts = sorted({b.instrument.account for b in problem.books})
    first = len(rows)
    for book, curve in zip(problem.books, market.book_curves, strict=True):
        row = first + accounts.index(book.instrument.account)
        curves.append(_book_curve(market, book, curve=curve, row=row, quantity=quantity))
    for row, account in enumerate(accounts, start=first):
        kept = sum(c.row_position * abs(c.position) for c in curves if c.row == row)
        rows.append(_margin_row(problem, account, notional=notional, kept=kept))
    return ScaledProblem(tuple(curves), tuple(rows))


def funding_rate(book: BookCandidate, problem: RoutingProblem) -> float:
    """Return expected funding per mark notional of this order's side; positive is paid by us."""
    per_hour = book.funding_rate_per_hour / PICO_PER_UNIT
    hours = problem.holding_horizon_s / _SECONDS_PER_HOUR
    return per_hour * hours * (1.0 if problem.side is Side.BUY else -1.0)


def _sorted(pools: tuple[PoolCandidate, ...]) -> tuple[PoolCandidate, ...]:
    return tuple(sorted(pools, key=lambda p: p.instrument.id))


def _check(
    routes: tuple[RouteCandidate, ...],
    pools: tuple[PoolCandidate, ...],
    instruments: Iterable[Instrument],
) -> None:
    pairs = {(i.base, i.quote) for i in instruments}
    assert len(pairs) <= 1, f"candidates must all be of one pair, were {sorted(map(str, pairs))}"
    for route in routes:
        check_route(route)
    ids = [pool.instrument.id for pool in pools]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    assert not twice, f"a pool may be priced once only, but several candidates hold {twice}"


# In the order of the market's pools.
def _pool_curves(problem: RoutingProblem, *, limit: float | None) -> Iterator[CostCurve]:
    yield from (pool_cost(pool, problem.side, limit=limit) for pool in problem.pools)
    for route in problem.routes:
        yield from hop_curves(route, problem.side, limit=limit)


def _sources(
    market: Market, kept: Sequence[int], *, curves: Sequence[CostCurve], limit: float | None
) -> Iterator[Source]:
    problem = market.problem
    first = len(problem.pools)
    yield from (Source(problem.pools[i], curves[i], (i,)) for i in kept if i < first)
    for candidate in problem.routes:
        after = first + len(candidate.pools)
        own = tuple(i for i in kept if first <= i < after)
        route = route_over(
            candidate, curves[first:after], kept=[i - first for i in own], limit=limit
        )
        if route is not None:
            yield Source(route, route.curve, own)
        first = after


def _chain_curve(
    curve: CostCurve, account: AccountId, *, row: int, quantity: float, mid: float
) -> ScaledCurve:
    buying = curve.sign > 0.0
    return ScaledCurve(
        name=account,
        curve=curve,
        quantity=quantity,
        mid=mid,
        cap=min(curve.capacity / quantity, 1.0),
        adder=0.0,
        position=0.0,
        row=row,
        row_cost=1.0 if buying else 0.0,  # a buy spends slip and the notional at mid itself
        row_linear=1.0,
        row_position=0.0,
    )


def _cash_row(selection: Selection, account: AccountId, *, quantity: float) -> Row:
    market = selection.market
    problem, pair = market.problem, market.pair
    asset = pair.quote if problem.side is Side.BUY else pair.base
    cash = next((c for c in problem.chains if c.account == account), None)
    spendable = cash.spendable if cash else ()
    atoms = sum(a.atoms for a in spendable if a.asset == asset.id)
    whole = quantity * market.mid if problem.side is Side.BUY else quantity
    atom = 10.0**-asset.decimals / whole
    # Base that is sold leaves the account exactly as planned; cash is known by float quotes.
    atoms_lost = _GRAIN_ATOMS * (1.0 + _middle_atoms(selection, account))
    grain = max(atoms_lost * atom, _GRAIN_MIN) if problem.side is Side.BUY else 0.0
    return Row(f"cash:{account}", is_margin=False, room=atoms * atom, grain=grain)


# What an atom of each middle asset is worth, [quote atoms], where what is bought rounds up to it.
def _middle_atoms(selection: Selection, account: AccountId) -> float:
    if selection.market.problem.kind is QuantityKind.CASH:
        return 0.0
    routes = (s.way for s in selection.of(account) if isinstance(s.way, Route))
    return sum(route.middle_atom for route in routes)


# The margin of the part of a position that the order cannot reach is taken off in exact atoms:
# in floats it would drown a small order. `kept` is the margin of the part it can.
def _margin_row(
    problem: RoutingProblem, account: AccountId, *, notional: float, kept: float
) -> Row:
    decimals = problem.books[0].instrument.quote.decimals
    margin = next((m for m in problem.margins if m.account == account), None)
    free = margin.equity_atoms - margin.margin_used_elsewhere_atoms if margin else 0
    for book in problem.books:
        if book.instrument.account == account:
            value = mark_value(book, abs(book.position_lots), rounding=Rounding.UP)
            free -= divide(value, book.leverage, Rounding.UP)
    atom = 10.0**-decimals / notional
    grain = max(_GRAIN_ATOMS * atom, _GRAIN_MIN)
    return Row(f"margin:{account}", is_margin=True, room=free * atom + kept, grain=grain)


def _book_curve(
    market: Market, book: BookCandidate, *, curve: CostCurve, row: int, quantity: float
) -> ScaledCurve:
    instrument = book.instrument
    lot = instrument.lot_atoms / 10.0**instrument.base.decimals
    mark = book.mark_ticks * 10.0**-instrument.tick_decimals / market.mid
    return ScaledCurve(
        name=instrument.id,
        curve=curve,
        quantity=quantity,
        mid=market.mid,
        cap=min(curve.capacity / quantity, 1.0),
        adder=funding_rate(book, market.problem) * mark,
        position=min(max(market.sign * book.position_lots * lot / quantity, -1.0), 0.0),
        row=row,
        row_cost=1.0,  # with row_linear: the loss against the mark, which equity bears at once
        row_linear=market.sign * (1.0 - mark),
        row_position=mark / book.leverage,
    )
