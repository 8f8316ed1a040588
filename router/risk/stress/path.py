"""A scenario as it unfolds: equity over time, and what venues do on the way. Floats.

Step by step, in the venue's order: it closes profitable positions by deleveraging at the mark of
the step before, publishes the new mark, and liquidates what is short. Books are whole again at
every step, as deep as the step says. Buckets do not see each other: what their sales do to prices
is in the path, if anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.stress import ALL_PIPS, NO_PIPS
from router.domain.units import PIPS_PER_UNIT, AssetId, Pips
from router.risk.stress import forced
from router.risk.stress.book import Indices, Positions, StressBook
from router.risk.stress.depth import Floats
from router.risk.stress.forced import Flags, Moved, Sales

COOLING_MS: Final = 30_000  # after a slice, whole positions are sold


@dataclass(frozen=True, slots=True)
class Step:
    """Where prices are at a time, and what happened since the step before.

    Attributes
    ----------
    gap_pips : Pips
        Change since the beginning, of all prices but those `apart`.
    depth_pips, gas_pips : Pips
        Of what they were at the beginning.
    funding_pips : Pips
        What longs pay in this step, of their notional at the mark before it.
    deleveraged_pips : Pips
        Share of every position that gained by the gap which is closed in this step.
    """

    at_ms: int
    gap_pips: Pips
    apart: tuple[tuple[AssetId, Pips], ...] = ()
    depth_pips: Pips = ALL_PIPS
    gas_pips: Pips = ALL_PIPS
    funding_pips: Pips = NO_PIPS
    deleveraged_pips: Pips = NO_PIPS


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What became of a book; [collateral].

    Attributes
    ----------
    equity, maintenance : float64, shape (buckets, steps)
        After what the venue did in the step.
    first_short : int, shape (buckets,)
        The first step in which equity was below maintenance before the venue sold; -1 if never.
    sold, deleveraged : float64, shape (positions, steps)
        Notional at the mark it was closed at, without its sign.
    costs : float64, shape (buckets, steps)
        Of sales, against the mark, with fees.
    is_lost : bool, shape (buckets, steps)
        Taken over by the venue's liquidator, in this step or before.
    delta : float64, shape (assets, steps)
        Net exposure of all positions: what is left of a hedge shows here.
    gas : float64, shape (steps,), [reference]
        What selling the inventory would cost in gas then.
    """

    at_ms: tuple[int, ...]
    equity: Floats
    maintenance: Floats
    first_short: Indices
    sold: Floats
    deleveraged: Floats
    costs: Floats
    is_lost: Flags
    delta: Floats
    gas: Floats


@dataclass(slots=True)
class _Held:
    # One bucket on its way; `notional` is signed, at the mark of the step before.
    own: Positions
    notional: Floats
    gap: Floats
    equity: float
    cooling_until_ms: int = -1
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    equity: float
    maintenance: float
    is_short: bool
    sold: Floats
    deleveraged: Floats
    costs: float
    is_lost: bool
    notional: Floats


def walk(book: StressBook, steps: Sequence[Step]) -> Trace:
    """Return what becomes of every bucket along a path."""
    gaps = np.array([_gaps(step, book.assets) for step in steps])
    seen = []
    for bucket, rows in enumerate(book.buckets.rows):
        own = forced.part(book, rows)
        equity = float(book.buckets.equity[bucket])
        held = _Held(own, own.notional.copy(), np.zeros(len(own.asset)), equity)
        seen.append([_go(held, s, g[own.asset]) for s, g in zip(steps, gaps, strict=True)])
    opened = _by_row([[s.notional for s in line] for line in seen], len(steps))
    delta = np.zeros((len(book.assets), len(steps)))
    for row, asset in enumerate(book.positions.asset):
        delta[asset] += opened[row]
    shape = len(seen), len(steps)  # also where there is no account
    is_short = np.array([[s.is_short for s in line] for line in seen], np.bool_).reshape(shape)
    return Trace(
        at_ms=tuple(step.at_ms for step in steps),
        equity=np.array([[s.equity for s in line] for line in seen]).reshape(shape),
        maintenance=np.array([[s.maintenance for s in line] for line in seen]).reshape(shape),
        first_short=np.where(is_short.any(axis=1), is_short.argmax(axis=1), -1),
        sold=_by_row([[s.sold for s in line] for line in seen], len(steps)),
        deleveraged=_by_row([[s.deleveraged for s in line] for line in seen], len(steps)),
        costs=np.array([[s.costs for s in line] for line in seen]).reshape(shape),
        is_lost=np.array([[s.is_lost for s in line] for line in seen], np.bool_).reshape(shape),
        delta=delta,
        gas=np.array([s.gas_pips for s in steps])
        / PIPS_PER_UNIT
        * float(book.inventory.exit_gas.sum()),
    )


def _go(held: _Held, step: Step, gap: Floats) -> _Seen:
    share = np.where(held.notional * gap > 0.0, step.deleveraged_pips / PIPS_PER_UNIT, 0.0)
    deleveraged = np.abs(held.notional) * share
    funding = float(np.sum(held.notional)) * step.funding_pips / PIPS_PER_UNIT
    before = held.notional * (1.0 - share)
    held.notional = before * (1.0 + gap) / (1.0 + held.gap)
    held.equity += float(np.sum(held.notional - before)) - funding
    held.gap = gap
    found, is_short = _clear(held, step)
    left = np.abs(held.notional) - found.sold[:, 0]
    held.is_lost = held.is_lost or bool(found.is_lost[0])
    held.notional = np.sign(held.notional) * (0.0 if held.is_lost else left)
    held.equity = float(found.equity[0])
    if found.is_slice[0]:
        held.cooling_until_ms = step.at_ms + COOLING_MS
    return _Seen(
        equity=held.equity,
        maintenance=float(found.maintenance[0]),
        is_short=is_short,
        sold=found.sold[:, 0],
        deleveraged=deleveraged,
        costs=float(found.costs.sum() + found.fees.sum()),
        is_lost=held.is_lost,
        notional=held.notional,
    )


def _clear(held: _Held, step: Step) -> tuple[Sales, bool]:
    left = np.abs(held.notional)[:, None]
    scale = (step.depth_pips / PIPS_PER_UNIT * (1.0 + held.gap))[:, None]
    moved = Moved(left, scale, np.array([held.equity]))
    start = forced.unsold(moved, forced.maintenance(held.own, left).sum(axis=0))
    is_short = bool(start.equity[0] < start.maintenance[0])
    is_cooling = np.array([step.at_ms < held.cooling_until_ms])
    return forced.round_of(held.own, moved, start, is_cooling=is_cooling), is_short


def _gaps(step: Step, assets: Sequence[AssetId]) -> list[float]:
    own = dict(reversed(step.apart))
    return [own.get(asset, step.gap_pips) / PIPS_PER_UNIT for asset in assets]


def _by_row(seen: Sequence[Sequence[Floats]], count: int) -> Floats:
    parts = [np.array(line).reshape(count, -1).T for line in seen]
    return np.concatenate([np.zeros((0, count)), *parts])
