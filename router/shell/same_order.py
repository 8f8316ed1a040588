"""Whether a request asks for an order that is known: a name stands for one order."""

from router.algo.pace import shape
from router.domain.order import ParentOrder
from router.state.world import ParentState


def is_same_order(known: ParentOrder, order: ParentOrder) -> bool:
    """Tell whether an order asks for what a known one asked for."""

    # The moments differ between a first and a repeated request, and nothing else may.
    def content(o: ParentOrder) -> tuple[object, ...]:
        return (
            o.side,
            o.base,
            o.quote,
            o.quantity,
            o.limit_price,
            o.slippage_max_pips,
            o.holding_horizon_s,
            o.venues,
            o.strategy,
            o.client,
            o.account,
            o.persistence,
            shape(o),
            None if o.as_quoted is None else o.as_quoted.id,
        )

    return content(known) == content(order)


def is_of_basket(known: ParentState | None, order: ParentOrder) -> bool:
    """Tell whether an order is what a known one of its basket is."""
    return (
        known is not None
        and known.order.basket == order.basket
        and is_same_order(known.first_order or known.order, order)
    )
