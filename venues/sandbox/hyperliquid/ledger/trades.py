"""One execution, booked on both sides: cash, positions, tokens, fees, volumes, fills.

`book_trade` is for orders that met in a book, `book_transfer` for positions that change hands
outside it (backstop and auto-deleveraging) and `book_settlement` for those that end, both at no
fee. Only the first enters the market's tape; none of them tells the public of a trade or moves the
market's last price. Fees are rounded up, rebates down: a fraction goes to the till.
"""

from dataclasses import dataclass

from venues.sandbox.hyperliquid.ledger import fees, positions, spot
from venues.sandbox.hyperliquid.ledger.account import Account, Position
from venues.sandbox.hyperliquid.ledger.exchange import Exchange
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import ceil_div
from venues.sandbox.hyperliquid.order import Fill, FillMade, LiquidationMark, Order, Stamp

_TRADE_ID_BITS = 50
_TRADE_ID_FACTOR = 0x2_7D4E_B2F1_6B35
_TENTH_BP = 100_000
_E8_PER_MICRO = 100
DELEVERAGED = "Auto-Deleveraging"
"""What the fill of somebody who is closed against a bucket below zero calls it."""
SETTLED = "Settlement"
"""What the fill of a position in a coin that stopped trading calls it."""
_SIDE = {True: "Long", False: "Short"}


@dataclass(frozen=True, slots=True)
class _Execution:
    # What both sides of a trade have in common.
    price: int
    size: int
    stamp: Stamp
    trade_id: int
    liquidation: LiquidationMark | None


def next_trade_id(state: Exchange) -> int:
    """Return an id of fifty bits that no trade had before."""
    # Multiplying by an odd number is one-to-one modulo a power of two.
    number = state.next_trade_id
    state.next_trade_id += 1
    return number * _TRADE_ID_FACTOR % (1 << _TRADE_ID_BITS)


def book_trade(
    state: Exchange,
    *,
    maker: Order,
    taker: Order,
    market: Market | SpotMarket,
    price: int,
    size: int,
    stamp: Stamp,
    liquidation: LiquidationMark | None = None,
) -> tuple[Fill, Fill]:
    """Book an execution; return the maker's fill and the taker's.

    Both fills are also put into the accounts' histories and the market's tape, and reported as
    events. Orders are read, not changed: what is left of them is the matching's to count.
    """
    execution = _Execution(price, size, stamp, next_trade_id(state), liquidation)
    made = [
        _settle_perp(state, execution, order=order, market=market, crossed=crossed)
        if isinstance(market, Market)
        else _settle_spot(state, execution, order=order, market=market, crossed=crossed)
        for order, crossed in ((maker, False), (taker, True))
    ]
    market.tape.add(made[0], made[1])
    return made[0], made[1]


def book_transfer(
    state: Exchange,
    *,
    giver: Account,
    taker: Account,
    market: Market,
    price: int,
    signed_size: int,
    stamp: Stamp,
    liquidation: LiquidationMark,
    directions: tuple[str | None, str | None],
) -> None:
    """Close `signed_size` of a position of the giver against the taker, at no fee.

    Parameters
    ----------
    signed_size : int
        Of the position that is given: positive takes from a long.
    directions : (str or None, str or None)
        What the giver's and the taker's fill call it; None for what the size says.
    """
    execution = _Execution(price, abs(signed_size), stamp, next_trade_id(state), liquidation)
    for account, is_buy, direction in (
        (giver, signed_size < 0, directions[0]),
        (taker, signed_size > 0, directions[1]),
    ):
        _settle_free(
            state, execution, account=account, market=market, is_buy=is_buy, direction=direction
        )


def book_settlement(
    state: Exchange, *, account: Account, market: Market, price: int, stamp: Stamp
) -> None:
    """Close an account's position at a price that all positions of the coin are closed at.

    What one side loses the other side wins only when every position of the coin is closed.
    """
    size = account.position(market.spec.name).size
    execution = _Execution(price, abs(size), stamp, next_trade_id(state), None)
    _settle_free(
        state, execution, account=account, market=market, is_buy=size < 0, direction=SETTLED
    )


def liquidation_direction(position: Position) -> str:
    """Return what the fill of a liquidated position calls it."""
    mode = "Cross" if position.isolated_usd is None else "Isolated"
    return f"Liquidated {mode} {_SIDE[position.size > 0]}"


def _settle_free(
    state: Exchange,
    execution: _Execution,
    *,
    account: Account,
    market: Market,
    is_buy: bool,
    direction: str | None,
) -> None:
    before = account.position(market.spec.name).size
    signed = execution.size if is_buy else -execution.size
    profit = positions.trade(account, market, signed, price=execution.price)
    _record(
        state,
        Fill(
            coin=market.spec.name,
            account=account.address,
            oid=_take_oid(state),
            cloid=None,
            is_buy=is_buy,
            price=execution.price,
            size=execution.size,
            time_ms=execution.stamp.time_ms,
            start_position=before,
            direction=direction or _direction(before, before + signed),
            closed_pnl=profit,
            fee=0,
            crossed=True,
            trade_id=execution.trade_id,
            action_hash=execution.stamp.action_hash,
            liquidation=execution.liquidation,
        ),
    )


