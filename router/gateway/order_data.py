"""Orders at work as plain data: amounts as decimal strings, times in nanoseconds as strings."""

from collections.abc import Mapping
from typing import Final

from router.domain.algo import Algo, Iceberg, LimitUntil, Pov, Shortfall, Sweep, Twap
from router.domain.instrument import Asset
from router.domain.units import Amount, Price, Rounding, Side, TimestampNs, divide, format_decimal
from router.execution.quantities import quantities
from router.state.world import ParentState, World

_PRICE_DECIMALS: Final = 8
ALGOS: Final[Mapping[type[Algo], str]] = {
    Sweep: "sweep",
    Twap: "twap",
    Pov: "pov",
    Shortfall: "shortfall",
    Iceberg: "iceberg",
    LimitUntil: "limit",
}


def order_data(world: World, parent: ParentState, assets: Mapping[str, Asset]) -> dict[str, object]:
    """Return where an order stands; the average price is rounded against it."""
    order, now, pending = parent.order, quantities(world, parent), parent.pending
    rounding = Rounding.UP if order.side is Side.BUY else Rounding.DOWN
    price, released = now.average_price, parent.released
    return {
        "order": order.id,
        "client_order_id": order.client_order_id,
        "side": order.side.value,
        "base": order.base,
        "quote": order.quote,
        "quantity_asset": order.quantity.asset,
        "status": parent.status.value,
        "phase": parent.phase.value,
        "ordered": _decimal(now.ordered, assets),
        "cumulative": _decimal(now.cumulative, assets),
        "leaves": _decimal(now.leaves, assets),
        "average_price": None if price is None else _price(price, assets, rounding),
        "algo": ALGOS[type(order.algo)],
        "released": None if released is None else _decimal(released, assets),
        "slices": parent.slices,
        "wake_at": _moment(parent.wake_at),
        "deadline_at": str(order.deadline_at),
        "open_children": sum(not c.is_terminal for c in world.children_of(order.id)),
        "pending": None if pending is None else pending.request,
        "strategy": order.strategy,
        "by": order.by,
    }


def _moment(at: TimestampNs | None) -> str | None:
    return None if at is None else str(at)


def _decimal(amount: Amount, assets: Mapping[str, Asset]) -> str:
    return format_decimal(amount.atoms, _decimals(assets, amount.asset))


# What is no longer configured is told in atoms.
def _decimals(assets: Mapping[str, Asset], asset: str) -> int:
    return assets[asset].decimals if asset in assets else 0


def _price(price: Price, assets: Mapping[str, Asset], rounding: Rounding) -> str:
    numerator = price.quote_atoms * 10 ** (_decimals(assets, price.base) + _PRICE_DECIMALS)
    denominator = price.base_atoms * 10 ** _decimals(assets, price.quote)
    return format_decimal(divide(numerator, denominator, rounding), _PRICE_DECIMALS)
