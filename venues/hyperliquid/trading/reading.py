"""From the wire's structs to facts: decimal text to integers of 1e-8. Pure.

What is finer than that is malformed, never rounded. Only fees are, up: one of a spot trade on the
side is told to the last decimal of its token, and some tokens have ten.
"""

from router.domain.account import VenueFill
from router.domain.error import MalformedDataError
from router.domain.instrument import Instrument
from router.domain.order import Fill
from router.domain.units import Amount, AssetId, ChildId, InstrumentId, Rounding, divide
from venues.hyperliquid import translate, wire
from venues.hyperliquid.spec import (
    COLLATERAL_DECIMALS,
    PRICE_AND_SIZE_DECIMALS,
    size_decimals,
)
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


def fill_id(told: FillReport) -> str:
    """Return what tells a fill from every other: as `translate.fill` has it."""
    return f"{told.coin}:{told.time_ms}:{told.trade_id}"


def child_fill(told: FillReport, child: ChildId, instrument: Instrument) -> Fill:
    """Read an execution of `child`: the same as `translate.fill` makes of the venue's words."""
    if told.fee_token != translate.FEE_CURRENCY:
        raise MalformedDataError(
            f"feeToken must be {translate.FEE_CURRENCY}, was {told.fee_token!r}"
        )
    lots, notional, fee = on_grid(told, size_decimals(instrument), instrument.quote.id)
    return Fill(
        id=fill_id(told),
        child=child,
        instrument=instrument.id,
        quantity=Amount(instrument.base.id, abs(lots) * instrument.lot_atoms),
        notional=notional,
        fee=fee,
        at_venue=translate.to_ns(told.time_ms),
    )


def venue_fill(
    told: FillReport, instrument: InstrumentId, *, decimals: int, quote: AssetId
) -> VenueFill:
    """Read an execution of any order of the account.

    Parameters
    ----------
    decimals : int
        Of a size in that market.
    """
    lots, notional, fee = on_grid(told, decimals, quote)
    return VenueFill(
        id=fill_id(told),
        order=str(told.oid),
        reference=told.cloid or "",
        instrument=instrument,
        lots=lots,
        notional=notional,
        fee=fee,
        at_venue=translate.to_ns(told.time_ms),
    )


def on_grid(told: FillReport, decimals: int, quote: AssetId) -> tuple[int, Amount, Amount]:
    """Return the signed lots of a fill, what they cost or brought in, and the fee.

    The notional is exact, for a tick times a lot is an atom of the collateral; the fee is rounded
    up.
    """
    lots = _whole(told.size_e8, decimals)
    ticks = _whole(told.price_e8, PRICE_AND_SIZE_DECIMALS - decimals)
    finer: int = 10 ** (E8_DECIMALS - COLLATERAL_DECIMALS)
    fee = Amount(quote, divide(told.fee_e8, finer, Rounding.UP))
    return lots if told.is_buy else -lots, Amount(quote, ticks * lots), fee


def _whole(value_e8: int, decimals: int) -> int:
    units, rest = divmod(value_e8, 10 ** (E8_DECIMALS - decimals))
    if rest:
        raise MalformedDataError(f"a fill of {value_e8} e-8 is off the market's grid")
    return int(units)
