"""Orders that the venue works itself over time.

A TWAP aims at the elapsed share of its total. Slices go out at least thirty seconds apart, as
immediate orders with three percent of slippage at most; one that is behind its aim catches up with
at most three times its ordinary slice. Lack of liquidity only makes it fall behind. Randomising
moves each slice by up to a fifth, from the seed. Slices are exempt from the minimum order value.
"""

from random import Random

from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching import grid, rules
from venues.sandbox.hyperliquid.matching.crossing import Crossing
from venues.sandbox.hyperliquid.matching.orders import remember
from venues.sandbox.hyperliquid.matching.placement import AnyMarket, Placement
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import (
    NO_ACTION_HASH,
    Order,
    Stamp,
    TimeInForce,
    Twap,
    TwapChanged,
)

MISSING_TWAP = "TWAP was never placed, already canceled, or filled."
REDUCE_ONLY = "Reduce-only TWAP order would increase position."
_TOO_SMALL = "TWAP order must have minimum value of $100."  # ours

_MINUTES_MIN = 5
_MINUTES_MAX = 7 * 24 * 60  # the documentation; the TypeScript client allows one day
_MINUTE_MS = 60_000
_SLICE_MS = 30_000
_SLICE_NOTIONAL = 10
_NOTIONAL_MIN = 100
_SLIPPAGE_PERCENT = 3
_CATCH_UP = 3
_RANDOM_PERCENT = 20
_SPOT_UNIT = 10**8
_HOPELESS = (rules.MARGIN, rules.SPOT_BALANCE)


