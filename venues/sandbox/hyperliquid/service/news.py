"""Subscriptions that tell what happened: every event, in order, nothing left out.

Time series of a user begin with a message marked `isSnapshot` that holds the latest of them. The
messages of `orderUpdates` and `userEvents` name no user, as at the venue.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from venues.sandbox.hyperliquid.answers import fill, funding, ledger, order, tape, text, twap
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.order import (
    AccountLiquidated,
    Event,
    Fill,
    FillMade,
    FundingSettled,
    LedgerUpdated,
    NonUserCancelled,
    OrderChanged,
    TradePrinted,
    TwapChanged,
)
from venues.sandbox.hyperliquid.service.subscription import Subscription
from venues.sandbox.hyperliquid.state import Exchange

_Rows = Callable[[Exchange, Subscription, Sequence[Event]], list[Any]]
_Latest = Callable[[Exchange, Subscription, Account], list[Any]]

EVENT_KINDS: Mapping[type[Event], frozenset[str]] = {
    TradePrinted: frozenset({"trades", "candle"}),
    OrderChanged: frozenset({"orderUpdates", "userHistoricalOrders"}),
    FillMade: frozenset({"userFills", "userEvents", "userTwapSliceFills"}),
    FundingSettled: frozenset({"userEvents", "userFundings"}),
    NonUserCancelled: frozenset({"userEvents"}),
    AccountLiquidated: frozenset({"userEvents"}),
    LedgerUpdated: frozenset({"userNonFundingLedgerUpdates"}),
    TwapChanged: frozenset({"userEvents", "userTwapHistory"}),
}
"""Which subscriptions hear of an event."""


def concerns(event: Event) -> tuple[str | None, str | None]:
    """Return the coin and the user an event is told to; a print has no user."""
    match event:
        case TradePrinted(trade=trade):
            return trade.coin, None
        case OrderChanged(order=changed):
            return None, changed.account
        case FillMade(fill=made):
            return None, made.account
        case _:
            return getattr(event, "coin", None), getattr(event, "account", None)


def snapshot(state: Exchange, subscription: Subscription) -> dict[str, Any] | None:
    """Return the first message of a time series, or None for a subscription without one."""
    series = _SERIES.get(subscription.kind)
    if series is None:
        return None
    name, _, latest = series
    user = str(subscription.user)
    account = state.accounts.get(user) or Account(user)
    rows = latest(state, subscription, account)
    return {
        "channel": subscription.kind,
        "data": {"isSnapshot": True, "user": user, name: rows},
    }


def messages(
    state: Exchange, subscription: Subscription, events: Sequence[Event]
) -> Iterator[dict[str, Any]]:
    """Yield the messages that tell a subscription of events that concern it."""
    kind = subscription.kind
    if kind == "userEvents":
        for data in _user_events(state, events):
            yield {"channel": "user", "data": data}
        return
    if kind == "trades":
        prints = [tape.trade_view(state, e.trade) for e in events if isinstance(e, TradePrinted)]
        yield {"channel": kind, "data": prints}
        return
    if kind == "orderUpdates":
        updates = [order.update(state, e.order) for e in events if isinstance(e, OrderChanged)]
        yield {"channel": kind, "data": updates}
        return
    name, rows, _ = _SERIES[kind]
    told = rows(state, subscription, events)
    if told:
        yield {"channel": kind, "data": {"user": subscription.user, name: told}}


def _fills(events: Sequence[Event]) -> list[Fill]:
    return [event.fill for event in events if isinstance(event, FillMade)]


def _user_events(state: Exchange, events: Sequence[Event]) -> Iterator[dict[str, Any]]:
    fills = _fills(events)
    if fills:
        yield {"fills": [fill.view(state, made) for made in fills]}
    slices = fill.slice_views(state, fills)
    if slices:
        yield {"twapSliceFills": slices}
    cancelled = [
        {"coin": event.coin, "oid": event.oid}
        for event in events
        if isinstance(event, NonUserCancelled)
    ]
    if cancelled:
        yield {"nonUserCancel": cancelled}
    for event in events:
        if isinstance(event, FundingSettled):
            yield {"funding": funding.row(state, event)}
        elif isinstance(event, AccountLiquidated):
            yield {"liquidation": _liquidation(event)}
    changed = _twaps(state, events)
    if changed:
        yield {"twapHistory": changed}


def _liquidation(event: AccountLiquidated) -> dict[str, Any]:
    return {
        "lid": event.liquidation_id,
        "liquidator": event.liquidator,
        "liquidated_user": event.account,
        "liquidated_ntl_pos": text.money(event.notional),
        "liquidated_account_value": text.money(event.account_value),
    }


def _twaps(state: Exchange, events: Sequence[Event]) -> list[dict[str, Any]]:
    return [
        twap.row(state, state.twaps[event.twap_id])
        for event in events
        if isinstance(event, TwapChanged)
    ]


# Each series: the name of its rows, the rows of events, the rows of the snapshot.
_SERIES: Mapping[str, tuple[str, _Rows, _Latest]] = {
    "userFills": (
        "fills",
        lambda state, s, events: fill.views(
            state, _fills(events), joined=s.request["aggregateByTime"]
        ),
        lambda state, s, account: fill.newest(state, account, joined=s.request["aggregateByTime"]),
    ),
    "userFundings": (
        "fundings",
        lambda state, _, events: [
            funding.row(state, e) for e in events if isinstance(e, FundingSettled)
        ],
        lambda state, _, account: funding.newest(state, account),
    ),
    "userHistoricalOrders": (
        "orderHistory",
        lambda state, _, events: [
            order.with_status(state, e.order) for e in events if isinstance(e, OrderChanged)
        ],
        lambda state, _, account: order.history(state, account),
    ),
    "userNonFundingLedgerUpdates": (
        "nonFundingLedgerUpdates",
        lambda _, __, events: [ledger.row(e) for e in events if isinstance(e, LedgerUpdated)],
        lambda _, __, account: ledger.newest(account),
    ),
    "userTwapHistory": (
        "history",
        lambda state, _, events: _twaps(state, events),
        lambda state, _, account: twap.history(state, account.address),
    ),
    "userTwapSliceFills": (
        "twapSliceFills",
        lambda state, _, events: fill.slice_views(state, _fills(events)),
        lambda state, _, account: fill.newest_slices(state, account),
    ),
}
