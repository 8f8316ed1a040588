"""Executions of an account, its TWAP slices among them.

A fill is known by (time, coin, trade id); one without a trade id could be counted twice and is
malformed. Refuses to say whose order it was.
"""

from dataclasses import dataclass

from venues.hyperliquid.wire.primitives import (
    integer,
    is_buy,
    many,
    optional,
    optional_boolean,
    optional_integer,
    optional_text,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Who was liquidated by a fill, at what mark; `method` is "market" or "backstop"."""

    liquidated: str | None
    mark_price: str
    method: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill of ours; (time, coin, trade id) identifies it.

    Attributes
    ----------
    fee : str
        The builder's part included; negative is a rebate.
    start_position : str or None
        Signed position before the fill.
    direction : str or None
        "Open Long", "Auto-Deleveraging" and the like; the venue adds some now and then.
    is_taker : bool or None
        Whether it took liquidity.
    """

    coin: str
    price: str
    size: str
    is_buy: bool
    time_ms: int
    oid: int
    trade_id: int
    fee: str
    fee_currency: str
    start_position: str | None = None
    direction: str | None = None
    closed_pnl: str | None = None
    hash: str | None = None
    is_taker: bool | None = None
    builder_fee: str | None = None
    cloid: str | None = None
    twap_id: int | None = None
    liquidation: Liquidation | None = None


@dataclass(frozen=True, slots=True)
class TwapSlice:
    """A fill that a TWAP order of ours made."""

    twap_id: int
    execution: Execution


def read_executions(value: object) -> tuple[Execution, ...]:
    """Read `userFills` and `userFillsByTime`."""
    return many(value, "fills", read_execution)


def read_execution(value: object) -> Execution:
    """Read one fill."""
    fields = table(value, "fill")
    return Execution(
        is_buy=is_buy(fields),
        coin=text(fields, "coin"),
        price=text(fields, "px"),
        size=text(fields, "sz"),
        time_ms=integer(fields, "time"),
        oid=integer(fields, "oid"),
        trade_id=integer(fields, "tid"),
        fee=text(fields, "fee"),
        fee_currency=text(fields, "feeToken"),
        start_position=optional_text(fields, "startPosition"),
        direction=optional_text(fields, "dir"),
        closed_pnl=optional_text(fields, "closedPnl"),
        hash=optional_text(fields, "hash"),
        is_taker=optional_boolean(fields, "crossed"),
        builder_fee=optional_text(fields, "builderFee"),
        cloid=optional_text(fields, "cloid"),
        twap_id=optional_integer(fields, "twapId"),
        liquidation=optional(fields.get("liquidation"), _liquidation),
    )


def _liquidation(value: object) -> Liquidation:
    fields = table(value, "liquidation")
    return Liquidation(
        liquidated=optional_text(fields, "liquidatedUser"),
        mark_price=text(fields, "markPx"),
        method=text(fields, "method"),
    )


def read_twap_slices(value: object) -> tuple[TwapSlice, ...]:
    """Read `userTwapSliceFills`."""
    return many(value, "twapSliceFills", _twap_slice)


def _twap_slice(value: object) -> TwapSlice:
    fields = table(value, "twapSliceFills")
    return TwapSlice(integer(fields, "twapId"), read_execution(fields.get("fill")))
