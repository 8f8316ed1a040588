"""Requests become orders with an id, whatever the rules will say of them."""

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.matching import grid, rules
from venues.sandbox.hyperliquid.matching.placement import AnyMarket, Rejection
from venues.sandbox.hyperliquid.number import to_scaled
from venues.sandbox.hyperliquid.order import Order, OrderRequest, Stamp, Trigger
from venues.sandbox.hyperliquid.state import Exchange


def new_order(
    state: Exchange, request: OrderRequest, account: Account, *, market: AnyMarket, stamp: Stamp
) -> Order:
    """Return the order a request asks for; a price off the grid is zero and is refused next."""
    spec = market.spec
    size = to_scaled(request.size_text, spec.size_decimals)
    assert size is not None, "sizes off the grid are refused before this"
    trigger = request.trigger
    order = Order(
        oid=state.next_oid,
        account=account.address,
        coin=spec.name,
        is_buy=request.is_buy,
        price=to_scaled(request.price_text, spec.price_decimals) or 0,
        size=size,
        leaves=size,
        reduce_only=request.reduce_only,
        time_in_force=request.time_in_force,
        cloid=request.cloid,
        placed_ms=stamp.time_ms,
        status="open",
        status_ms=stamp.time_ms,
        trigger=None
        if trigger is None
        else Trigger(
            trigger.is_market,
            to_scaled(trigger.price_text, spec.price_decimals) or 0,
            trigger.is_take_profit,
        ),
    )
    remember(state, account, order)
    return order


def remember(state: Exchange, account: Account, order: Order) -> None:
    """File an order under its id, which is used up, and its client id."""
    assert order.oid == state.next_oid, "ids are given in the order of the orders"
    state.next_oid += 1
    state.orders[order.oid] = order
    account.order_ids.append(order.oid)
    if order.cloid is not None:
        account.cloids[order.cloid] = order.oid


def tick_rejection(request: OrderRequest, market: AnyMarket) -> Rejection | None:
    """Return the refusal of a price or trigger price off its grid, or None."""
    decimals = market.spec.price_decimals
    if not grid.on_tick(request.price_text, decimals):
        return rules.TICK
    trigger = request.trigger
    if trigger is None:
        return None
    if not grid.on_tick(trigger.price_text, decimals):
        return rules.TICK
    return rules.BAD_TRIGGER if grid.is_zero(trigger.price_text) else None
