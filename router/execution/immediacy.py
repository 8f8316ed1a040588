"""Orders that are all or nothing: where that can be kept, and whether a plan keeps it. Pure.

All or nothing is promised only where a chain keeps the promise: one transaction trades the whole
order or none of it. Books fill in part, and two transactions may end otherwise.
"""

from collections.abc import Sequence
from typing import Final

from router.domain.instrument import Instrument
from router.domain.order import ChildOrder, ParentOrder, Persistence
from router.domain.plan import RoutePlan

_ONE: Final = "name the pools of one chain in venues, or leave time_in_force out"


def unkeepable(order: ParentOrder, markets: Sequence[Instrument]) -> str | None:
    """Say why an order cannot be all or nothing where it may trade; None where it can."""
    if order.persistence is not Persistence.WHOLE:
        return None
    book = next((each for each in markets if not each.is_on_chain), None)
    if book is not None:
        return f"time_in_force: {book.id} may fill a part of it; for all or nothing {_ONE}"
    accounts = sorted({each.account for each in markets})
    if len(accounts) > 1:
        return f"time_in_force: {' and '.join(accounts)} are two chains; for all or nothing {_ONE}"
    if order.basket or order.as_quoted is not None:
        return "time_in_force: fok is for orders that stand alone; leave it out"
    return None


def torn(plan: RoutePlan, children: Sequence[ChildOrder], order: ParentOrder) -> str | None:
    """Say why a plan is not all or nothing, of an order that must be; None where it is."""
    if order.persistence is not Persistence.WHOLE:
        return None
    if plan.unfilled.atoms:
        return f"{plan.unfilled.atoms} atoms of it would be left, and it is all or nothing"
    sent = sum(len(child.legs) for child in children)
    if len(children) > 1 or sent < len(plan.legs):
        return f"it would take {len(children)} transactions, and only one is all or nothing; {_ONE}"
    return None
