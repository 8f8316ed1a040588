"""What became of an order: the venue's answers as a `Resolution`. Pure.

An order has ended only when its status says so and the fills reported add up to what it traded;
until then the answer is `IN_DOUBT` and the fills seen so far. Refuses to guess a missing fill.
"""

from collections.abc import Iterable

from router.domain.error import MalformedDataError
from router.domain.order import TERMINAL, ChildOrder, Fill, OrderStatus
from router.port import Resolution
from venues.hyperliquid import translate, wire

_DUPLICATE_NONCE = "duplicate nonce"


def is_duplicate(error: wire.RequestError) -> bool:
    """Tell whether the same bytes had arrived before."""
    return _DUPLICATE_NONCE in error.text


def unknown(reason: str) -> Resolution:
    """Return that nothing is known yet."""
    return Resolution(OrderStatus.IN_DOUBT, (), None, reason)


def expired() -> Resolution:
    """Return that the order never took effect and no longer can."""
    reason = "the venue does not know the order, and its deadline has passed"
    return Resolution(OrderStatus.EXPIRED, (), None, reason)


def sent_again(answer: wire.Answer) -> Resolution:
    """Return what the answer to a second copy says of the order.

    An order refused by itself is final, because its nonce was unused: no other copy was or will be
    taken. A refusal of the request says nothing about the first copy.
    """
    match answer:
        case wire.Accepted():
            return unknown("sent again and accepted")
        case wire.OrderError(text):
            return Resolution(OrderStatus.REJECTED, (), None, text)
        case wire.RequestError(text):
            return unknown(f"sent again: {text}")


def read_fills(
    told: Iterable[wire.Execution], order: wire.Order, child: ChildOrder
) -> tuple[Fill, ...]:
    """Return the fills of an order among an account's executions; oldest first, each once."""
    instrument = child.legs[0].instrument
    fills = {
        fill.id: fill
        for execution in told
        if execution.oid == order.oid and execution.coin == order.coin
        for fill in (translate.fill(execution, child.id, instrument),)
    }
    return tuple(sorted(fills.values(), key=lambda fill: (fill.at_venue, fill.id)))


def resolution(
    order: wire.Order, fills: tuple[Fill, ...], child: ChildOrder, *, expected_lots: int
) -> Resolution:
    """Return what is known of an order.

    Parameters
    ----------
    expected_lots : int
        How much has traded according to the venue's own answers about the order.
    """
    leg = child.legs[0]
    if order.coin != leg.instrument.symbol:
        raise MalformedDataError(f"the order is in {order.coin}, not in {leg.instrument.symbol}")
    lots = leg.quantity.atoms // leg.instrument.lot_atoms
    filled = sum(fill.quantity.atoms for fill in fills) // leg.instrument.lot_atoms
    status = translate.order_status(order, filled=filled, lots=lots)
    if status in TERMINAL and filled != expected_lots:
        reason = f"{order.status}, but fills of {filled} of {expected_lots} lots are reported"
        return Resolution(OrderStatus.IN_DOUBT, fills, None, reason)
    reason = "" if status is OrderStatus.FILLED else order.status
    return Resolution(status, fills, None, reason)
