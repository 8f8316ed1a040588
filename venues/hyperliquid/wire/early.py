"""Account answers as the venue gave them in 2023: undated, and with fills that have no trade id.

Read for recorded data only. Nothing may trade on them: without a trade id a fill can be counted
twice, and without a time an account cannot be put in order with its fills.
"""

from dataclasses import dataclass

from venues.hyperliquid.wire.account import (
    HeldPosition,
    MarginSummary,
    read_margin_summary,
    read_position,
)
from venues.hyperliquid.wire.primitives import (
    Fields,
    boolean,
    integer,
    is_buy,
    many,
    pair,
    string,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class EarlyExecution:
    """A fill without a trade id and without the currency of its fee."""

    coin: str
    price: str
    size: str
    is_buy: bool
    time_ms: int
    oid: int
    fee: str
    start_position: str
    direction: str
    closed_pnl: str
    hash: str
    is_taker: bool


@dataclass(frozen=True, slots=True)
class EarlyAccount:
    """An account without a time.

    Attributes
    ----------
    trade_sizes_max : tuple of (str, str)
        What could be traded on top of each position: to buy, to sell.
    """

    total: MarginSummary
    cross: MarginSummary
    withdrawable: str
    positions: tuple[HeldPosition, ...]
    trade_sizes_max: tuple[tuple[str, str], ...]


def read_early_executions(value: object) -> tuple[EarlyExecution, ...]:
    """Read `userFills` of 2023."""
    return many(value, "fills", _execution)


def _execution(value: object) -> EarlyExecution:
    fields = table(value, "fill")
    return EarlyExecution(
        coin=text(fields, "coin"),
        price=text(fields, "px"),
        size=text(fields, "sz"),
        is_buy=is_buy(fields),
        time_ms=integer(fields, "time"),
        oid=integer(fields, "oid"),
        fee=text(fields, "fee"),
        start_position=text(fields, "startPosition"),
        direction=text(fields, "dir"),
        closed_pnl=text(fields, "closedPnl"),
        hash=text(fields, "hash"),
        is_taker=boolean(fields, "crossed"),
    )


def read_early_account(value: object) -> EarlyAccount:
    """Read `clearinghouseState` of 2023."""
    fields = table(value, "clearinghouseState")
    held = fields.get("assetPositions")
    return EarlyAccount(
        total=read_margin_summary(fields.get("marginSummary")),
        cross=read_margin_summary(fields.get("crossMarginSummary")),
        withdrawable=text(fields, "withdrawable"),
        positions=many(held, "assetPositions", read_position),
        trade_sizes_max=many(held, "assetPositions", _trade_sizes_max),
    )


def _trade_sizes_max(value: object) -> tuple[str, str]:
    position: Fields = table(table(value, "assetPositions").get("position"), "position")
    buy, sell = pair(position.get("maxTradeSzs"), "maxTradeSzs")
    return string(buy, "maxTradeSzs"), string(sell, "maxTradeSzs")
