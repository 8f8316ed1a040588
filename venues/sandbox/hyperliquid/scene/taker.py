"""Those who take: noise that trades for its own reasons, and a crowd that bets with leverage.

Both send orders that trade at once or not at all. The noise leans towards being flat. The crowd
enters one after another, mostly on the same side, holds, and is the fuel of a cascade.
"""

from random import Random

from venues.sandbox.hyperliquid.config import SceneConfig
from venues.sandbox.hyperliquid.ledger.account import Account, Leverage
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO, normalised, to_text
from venues.sandbox.hyperliquid.order import OrderRequest, Stamp, TimeInForce
from venues.sandbox.hyperliquid.scene.quotes import tick_at

_MINUTE_MS = 60_000
_BPS = 10_000
_REACH_BPS = 30
_LEAST_USD = 12
_FLATTEN_PERCENT = 70
_LONG_PERCENT = 85
_USED_PERCENT = 85
_HUNDRED = 100
_ENTRIES_MAX = 40
"""How often one of the crowd tries to get all it wants before it makes do."""


def take(
    matching: Matching, account: Account, market: Market, *, signed_notional: int, stamp: Stamp
) -> None:
    """Buy (positive) or sell for so many micro-USD at once, within a reach of the touch."""
    is_buy = signed_notional > 0
    bid, ask = market.touch()
    touch = ask if is_buy else bid
    if touch is None:
        return
    decimals = market.spec.price_decimals
    reach = touch * _REACH_BPS // _BPS
    tick = tick_at(touch, decimals)
    price = (touch + (reach if is_buy else -reach)) // tick * tick
    size = abs(signed_notional) // touch
    if size * price < _LEAST_USD * MICRO:
        return
    request = OrderRequest(
        asset=market.asset,
        is_buy=is_buy,
        price_text=normalised(to_text(price, decimals)),
        size_text=normalised(to_text(size, market.spec.size_decimals)),
        reduce_only=False,
        time_in_force=TimeInForce.IOC,
        cloid=None,
    )
    matching.place(request, account, market=market, stamp=stamp)


class Noise:
    """Market orders without a reason on one coin."""

    def __init__(
        self, accounts: list[Account], market: Market, *, config: SceneConfig, random: Random
    ) -> None:
        self._accounts = accounts
        self._market = market
        self._config = config
        self._random = random

    def act(self, matching: Matching, stamp: Stamp) -> None:
        """Send an order, or none, for one step of the path."""
        pace = self._config.noise_per_minute * self._config.path_step_ms
        if not self._accounts or self._random.randrange(_MINUTE_MS) >= pace:
            return
        account = self._random.choice(self._accounts)
        micro = self._random.randint(1, 2 * self._config.noise_notional_usd) * MICRO
        held = account.positions.get(self._market.spec.name)
        is_buy = bool(self._random.getrandbits(1))
        if held is not None and held.size and self._random.randrange(_HUNDRED) < _FLATTEN_PERCENT:
            is_buy = held.size < 0
        signed = micro if is_buy else -micro
        take(matching, account, self._market, signed_notional=signed, stamp=stamp)


class Gambler:
    """One of the crowd: a leveraged position on one coin, entered as liquidity allows."""

    def __init__(
        self, account: Account, market: Market, *, deposit_usd: int, random: Random
    ) -> None:
        self._account = account
        self._market = market
        self._entries_left = _ENTRIES_MAX
        most = market.spec.max_leverage
        leverage = random.randint(max(1, most // 2), most)
        account.leverage[market.spec.name] = Leverage(leverage)
        wanted = deposit_usd * MICRO * leverage * _USED_PERCENT // _HUNDRED
        self._wanted = wanted if random.randrange(_HUNDRED) < _LONG_PERCENT else -wanted

    def is_in(self) -> bool:
        """Tell whether it has what it wants, or has given up."""
        return self._entries_left == 0

    def act(self, matching: Matching, stamp: Stamp) -> None:
        """Take what is still missing."""
        self._entries_left -= 1
        held = self._account.positions.get(self._market.spec.name)
        size = 0 if held is None else held.size
        missing = self._wanted - size * self._market.oracle
        if missing * self._wanted <= 0 or abs(missing) < abs(self._wanted) // _HUNDRED:
            self._entries_left = 0
            return
        take(matching, self._account, self._market, signed_notional=missing, stamp=stamp)
