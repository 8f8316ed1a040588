"""A network as two curves of the size of an order: flows that exist, and a floor under all flows.

Between sizes that have been solved, a mixture of their flows is a flow, so chords lie on or above
the least cost; and the node prices of one size bound the cost of every size from below by a line,
so tangents lie on or below it. Refuses sizes beyond its end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from router.domain.units import AssetId, Side
from router.liquidity.curve import CostCurve, Floats
from router.liquidity.oracle import InsufficientLiquidityError
from router.optimiser.network.graph import TokenGraph
from router.optimiser.network.loops import passage
from router.optimiser.network.passage import Passage
from router.optimiser.network.solve import Solution, solve_at, solve_passage, solve_up_to

LADDER: Final = (0.01, 0.05, 0.15, 0.3, 0.5, 0.75)  # of the largest size, solved at first
_SAME: Final = 1e-9  # sizes this close, relative, are one


@dataclass(frozen=True, slots=True, eq=False)
class NetworkCurve:
    """The cost of a quantity of base through a network, between two convex curves.

    Attributes
    ----------
    samples : tuple[Solution, ...]
        Ascending; the last one is the end of the curve.
    upper : CostCurve
        Chords: a flow of every quantity costs at most this.
    floor : CostCurve
        Tangents: no flow of any quantity costs less.
    """

    passage: Passage
    samples: tuple[Solution, ...]
    upper: CostCurve = field(init=False)
    floor: CostCurve = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "upper", _chords(self.passage.side, self.samples))
        object.__setattr__(self, "floor", _tangents(self.passage, self.samples))

    @property
    def capacity(self) -> float:
        """Return the largest quantity, [base]."""
        return self.samples[-1].quantity if self.samples else 0.0

    def gap(self, quantity: float) -> float:
        """Return how far the two curves are apart at a quantity, or at their end, [quote]."""
        inside = min(quantity, self.upper.capacity, self.floor.capacity)
        return float(self.upper.cost(inside) - self.floor.cost(inside))

    def solved(self, quantity: float) -> Solution:
        """Return the flow of a quantity.

        Raises
        ------
        InsufficientLiquidityError
            If the curve ends before it.
        """
        if quantity > self.capacity * (1.0 + _SAME):
            raise InsufficientLiquidityError(requested=quantity, available=self.capacity)
        return solve_passage(self.passage, quantity, start=self._prices_near(quantity))

    def refined(
        self, *, at: Sequence[float] = (), marginals: Sequence[float] = ()
    ) -> "NetworkCurve":
        """Return the curve with more sizes solved.

        Where an answer is sought by its marginal cost, a sample at that marginal cost closes in on
        it faster than one at the size last answered.

        Parameters
        ----------
        at : Sequence[float], [base]
            Those that are solved already, not positive or beyond the end are passed over.
        marginals : Sequence[float], [quote / base]
            Signed as in `CostCurve`.
        """
        found = [self.solved(size) for size in at if self._is_new(size)]
        for marginal in marginals:
            size = float(self.floor.quantity_at(marginal))
            near = solve_at(self.passage, marginal, start=self._prices_near(size))
            if near is not None and self._is_new(near.quantity):
                found.append(near)
        samples = sorted((*self.samples, *found), key=lambda sample: sample.quantity)
        distinct = [s for i, s in enumerate(samples) if i == 0 or _differ(samples[i - 1], s)]
        return replace(self, samples=tuple(distinct))

    def _is_new(self, size: float) -> bool:
        inside = 0.0 < size < self.capacity
        return inside and all(abs(s.quantity - size) > _SAME * size for s in self.samples)

    # Node prices between those of the neighbouring sizes.
    def _prices_near(self, size: float) -> Floats:
        below, low = self.passage.first_prices(), 0.0
        for sample in self.samples:
            if sample.quantity >= size:
                share = (size - low) / (sample.quantity - low)
                return below + share * (sample.log_price - below)
            below, low = sample.log_price, sample.quantity
        return below


def network_curve(
    graph: TokenGraph,
    *,
    base: AssetId,
    quote: AssetId,
    side: Side,
    quantity_max: float,
    limit: float | None = None,
) -> NetworkCurve:
    """Return a network as curves of size.

    Parameters
    ----------
    quantity_max : float, [base]
        Where the curves end, unless liquidity or `limit` ends them earlier.
    limit : float | None, [quote / base]
        The worst price after fee of any unit.

    Raises
    ------
    LiquidityError
        If no way leads from one token to the other.
    """
    ways = passage(graph, base=base, quote=quote, side=side, quantity=quantity_max)
    end = _end(ways, quantity_max, limit=limit)
    if end is None:
        return NetworkCurve(ways, ())
    return NetworkCurve(ways, (end,)).refined(at=[share * end.quantity for share in LADDER])


# The largest size there is, solved; None where the first unit is already beyond the limit.
def _end(ways: Passage, quantity_max: float, *, limit: float | None) -> Solution | None:
    if limit is not None:
        last = solve_at(ways, ways.sign * limit)
        if last is None or last.quantity <= quantity_max:
            return last
    try:
        return solve_passage(ways, quantity_max)
    except InsufficientLiquidityError as short:
        return solve_up_to(ways, float(short.available))


def _differ(one: Solution, other: Solution) -> bool:
    return other.quantity - one.quantity > _SAME * other.quantity


# Chords between the samples on the lower hull: any mixture of flows is a flow.
def _chords(side: Side, samples: Sequence[Solution]) -> CostCurve:
    hull = [(0.0, 0.0)]
    for sample in samples:
        point = (sample.quantity, sample.cost)
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    slopes = [_slope(one, other) for one, other in pairwise(hull)]
    return _levels(side, slopes, ends=[quantity for quantity, _ in hull])


# The upper envelope of the samples' lines, and of that of the first unit.
def _tangents(ways: Passage, samples: Sequence[Solution]) -> CostCurve:
    lines = [(ways.sign * ways.first_price, 0.0)]
    lines += [(s.marginal, s.bound - s.marginal * s.quantity) for s in samples]
    envelope: list[tuple[float, float]] = []
    ends = [0.0]  # where each line of the envelope takes over
    for line in sorted(lines):
        while envelope and _crossing(envelope[-1], line) <= ends[len(envelope) - 1]:
            envelope.pop()
        begin = _crossing(envelope[-1], line) if envelope else 0.0
        ends = [*ends[: len(envelope)], begin]
        envelope.append(line)
    last = samples[-1].quantity if samples else 0.0
    ends = [min(end, last) for end in [*ends, math.inf]]
    return _levels(ways.side, [slope for slope, _ in envelope], ends=ends)


# Where the steeper of two lines begins to be the higher one.
def _crossing(flatter: tuple[float, float], steeper: tuple[float, float]) -> float:
    rise = steeper[0] - flatter[0]
    return (flatter[1] - steeper[1]) / rise if rise > 0.0 else math.inf


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def _levels(side: Side, slopes: Sequence[float], *, ends: Sequence[float]) -> CostCurve:
    quantity = np.diff(np.array(ends))
    kept = quantity > 0.0
    root = np.sqrt(np.abs(np.array(slopes)))[kept] if len(slopes) else quantity
    return CostCurve(
        side=side,
        root_start=root,
        root_end=root,
        depth=np.full_like(root, np.inf),
        quantity=quantity[kept],
    )
