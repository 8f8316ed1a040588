"""How large an order is: its limits (C01), its least size (C15), and a second person (C19). Pure.

An order that only reduces is cut to the book already, and is as large as it must be.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import amount_of
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, AssetId
from router.risk.controls.breach import Breach, in_units, over, path
from router.risk.controls.case import Asked, Met, Planned

_LESS = "send less, or have the limit raised"


def quantity(asked: Asked) -> Iterator[Breach]:
    """Ask the largest quantity of an order that fixes one."""
    order = asked.order
    if order.reduces_only:
        return
    for limits in asked.limits:
        largest = amount_of(limits.order_quantity_max, order.quantity.asset)
        if largest is not None and order.quantity.atoms > largest:
            yield over(
                Control.ORDER_SIZE,
                limits.scope,
                "order_quantity_max",
                limit=largest,
                value=order.quantity.atoms,
                show=in_units(order.quantity.asset, asked.world.configured),
                remedy=_LESS,
            )


def notional(met: Met) -> Iterator[Breach]:
    """Ask the largest notional of an order, at the arrival mid."""
    asked = met.asked
    if asked.order.reduces_only:
        return
    value, quote = met.value(asked.order.quantity), met.arrival.quote
    for limits in asked.limits:
        largest = amount_of(limits.order_notional_max, quote)
        if largest is not None and value > largest:
            yield over(
                Control.ORDER_SIZE,
                limits.scope,
                "order_notional_max",
                limit=largest,
                value=value,
                show=in_units(quote, asked.world.configured),
                remedy=_LESS,
            )


def parts(planned: Planned) -> Iterator[Breach]:
    """Ask the largest part of an order that an account, a venue or a market may have."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        here = {leg.instrument.id for leg in legs}
        fills = [
            fill
            for child in asked.world.children_of(asked.order.id)
            for fill in child.fills
            if fill.instrument in here
        ]
        base = sum(leg.quantity.atoms for leg in legs) + sum(f.quantity.atoms for f in fills)
        cash = sum(max(leg.notional.atoms, _bound(leg.bound, planned)) for leg in legs)
        cash += sum(f.notional.atoms for f in fills)
        for key, amounts, asset, value in (
            ("order_quantity_max", limits.order_quantity_max, asked.order.base, base),
            ("order_notional_max", limits.order_notional_max, asked.order.quote, cash),
        ):
            largest = amount_of(amounts, asset)
            if key == "order_notional_max" and limits in asked.limits:
                continue  # asked of the whole order, at the arrival mid
            if largest is not None and value > largest:
                yield over(
                    Control.ORDER_SIZE,
                    limits.scope,
                    key,
                    limit=largest,
                    value=value,
                    show=in_units(asset, asked.world.configured),
                    remedy="name other venues, or send less",
                )


def least(met: Met) -> Iterator[Breach]:
    """Ask the smallest notional of an order."""
    asked, quote = met.asked, met.arrival.quote
    if asked.order.reduces_only:
        return
    value = met.value(asked.order.quantity)
    for limits in asked.limits:
        smallest = amount_of(limits.order_notional_min, quote)
        if smallest is None or value >= smallest:
            continue
        show, place = (
            in_units(quote, asked.world.configured),
            path(limits.scope, "order_notional_min"),
        )
        yield Breach(
            Control.ORDER_FORM,
            limits.scope,
            place,
            show(smallest),
            show(value),
            f"{show(value)} is below {place} {show(smallest)}; send more at once",
            bound=-smallest,
            reason=NoRouteReason.BELOW_MINIMUM,
        )


def confirmation(met: Met) -> Iterator[Breach]:
    """Ask for a second person where an order is large."""
    asked, quote = met.asked, met.arrival.quote
    order = asked.order
    is_confirmed = bool(order.confirmed_by) and order.confirmed_by != order.by
    if order.reduces_only or is_confirmed:
        return
    value = met.value(order.quantity)
    for limits in asked.limits:
        bound = amount_of(limits.confirm_above, quote)
        if bound is not None and value > bound:
            yield over(
                Control.CONFIRMATION,
                limits.scope,
                "confirm_above",
                limit=bound,
                value=value,
                show=in_units(quote, asked.world.configured),
                remedy="have a second person send it with confirmed_by, who is not by",
            )


def unnamed(met: Met) -> Iterator[Breach]:
    """Ask that the firm has chosen its money limits for what the order is quoted in."""
    asked, quote = met.asked, met.arrival.quote
    if asked.order.reduces_only:
        return
    for limits in asked.rules.limits:
        if limits.scope.name:
            continue
        for control, key, amounts in (
            (Control.ORDER_SIZE, "order_notional_max", limits.order_notional_max),
            (Control.EXPOSURE, "open_notional_max", limits.open_notional_max),
            (Control.EXPOSURE, "position_notional_max", limits.position_notional_max),
            (Control.DAILY, "daily_notional_max", limits.daily_notional_max),
            (Control.DAILY, "daily_loss_max", limits.daily_loss_max),
        ):
            if amount_of(amounts, quote) is None:
                place = path(limits.scope, key)
                what = f"{place} has no value for {quote}; choose one"
                yield Breach(control, limits.scope, place, "none", str(quote), what)


# The bound is cash where the quantity is exact.
def _bound(bound: Amount, planned: Planned) -> int:
    quote: AssetId = planned.asked.order.quote
    return bound.atoms if bound.asset == quote else 0