def _settle_perp(
    state: Exchange, execution: _Execution, *, order: Order, market: Market, crossed: bool
) -> Fill:
    account = state.accounts[order.account]
    price, size, stamp = execution.price, execution.size, execution.stamp
    notional = price * size
    day = stamp.time_ms // fees.DAY_MS
    rate = fees.rates(state, account, day)[0 if crossed else 1]
    if market.dex:
        rate = fees.builder_rate(rate, fees.dex_of(state, market))
    venue_fee = ceil_div(notional * rate, fees.RATE_ONE)
    builder_fee = 0
    if order.builder is not None:
        builder_fee = ceil_div(notional * order.builder.tenths_bp, _TENTH_BP)
        builder = state.account(order.builder.address)
        builder.usd[market.dex] = builder.usd.get(market.dex, 0) + builder_fee
    position = account.position(order.coin)
    before = position.size
    signed = size if order.is_buy else -size
    mark = execution.liquidation
    is_victim = mark is not None and mark.liquidated_user == order.account
    direction = (
        liquidation_direction(position) if is_victim else _direction(before, before + signed)
    )
    profit = positions.trade(account, market, signed, price=price)
    positions.charge(account, market, venue_fee + builder_fee)
    state.till.fees += venue_fee
    fees.count(account, day, notional, is_maker=not crossed, is_spot=False)
    return _record(
        state,
        Fill(
            coin=order.coin,
            account=order.account,
            oid=order.oid,
            cloid=order.cloid,
            is_buy=order.is_buy,
            price=price,
            size=size,
            time_ms=stamp.time_ms,
            start_position=before,
            direction=direction,
            closed_pnl=profit,
            fee=venue_fee + builder_fee,
            crossed=crossed,
            trade_id=execution.trade_id,
            action_hash=stamp.action_hash,
            builder_fee=builder_fee,
            twap_id=order.twap_id,
            liquidation=mark,
        ),
    )


def _settle_spot(
    state: Exchange, execution: _Execution, *, order: Order, market: SpotMarket, crossed: bool
) -> Fill:
    # A buyer pays the fee in the base token it receives, a seller in the quote token.
    account = state.accounts[order.account]
    price, size, stamp = execution.price, execution.size, execution.stamp
    spec = market.spec
    notional = price * size
    day = stamp.time_ms // fees.DAY_MS
    rate = fees.rates(state, account, day)[2 if crossed else 3]
    received = spec.base if order.is_buy else spec.quote
    atoms = market.base_atoms(size) if order.is_buy else market.quote_atoms(notional)
    venue_fee = ceil_div(atoms * rate, fees.RATE_ONE)
    builder_fee = 0
    if order.builder is not None and not order.is_buy:
        builder_fee = ceil_div(atoms * order.builder.tenths_bp, _TENTH_BP)
        builder = state.account(order.builder.address)
        spot.balance(builder, received.index).total += builder_fee
    before = spot.balance(account, spec.base.index).total
    signed = size if order.is_buy else -size
    profit = spot.trade(account, market, signed, price=price)
    spot.balance(account, received.index).total -= venue_fee + builder_fee
    till = state.till.spot_fees
    till[received.index] = till.get(received.index, 0) + venue_fee
    micro_usd = notional // _E8_PER_MICRO  # rounded down: volume is only counted
    fees.count(account, day, micro_usd, is_maker=not crossed, is_spot=True)
    return _record(
        state,
        Fill(
            coin=order.coin,
            account=order.account,
            oid=order.oid,
            cloid=order.cloid,
            is_buy=order.is_buy,
            price=price,
            size=size,
            time_ms=stamp.time_ms,
            start_position=before // market.base_atoms(1),
            direction="Buy" if order.is_buy else "Sell",
            closed_pnl=profit,
            fee=venue_fee + builder_fee,
            crossed=crossed,
            trade_id=execution.trade_id,
            action_hash=stamp.action_hash,
            fee_currency=received.name,
            builder_fee=builder_fee,
            twap_id=order.twap_id,
        ),
    )


def _record(state: Exchange, fill: Fill) -> Fill:
    state.accounts[fill.account].fills.append(fill)
    state.events.append(FillMade(fill))
    return fill


def _take_oid(state: Exchange) -> int:
    oid = state.next_oid
    state.next_oid += 1
    return oid


def _direction(before: int, after: int) -> str:
    if before * after < 0:
        return f"{_SIDE[before > 0]} > {_SIDE[after > 0]}"
    if abs(after) > abs(before):
        return f"Open {_SIDE[after > 0]}"
    return f"Close {_SIDE[before > 0]}"
