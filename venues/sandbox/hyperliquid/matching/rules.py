"""What the venue refuses, and the words it refuses with.

Two kinds. A payload that is wrong by itself is refused before any order exists, once for the whole
batch. An order that breaks a rule given the market and the account is refused alone, gets an id and
keeps a status that `orderStatus` answers. Strings: the venue's error page and live answers, read
2026; live answers to single orders end in " asset=N". Texts marked "ours" were not found anywhere.
"""

from collections.abc import Sequence

from venues.sandbox.hyperliquid.ledger import spot
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.ledger.checks import margin_check
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.matching import grid
from venues.sandbox.hyperliquid.matching.placement import AnyMarket, BatchRefused, Rejection
from venues.sandbox.hyperliquid.number import MICRO, ceil_div, normalised, to_scaled, to_text
from venues.sandbox.hyperliquid.order import Order, OrderRequest, TimeInForce
from venues.sandbox.hyperliquid.state import Exchange

EMPTY_BATCH = "Batch must have at least one order."  # ours
INVALID_ASSET = "Order has invalid asset."  # ours
ZERO_SIZE = "Order has zero size."
INVALID_SIZE = "Order has invalid size."
INVALID_PRICE = "Order has invalid price."
PRICE_BAND = "Order price cannot be more than 80% away from the reference price"
POST_ONLY_MODE = "Only post-only orders allowed immediately after a network upgrade"
TPSL_NOT_REDUCING = "TP/SL orders must be reduce only."  # ours
GROUPING = "Unexpected number of trigger orders"
PRIORITY_FEE = "Priority fee needs IOC orders only, or non-reduce-only ALO orders only."  # ours
PRIORITY_FEE_HIGH = "Priority fee is too high."  # ours
NO_STAKE = "Insufficient delegatable balance for priority order"
SPOT_TRIGGER = "Trigger orders are not supported on spot."  # ours
MISSING_ORDER = "Order was never placed, already canceled, or filled."

TICK = Rejection("tickRejected", "Price must be divisible by tick size.")
IOC_UNMATCHED = Rejection(
    "iocCancelRejected", "Order could not immediately match against any resting orders."
)
NO_LIQUIDITY = Rejection(
    "marketOrderNoLiquidityRejected", "No liquidity available for market order."
)
REDUCE_ONLY = Rejection("reduceOnlyRejected", "Reduce only order would increase position.")
BAD_TRIGGER = Rejection("badTriggerPxRejected", "Invalid TP/SL price.")
ORACLE = Rejection("oracleRejected", "Order price too far from oracle")
SPOT_BALANCE = Rejection(
    "insufficientSpotBalanceRejected", "Order has insufficient spot balance to trade"
)
HALTED = Rejection("rejected", "Trading is halted.")  # ours
TOO_MANY_ORDERS = Rejection("tooManyOpenOrdersRejected", "Too many open orders.")  # ours
PARENT_REFUSED = Rejection("rejected", "Parent order was rejected.")  # ours
_MARGIN_TEXTS = {
    "perpMarginRejected": "Insufficient margin to place order.",
    "perpMaxPositionRejected": (
        "Order would cause position to exceed margin tier limit at current leverage"
    ),
}
MARGIN = Rejection("perpMarginRejected", _MARGIN_TEXTS["perpMarginRejected"])
_CAPPED_TEXT = "Order would increase open interest while open interest is capped"
INCREASE_AT_CAP = Rejection("positionIncreaseAtOpenInterestCapRejected", _CAPPED_TEXT)
FLIP_AT_CAP = Rejection("positionFlipAtOpenInterestCapRejected", _CAPPED_TEXT)
AGGRESSIVE_AT_CAP = Rejection(
    "tooAggressiveAtOpenInterestCapRejected",
    "Order rejected due to price more aggressive than oracle while at open interest cap",
)

IMMEDIATE = frozenset(
    (TimeInForce.IOC, TimeInForce.FRONTEND_MARKET, TimeInForce.LIQUIDATION_MARKET)
)
_CHILDREN_MAX = 2  # a take-profit and a stop-loss
_MIN_NOTIONAL = 10
_BAND_PERCENT = 80
_ORACLE_BAND_PERCENT = 95  # ours: the venue does not publish how far is too far
_LIMIT_ORDER_VALUE_FACTOR = 10
# (least maximum leverage, largest immediate order in USD), largest first.
MARKET_ORDER_VALUE_MAX = ((25, 30_000_000), (20, 5_000_000), (10, 2_000_000), (0, 500_000))
_PRIORITY_FEE_MAX = 80_000
PRIORITY_FEE_UNIT = 10**8
_CENTI_QUOTE = 10**8  # spot notionals count 1e-8 of the quote


# The payload alone.


