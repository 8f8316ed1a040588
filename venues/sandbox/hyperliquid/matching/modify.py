"""What may take the place of a resting order.

By default only an order that adds liquidity: ALO, or GTC, which becomes ALO; and only if there was
something to replace. With `always_place` any order may, and it is placed even when there was
nothing. The client id of the old order stays unless the new one brings its own; what else belonged
together with the old order (children, siblings) does not follow the new one.
"""

from dataclasses import replace

from venues.sandbox.hyperliquid.matching.placement import BatchRefused, Placement
from venues.sandbox.hyperliquid.order import Order, OrderRequest, TimeInForce

_MISSING = "Cannot modify canceled or filled order"
_NOT_ADDING = "Modified order must be ALO or GTC unless always_place is set."  # ours
_PREFIX = "Error placing new order during modify: "


def replacement(
    request: OrderRequest, replaced: Order | None, *, always_place: bool
) -> OrderRequest | BatchRefused:
    """Return the order that is placed instead, or why there is none."""
    if not always_place:
        if replaced is None:
            return BatchRefused(_MISSING)
        if request.time_in_force not in {TimeInForce.ALO, TimeInForce.GTC}:
            return BatchRefused(_NOT_ADDING)
        request = replace(request, time_in_force=TimeInForce.ALO)
    if request.cloid is None and replaced is not None:
        request = replace(request, cloid=replaced.cloid)
    return request


def as_modified(placed: Placement) -> Placement:
    """Return a placement whose refusal says that the old order is gone nevertheless."""
    if placed.refusal is None:
        return placed
    refusal = replace(placed.refusal, text=_PREFIX + placed.refusal.text)
    return replace(placed, refusal=refusal)
