"""Orders and their children as plain data for gateways: all that a client may ask of them."""

from collections.abc import Mapping

from router.domain.instrument import Asset
from router.domain.order import Fill
from router.domain.units import Amount, Price, Rounding, Side, divide, format_decimal
from router.gateway.chain import name_of
from router.gateway.order_data import order_data
from router.state.world import ChildState, ParentState, World

_PRICE_DECIMALS = 18  # as many as an order may say


def linked_data(
    world: World, parent: ParentState, assets: Mapping[str, Asset]
) -> dict[str, object]:
    """Return where an order stands; the limit price is rounded against it."""
    order = parent.order
    limit = order.limit_price
    return {
        **order_data(world, parent, assets),
        "name": name_of(parent),
        "client": order.client,
        "account": order.account,
        "time_in_force": order.persistence.value,
        "limit_price": None if limit is None else _price(limit, order.side, assets),
        "slippage_max_bps": format_decimal(order.slippage_max_pips, 2),
        "basket": order.basket or None,
        "venues": list(order.venues),
        "reason": parent.reason,
        "rounds": parent.round,
        "plans": len(parent.plans),
        "submitted_at": str(order.submitted_at),
        "ended_at": None if parent.ended_at is None else str(parent.ended_at),
    }


def child_data(child: ChildState, assets: Mapping[str, Asset]) -> dict[str, object]:
    """Return one order at one venue, and what it came to."""
    order, gas = child.order, child.gas
    return {
        "child": order.id,
        "venue": order.venue,
        "account": order.account,
        "status": child.status.value,
        "transaction": None if child.transaction is None else child.transaction.value,
        "round": order.round,
        "slice": order.slice,
        "instruments": [leg.instrument.id for leg in order.legs],
        "references": [attempt.reference for attempt in child.attempts],
        "fills": [_fill(fill, assets) for fill in child.fills],
        "gas_wei": None if gas is None else str(gas.atoms),
        "block": None if gas is None else gas.block_number,
        "reason": child.reason,
        "sent_at": None if child.sent_at is None else str(child.sent_at),
        "ended_at": None if child.ended_at is None else str(child.ended_at),
    }


def _fill(fill: Fill, assets: Mapping[str, Asset]) -> dict[str, object]:
    return {
        "id": fill.id,
        "instrument": fill.instrument,
        "quantity": decimal(fill.quantity, assets),
        "notional": decimal(fill.notional, assets),
        "fee": decimal(fill.fee, assets),
        "fee_asset": fill.fee.asset,
        "at_venue": str(fill.at_venue),
    }


def decimal(amount: Amount, assets: Mapping[str, Asset]) -> str:
    """Return an amount in units; what is no longer configured is told in atoms."""
    return format_decimal(amount.atoms, _decimals(assets, amount.asset))


def _price(price: Price, side: Side, assets: Mapping[str, Asset]) -> str:
    against = Rounding.DOWN if side is Side.BUY else Rounding.UP
    numerator = price.quote_atoms * 10 ** (_decimals(assets, price.base) + _PRICE_DECIMALS)
    denominator = price.base_atoms * 10 ** _decimals(assets, price.quote)
    return format_decimal(divide(numerator, denominator, against), _PRICE_DECIMALS)


def _decimals(assets: Mapping[str, Asset], asset: str) -> int:
    return assets[asset].decimals if asset in assets else 0
