"""FIX quantities of a parent: ordered, cumulative, leaves, and the price on average. Exact."""

from router.domain.amend import Quantities
from router.domain.order import TERMINAL
from router.domain.units import Amount, Price
from router.state.world import ParentState, World


def quantities(world: World, parent: ParentState) -> Quantities:
    """Return how much was ordered, has filled, and may still fill.

    Nothing is left to fill of an order that has ended, whatever it came to.
    """
    order = parent.order
    base = cash = 0
    for child in world.children_of(order.id):
        for fill in child.fills:
            base += fill.quantity.atoms
            cash += fill.notional.atoms
    asset = order.quantity.asset
    cumulative = base if asset == order.base else cash
    is_open = parent.status not in TERMINAL
    leaves = max(order.quantity.atoms - cumulative, 0) if is_open else 0
    return Quantities(
        ordered=order.quantity,
        cumulative=Amount(asset, cumulative),
        leaves=Amount(asset, leaves),
        average_price=Price(order.base, order.quote, cash, base) if cash and base else None,
    )
