"""What a venue sells of a bucket that is short of its maintenance margin. Floats.

As the venue documents it: the book is asked for the whole of every position, or a fifth of a large
one; within half a minute of a slice, for the whole; below two thirds of maintenance its liquidator
takes positions and margin over; below zero there is nothing left either. Not documented, and read
as our sandbox does: the largest position goes first, no sale goes further from the mark than a
tenth, and it ends as soon as the margin is met. Two rounds: one of slices, one of what is left.
Every bucket finds the whole book: two of ours that sell into one market at once do not see each
other.

Source: Hyperliquid documentation, "Liquidations", read 22 Aug 2026.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from router.risk.stress.book import Indices, Positions, StressBook
from router.risk.stress.depth import KNOTS, Floats

SLICE_ABOVE: Final = 100_000.0  # [collateral]
SLICE: Final = 0.2
LOST_BELOW: Final = 2.0 / 3.0  # of maintenance

Flags: TypeAlias = NDArray[np.bool_]

_TINY: Final = 1e-300  # a depth of nothing, to divide by


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A bucket after the market moved.

    Attributes
    ----------
    left : float64, shape (positions, scenarios), [collateral]
        Notional at the mark, without its sign.
    scale : float64, shape (positions, scenarios)
        How much notional the book shows for each unit it showed at first.
    equity : float64, shape (scenarios,), [collateral]
    """

    left: Floats
    scale: Floats
    equity: Floats

    def of(self, columns: Indices | Flags) -> "Moved":
        """Return some of the scenarios."""
        return Moved(self.left[:, columns], self.scale[:, columns], self.equity[columns])


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """What was sold of a bucket; shapes (positions, scenarios) and (scenarios,).

    Attributes
    ----------
    sold, costs, fees : float64, shape (positions, scenarios), [collateral]
        Notional at the mark, what it cost against the mark, and the venue's fees.
    equity, maintenance : float64, shape (scenarios,), [collateral]
        Afterwards; nothing where the bucket was taken over.
    is_lost : bool, shape (scenarios,)
        It was taken over.
    is_slice : bool, shape (scenarios,)
        The last round left a part of a position it sold from.
    """

    sold: Floats
    costs: Floats
    fees: Floats
    equity: Floats
    maintenance: Floats
    is_lost: Flags
    is_slice: Flags


def part(book: StressBook, rows: slice) -> Positions:
    """Return the positions of a bucket."""
    all_rows = book.positions
    return Positions(
        markets=all_rows.markets[rows],
        asset=all_rows.asset[rows],
        venue=all_rows.venue[rows],
        notional=all_rows.notional[rows],
        above=all_rows.above[rows],
        step=all_rows.step[rows],
        fee=all_rows.fee[rows],
        takes=all_rows.takes[rows],
        costs=all_rows.costs[rows],
        reach=all_rows.reach[rows],
    )


def maintenance(own: Positions, notional: Floats) -> Floats:
    """Return what keeps each position; `notional` has shape (positions, scenarios), unsigned."""
    found = own.step[:, :1] * notional
    for tier in range(1, own.step.shape[1]):
        chosen = np.flatnonzero(own.step[:, tier])
        if len(chosen) == len(notional):
            beyond = np.maximum(notional - own.above[:, tier, None], 0.0)
            found += own.step[:, tier, None] * beyond
        elif len(chosen):
            beyond = np.maximum(notional[chosen] - own.above[chosen, tier, None], 0.0)
            found[chosen] += own.step[chosen, tier, None] * beyond
    return found


def required(own: Positions, notional: Floats) -> Floats:
    """Return what keeps all positions together; shape (scenarios,)."""
    found = np.einsum("p,ps->s", own.step[:, 0], notional)
    for tier in range(1, own.step.shape[1]):
        chosen = np.flatnonzero(own.step[:, tier])
        rows = notional if len(chosen) == len(notional) else notional[chosen]
        beyond = rows - own.above[chosen, tier, None]
        np.maximum(beyond, 0.0, out=beyond)
        found += np.einsum("p,ps->s", own.step[chosen, tier], beyond)
    return np.asarray(found)


def cost(own: Positions, taken: Floats, scale: Floats) -> Floats:
    """Return what taking so much in all costs against the mark; shapes (positions, scenarios)."""
    found = taken / np.maximum(scale, _TINY)
    np.minimum(found, own.takes[:, -1:], out=found)
    piece = _pieces(own, found)
    found -= own.takes[:, :-1].take(piece)
    found *= _slopes(own).take(piece)
    found += own.costs[:, :-1].take(piece)
    found *= scale
    return found


def pushed(own: Positions, taken: Floats, scale: Floats) -> Floats:
    """Return how far from the mark the last of what was taken lies, as a share of the mark."""
    if not taken.any():
        return np.zeros_like(taken)
    piece = _pieces(own, taken / np.maximum(scale, _TINY))
    far = np.maximum.accumulate(np.maximum(_slopes(own), 0.0), axis=1).take(piece)
    return np.where(taken > 0.0, far, 0.0)


