"""Whether an order at work may have other terms: what a new order is asked of what grows. Pure."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from router.domain.order import ParentOrder
from router.domain.units import Price, TimestampNs
from router.domain.verdict import Refused
from router.risk import controls
from router.risk.controls import daily, size
from router.risk.controls.breach import Breach, strictest
from router.risk.controls.case import Asked, Met
from router.risk.limits import check_notional, check_parent
from router.state.world import ParentState, World

_Check: TypeAlias = Callable[[Met], Iterator[Breach]]

_LARGER: Final[tuple[_Check, ...]] = (size.notional, size.confirmation)


def terms_refusal(
    world: World, parent: ParentState, order: ParentOrder, *, at: TimestampNs
) -> Refused | None:
    """Return what stands against a parent's order becoming `order`; None if nothing does.

    What makes it smaller needs no permission but that it is an order still.
    """
    refused = check_parent(order, world.limits, at)
    if refused is not None or not _grows(parent.order, order):
        return refused
    refused = controls.order_refusal(world, order, at)
    if refused is not None or parent.arrival_mid is None:
        return refused  # where nothing was seen yet, its size is asked when it is
    return _size_refusal(world, parent, order, at=at)


def _size_refusal(
    world: World, parent: ParentState, order: ParentOrder, *, at: TimestampNs
) -> Refused | None:
    arrival = parent.arrival_mid
    assert arrival is not None, "asked once the arrival price is known"
    refused = check_notional(order, arrival, world.limits)
    rules = world.limits.controls
    if refused is not None or rules is None:
        return refused
    met = Met(Asked(world, order, rules, at), arrival, parent.reference)
    checks = _LARGER
    if all(child.is_terminal for child in world.children_of(order.id)):
        checks = (*_LARGER, daily.order_notional)  # else what is out would count twice
    found = (strictest(check(met)) for check in checks)
    return next((worst.refused for worst in found if worst is not None), None)


def _grows(old: ParentOrder, new: ParentOrder) -> bool:
    return (
        new.quantity.atoms > old.quantity.atoms
        or new.slippage_max_pips > old.slippage_max_pips
        or new.deadline_at > old.deadline_at
        or (old.limit_price is not None and _differs(old.limit_price, new.limit_price))
    )


def _differs(old: Price, new: Price | None) -> bool:
    return new is None or old.is_above(new) or new.is_above(old)
