"""POV: a share of what the markets of the pair trade, and no more. Pure.

What others traded decides: to have a share p of everything, our own included, one trades
p / (1 - p) of what they did. Volumes that a fill of ours is not in yet make that less, never more.
"""

from router.algo.intervals import next_at
from router.algo.progress import Pace, Progress
from router.domain.algo import Pov
from router.domain.observation import Volume
from router.domain.order import ParentOrder
from router.domain.units import PIPS_PER_UNIT, Amount, InstrumentId, Rounding, TimestampNs, divide


def pace(order: ParentOrder, algo: Pov, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what our share of the volume since the beginning is.

    Nothing more is released while the share is within half the band of what it should be: every
    slice costs gas. One slice is at most `catch_up_pips` of the order. After a restart volumes
    count anew, and so does the share: as if it had been kept until then.
    """
    filled, asset = progress.filled.atoms, order.quantity.asset
    if at >= algo.end_at:
        return Pace(progress.filled, None)
    wake_at = min(next_at(algo.start_at, algo.interval, at), algo.end_at)
    now = _of_base(progress.observation.volumes, order)
    others = others_traded(_of_base(progress.volumes, order), now, filled=filled)
    if others is None:
        share = algo.participation_pips
        kept = divide(filled * (PIPS_PER_UNIT - share), share, Rounding.UP)
        return Pace(progress.filled, wake_at, _rebased(now, traded=kept + filled))
    least = _share(others, algo.participation_pips - algo.band_pips // 2)
    due = _share(others, algo.participation_pips)
    if filled > 0 and filled >= least:
        return Pace(progress.filled, wake_at)
    most = divide(order.quantity.atoms * algo.catch_up_pips, PIPS_PER_UNIT, Rounding.UP)
    return Pace(Amount(asset, min(due, filled + most)), wake_at)


def others_traded(
    before: tuple[Volume, ...], now: tuple[Volume, ...], *, filled: int
) -> int | None:
    """Return what others traded since `before`, in base atoms; None where runs do not compare.

    Parameters
    ----------
    filled : int
        What we traded since, which the volumes include.
    """
    known = {v.instrument: v for v in before}
    if {(v.instrument, v.run) for v in before} != {(v.instrument, v.run) for v in now}:
        return None
    traded = sum(v.base.atoms - known[v.instrument].base.atoms for v in now)
    return max(traded - filled, 0)


# Our part of everything, where others traded so much: rounded down, so as not to exceed it.
def _share(others: int, pips: int) -> int:
    return divide(others * max(pips, 0), PIPS_PER_UNIT - max(pips, 0), Rounding.DOWN)


def _of_base(volumes: tuple[Volume, ...], order: ParentOrder) -> tuple[Volume, ...]:
    return tuple(v for v in volumes if v.base.asset == order.base)


# A baseline from which `traded` has traded by now.
def _rebased(now: tuple[Volume, ...], *, traded: int) -> tuple[Volume, ...]:
    first: InstrumentId | None = now[0].instrument if now else None
    return tuple(
        Volume(
            v.instrument,
            Amount(v.base.asset, v.base.atoms - (traded if v.instrument == first else 0)),
            v.run,
        )
        for v in now
    )