def batch_error(
    state: Exchange, requests: Sequence[OrderRequest], *, grouping: str, priority_fee: int
) -> BatchRefused | None:
    """Return why no order of the batch can be looked at, or None."""
    if not requests:
        return BatchRefused(EMPTY_BATCH, is_whole_request=True)
    if any(request.asset not in state.by_asset for request in requests):
        return BatchRefused(INVALID_ASSET, is_whole_request=True)
    if state.modes.post_only and any(r.time_in_force is not TimeInForce.ALO for r in requests):
        return BatchRefused(POST_ONLY_MODE, is_whole_request=True)
    for request in requests:
        error = payload_error(request, state.by_asset[request.asset])
        if error is not None:
            return BatchRefused(error)
    error = _grouping_error(requests, grouping) or _priority_error(state, requests, priority_fee)
    return None if error is None else BatchRefused(error)


def payload_error(request: OrderRequest, market: AnyMarket) -> str | None:
    """Return the reason a request is wrong whatever the account looks like, or None."""
    size = to_scaled(request.size_text, market.spec.size_decimals)
    if size is None:
        return INVALID_SIZE
    if size == 0 and not request.reduce_only:
        return ZERO_SIZE
    if grid.is_zero(request.price_text):
        return INVALID_PRICE
    if request.trigger is not None:
        return None if market.is_perp else SPOT_TRIGGER
    near = grid.is_within(
        request.price_text,
        market.mark(),
        decimals=market.spec.price_decimals,
        percent=_BAND_PERCENT,
    )
    return None if near else PRICE_BAND


def _grouping_error(requests: Sequence[OrderRequest], grouping: str) -> str | None:
    if grouping == "na":
        return None
    children = requests if grouping == "positionTpsl" else requests[1:]
    if any(child.trigger is None for child in children):
        return GROUPING
    if not 1 <= len(children) <= _CHILDREN_MAX:
        return GROUPING
    if len({request.asset for request in requests}) != 1:
        return GROUPING
    if grouping == "normalTpsl":
        parent = requests[0]
        if parent.trigger is not None or any(c.is_buy is parent.is_buy for c in children):
            return GROUPING
    return None if all(child.reduce_only for child in children) else TPSL_NOT_REDUCING


def _priority_error(
    state: Exchange, requests: Sequence[OrderRequest], priority_fee: int
) -> str | None:
    if priority_fee == 0:
        return None
    if priority_fee > _PRIORITY_FEE_MAX:
        return PRIORITY_FEE_HIGH
    immediate = all(r.time_in_force is TimeInForce.IOC for r in requests)
    adding = all(r.time_in_force is TimeInForce.ALO and not r.reduce_only for r in requests)
    if not immediate and not adding:
        return PRIORITY_FEE
    return None if state.config.is_priority_funded else NO_STAKE


# The market and the account.


def held_against(account: Account, order: Order) -> int:
    """Return how much of the position the order could reduce; zero when it would not reduce."""
    return reducible(account, order.coin, is_buy=order.is_buy)


def reducible(account: Account, coin: str, *, is_buy: bool) -> int:
    """Return how much of a position a buy or a sell could reduce."""
    position = account.positions.get(coin)
    if position is None:
        return 0
    return max(-position.size if is_buy else position.size, 0)


def order_rejection(
    state: Exchange, order: Order, account: Account, *, market: AnyMarket
) -> Rejection | None:
    """Return the first rule that an order about to enter the book breaks, or None."""
    if state.modes.is_closed(order.coin):
        return HALTED
    refusal = _size_rejection(order, account, market)
    if refusal is not None:
        return refusal
    if isinstance(market, SpotMarket):
        refusal = _balance_rejection(order, account, market)
    else:
        refusal = _oracle_rejection(order, market)
        if refusal is None and not order.reduce_only:
            refusal = _cap_rejection(state, order, account, market=market)
            refusal = refusal or _margin_rejection(state, order, account, market=market)
    if refusal is None and order.time_in_force is TimeInForce.ALO:
        refusal = _post_only_rejection(order, market)
    return refusal


def open_orders_rejection(state: Exchange, order: Order, account: Account) -> Rejection | None:
    """Return the refusal of one more open order, or None: fewer kinds from a first limit on.

    For what an account places; not for its triggers when they fire, nor for the venue's slices.
    """
    limits = state.config.limits
    if not account.is_margined or len(account.open_orders) < limits.open_orders:
        return None
    # Whatever the volume, from here on only what could open a position may be added.
    if order.reduce_only or order.time_in_force is None:
        return TOO_MANY_ORDERS
    earned = account.volume_micro_usd // (limits.open_order_volume_usd * MICRO)
    most = min(limits.open_orders + earned, limits.open_orders_max)
    is_resting = order.time_in_force not in IMMEDIATE
    return TOO_MANY_ORDERS if is_resting and len(account.open_orders) >= most else None


