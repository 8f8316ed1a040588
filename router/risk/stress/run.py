"""Every scenario over every account at once: what is lost, sold, left, and dragged along. Floats.

Final numbers, after the gap is complete: what a venue closes by deleveraging on the way is closed,
then it liquidates what is short, then what those sales did to prices hits everybody once. The
verdict on an account is exact, and elsewhere; both read the same terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from router.domain.stress import Scenario
from router.risk.stress import firm, forced, move
from router.risk.stress.book import Indices, StressBook
from router.risk.stress.depth import Floats
from router.risk.stress.firm import Contagion, Pushes
from router.risk.stress.forced import Flags, Moved, Sales
from router.risk.stress.scenarios import Shocks, shocks


@dataclass(frozen=True, slots=True, eq=False)
class Forced:
    """What venues did; shape (buckets, scenarios) where it says nothing else.

    Attributes
    ----------
    first : int
        Row of the position that goes first where the bucket is short, -1 where it is not.
    sold : float64, shape (positions, scenarios), [collateral]
        Notional at the mark after the gap.
    costs, fees : float64, [collateral]
        Against the mark, and the venue's.
    equity, maintenance : float64, [collateral]
        Afterwards.
    is_lost : bool
        The venue's liquidator took positions and margin over.
    """

    first: Indices
    sold: Floats
    costs: Floats
    fees: Floats
    equity: Floats
    maintenance: Floats
    is_lost: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What scenarios leave; shape (buckets, scenarios) and [collateral] unless it says otherwise.

    Attributes
    ----------
    price, funding : float64
        What they brought; negative was lost.
    room : float64
        Equity less maintenance less the buffer, nothing sold yet; negative is short.
    shown : float64
        Equity by the venue's late marks when the price has arrived; what it is more than `equity`
        is lost and not seen there.
    is_stuck : bool
        The venue takes no order of ours to reduce.
    exit_cost, exit_unsold : float64
        What closing everything ourselves would cost, fees included, on what books show then, and
        the notional that they do not take; where the venue is out they take nothing.
    delta_before, delta_after : float64, shapes (assets,) and (assets, scenarios), [reference]
        Net exposure of the firm: positions of all accounts, and inventory.
    inventory, gas, total : float64, shape (scenarios,), [reference]
        Inventory afterwards; gas to sell what is on chains; change of all that the firm owns, with
        collateral and inventory at what they are worth to us.
    """

    names: tuple[str, ...]
    price: Floats
    funding: Floats
    equity: Floats
    maintenance: Floats
    room: Floats
    shown: Floats
    is_stuck: Flags
    exit_cost: Floats
    exit_unsold: Floats
    forced: Forced
    contagion: Contagion
    delta_before: Floats
    delta_after: Floats
    inventory: Floats
    gas: Floats
    total: Floats

    @property
    def shortfall(self) -> Floats:
        """What would have to be paid in so that the buffer is whole."""
        return np.maximum(-self.room, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Bucket:
    # `asked` and `sales` are of the scenarios in which it is short, `far` of those in which
    # something was sold, `went`, and of no others.
    price: Floats
    funding: Floats
    equity: Floats
    maintenance: Floats
    shown: Floats
    exit_cost: Floats
    exit_unsold: Floats
    opened: Floats  # signed notional at the last mark after the venue's sales
    short: Indices
    asked: Moved
    sales: Sales
    went: Indices
    far: Floats  # how far from the mark sales went, positive where a long was sold


def outcomes(book: StressBook, scenarios: Sequence[Scenario]) -> Outcomes:
    """Return what every scenario leaves."""
    return evaluate(book, shocks(scenarios, book))


def evaluate(book: StressBook, now: Shocks) -> Outcomes:
    """Return what shocks leave; for who runs the same ones often."""
    count, buckets = len(now.names), book.buckets
    found = [_bucket(book, now, bucket) for bucket in range(len(buckets.rows))]
    equity = _stack([one.equity for one in found], count)
    maintenance = _stack([one.maintenance for one in found], count)
    opened = [one.opened for one in found]
    venues = _forced(book, found, equity=equity, maintenance=maintenance)
    dragged = firm.contagion(
        book,
        opened,
        _pushes(book, found),
        before=(venues.equity, venues.maintenance),
        was=equity < maintenance,
    )
    inventory = firm.inventory(book, now, dragged.impact)
    gas = now.gas * float(book.inventory.exit_gas.sum())
    return Outcomes(
        names=now.names,
        price=_stack([one.price for one in found], count),
        funding=_stack([one.funding for one in found], count),
        equity=equity,
        maintenance=maintenance,
        room=equity - maintenance - buckets.buffer[:, None],
        shown=_stack([one.shown for one in found], count),
        is_stuck=now.is_out[buckets.venue],
        exit_cost=_stack([one.exit_cost for one in found], count),
        exit_unsold=_stack([one.exit_unsold for one in found], count),
        forced=venues,
        contagion=dragged,
        delta_before=firm.delta(
            book, book.positions.notional[:, None], book.inventory.value[:, None]
        )[:, 0],
        delta_after=firm.delta(book, chain(*opened), inventory, impact=dragged.impact),
        inventory=inventory.sum(axis=0),
        gas=gas,
        total=firm.total(book, now, equity=dragged.equity, stock=inventory) - gas,
    )


def _bucket(book: StressBook, now: Shocks, bucket: int) -> _Bucket:
    rows, venue = book.buckets.rows[bucket], int(book.buckets.venue[bucket])
    own, before, is_out = forced.part(book, rows), book.buckets.equity[bucket], now.is_out[venue]
    moved = move.move(own, now, venue=venue)
    equity = before + moved.price + moved.funding
    exit_cost, exit_unsold = move.way_out(own, moved)
    short = np.flatnonzero(equity < moved.maintenance)
    asked = moved.of(short, equity)
    sales = forced.sales(own, asked, moved.maintenance[short])
    is_sold, sign = sales.sold.any(axis=0), np.sign(own.notional)[:, None]
    opened = sign * moved.left
    opened[:, short] = sign * np.where(sales.is_lost, 0.0, asked.left - sales.sold)
    return _Bucket(
        price=moved.price,
        funding=moved.funding,
        equity=equity,
        maintenance=moved.maintenance,
        shown=before + moved.shown + moved.funding,
        exit_cost=np.where(is_out, 0.0, exit_cost),
        exit_unsold=np.where(is_out, moved.left.sum(axis=0), exit_unsold),
        opened=opened,
        short=short,
        asked=asked,
        sales=sales,
        went=short[is_sold],
        far=sign * forced.pushed(own, sales.sold[:, is_sold], asked.scale[:, is_sold]),
    )


# What venues leave: what there was, but where buckets are short.
def _forced(
    book: StressBook, found: Sequence[_Bucket], *, equity: Floats, maintenance: Floats
) -> Forced:
    made = Forced(
        first=np.full(equity.shape, -1, dtype=np.intp),
        sold=np.zeros((len(book.positions.asset), equity.shape[1])),
        costs=np.zeros(equity.shape),
        fees=np.zeros(equity.shape),
        equity=equity.copy(),
        maintenance=maintenance.copy(),
        is_lost=np.zeros(equity.shape, dtype=np.bool_),
    )
    for bucket, (rows, one) in enumerate(zip(book.buckets.rows, found, strict=True)):
        place = (bucket, one.short)
        if rows.stop > rows.start:
            made.first[place] = rows.start + one.asked.left.argmax(axis=0)
        made.sold[rows, one.short] = one.sales.sold
        made.costs[place] = one.sales.costs.sum(axis=0)
        made.fees[place] = one.sales.fees.sum(axis=0)
        made.equity[place] = one.sales.equity
        made.maintenance[place] = one.sales.maintenance
        made.is_lost[place] = one.sales.is_lost
    return made


def _pushes(book: StressBook, found: Sequence[_Bucket]) -> Pushes:
    columns = np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *(one.went for one in found)]))
    far = np.zeros((len(book.positions.asset), len(columns)))
    for rows, one in zip(book.buckets.rows, found, strict=True):
        far[rows, np.searchsorted(columns, one.went)] = one.far
    return Pushes(columns, far)


def _stack(parts: Sequence[Floats], count: int) -> Floats:
    return np.array(parts, dtype=np.float64).reshape(len(parts), count)
