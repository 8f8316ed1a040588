"""The routing problem in floats: shares of the order, slippage rates, and one row per account.

A share of 1 is the whole order; a cost of 1 is the order's notional at the arrival mid. Written
like this nothing is far from 1 but the costs themselves, which is what keeps solvers exact.
Refuses gas, lots and atoms: they belong to `gas` and `rounding`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from router.domain.instrument import Instrument
from router.domain.plan import BookCandidate, RoutingProblem
from router.domain.units import (
    PICO_PER_UNIT,
    AccountId,
    Rounding,
    Side,
    divide,
)
from router.liquidity.aggregate import merge
from router.liquidity.curve import CostCurve
from router.optimiser.source import book_cost, instrument_of, pool_cost, ratio
from router.optimiser.trade import mark_value

Floats: TypeAlias = NDArray[np.float64]
_SECONDS_PER_HOUR: Final = 3600.0
_GRAIN_ATOMS: Final = 16
_FLOAT_NOISE: Final = 1e-14  # what the order of a sum may change, relative
_GRAIN_MIN: Final = 3e-9  # of the order's notional: float quotes against exact ones


@dataclass(frozen=True, slots=True, eq=False)
class ScaledCurve:
    """One source of liquidity: a chain account's pools together, or one book.

    Attributes
    ----------
    name : str
        The chain account, or the book's instrument.
    cap : float
        Largest share within the order, liquidity, limit price and the candidate's own cap.
    adder : float
        Expected funding for a share, as a rate.
    position : float
        The position before that the order can close, as a share from -1 to 0; the margin of the
        rest does not change with the shares and is off the row's room.
    row : int
        Index of the account row it draws on; -1 where a branch dropped it.
    row_cost, row_linear, row_position : float
        A share x uses ``row_cost * slip(x) + row_linear * x + row_position * |position + x|``.
    """

    name: str
    curve: CostCurve
    quantity: float  # order, [base]
    mid: float  # arrival, [quote / base]
    cap: float
    adder: float
    position: float
    row: int
    row_cost: float
    row_linear: float
    row_position: float

    def slip(self, share: ArrayLike) -> Floats:
        """Return what each share costs against the arrival mid, fees in and funding not."""
        wanted = np.asarray(share, dtype=np.float64)
        base = np.minimum(wanted * self.quantity, self.curve.capacity)
        return self.curve.cost(base) / (self.quantity * self.mid) - self.curve.sign * wanted

    def rate(self, share: float) -> float:
        """Return the cost rate of the next unit after `share`."""
        base = min(share * self.quantity, self.curve.capacity)
        return float(self.curve.marginal(base)) / self.mid - self.curve.sign

    def share_at(self, rate: ArrayLike) -> Floats:
        """Return the largest share whose units all cost at most each rate."""
        marginal = (np.asarray(rate, dtype=np.float64) + self.curve.sign) * self.mid
        return np.minimum(self.curve.quantity_at(marginal) / self.quantity, self.cap)

    def share_below(self, rate: ArrayLike) -> Floats:
        """Return the share whose units cost strictly less than each rate."""
        marginal = (np.asarray(rate, dtype=np.float64) + self.curve.sign) * self.mid
        return np.minimum(self.curve.quantity_below(marginal) / self.quantity, self.cap)

    def use(self, share: ArrayLike) -> Floats:
        """Return how much of its account's room each share uses."""
        x = np.asarray(share, dtype=np.float64)
        used = self.row_linear * x + self.row_position * np.abs(self.position + x)
        return used + self.row_cost * self.slip(x) if self.row_cost else used


@dataclass(frozen=True, slots=True)
class Row:
    """A limit that an account sets: cash, or initial margin.

    Attributes
    ----------
    room : float
        Over the order's notional (cash in base: over its quantity).
    grain : float
        What rounding to atoms may use up of the room; a plan stays this far inside.
    """

    name: str
    is_margin: bool
    room: float
    grain: float


