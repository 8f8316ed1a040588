"""How old what a plan was made on is when it is to be sent, and whose clock is wrong (C14). Pure.

An order that only reduces goes on data that is older: not trading is no safer for it.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.market import AnyPoolSnapshot, BookSnapshot
from router.domain.plan import NoRouteReason
from router.domain.units import TimestampNs
from router.risk.controls.breach import Breach, in_ms, path
from router.risk.controls.case import Planned, markets_of


def ages(planned: Planned) -> Iterator[Breach]:
    """Ask how old the state of each market of the plan is by now."""
    asked, snapshots = planned.asked, planned.snapshots
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        for market in (m for leg in legs for m in markets_of(leg)):
            snapshot = snapshots.get(market.id)
            if snapshot is not None:
                yield from _aged(limits, snapshot, asked.at)


def _aged(
    limits: ControlLimits, snapshot: AnyPoolSnapshot | BookSnapshot, at: TimestampNs
) -> Iterator[Breach]:
    if isinstance(snapshot, BookSnapshot):
        offset = abs(snapshot.received_at - snapshot.at_venue)
        key, bound = "book_age_max_ms", limits.book_age_max
    else:
        # A block's time is when its slot began: only a time in our future tells of a wrong clock.
        offset = max(0, snapshot.block.at_venue - snapshot.received_at)
        key, bound = "pool_age_max_ms", limits.pool_age_max
    for name, most, value in (
        (key, bound, at - snapshot.received_at),
        ("clock_offset_max_ms", limits.clock_offset_max, offset),
    ):
        if most is None or value <= most:
            continue
        place, market = path(limits.scope, name), snapshot.instrument
        told = f"{in_ms(value)} is above {place} {in_ms(most)}"
        yield Breach(
            Control.STALE_DATA,
            limits.scope,
            place,
            in_ms(most),
            in_ms(value),
            f"{market}: {told}; wait, or look at the venue",
            bound=most,
            reason=NoRouteReason.STALE_DATA,
        )
