"""The ways to make one account's positions smaller without baring what another position hedges.

A position is cut alone only as far as the firm holds the asset on its side: that makes the firm's
exposure smaller. Beyond that it is somebody's hedge, or has one: it is cut in the same go as a
position on the other side, and the exposure stays. A hedge is cut alone only where the account is
about to be liquidated, its other side cannot be traded, and nothing else can be cut: the venue
would close it anyway.

Gaps take all assets the same way. So within the account, too, what is cut is on the side that
outweighs the other; once they are level, both sides shrink in turn.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from router.domain.risk import Zone
from router.domain.units import AccountId
from router.risk.deleverage.desk import Account, Held
from router.risk.deleverage.slices import Remains, common_step
from router.risk.deleverage.zone import is_near

_APART: Final = Fraction(5, 100)  # of the account's positions together


class Kind(enum.Enum):
    """What a way does to the firm's exposure."""

    FREE = "not hedged"
    PAIRED = "with the position it hedges"
    ALONE = "a hedge alone: its other side cannot be traded"


@dataclass(frozen=True, slots=True)
class Way:
    """Positions that are cut by the same quantity: one of the account, and what stands against it.

    Attributes
    ----------
    step : Fraction
        Smallest quantity that is whole lots of all, in whole units of the asset.
    each : tuple of int
        The lots of each leg that a step is.
    """

    kind: Kind
    legs: tuple[Held, ...]
    step: Fraction
    each: tuple[int, ...]

    @property
    def own(self) -> Held:
        """The leg of the account that is in need."""
        return self.legs[0]


def free_ways(remains: Remains, account: Account) -> Iterator[Way]:
    """Yield the ways that make the firm's exposure smaller."""
    for held in _own(remains, account.id):
        if remains.asset(held) not in remains.desk.unknown:
            yield _way(remains, Kind.FREE, held)


def paired_ways(remains: Remains, account: Account) -> Iterator[Way]:
    """Yield the ways that leave the exposure; where there is time, after all that make it less."""
    is_urgent = is_near(account.zone, Zone.HARD)
    if not is_urgent and any(_levelled(remains, way) for way in free_ways(remains, account)):
        return
    for held in _own(remains, account.id):
        if remains.asset(held) not in remains.desk.unknown:
            for other in _against(remains, held):
                yield _way(remains, Kind.PAIRED, held, other)


def last_ways(remains: Remains, account: Account) -> Iterator[Way]:
    """Yield the ways that are left where the venue is about to act."""
    if not is_near(account.zone, Zone.HARD):
        return
    for held in _own(remains, account.id):
        is_unknown = remains.asset(held) in remains.desk.unknown
        if is_unknown or next(_against(remains, held), None) is None:
            yield _way(remains, Kind.ALONE, held)


def capacity(remains: Remains, way: Way, account: Account) -> int:
    """Return how many steps of a way can be taken in one slice."""
    rooms = [_steps(way, leg, lots=remains.depth(leg, account.rules)) for leg in way.legs]
    return min(_levelled(remains, way), *rooms)


# No more steps than the account's side outweighs the other by, and the little they may be apart.
def _levelled(remains: Remains, way: Way) -> int:
    own = way.own
    if way.kind is Kind.ALONE:
        return size(remains, way)
    net, gross = remains.weight(own.account)
    ahead = (net if own.is_long else -net) + gross * _APART
    most = int(ahead / (way.each[0] * remains.fair(own)))
    return max(0, min(size(remains, way), most))


def size(remains: Remains, way: Way) -> int:
    """Return how many steps of a way there are, whatever the books take."""
    sizes = [_steps(way, leg, lots=remains.left(leg)) for leg in way.legs]
    if way.kind is Kind.FREE:
        net = remains.net.get(remains.asset(way.own), Fraction(0))
        sizes.append(max(0, (net if way.own.is_long else -net) // way.step))
    return min(sizes)


def alike(remains: Remains, way: Way) -> int:
    """Return how many steps cost and release the same each: one level, one tier."""
    found = [_steps(way, leg, lots=remains.level_left(leg)) for leg in way.legs]
    found.append(_steps(way, way.own, lots=remains.tier_left(way.own)))
    return max(1, min(found))


def lots(way: Way, leg: Held, *, steps: int) -> int:
    """Return how many lots of a leg some steps are."""
    return steps * way.each[way.legs.index(leg)]


def _way(remains: Remains, kind: Kind, *legs: Held) -> Way:
    sizes = [remains.market(leg).lot for leg in legs]
    step = common_step(sizes)
    return Way(kind, legs, step, tuple(int(step / size) for size in sizes))


def _steps(way: Way, leg: Held, *, lots: int) -> int:
    return lots // way.each[way.legs.index(leg)]


def _own(remains: Remains, account: AccountId) -> Iterator[Held]:
    return (h for h in remains.own(account) if remains.left(h))


def _against(remains: Remains, held: Held) -> Iterator[Held]:
    for other in remains.desk.held:
        is_opposite = other.is_long is not held.is_long
        if is_opposite and remains.asset(other) == remains.asset(held) and remains.left(other):
            yield other
