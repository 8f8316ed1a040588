"""Whether an order and its legs are such as a venue takes: expiry, lots, ticks, least size (C15).

Pure. Holds for every order; that it only reduces is checked of one that says so.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.plan import Leg, NoRouteReason
from router.domain.scope import FIRM
from router.domain.units import DurationNs, Side
from router.risk.controls.breach import Breach, in_s, over
from router.risk.controls.case import Asked, Planned


def expiry(asked: Asked) -> Iterator[Breach]:
    """Ask how long an order may be worked."""
    order = asked.order
    lifetime = DurationNs(order.deadline_at - order.submitted_at)
    for limits in asked.limits:
        if limits.deadline_max is not None and lifetime > limits.deadline_max:
            yield over(
                Control.ORDER_FORM,
                limits.scope,
                "deadline_max_s",
                limit=limits.deadline_max,
                value=lifetime,
                show=in_s,
                remedy="send an earlier deadline_s",
            )


def legs(planned: Planned) -> Iterator[Breach]:
    """Ask of each leg of a book its lots, its ticks, its size, and whether it only reduces."""
    for leg in planned.plan.legs:
        instrument, name = leg.instrument, leg.instrument.id
        if instrument.is_on_chain:
            continue
        if leg.quantity.atoms % instrument.lot_atoms:
            yield _misfit(f"{name}: lot_atoms", str(instrument.lot_atoms), f"{leg.quantity.atoms}")
        if leg.limit_ticks is None or leg.limit_ticks <= 0:
            yield _misfit(f"{name}: limit_ticks", "a whole positive number", f"{leg.limit_ticks}")
        least = instrument.notional_min_atoms
        if leg.notional.atoms < least and not planned.asked.order.reduces_only:
            yield _misfit(f"{name}: notional_min_atoms", str(least), str(leg.notional.atoms))
        if planned.asked.order.reduces_only:
            yield from _reduces(planned, leg)


def _reduces(planned: Planned, leg: Leg) -> Iterator[Breach]:
    book = planned.books.get(leg.instrument.id)
    held = 0 if book is None else book.position_lots
    lots = leg.quantity.atoms // leg.instrument.lot_atoms
    change = lots if leg.side is Side.BUY else -lots
    if abs(held + change) >= abs(held) or (held + change) * held < 0:
        key = f"{leg.instrument.id}: reduces_only"
        yield _misfit(key, f"{held} lots made smaller", f"{change} lots")


def _misfit(key: str, limit: str, value: str) -> Breach:
    what = f"{key}: must fit {limit}, was {value}; the plan is not sent"
    return Breach(Control.ORDER_FORM, FIRM, key, limit, value, what, reason=NoRouteReason.SOLVER)