# Between which knots of its line each lies, counted through all lines, the first below its end.
def _pieces(own: Positions, seen: Floats) -> Indices:
    passed = np.zeros(seen.shape, dtype=np.int8)
    for knot in range(1, KNOTS):
        passed += seen > own.takes[:, knot, None]
    return passed + KNOTS * np.arange(len(seen))[:, None]


def _slopes(own: Positions) -> Floats:
    width = np.diff(own.takes, axis=1)
    return np.divide(np.diff(own.costs, axis=1), width, out=np.zeros_like(width), where=width > 0)


def unsold(moved: Moved, needed: Floats) -> Sales:
    """Return a bucket of which nothing was sold yet; `needed` has shape (scenarios,)."""
    none = np.zeros_like(moved.left)
    is_lost = _lost(moved.equity, needed)
    return Sales(none, none, none, moved.equity, needed, is_lost, np.zeros_like(is_lost))


def sales(own: Positions, moved: Moved, needed: Floats) -> Sales:
    """Return what both rounds come to, in every scenario."""
    start = unsold(moved, needed)
    once = round_of(own, moved, start, is_cooling=np.zeros_like(start.is_lost))
    return round_of(own, moved, once, is_cooling=np.ones_like(start.is_lost))


def round_of(own: Positions, moved: Moved, before: Sales, *, is_cooling: Flags) -> Sales:
    """Return what one more look of the venue comes to; where nothing is short, what was."""
    found = replace(before, is_slice=np.zeros_like(before.is_lost))
    is_active = (before.equity < before.maintenance) & ~before.is_lost
    columns = np.flatnonzero(is_active)
    if len(columns) and len(moved.left):
        asked = moved.of(columns)
        turn = _turn(own, asked, _columns(before, columns), is_cooling=is_cooling[columns])
        found = _put(found, columns, turn)
    return _taken_over(found)


def _turn(own: Positions, moved: Moved, before: Sales, *, is_cooling: Flags) -> Sales:
    held = moved.left - before.sold
    is_slice = (held > SLICE_ABOVE) & ~is_cooling
    there = np.maximum(own.reach[:, None] * moved.scale - before.sold, 0.0)
    taken = np.minimum(np.where(is_slice, SLICE * held, held), there)
    costs = cost(own, before.sold + taken, moved.scale) - before.costs
    sign = np.sign(own.notional)[:, None]
    fees = own.fee[:, None] * (taken - sign * costs)
    eased = maintenance(own, held) - maintenance(own, held - taken)
    is_sold = _until_met(before.equity - before.maintenance, eased - costs - fees, held)
    taken, costs, fees, eased = (np.where(is_sold, a, 0.0) for a in (taken, costs, fees, eased))
    return Sales(
        sold=before.sold + taken,
        costs=before.costs + costs,
        fees=before.fees + fees,
        equity=before.equity - costs.sum(axis=0) - fees.sum(axis=0),
        maintenance=before.maintenance - eased.sum(axis=0),
        is_lost=before.is_lost,
        is_slice=np.any((taken > 0.0) & (taken < held), axis=0, keepdims=False),
    )


# Largest first, each brings some room, and the one that brings enough is the last.
def _until_met(room: Floats, brought: Floats, held: Floats) -> Flags:
    order = np.argsort(-held, axis=0, kind="stable")
    reached = room + np.cumsum(np.take_along_axis(brought, order, axis=0), axis=0)
    is_met = reached >= 0.0
    last = np.where(is_met.any(axis=0), is_met.argmax(axis=0), len(held))
    is_sold = np.zeros(held.shape, dtype=np.bool_)
    np.put_along_axis(is_sold, order, np.arange(len(held))[:, None] <= last, axis=0)
    return is_sold


def _lost(equity: Floats, needed: Floats) -> Flags:
    return (equity < LOST_BELOW * needed) | (equity < 0.0)


def _taken_over(found: Sales) -> Sales:
    is_lost = found.is_lost | _lost(found.equity, found.maintenance)
    return replace(
        found,
        is_lost=is_lost,
        equity=np.where(is_lost, 0.0, found.equity),
        maintenance=np.where(is_lost, 0.0, found.maintenance),
    )


def _columns(found: Sales, columns: Indices) -> Sales:
    return Sales(
        sold=found.sold[:, columns],
        costs=found.costs[:, columns],
        fees=found.fees[:, columns],
        equity=found.equity[columns],
        maintenance=found.maintenance[columns],
        is_lost=found.is_lost[columns],
        is_slice=found.is_slice[columns],
    )


def _put(found: Sales, columns: Indices, turn: Sales) -> Sales:
    made = replace(
        found,
        sold=found.sold.copy(),
        costs=found.costs.copy(),
        fees=found.fees.copy(),
        equity=found.equity.copy(),
        maintenance=found.maintenance.copy(),
    )
    made.sold[:, columns], made.costs[:, columns] = turn.sold, turn.costs
    made.fees[:, columns] = turn.fees
    made.equity[columns], made.maintenance[columns] = turn.equity, turn.maintenance
    made.is_slice[columns] = turn.is_slice
    return made
