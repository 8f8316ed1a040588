"""What the venue refuses, and the words it refuses with.

Two kinds. A payload that is wrong by itself is refused before any order exists, once for the whole
batch. An order that breaks a rule given the market and the account is refused alone, gets an id and
keeps a status that `orderStatus` answers. Strings: the venue's error page and live answers, read
2026; live answers to single orders end in " asset=N". Texts marked "ours" were not found anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from venues.sandbox.hyperliquid.ledger.account import (
    Account,
    Markets,
    account_value,
    reserved_initial,
    usd,
)
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.number import normalised, to_scaled, to_text
from venues.sandbox.hyperliquid.order import OrderRequest, TimeInForce

ZERO_SIZE = "Order has zero size."
INVALID_SIZE = "Order has invalid size."
INVALID_PRICE = "Order has invalid price."
PRICE_BAND = "Order price cannot be more than 80% away from the reference price"
TRIGGER_UNSUPPORTED = "Trigger orders are not supported by this sandbox."  # ours

MISSING_ORDER = "Order was never placed, already canceled, or filled."

_SIGNIFICANT_FIGURES_MAX = 5
_MIN_NOTIONAL_USD = 10
_BAND = Fraction(4, 5)
_LIMIT_ORDER_VALUE_FACTOR = 10
# (least maximum leverage, largest immediate order in USD), largest first.
_MARKET_ORDER_VALUE_MAX = ((25, 30_000_000), (20, 5_000_000), (10, 2_000_000), (0, 500_000))


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one order was refused: the text for its sender, the status it is remembered with."""

    status: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order whose price and size are on their grids, before it meets the account."""

    market: Market
    is_buy: bool
    price: int
    size: int
    reduce_only: bool
    time_in_force: TimeInForce


def payload_error(request: OrderRequest, market: Market) -> str | None:
    """Return the reason a request is wrong whatever the account looks like, or None."""
    if request.time_in_force is None:
        return TRIGGER_UNSUPPORTED
    size = to_scaled(request.size_text, market.spec.size_decimals)
    if size is None:
        return INVALID_SIZE
    if size == 0 and not request.reduce_only:
        return ZERO_SIZE
    price = Fraction(request.price_text) * 10**market.spec.price_decimals
    if price == 0:
        return INVALID_PRICE
    mark = market.mark()
    return PRICE_BAND if abs(price - mark) > mark * _BAND else None


def on_tick(price_text: str, price_decimals: int) -> bool:
    """Tell whether a price is an integer, or has few enough figures and decimals."""
    text = normalised(price_text)
    if "." not in text:
        return True
    figures = len(text.replace(".", "").lstrip("0"))
    return figures <= _SIGNIFICANT_FIGURES_MAX and to_scaled(text, price_decimals) is not None


def rejection(proposal: Proposal, account: Account, markets: Markets) -> Rejection | None:
    """Return the first rule the proposal breaks, or None."""
    return next(_broken_rules(proposal, account, markets), None)


def _broken_rules(p: Proposal, account: Account, markets: Markets) -> Iterator[Rejection]:
    notional = usd(p.price * p.size)
    held = account.position(p.market.spec.name).size
    opposes = held < 0 if p.is_buy else held > 0
    if p.reduce_only and not opposes:
        yield Rejection("reduceOnlyRejected", "Reduce only order would increase position.")
    closes_all = opposes and p.size == abs(held)
    if notional < _MIN_NOTIONAL_USD and not closes_all:
        yield Rejection("minTradeNtlRejected", "Order must have minimum value of $10.")
    value_max = _order_value_max(p)
    if notional > value_max:
        yield Rejection("rejected", f"Order value cannot be more than ${value_max}.")  # ours
    if account.is_margined and not p.reduce_only:
        yield from _broken_margin_rules(p, account, markets)
    if p.time_in_force is TimeInForce.ALO:
        yield from _broken_post_only_rule(p)


def _order_value_max(p: Proposal) -> int:
    leverage = p.market.spec.max_leverage
    base = next(value for least, value in _MARKET_ORDER_VALUE_MAX if leverage >= least)
    return base if p.time_in_force is TimeInForce.IOC else base * _LIMIT_ORDER_VALUE_FACTOR


def _broken_margin_rules(p: Proposal, account: Account, markets: Markets) -> Iterator[Rejection]:
    coin = p.market.spec.name
    held = account.position(coin).size
    after = abs(held + (p.size if p.is_buy else -p.size))
    tier, _ = p.market.spec.margin_table.tier_at(usd(after * p.market.mark()))
    if after > abs(held) and account.leverage_of(p.market) > tier.max_leverage:
        yield Rejection(
            "perpMaxPositionRejected",
            "Order would cause position to exceed margin tier limit at current leverage",
        )
    needed = reserved_initial(account, markets, (coin, p.is_buy, p.size))
    grows = needed > reserved_initial(account, markets)
    if grows and needed > account_value(account, markets):
        yield Rejection("perpMarginRejected", "Insufficient margin to place order.")


def _broken_post_only_rule(p: Proposal) -> Iterator[Rejection]:
    if p.market.book.next_maker(taker_is_buy=p.is_buy, limit=p.price) is None:
        return
    decimals = p.market.spec.price_decimals
    shown = (
        "None" if price is None else normalised(to_text(price, decimals))
        for price in (
            p.market.book.best_price(is_buy=True),
            p.market.book.best_price(is_buy=False),
        )
    )
    bbo = "@".join(shown)
    text = f"Post only order would have immediately matched, bbo was {bbo}."
    yield Rejection("badAloPxRejected", text)


TICK = Rejection("tickRejected", "Price must be divisible by tick size.")
IOC_UNMATCHED = Rejection(
    "iocCancelRejected", "Order could not immediately match against any resting orders."
)
