"""From the wire's structs to facts: decimal text to integers of 1e-8. Pure.

What is finer than that is malformed, never rounded. Only fees are, up: one of a spot trade on the
side is told to the last decimal of its token, and some tokens have ten.
"""

from router.domain.units import Rounding
from venues.hyperliquid import wire
from venues.hyperliquid.trading.facts import (
    E8_DECIMALS,
    Answer,
    FillReport,
    FundingReport,
    OrderReport,
    Placed,
    Refused,
)
from venues.hyperliquid.translate import exact, rounded


def e8(text: str, name: str) -> int:
    """Return decimal text in units of 1e-8."""
    return exact(text, E8_DECIMALS, name)


def order_report(told: wire.OrderUpdate) -> OrderReport:
    """Read an order with its status."""
    return _report(told.order, told.status)


def open_order_report(told: wire.OpenOrder) -> OrderReport:
    """Read one of the open orders; answers without the original size tell what is left of it."""
    return _report(told, "open")


def _report(order: wire.OpenOrder, status: str) -> OrderReport:
    left = e8(order.size_left, "sz")
    return OrderReport(
        oid=order.oid,
        cloid=order.cloid,
        coin=order.coin,
        is_buy=order.is_buy,
        size_e8=left if order.size is None else e8(order.size, "origSz"),
        left_e8=left,
        status=status,
    )


def fill_report(told: wire.Execution) -> FillReport:
    """Read an execution."""
    liquidation = told.liquidation
    liquidated = None if liquidation is None else liquidation.liquidated
    return FillReport(
        oid=told.oid,
        cloid=told.cloid,
        coin=told.coin,
        is_buy=told.is_buy,
        price_e8=e8(told.price, "px"),
        size_e8=e8(told.size, "sz"),
        fee_e8=rounded(told.fee, E8_DECIMALS, rounding=Rounding.UP, name="fee"),
        fee_token=told.fee_currency,
        time_ms=told.time_ms,
        trade_id=told.trade_id,
        direction=told.direction or "",
        liquidated=None if liquidated is None else liquidated.lower(),
        twap_id=told.twap_id,
    )


def funding_report(told: wire.Funding) -> FundingReport:
    """Read a settlement of funding."""
    return FundingReport(told.coin, e8(told.amount, "usdc"), told.time_ms)


def answer(told: wire.PlacedAnswer) -> Answer:
    """Read the answer to the placing of an order."""
    match told:
        case wire.Accepted(oid=oid, size_filled=None):
            return Placed(oid)
        case wire.Accepted(oid=oid, size_filled=str(filled)):
            return Placed(oid, e8(filled, "totalSz"))
        case wire.OrderError(text) | wire.RequestError(text):
            return Refused(text)
        case _:
            return Placed(None)
