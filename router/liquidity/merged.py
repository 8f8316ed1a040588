"""Cost curves of one direction merged into one, kept so that a change of some costs little.

Between two neighbouring ends of segments the depths of all curves simply add up. A tree holds the
sums over groups of curves, over groups of these, and so on: a changed curve touches only the sums
above it. Depths are only ever added: a sum from which a large one was taken off again has lost
the small ones. Refuses curves that have different shifts, for their sum has no closed form.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from router.liquidity.curve import CostCurve, Floats, Places, empty_curve
from router.liquidity.oracle import LiquidityError

# So many are added up at a time. Each takes room for every price, so more cost more memory; fewer
# make more sums, and a small one costs 50 us whatever it adds.
_FAN_OUT: Final = 24

_Child = TypeVar("_Child")


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """What some curves together hold at each price; arrays of shape (n,).

    Attributes
    ----------
    root : float64, [sqrt(quote / base)]
        Ends of segments, times the sign of the side: strictly ascending.
    depth : float64, [sqrt(quote * base)]
        From each to the next; zero in gaps and after the last.
    level : float64 | None, [base]
        What book levels hold at each; None where there are none.
    """

    root: Floats
    depth: Floats
    level: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class MergeTree:
    """Curves of one side and shift, and what they are together.

    Attributes
    ----------
    curve : CostCurve
        The exact infimal convolution of all curves.
    """

    curves: tuple[CostCurve, ...]
    curve: CostCurve
    _levels: tuple[tuple[_Profile, ...], ...]  # sums of curves first, the sum of all last

    def replaced(self, changed: Mapping[int, CostCurve]) -> "MergeTree":
        """Return the tree with other curves at some places.

        Raises
        ------
        LiquidityError
            If the sides or shifts then differ.
        """
        curves = list(self.curves)
        for place, curve in changed.items():
            curves[place] = curve
        return _tree(curves, before=self._levels, changed=set(changed))

    def without(self, places: Iterable[int]) -> "MergeTree":
        """Return the tree with nothing at some places; the others keep theirs."""
        empty = empty_curve(self.curve.side, shift=self.curve.shift)
        return self.replaced(dict.fromkeys(places, empty))


def merge_tree(curves: Sequence[CostCurve]) -> MergeTree:
    """Return curves merged, ready for changes.

    Raises
    ------
    LiquidityError
        If there is no curve, or their sides or shifts differ.

    Notes
    -----
    With n segments in P curves this takes O(n log P), and a changed curve O(n).
    """
    if not curves:
        raise LiquidityError("curves must not be empty")
    return _tree(curves, before=(), changed=set(range(len(curves))))


def _tree(
    curves: Sequence[CostCurve], *, before: Sequence[tuple[_Profile, ...]], changed: set[int]
) -> MergeTree:
    first = curves[0]
    if any(curve.side is not first.side for curve in curves):
        raise LiquidityError("curves must all be of one side")
    if any(curve.shift != first.shift for curve in curves):
        raise LiquidityError("curves must have the same shift to merge; use aggregate")
    filled = [curve for curve in curves if curve.quantity.size]
    if len(curves) == 1:
        return MergeTree(tuple(curves), first, ())
    level, changed = _level(curves, _sum_of_curves, before=before[:1], changed=changed)
    levels = [level]
    while len(level) > 1:
        kept = before[len(levels) : len(levels) + 1]
        level, changed = _level(level, _sum_of_profiles, before=kept, changed=changed)
        levels.append(level)
    whole = filled[0] if len(filled) == 1 else _curve(level[0], like=first)
    return MergeTree(tuple(curves), whole, tuple(levels))


# The sums over groups of children, and which of them are new. Without sums from before, all
# children have changed.
def _level(
    children: Sequence[_Child],
    total: Callable[[Sequence[_Child]], _Profile],
    *,
    before: Sequence[tuple[_Profile, ...]],
    changed: set[int],
) -> tuple[tuple[_Profile, ...], set[int]]:
    count = math.ceil(len(children) / _FAN_OUT)
    width = math.ceil(len(children) / count)
    new = {place // width for place in changed}
    sums = tuple(
        total(children[group * width : (group + 1) * width]) if group in new else before[0][group]
        for group in range(count)
    )
    return sums, new


def _sum_of_curves(curves: Sequence[CostCurve]) -> _Profile:
    sizes = [2 * curve.quantity.size for curve in curves]
    owner = np.repeat(np.arange(len(curves)), sizes)
    depth = np.concatenate([curve.depth for curve in curves])
    ends = np.empty(owner.size)
    np.concatenate([curve.root_start for curve in curves], out=ends[0::2])
    np.concatenate([curve.root_end for curve in curves], out=ends[1::2])
    ends *= curves[0].sign
    flat = np.isinf(depth)
    after = np.zeros(owner.size)  # each end
    after[0::2] = depth
    # Where ends of one curve coincide, as those of a book level do, what follows the last counts.
    last = np.ones(owner.size, dtype=np.bool_)
    last[:-1] = (ends[1:] != ends[:-1]) | (owner[1:] != owner[:-1])
    kept = np.flatnonzero(last)
    level = None
    if flat.any():
        level = np.zeros(kept.size)
        places: Places = np.cumsum(last)[0::2] - last[0::2]
        quantity = np.concatenate([curve.quantity for curve in curves])
        np.add.at(level, places[flat], quantity[flat])
    return _sum(
        _Profile(ends.take(kept), after.take(kept), level),
        owner.take(kept),
        count=len(curves),
    )


def _sum_of_profiles(profiles: Sequence[_Profile]) -> _Profile:
    level = None
    if any(profile.level is not None for profile in profiles):
        level = np.concatenate(
            [np.zeros_like(p.root) if p.level is None else p.level for p in profiles]
        )
    root = np.concatenate([profile.root for profile in profiles])
    depth = np.concatenate([profile.depth for profile in profiles])
    owner = np.repeat(np.arange(len(profiles)), [profile.root.size for profile in profiles])
    return _sum(_Profile(root, depth, level), owner, count=len(profiles))


# The sum of `count` profiles that are written one after the other.
def _sum(parts: _Profile, owner: Places, *, count: int) -> _Profile:
    if not parts.root.size:
        return parts
    order = np.argsort(parts.root, kind="stable")  # merges what is sorted already
    ascending = parts.root.take(order)
    new = np.ones(ascending.size, dtype=np.bool_)
    new[1:] = ascending[1:] != ascending[:-1]
    grid = ascending.take(np.flatnonzero(new))
    place = np.empty(ascending.size, dtype=np.intp)
    place[order] = np.cumsum(new) - 1
    level = None
    if parts.level is not None:
        level = np.zeros(grid.size)
        np.add.at(level, place, parts.level)
    # Where each part begins in the table of what every profile has at every price; neighbours that
    # rounding makes overlap begin together. Before the first part there is nothing.
    begin = np.zeros(place.size + 2, dtype=np.intp)
    begin[1:-1] = place + owner * grid.size
    begin[-1] = count * grid.size
    np.maximum.accumulate(begin, out=begin)
    depth = np.zeros(place.size + 1)
    depth[1:] = parts.depth
    table = np.repeat(depth, begin[1:] - begin[:-1]).reshape(count, grid.size)
    return _Profile(grid, table.sum(axis=0), level)


def _curve(profile: _Profile, *, like: CostCurve) -> CostCurve:
    root = like.sign * profile.root
    start, end, depth = root[:-1], root[1:], profile.depth[:-1]
    quantity = depth * np.abs(end - start) / (end * start)
    if profile.level is not None:
        # At every price first the book levels, then the range up to the next.
        end = np.stack((root, np.append(end, root[-1:])), axis=1).ravel()
        start = np.repeat(root, 2)
        depth = np.stack((np.full_like(root, np.inf), profile.depth), axis=1).ravel()
        quantity = np.stack((profile.level, np.append(quantity, 0.0)), axis=1).ravel()
    kept = np.flatnonzero(quantity > 0.0)
    if kept.size < quantity.size:
        start, end, depth = start.take(kept), end.take(kept), depth.take(kept)
        quantity = quantity.take(kept)
    return CostCurve(
        side=like.side,
        root_start=start,
        root_end=end,
        depth=depth,
        quantity=quantity,
        shift=like.shift,
    )