def _size_rejection(order: Order, account: Account, market: AnyMarket) -> Rejection | None:
    held = held_against(account, order)
    if order.reduce_only and held == 0:
        return REDUCE_ONLY
    notional = order.price * order.size
    unit = MICRO if market.is_perp else _CENTI_QUOTE
    is_exempt = order.twap_id is not None or (held and order.size == held)
    if notional < _MIN_NOTIONAL * unit and not is_exempt:
        return _too_small(market)
    if isinstance(market, Market):
        value_max = _order_value_max(order, market)
        if notional > value_max * unit:
            return Rejection("rejected", f"Order value cannot be more than ${value_max}.")  # ours
    return None


def _too_small(market: AnyMarket) -> Rejection:
    if isinstance(market, SpotMarket):
        text = f"Order must have minimum value of 10 {market.spec.quote.name}."
        return Rejection("minTradeNtlRejected", text)
    return Rejection("minTradeNtlRejected", "Order must have minimum value of $10.")


def market_order_value_max(market: Market) -> int:
    """Return the largest notional that may be traded at once, in USD."""
    leverage = market.spec.max_leverage
    return next(value for least, value in MARKET_ORDER_VALUE_MAX if leverage >= least)


def _order_value_max(order: Order, market: Market) -> int:
    base = market_order_value_max(market)
    return base if order.time_in_force in IMMEDIATE else base * _LIMIT_ORDER_VALUE_FACTOR


def _oracle_rejection(order: Order, market: Market) -> Rejection | None:
    distance = abs(order.price - market.oracle) * 100
    return ORACLE if distance > market.oracle * _ORACLE_BAND_PERCENT else None


def _cap_rejection(
    state: Exchange, order: Order, account: Account, *, market: Market
) -> Rejection | None:
    if not is_capped(state, market):
        return None
    position = account.positions.get(order.coin)
    held = 0 if position is None else position.size
    after = held + (order.size if order.is_buy else -order.size)
    if held * after < 0:
        return FLIP_AT_CAP
    if abs(after) <= abs(held):
        return None
    aggressive = order.price > market.oracle if order.is_buy else order.price < market.oracle
    # A passive order may still rest: it can only trade with somebody who reduces.
    if aggressive:
        return AGGRESSIVE_AT_CAP
    return INCREASE_AT_CAP if order.time_in_force in IMMEDIATE else None


def is_capped(state: Exchange, market: Market) -> bool:
    """Tell whether a coin's open interest is at its cap, or was declared to be."""
    cap = market.spec.oi_cap_usd
    if market.spec.name in state.modes.capped:
        return True
    return cap is not None and market.open_interest * market.mark() >= cap * MICRO


def opens_above_cap(state: Exchange, maker: Order, taker: Order, *, market: Market) -> bool:
    """Tell whether a trade would add to an open interest that is at its cap."""
    if market.spec.oi_cap_usd is None and market.spec.name not in state.modes.capped:
        return False
    both_open = all(not held_against(state.accounts[o.account], o) for o in (maker, taker))
    return both_open and is_capped(state, market)


def _margin_rejection(
    state: Exchange, order: Order, account: Account, *, market: Market
) -> Rejection | None:
    status = margin_check(
        state,
        account,
        market,
        is_buy=order.is_buy,
        size=order.size,
        price=order.price,
        reduce_only=order.reduce_only,
    )
    return None if status is None else Rejection(status, _MARGIN_TEXTS[status])


def _balance_rejection(order: Order, account: Account, market: SpotMarket) -> Rejection | None:
    if not account.is_margined:
        return None
    quote = market.spec.quote.index
    spent = market.spent_token(is_buy=order.is_buy)
    needed = {spent: market.needed_atoms(order.price, order.size, is_buy=order.is_buy)}
    if order.is_buy or order.time_in_force is TimeInForce.ALO:
        # One that sells at once pays its priority fee from what it gets.
        fee = priority_atoms(order, market, order.price * order.size)
        needed[quote] = needed.get(quote, 0) + fee
    is_short = any(atoms > spot.free(account, token) for token, atoms in needed.items())
    return SPOT_BALANCE if is_short else None


def priority_atoms(order: Order, market: SpotMarket, notional: int) -> int:
    """Return an order's priority fee on a notional, in the quote token's smallest unit."""
    return ceil_div(market.quote_atoms(notional) * order.priority_fee, PRIORITY_FEE_UNIT)


def _post_only_rejection(order: Order, market: AnyMarket) -> Rejection | None:
    if market.book.next_maker(taker_is_buy=order.is_buy, limit=order.price) is None:
        return None
    decimals = market.spec.price_decimals
    bbo = "@".join(
        "None" if price is None else normalised(to_text(price, decimals))
        for price in market.touch()
    )
    text = f"Post only order would have immediately matched, bbo was {bbo}."
    return Rejection("badAloPxRejected", text)
