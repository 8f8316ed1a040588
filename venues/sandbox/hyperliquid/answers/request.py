"""The fields of a question, read as strictly as the venue reads them.

Every reader raises `MalformedError` for a field of the wrong kind; the server makes HTTP 422 of it.
What is well-formed and unknown (an address nobody funded, a coin nobody lists) is no error here.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.actions.registry import Registry
from venues.sandbox.hyperliquid.config import DEFAULT_DEX
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.state import Exchange

Request: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Exchange, Request], Any]
"""Answers one kind of question from the state as it is; it changes nothing."""
RegisteredHandler: TypeAlias = Callable[[Exchange, Registry, Request], Any]
"""The same for questions about what only actions know."""

ALL_DEXS = "ALL_DEXS"
"""What the venue's own user interface asks for instead of a name, where that is understood."""
_SIGNIFICANT_FIGURES = (2, 3, 4, 5)
_MANTISSAS = (1, 2, 5)
_U64_MAX = 2**64 - 1
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


def mapping(value: object) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise MalformedError
    return value


def text(value: object) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise MalformedError
    return value


def integer(value: object) -> int:
    """Return a JSON number that is whole and not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _U64_MAX:
        raise MalformedError
    return value


def address(value: object) -> str:
    """Return an address, lower case."""
    found = text(value)
    if not _ADDRESS.match(found):
        raise MalformedError
    return found.lower()


def dex(state: Exchange, request: Request) -> str:
    """Return the perpetual exchange that is meant; without a name the venue's own."""
    name = request.get("dex")
    if name is None:
        return DEFAULT_DEX
    if text(name) not in dex_names(state):
        raise MalformedError
    return str(name)


def dex_or_all(state: Exchange, request: Request) -> str:
    """Return the perpetual exchange that is meant, or `ALL_DEXS`."""
    return ALL_DEXS if request.get("dex") == ALL_DEXS else dex(state, request)


def dex_names(state: Exchange) -> tuple[str, ...]:
    """Return every perpetual exchange by name, the nameless first one first."""
    return (DEFAULT_DEX, *(builder.name for builder in state.config.builder_dexs))


def dex_of(state: Exchange, name: str) -> str:
    """Return the exchange a coin belongs to; spot pairs are shown with the first one."""
    market = state.market(name)
    return market.dex if isinstance(market, Market) else DEFAULT_DEX


def is_on(state: Exchange, coin_name: str, dex_name: str) -> bool:
    """Tell whether a coin is shown with an exchange; with `ALL_DEXS` every coin is."""
    return dex_name in (ALL_DEXS, dex_of(state, coin_name))


def market_of(state: Exchange, request: Request) -> Market | SpotMarket | None:
    """Return the market of the coin that is meant, or None when nobody lists it."""
    name = coin(request)
    return state.markets.get(name) or state.spot_markets.get(name)


def coin(request: Request) -> str:
    """Return the coin that is meant, whether it is listed or not."""
    return text(request.get("coin"))


def user(request: Request) -> str:
    """Return the address that is meant, lower case."""
    return address(request.get("user"))


def account(state: Exchange, request: Request) -> Account:
    """Return the account that is meant; an address nobody funded has an empty one."""
    found = user(request)
    return state.accounts.get(found) or Account(found)


def window(state: Exchange, request: Request, *, needs_start: bool = True) -> tuple[int, int]:
    """Return first and last millisecond of the time that is asked for.

    Parameters
    ----------
    needs_start : bool
        False for the questions that begin with the first entry when no start is given.
    """
    start, end = request.get("startTime"), request.get("endTime")
    end_ms = state.now_ms if end is None else min(integer(end), state.now_ms)
    start_ms = 0 if start is None and not needs_start else integer(start)
    return start_ms, end_ms


def flag(request: Request, name: str) -> bool:
    """Return an optional true or false; left out or null it is false."""
    value = request.get(name)
    if value is not None and not isinstance(value, bool):
        raise MalformedError
    return bool(value)


def grouping(request: Request) -> tuple[int | None, int | None]:
    """Return how a book is to be grouped: significant figures, and the mantissa of the step."""
    figures, mantissa = request.get("nSigFigs"), request.get("mantissa")
    if figures is not None and figures not in _SIGNIFICANT_FIGURES:
        raise MalformedError
    if mantissa is not None and (figures != _SIGNIFICANT_FIGURES[-1] or mantissa not in _MANTISSAS):
        raise MalformedError
    return figures, mantissa
