"""What a client may subscribe to, in the form in which it is acknowledged and kept.

The normal form has the defaults filled in as the venue echoes them (a book's `nSigFigs` and
`mantissa` null, a dex ""), keys in a fixed order and addresses lower case; two subscriptions are
one when their normal forms are. A field of the wrong kind makes the frame unreadable
(`MalformedError`); a readable value that does not exist makes the subscription invalid.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import request, tape
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.state import Exchange

Fields = dict[str, Any]
Reader = Callable[[Request], Fields]


_OF_ALL_DEXS = frozenset({"allMids", "openOrders", "twapStates"})
"""Kinds that understand `ALL_DEXS`."""


class InvalidSubscriptionError(Exception):
    """The subscription can be read, and there is no such thing."""


class UnknownCoinError(Exception):
    """The client subscribed to a coin that does not exist; its socket is to be closed."""


@dataclass(slots=True)
class Subscription:
    """One subscription of one client, and what was sent for it last."""

    request: Fields
    sent_ms: int = 0
    checked_ms: int = 0
    shown: bytes = b""
    due: bool = False
    memory: Any = None
    """What the kind needs to tell changes from the last message; only its own code looks."""

    @property
    def kind(self) -> str:
        """Return the type."""
        return str(self.request["type"])

    @property
    def key(self) -> str:
        """Return the normal form as text: the identity."""
        return orjson.dumps(self.request).decode()

    @property
    def user(self) -> str | None:
        """Return the user it is about, if it is about one."""
        return self.request.get("user")

    @property
    def coin(self) -> str | None:
        """Return the coin it is about, if it is about one."""
        return self.request.get("coin")


def read(state: Exchange, value: object) -> Subscription:
    """Return the subscription that is asked for.

    Raises
    ------
    MalformedError
    InvalidSubscriptionError
    UnknownCoinError
    """
    asked = request.mapping(value)
    kind = request.text(asked.get("type"))
    readers = _READERS.get(kind)
    if readers is None:
        raise MalformedError
    fields: Fields = {"type": kind}
    for reader in readers:
        fields |= reader(asked)
    _check(state, fields)
    return Subscription(fields)


def _check(state: Exchange, fields: Fields) -> None:
    dex = fields.get("dex", DEFAULT_DEX)
    is_all = dex == request.ALL_DEXS and fields["type"] in _OF_ALL_DEXS
    if dex not in request.dex_names(state) and not is_all:
        raise InvalidSubscriptionError
    try:
        request.grouping(fields)
        if "interval" in fields:
            tape.interval_of(fields)
    except MalformedError:
        raise InvalidSubscriptionError from None
    coin = fields.get("coin")
    if coin is not None and request.market_of(state, fields) is None:
        raise UnknownCoinError(coin)
    if fields["type"] == "activeAssetData" and coin not in state.markets:
        raise InvalidSubscriptionError


def _coin(asked: Request) -> Fields:
    return {"coin": request.coin(asked)}


def _user(asked: Request) -> Fields:
    return {"user": request.user(asked)}


def _dex(asked: Request) -> Fields:
    name = asked.get("dex")
    return {"dex": DEFAULT_DEX if name is None else request.text(name)}


def _named_dex(asked: Request) -> Fields:
    # A dex that is left out of the echo, and of the messages, unless it has a name.
    fields = _dex(asked)
    return fields if fields["dex"] != DEFAULT_DEX else {}


def _interval(asked: Request) -> Fields:
    return {"interval": request.text(asked.get("interval"))}


def _grouping(asked: Request) -> Fields:
    fields = {}
    for name in ("nSigFigs", "mantissa"):
        value = asked.get(name)
        fields[name] = None if value is None else request.integer(value)
    return fields


def _fast(asked: Request) -> Fields:
    return {"fast": True} if request.flag(asked, "fast") else {}


def _aggregation(asked: Request) -> Fields:
    return {"aggregateByTime": request.flag(asked, "aggregateByTime")}


def _portfolio_margin(asked: Request) -> Fields:
    value = asked.get("isPortfolioMargin")
    if value is None:
        return {}
    return {"isPortfolioMargin": request.flag(asked, "isPortfolioMargin")}


_READERS: Mapping[str, tuple[Reader, ...]] = {
    "activeAssetCtx": (_coin,),
    "activeAssetData": (_user, _coin),
    "allDexsAssetCtxs": (),
    "allDexsClearinghouseState": (_user,),
    "allMids": (_named_dex,),
    "assetCtxs": (_dex,),
    "bbo": (_coin,),
    "candle": (_coin, _interval),
    "clearinghouseState": (_user, _dex),
    "fastAssetCtxs": (),
    "l2Book": (_coin, _grouping, _fast),
    "notification": (_user,),
    "openOrders": (_user, _dex),
    "orderUpdates": (_user,),
    "spotAssetCtxs": (),
    "spotState": (_user, _portfolio_margin),
    "trades": (_coin,),
    "twapStates": (_user, _dex),
    "userEvents": (_user,),
    "userFills": (_user, _aggregation),
    "userFundings": (_user,),
    "userHistoricalOrders": (_user,),
    "userNonFundingLedgerUpdates": (_user,),
    "userTwapHistory": (_user,),
    "userTwapSliceFills": (_user,),
    "webData2": (_user,),
    "webData3": (_user,),
}
