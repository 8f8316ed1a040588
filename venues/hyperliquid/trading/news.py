"""What a connection says of the account: one struct for each kind of news. Pure.

Messages of orders and of user events do not name the account, so that a connection is for one
only; those that name it are checked, and news of another account is malformed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.error import MalformedDataError
from venues.hyperliquid import wire
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import FillReport, FundingReport, OrderReport


@dataclass(frozen=True, slots=True)
class OrdersTold:
    """Orders changed."""

    reports: tuple[OrderReport, ...]


@dataclass(frozen=True, slots=True)
class FillsTold:
    """Executions; a snapshot repeats the latest ones after every subscription."""

    fills: tuple[FillReport, ...]
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class FundingsTold:
    """Settlements; a snapshot repeats the latest ones after every subscription."""

    fundings: tuple[FundingReport, ...]
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class CancelsTold:
    """Orders that the venue cancelled by itself, by its ids."""

    oids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LiquidationTold:
    """A liquidation in which the account had a part: its own where it is the one named."""

    liquidated: str


@dataclass(frozen=True, slots=True)
class AccountTold:
    """Margin and positions."""

    account: wire.Account


@dataclass(frozen=True, slots=True)
class TransfersTold:
    """Money that moved without a trade; a snapshot repeats the latest rows."""

    rows: tuple[wire.LedgerUpdate, ...]


AccountNews: TypeAlias = (
    OrdersTold
    | FillsTold
    | FundingsTold
    | CancelsTold
    | LiquidationTold
    | AccountTold
    | TransfersTold
)
SUBSCRIPTIONS: Final = (
    "orderUpdates",
    "userFills",
    "userEvents",
    "userFundings",
    "userNonFundingLedgerUpdates",
)


def read(channel: str, data: object, *, address: str) -> tuple[AccountNews, ...] | None:
    """Read what a channel says of an account; None where the channel is of something else.

    Raises
    ------
    MalformedDataError
        If it cannot be read, or is of another account.
    """
    reader = _READERS.get(channel)
    return None if reader is None else reader(data, address)


def _orders(data: object, _address: str) -> tuple[AccountNews, ...]:
    return (OrdersTold(tuple(map(reading.order_report, wire.read_order_updates(data)))),)


def _fills(data: object, address: str) -> tuple[AccountNews, ...]:
    told = wire.read_pushed_fills(data)
    _check(told.address, address)
    return (FillsTold(tuple(map(reading.fill_report, told.executions)), told.is_snapshot),)


def _fundings(data: object, address: str) -> tuple[AccountNews, ...]:
    told = wire.read_user_fundings(data)
    _check(told.address, address)
    return (FundingsTold(tuple(map(reading.funding_report, told.fundings)), told.is_snapshot),)


# Fills and fundings come over channels of their own as well; what is told twice counts once.
def _events(data: object, _address: str) -> tuple[AccountNews, ...]:
    told = wire.read_user_event(data)
    news: list[AccountNews] = []
    executions = (*told.executions, *(piece.execution for piece in told.twap_slices))
    if executions:
        fills = tuple(map(reading.fill_report, executions))
        news.append(FillsTold(fills, is_snapshot=False))
    if told.liquidation is not None:
        news.append(LiquidationTold(told.liquidation.liquidated.lower()))
    if told.cancels:
        news.append(CancelsTold(tuple(cancel.oid for cancel in told.cancels)))
    return tuple(news)


def _account(data: object, address: str) -> tuple[AccountNews, ...]:
    told = wire.read_pushed_account(data)
    _check(told.address, address)
    return (AccountTold(told.account),)


def _transfers(data: object, address: str) -> tuple[AccountNews, ...]:
    told = wire.read_pushed_ledger_updates(data)
    _check(told.address, address)
    return (TransfersTold(told.rows),)


def _check(told: str, address: str) -> None:
    if told.lower() != address:
        raise MalformedDataError(f"news of the account {told:.80}, which was not asked for")


_READERS: Final[Mapping[str, Callable[[object, str], tuple[AccountNews, ...]]]] = {
    "orderUpdates": _orders,
    "userFills": _fills,
    "userFundings": _fundings,
    "user": _events,
    "clearinghouseState": _account,
    "userNonFundingLedgerUpdates": _transfers,
}
