"""The firm as a whole: what forced sales do to everybody, net exposure, and what it all comes to.

One round of contagion is enough to name who falls next; it is not an equilibrium. Within an asset
the furthest sale counts at every venue, sales and purchases against each other. Floats.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from router.risk.stress import forced
from router.risk.stress.book import Indices, StressBook
from router.risk.stress.depth import Floats
from router.risk.stress.forced import Flags
from router.risk.stress.scenarios import Shocks


@dataclass(frozen=True, slots=True, eq=False)
class Contagion:
    """What forced sales did to the prices of assets, at all venues, and that to everybody.

    Attributes
    ----------
    impact : float64, shape (assets, scenarios)
        Change of the price.
    equity, maintenance : float64, shape (buckets, scenarios), [collateral]
    is_fallen : bool, shape (buckets, scenarios)
        Short now, and not before.
    """

    impact: Floats
    equity: Floats
    maintenance: Floats
    is_fallen: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Pushes:
    """How far from the mark forced sales went.

    Attributes
    ----------
    columns : int, shape (some,)
        Scenarios in which there were any.
    far : float64, shape (positions, some)
        A share of the mark; positive for longs, which were sold.
    """

    columns: Indices
    far: Floats


def contagion(
    book: StressBook,
    opened: Sequence[Floats],
    pushes: Pushes,
    *,
    before: tuple[Floats, Floats],
    was: Flags,
) -> Contagion:
    """Return what the impact of forced sales does to all buckets.

    Parameters
    ----------
    opened : float64, of each bucket shape (positions, scenarios), [collateral]
        Signed notional still held.
    before : tuple of float64, shape (buckets, scenarios)
        Equity and maintenance after the sales.
    was : bool, shape (buckets, scenarios)
        Short before them.
    """
    impact = np.zeros((len(book.assets), was.shape[1]))
    impact[:, pushes.columns] = _impact(book, pushes.far)
    equity, maintenance = (numbers.copy() for numbers in before)
    columns = pushes.columns[impact[:, pushes.columns].any(axis=0)]
    pushed = impact[:, columns]
    for bucket, rows in enumerate(book.buckets.rows if len(columns) else ()):
        own = forced.part(book, rows)
        held, moves = opened[bucket][:, columns], pushed[own.asset]
        equity[bucket, columns] += np.sum(held * moves, axis=0)
        left = np.abs(held) * (1.0 + moves)
        maintenance[bucket, columns] = forced.required(own, left)
    return Contagion(impact, equity, maintenance, (equity < maintenance) & ~was)


def inventory(book: StressBook, now: Shocks, impact: Floats) -> Floats:
    """Return what inventory is worth to us; shape (stocks, scenarios), [reference]."""
    asset = book.inventory.asset
    gap = (1.0 + now.gap[asset]) * (1.0 + impact[asset])
    kept = np.where(book.inventory.is_money[:, None], 1.0, gap) * now.peg[asset]
    return book.inventory.value[:, None] * kept


def delta(
    book: StressBook, opened: Iterable[Floats], stock: Floats, *, impact: Floats | None = None
) -> Floats:
    """Return net exposure; shape (assets, scenarios), [reference]. Money is no exposure.

    Parameters
    ----------
    opened : float64, of each position shape (scenarios,), [collateral]
        Signed notional before the impact of forced sales.
    stock : float64, shape (stocks, scenarios), [reference]
        Inventory after it.
    """
    found = np.zeros((len(book.assets), stock.shape[1]))
    for asset, held in zip(book.positions.asset.tolist(), opened, strict=True):
        found[asset] += held
    if impact is not None:
        columns = np.flatnonzero(impact.any(axis=0))
        found[:, columns] *= 1.0 + impact[:, columns]
    for row, asset in enumerate(book.inventory.asset.tolist()):
        if not book.inventory.is_money[row]:
            found[asset] += stock[row]
    return found


def total(book: StressBook, now: Shocks, *, equity: Floats, stock: Floats) -> Floats:
    """Return how much less, or more, all that the firm owns is worth; shape (scenarios,).

    What a venue is owed beyond an account's equity is lost by the venue, before and after.
    """
    worth = np.maximum(equity, 0.0) * now.peg[book.buckets.collateral]
    owned = float(np.maximum(book.buckets.equity, 0.0).sum() + book.inventory.value.sum())
    return np.asarray(worth.sum(axis=0) + stock.sum(axis=0) - owned)


# Within an asset the furthest; nothing where nobody holds it.
def _impact(book: StressBook, far: Floats) -> Floats:
    order = np.argsort(book.positions.asset, kind="stable")
    held, begins = np.unique(book.positions.asset[order], return_index=True)
    down, up = np.zeros((2, len(book.assets), far.shape[1]))
    down[held] = np.maximum.reduceat(np.maximum(far[order], 0.0), begins, axis=0)
    up[held] = np.maximum.reduceat(np.maximum(-far[order], 0.0), begins, axis=0)
    return np.asarray((1.0 - np.minimum(down, 1.0)) * (1.0 + up) - 1.0)
