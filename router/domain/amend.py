"""What a client asks of an order that is at work."""

from dataclasses import dataclass

from router.domain.units import Amount, ParentId, Pips, Price, TimestampNs


@dataclass(frozen=True, slots=True)
class Amendment:
    """Terms to replace; None leaves what is.

    Attributes
    ----------
    quantity : Amount | None
        Of the whole order, what has filled included; below that it means what has filled.
    """

    quantity: Amount | None = None
    limit_price: Price | None = None
    slippage_max_pips: Pips | None = None
    deadline_at: TimestampNs | None = None


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A cancel or an amendment that waits for what is in flight.

    Attributes
    ----------
    request : str
        The client's own name of it; one order has one at a time.
    amendment : Amendment | None
        None: a cancel.
    """

    request: str
    by: str
    amendment: Amendment | None = None


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """What a client's name of a cancel or an amendment stands for, taken or not."""

    parent: ParentId
    is_amendment: bool


@dataclass(frozen=True, slots=True)
class Quantities:
    """FIX OrderQty, CumQty, LeavesQty and AvgPx of an order.

    Attributes
    ----------
    average_price : Price | None
        Of what has filled, venue fees not included; None before the first fill.
    """

    ordered: Amount
    cumulative: Amount
    leaves: Amount
    average_price: Price | None
