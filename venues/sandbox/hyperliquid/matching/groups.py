"""Orders that belong together: a parent with its take-profit and stop-loss, and those two.

Children live once the parent has filled completely, or was filled in part and then cancelled for
lack of margin, with what was filled. A parent that ends in any other way takes its children along.
Of a take-profit and a stop-loss, the one that fills cancels the other.
"""

from collections.abc import Iterable

from venues.sandbox.hyperliquid.matching.crossing import Crossing
from venues.sandbox.hyperliquid.matching.placement import WAITING_FOR_FILL
from venues.sandbox.hyperliquid.matching.triggers import Triggers
from venues.sandbox.hyperliquid.order import Order, Stamp

_SIBLING_FILLED = "siblingFilledCanceled"


class Groups:
    """What one order's end means to the others of its group."""

    def __init__(self, crossing: Crossing, triggers: Triggers) -> None:
        self._crossing = crossing
        self._triggers = triggers

    def bind(self, parent: Order | None, children: Iterable[Order]) -> None:
        """Tie a take-profit and a stop-loss to each other, and to their parent."""
        members = tuple(children)
        oids = tuple(child.oid for child in members)
        for child in members:
            child.siblings = tuple(oid for oid in oids if oid != child.oid)
            child.parent = None if parent is None else parent.oid
        if parent is not None:
            parent.children = oids

    def ended(self, order: Order, stamp: Stamp) -> None:
        """Do to the others what the last status of an order means for them."""
        orders = self._crossing.state.orders
        for oid in order.children:
            self._parent_ended(order, orders[oid], stamp)
        if order.status != "filled":
            return
        for oid in order.siblings:
            sibling = orders[oid]
            if is_live(sibling) or sibling.status == WAITING_FOR_FILL:
                self._crossing.cancel(sibling, status=_SIBLING_FILLED, stamp=stamp)

    def _parent_ended(self, parent: Order, child: Order, stamp: Stamp) -> None:
        if child.status != WAITING_FOR_FILL:
            return
        filled = parent.size - parent.leaves
        starved = parent.status == "marginCanceled" and filled > 0
        if parent.status != "filled" and not starved:
            self._crossing.cancel(child, status="canceled", stamp=stamp)
            return
        if starved:
            child.size = child.leaves = min(child.size, filled)
        self._triggers.wait(child, self._crossing.state.accounts[child.account], stamp)


def is_live(order: Order) -> bool:
    """Tell whether an order rests or waits for the mark."""
    return order.status == "open"
