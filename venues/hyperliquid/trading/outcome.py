"""What became of an order: the venue's answers as a `Resolution`. Pure.

An order has ended only when its status says so and the fills reported add up to what it traded;
until then the answer is `IN_DOUBT` and the fills seen so far. Refuses to guess a missing fill.
"""

from collections.abc import Iterable

from router.domain.error import MalformedDataError
from router.domain.order import TERMINAL, ChildOrder, Fill, OrderStatus
from router.domain.units import DurationNs, TimestampNs
from router.port import Resolution
from venues.hyperliquid import translate, wire
from venues.hyperliquid.trading.orders import READ_LAG

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


def never_was() -> Resolution:
    """Return that the order never took effect, because its nonce was used up otherwise."""
    reason = "the venue does not know the order, and its nonce is used up"
    return Resolution(OrderStatus.EXPIRED, (), None, reason)


def unfound(
    *,
    asked_at: TimestampNs,
    deadline_at: TimestampNs,
    expiry_margin: DurationNs,
    used_up_at: TimestampNs | None,
) -> Resolution | None:
    """Return what it means that the venue does not know an order; None while it may be sent again.

    Parameters
    ----------
    asked_at : TimestampNs
        When the question left.
    used_up_at : TimestampNs | None
        When its nonce was used up by something else, or by the order itself; the answers of the
        venue may be older than that.
    """
    late = asked_at - deadline_at
    if late > expiry_margin:
        return expired()
    if used_up_at is not None and asked_at - used_up_at > READ_LAG:
        return never_was()
    if late >= 0 or used_up_at is not None:
        return unknown("the venue does not know the order")
    return None


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
    status = translate.order_status(order.status, filled=filled, lots=lots)
    if status in TERMINAL and filled != expected_lots:
        reason = f"{order.status}, but fills of {filled} of {expected_lots} lots are reported"
        return Resolution(OrderStatus.IN_DOUBT, fills, None, reason)
    reason = "" if status is OrderStatus.FILLED else order.status
    return Resolution(status, fills, None, reason)