class Twaps:
    """What is being worked."""

    def __init__(self, crossing: Crossing) -> None:
        self._crossing = crossing
        self._running: dict[int, Twap] = {}

    def start(
        self,
        account: Account,
        market: AnyMarket,
        *,
        is_buy: bool,
        size: int,
        reduce_only: bool,
        minutes: int,
        randomise: bool,
        stamp: Stamp,
    ) -> Twap | str:
        """Start a TWAP and send its first slice; return it, or why not."""
        state = self._crossing.state
        error = _start_error(market, size=size, minutes=minutes)
        coin = market.spec.name
        if error is None and state.modes.is_closed(coin):
            error = rules.HALTED.text
        if error is None and reduce_only and not rules.reducible(account, coin, is_buy=is_buy):
            error = REDUCE_ONLY
        if error is not None:
            return error
        twap = Twap(
            twap_id=state.next_twap_id,
            account=account.address,
            coin=coin,
            is_buy=is_buy,
            size=size,
            reduce_only=reduce_only,
            minutes=minutes,
            randomise=randomise,
            started_ms=stamp.time_ms,
            action_hash=stamp.action_hash,
            slice_count=_slice_count(market, size=size, minutes=minutes),
            next_slice_ms=stamp.time_ms,
            status_ms=stamp.time_ms,
        )
        state.next_twap_id += 1
        state.twaps[twap.twap_id] = self._running[twap.twap_id] = twap
        self._report(twap)
        self.advance(stamp.time_ms)
        return twap

    def cancel(self, account: Account, *, coin: str, twap_id: int, stamp: Stamp) -> str | None:
        """Stop a TWAP; return why not, or None."""
        twap = self._running.get(twap_id)
        if twap is None or twap.account != account.address or twap.coin != coin:
            return MISSING_TWAP
        self._end(twap, "terminated", time_ms=stamp.time_ms)
        return None

    def stop(self, coin: str, stamp: Stamp) -> None:
        """End every TWAP in a coin that stopped trading for good."""
        for twap in [twap for twap in self._running.values() if twap.coin == coin]:
            self._end(twap, "terminated", time_ms=stamp.time_ms)

    def advance(self, now_ms: int) -> None:
        """Send every slice that is due."""
        for twap in list(self._running.values()):
            # Bounded: every turn sends one of the slices, and their number is fixed.
            while twap.status == "activated" and twap.next_slice_ms <= now_ms:
                self._send(twap, now_ms)

    def _send(self, twap: Twap, now_ms: int) -> None:
        state = self._crossing.state
        market = state.market(twap.coin)
        size = self._slice_size(twap)
        twap.slices_sent += 1
        twap.next_slice_ms = twap.started_ms + (
            twap.slices_sent * twap.minutes * _MINUTE_MS // twap.slice_count
        )
        placed = None if size == 0 else self._trade(twap, market, size=size, now_ms=now_ms)
        if placed is not None:
            twap.executed_size += placed.size
            twap.executed_notional += placed.notional
            if placed.refusal in _HOPELESS:
                self._end(twap, "error", time_ms=now_ms, description=placed.refusal.text)
                return
        if twap.executed_size == twap.size or twap.slices_sent == twap.slice_count:
            self._end(twap, "finished", time_ms=now_ms)
        else:
            self._report(twap)

    def _slice_size(self, twap: Twap) -> int:
        sent = twap.slices_sent + 1
        target = twap.size * sent // twap.slice_count
        most = -(-twap.size * _CATCH_UP // twap.slice_count)
        if twap.randomise and sent < twap.slice_count:
            seed = f"{self._crossing.state.config.seed}:{twap.twap_id}:{sent}"
            percent = Random(seed).randint(-_RANDOM_PERCENT, _RANDOM_PERCENT)  # noqa: S311 - a pretend venue's dice
            target += twap.size * percent // (twap.slice_count * 100)
        return max(0, min(min(target, twap.size) - twap.executed_size, most))

    def _trade(self, twap: Twap, market: AnyMarket, *, size: int, now_ms: int) -> Placement | None:
        crossing = self._crossing
        account = crossing.state.accounts[twap.account]
        stamp = Stamp(now_ms, NO_ACTION_HASH)
        modes = crossing.state.modes
        if modes.post_only or modes.is_closed(twap.coin):
            return None
        price = grid.aggressive(
            market.mark(),
            is_buy=twap.is_buy,
            percent=_SLIPPAGE_PERCENT,
            price_decimals=market.spec.price_decimals,
        )
        if isinstance(market, Market):
            # What is too much for one order is left to the slices after it.
            size = min(size, rules.market_order_value_max(market) * MICRO // price)
        order = Order(
            oid=crossing.state.next_oid,
            account=account.address,
            coin=twap.coin,
            is_buy=twap.is_buy,
            price=price,
            size=size,
            leaves=size,
            reduce_only=twap.reduce_only,
            time_in_force=TimeInForce.IOC,
            cloid=None,
            placed_ms=now_ms,
            status="open",
            status_ms=now_ms,
            twap_id=twap.twap_id,
        )
        remember(crossing.state, account, order)
        return crossing.submit(order, account, market=market, stamp=stamp)

    def _end(self, twap: Twap, status: str, *, time_ms: int, description: str = "") -> None:
        twap.status = status
        twap.status_ms = time_ms
        twap.description = description
        del self._running[twap.twap_id]
        self._report(twap)

    def _report(self, twap: Twap) -> None:
        self._crossing.state.events.append(TwapChanged(twap.account, twap.twap_id))


def _start_error(market: AnyMarket, *, size: int, minutes: int) -> str | None:
    if not _MINUTES_MIN <= minutes <= _MINUTES_MAX:
        return f"Invalid TWAP duration: {minutes} min(s)"
    if size * market.mark() < _NOTIONAL_MIN * _unit(market):
        return _TOO_SMALL
    return None


def _slice_count(market: AnyMarket, *, size: int, minutes: int) -> int:
    # As many as the pace allows, but none worth less than the least order.
    by_pace = minutes * _MINUTE_MS // _SLICE_MS
    by_value = size * market.mark() // (_SLICE_NOTIONAL * _unit(market))
    return max(1, min(by_pace, by_value))


def _unit(market: AnyMarket) -> int:
    return MICRO if market.is_perp else _SPOT_UNIT
