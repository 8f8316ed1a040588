"""The band of a dry run: where the cost of an order will lie by the time that it is executed.

The cost at execution is taken to be

    X = cost_k + s Z,    k with probability p_k,    Z standard normal,

with cost_k what the plan costs in scenario k of the configured uncertainty (the state as seen,
where none is configured) and s the drift of the state until inclusion. Each leg's price moves with

    s_leg = sum over its pools of the drift of that pool over one second, times sqrt(seconds),

and the legs' moves, however they hang together, add up to no more than s = sum of share_leg s_leg
(Minkowski). A drift that was observed is an estimate: it is taken at the upper end of its own 95 %
confidence (chi-squared, by Wilson and Hilferty), so that few observations make a wide band.

The band holds the middle 95 % of X: the cost at execution is below its low end once in forty, and
above its high end once in forty. Funding and basis are expectations over the holding horizon; they
are in the cost and have no spread here. Refuses to make a drift up where none was seen or told.

References
----------
Wilson, Hilferty, "The distribution of chi-square" (1931).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from router.domain.plan import Leg
from router.domain.snapshot import Pace
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, InstrumentId, Pips
from router.domain.weighed import Outcome

LEVEL_PCT: Final = 95
MOVES_MIN: Final = 8  # fewer say nothing of how a market moves
_TAIL: Final = (1.0 - LEVEL_PCT / 100.0) / 2.0
_NORMAL: Final = NormalDist()
_CONFIDENCE: Final = 0.05
_HALVINGS: Final = 60
_REACH: Final = 12.0  # standard deviations beyond which nothing is
_POOL_S: Final = 24.0  # two blocks of the slowest chain: the one that is missed, and the next
_BOOK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the cost will lie.

    Attributes
    ----------
    low, expected, high : Pips
        Rounded outwards; the middle one up.
    drift : Pips | None
        One standard deviation of what the state drifts until inclusion, rounded up; None where
        nothing is known of it, and the band is of the scenarios alone.
    """

    low: Pips
    expected: Pips
    high: Pips
    drift: Pips | None


def interval(outcomes: Sequence[Outcome], drift: float | None) -> Interval:
    """Return the band.

    Parameters
    ----------
    outcomes : sequence of Outcome
        One at least; weights add up to one.
    drift : float | None
        One standard deviation, as a fraction of the price.
    """
    rows = [(o.weight / PICO_PER_UNIT, float(o.slippage)) for o in outcomes if o.weight > 0]
    spread = (drift or 0.0) * PIPS_PER_UNIT
    return Interval(
        low=Pips(math.floor(_quantile(rows, spread, _TAIL))),
        expected=Pips(math.ceil(sum(weight * cost for weight, cost in rows))),
        high=Pips(math.ceil(_quantile(rows, spread, 1.0 - _TAIL))),
        drift=None if drift is None else Pips(math.ceil(spread)),
    )


def drift_of(
    legs: Sequence[Leg],
    paces: Mapping[InstrumentId, Pace],
    *,
    inclusion_s: float | None,
    told: float | None,
) -> float | None:
    """Return one standard deviation of what a plan's price drifts until inclusion.

    Parameters
    ----------
    inclusion_s : float | None
        Seconds until every leg is executed; None takes what is usual for pools and for books.
    told : float | None
        Drift over one second, as a fraction, in place of what was observed.

    Returns
    -------
    float | None
        A fraction of the price; None where the drift of some leg is neither seen nor told.
    """
    value = max(sum(leg.notional.atoms for leg in legs), 1)
    total = 0.0
    for leg in legs:
        each = [_one_second(name, paces, told) for name in _places(leg)]
        known = [one for one in each if one is not None]
        if len(known) < len(each):
            return None
        usual = _BOOK_S if not leg.instrument.is_on_chain else _POOL_S
        seconds = usual if inclusion_s is None else inclusion_s
        total += leg.notional.atoms / value * sum(known) * math.sqrt(seconds)
    return total


def _places(leg: Leg) -> tuple[InstrumentId, ...]:
    return tuple(hop.instrument.id for hop in leg.hops) or (leg.instrument.id,)


def _one_second(
    name: InstrumentId, paces: Mapping[InstrumentId, Pace], told: float | None
) -> float | None:
    if told is not None:
        return told
    pace = paces.get(name)
    if pace is None or pace.moves < MOVES_MIN:
        return None
    return pace.drift / PICO_PER_UNIT * _upper(pace.moves)


# What an estimated standard deviation is multiplied by for the upper end of its confidence.
def _upper(moves: int) -> float:
    part = 2.0 / (9.0 * moves)
    root = 1.0 - part + _NORMAL.inv_cdf(_CONFIDENCE) * math.sqrt(part)
    return 1.0 / math.sqrt(root**3)


def _quantile(rows: Sequence[tuple[float, float]], spread: float, level: float) -> float:
    costs = [cost for _, cost in rows]
    low, high = min(costs) - _REACH * spread, max(costs) + _REACH * spread
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = sum(weight * _below(middle - cost, spread) for weight, cost in rows)
        low, high = (middle, high) if below < level else (low, middle)
    return high


def _below(distance: float, spread: float) -> float:
    if spread <= 0.0:
        return 1.0 if distance >= 0.0 else 0.0
    return _NORMAL.cdf(distance / spread)