@dataclass(frozen=True, slots=True, eq=False)
class ScaledProblem:
    """Minimise the cost of shares that sum to 1, each within its cap, each account in its room."""

    curves: tuple[ScaledCurve, ...]
    rows: tuple[Row, ...]

    def cost(self, shares: Floats) -> float:
        """Return the exact cost of the shares, funding included."""
        pairs = zip(self.curves, shares, strict=True)
        return sum(float(c.slip(x)) + c.adder * float(x) for c, x in pairs)

    def use(self, shares: Floats) -> Floats:
        """Return what the shares use of each row's room, shape (n_rows,)."""
        used = np.zeros(len(self.rows))
        for curve, share in zip(self.curves, shares, strict=True):
            if curve.row >= 0:
                used[curve.row] += float(curve.use(share))
        return used


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """A problem in canonical order, with the curve of every candidate up to the limit price."""

    problem: RoutingProblem
    pool_curves: tuple[CostCurve, ...]
    book_curves: tuple[CostCurve, ...]
    mid: float

    @property
    def sign(self) -> float:
        """Return +1 for a buy, -1 for a sell."""
        return 1.0 if self.problem.side is Side.BUY else -1.0

    @property
    def pair(self) -> Instrument:
        """Return one of the instruments; base and quote are the same for all."""
        return instrument_of((*self.problem.pools, *self.problem.books))


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A market of which only some pools are used.

    Attributes
    ----------
    pools : tuple of int
        Indices into the market's pools, ascending.
    chains : tuple of (AccountId, CostCurve)
        All selected pools of one account as one curve.
    """

    market: Market
    pools: tuple[int, ...]
    chains: tuple[tuple[AccountId, CostCurve], ...]


def tightened(scaled: ScaledProblem) -> ScaledProblem:
    """Return the problem with each room less its grain, so that its plans survive rounding.

    A room that suffices for trading nothing still does: an account without free margin is no
    reason against the others.
    """
    nothing = scaled.use(np.zeros(len(scaled.curves)))
    rows = []
    for row, used in zip(scaled.rows, nothing.tolist(), strict=True):
        least = used * (1.0 + _FLOAT_NOISE)
        rows.append(replace(row, room=max(row.room - row.grain, min(row.room, least))))
    return replace(scaled, rows=tuple(rows))


def prepare(problem: RoutingProblem) -> Market:
    """Sort the candidates (one at least), so that their order cannot matter, and build curves."""
    ordered = replace(
        problem,
        pools=tuple(sorted(problem.pools, key=lambda p: p.instrument.id)),
        books=tuple(sorted(problem.books, key=lambda b: b.instrument.id)),
        chains=tuple(sorted(problem.chains, key=lambda c: c.account)),
        margins=tuple(sorted(problem.margins, key=lambda m: m.account)),
    )
    instruments = [p.instrument for p in ordered.pools] + [b.instrument for b in ordered.books]
    _check_one_pair(instruments)
    return Market(
        problem=ordered,
        pool_curves=tuple(
            pool_cost(p, ordered.side, limit=problem.limit_price) for p in ordered.pools
        ),
        book_curves=tuple(
            book_cost(b, ordered.side, limit=problem.limit_price) for b in ordered.books
        ),
        mid=ratio(problem.arrival_mid, instruments[0]),
    )


def select(market: Market, pools: Iterable[int]) -> Selection:
    """Use only these pools (and every book)."""
    kept = tuple(sorted(pools))
    accounts = sorted({market.problem.pools[i].instrument.account for i in kept})
    chains: list[tuple[AccountId, CostCurve]] = []
    for account in accounts:
        own = [i for i in kept if market.problem.pools[i].instrument.account == account]
        curves = [market.pool_curves[i] for i in own]
        chains.append((account, merge(curves) if len(curves) > 1 else curves[0]))
    return Selection(market, kept, tuple(chains))


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
        rows.append(_cash_row(market, account, quantity=quantity))
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


def _check_one_pair(instruments: Iterable[Instrument]) -> None:
    pairs = {(i.base, i.quote) for i in instruments}
    assert len(pairs) <= 1, f"candidates must all be of one pair, were {sorted(map(str, pairs))}"


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


def _cash_row(market: Market, account: AccountId, *, quantity: float) -> Row:
    problem = market.problem
    pair = problem.pools[0].instrument
    asset = pair.quote if problem.side is Side.BUY else pair.base
    cash = next((c for c in problem.chains if c.account == account), None)
    spendable = cash.spendable if cash else ()
    atoms = sum(a.atoms for a in spendable if a.asset == asset.id)
    whole = quantity * market.mid if problem.side is Side.BUY else quantity
    atom = 10.0**-asset.decimals / whole
    # Base that is sold leaves the account exactly as planned; cash is known by float quotes.
    grain = max(_GRAIN_ATOMS * atom, _GRAIN_MIN) if problem.side is Side.BUY else 0.0
    return Row(f"cash:{account}", is_margin=False, room=atoms * atom, grain=grain)


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
