"""The whole scene: paths, the rest of the world, makers, noise, and the crowd, step by step.

All of it follows from the seed and from the times at which it is told to act. Everybody in it is an
ordinary account with a deposit: its orders pass the venue's rules, its fills carry fees, it can be
liquidated.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from venues.sandbox.hyperliquid.config import DEFAULT_DEX, HOUSE_ADDRESS, SceneConfig, Shock
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import NO_ACTION_HASH, Stamp
from venues.sandbox.hyperliquid.scene.house import House
from venues.sandbox.hyperliquid.scene.maker import Maker, View
from venues.sandbox.hyperliquid.scene.path import FairPath, World
from venues.sandbox.hyperliquid.scene.taker import Gambler, Noise

_ADDRESS_DIGITS = 38
_HUNDRED = 100
_DEX_SHARE = 10
"""The part of a deposit that lies on each builder's dex."""
_FOLLOW_TURNS = 20
_FORGET_TURNS = 500
_KEPT = 2_000
"""Orders, fills and fundings of one account of the scene that the venue still tells of."""

Deposit = Callable[[str, int], None]
"""Credits an address with micro-USD."""


def address(role: str, index: int) -> str:
    """Return the address of one of the company; `role` is two hexadecimal digits."""
    return f"0x{role}{index:0{_ADDRESS_DIGITS}x}"


MAKERS, TAKERS, CROWD = "a1", "b2", "c3"
"""First byte of the addresses of each role."""


class _Stall:
    # Everything of the scene that belongs to one coin.

    def __init__(
        self, market: Market, path: FairPath, *, makers: list[Maker], noise: Noise
    ) -> None:
        self.market = market
        self.path = path
        self.makers = makers
        self.noise = noise


class Company:
    """Who trades besides the clients.

    Parameters
    ----------
    deposit : callable
        Credits an address, as the venue's director does.
    opened_ms : int
        When the paths begin, milliseconds since the Unix epoch.
    """

    def __init__(
        self,
        matching: Matching,
        config: SceneConfig,
        *,
        seed: int,
        opened_ms: int,
        deposit: Deposit,
    ) -> None:
        self._matching = matching
        self._config = config
        self._seed = seed
        self._opened_ms = opened_ms
        self._step = opened_ms // config.path_step_ms
        self._turn = 0
        self._makers = self._accounts(
            MAKERS, config.makers, deposit_usd=config.maker_deposit_usd, deposit=deposit
        )
        self._takers = self._accounts(
            TAKERS, config.noise_takers, deposit_usd=config.taker_deposit_usd, deposit=deposit
        )
        self._house = House(matching, seed)
        opening = Stamp(opened_ms, NO_ACTION_HASH)
        self._house.clear(opening)
        self._house.open_spot(opening)
        self._stalls = {
            market.spec.name: self._stall(market) for market in matching.state.markets.values()
        }
        self._waiting = self._crowd(deposit)
        for coin in self._stalls:
            self.thin(coin, _HUNDRED)

    def act(self, now_ms: int) -> None:
        """Do what is due: once for each step of the paths, however often it is called."""
        step = now_ms // self._config.path_step_ms
        if step == self._step:
            return
        self._step = step
        self._turn += 1  # not the step: steps may be left out, and always the same ones
        stamp = Stamp(now_ms, NO_ACTION_HASH)
        for stall in self._stalls.values():
            self._quote(stall, self._turn, stamp)
        for stall in self._stalls.values():
            stall.noise.act(self._matching, stamp)
        for gambler in self._waiting[: len(self._stalls)]:
            gambler.act(self._matching, stamp)
        self._waiting = [gambler for gambler in self._waiting if not gambler.is_in()]
        self._tidy(stamp)

    def thin(self, coin: str, percent: int) -> None:
        """Let all makers show only so much of what they usually show, at once."""
        stall = self._stalls[coin]
        for maker in stall.makers:
            maker.thin(percent)
        now_ms = self._matching.state.now_ms
        for turn in range(len(stall.makers)):
            self._quote(stall, turn, Stamp(now_ms, NO_ACTION_HASH))

    def shock(self, shock: Shock) -> None:
        """Begin a scripted move now."""
        begun = replace(shock, start_ms=self._matching.state.now_ms + shock.start_ms)
        for stall in self._stalls.values():
            stall.path.add(begun)

    def fair(self, coin: str) -> int:
        """Return the fair price of a coin, in its price units."""
        return self._stalls[coin].path.price(self._matching.state.now_ms)

    def _quote(self, stall: _Stall, turn: int, stamp: Stamp) -> None:
        fair = stall.path.price(stamp.time_ms)
        stress_bps = stall.path.stress_bps()
        for index, maker in enumerate(stall.makers):
            is_turn = turn % len(stall.makers) == index
            maker.act(self._matching, View(fair, stress_bps, is_turn, stamp))

    def _stall(self, market: Market) -> _Stall:
        coin, config = market.spec.name, self._config
        path = FairPath(
            coin, market.oracle, config=config, seed=self._seed, opened_ms=self._opened_ms
        )
        market.reference.oracle_source = World(coin, path, seed=self._seed).prices
        makers = [
            Maker(
                account,
                market,
                deposit=config.maker_deposit_usd * MICRO,
                replenish_ms=config.replenish_ms,
                share_percent=_HUNDRED // len(self._makers),
                random=self._random("maker", coin, index),
            )
            for index, account in enumerate(self._makers)
        ]
        noise = Noise(self._takers, market, config=config, random=self._random("noise", coin, 0))
        return _Stall(market, path, makers=makers, noise=noise)

    def _crowd(self, deposit: Deposit) -> list[Gambler]:
        config = self._config
        markets = [stall.market for stall in self._stalls.values() if not stall.market.dex]
        accounts = self._accounts(
            CROWD, config.crowd, deposit_usd=config.crowd_deposit_usd, deposit=deposit
        )
        return [
            Gambler(
                account,
                markets[index % len(markets)],
                deposit_usd=config.crowd_deposit_usd,
                random=self._random("crowd", "", index),
            )
            for index, account in enumerate(accounts)
        ]

    def _accounts(
        self, role: str, count: int, *, deposit_usd: int, deposit: Deposit
    ) -> list[Account]:
        state = self._matching.state
        dexs = {market.dex for market in state.markets.values()} - {DEFAULT_DEX}
        accounts = []
        for index in range(count):
            deposit(address(role, index), deposit_usd * MICRO)
            account = state.account(address(role, index))
            for dex in sorted(dexs):
                account.usd[dex] = deposit_usd * MICRO // _DEX_SHARE
                account.usd[DEFAULT_DEX] -= account.usd[dex]
            accounts.append(account)
        return accounts

    def _forget(self, account: Account) -> None:
        # The scene sends tens of orders a second; a long rehearsal would eat the memory.
        orders = self._matching.state.orders
        old = account.order_ids[:-_KEPT]
        still = [oid for oid in old if oid in account.open_orders]
        for oid in old:
            if oid not in account.open_orders:
                orders.pop(oid, None)
        account.order_ids[:] = still + account.order_ids[-_KEPT:]
        del account.fills[:-_KEPT]
        del account.fundings[:-_KEPT]

    def _tidy(self, stamp: Stamp) -> None:
        # What need not be done at every turn.
        if self._turn % _FOLLOW_TURNS == 0:
            self._follow(stamp)
        if self._turn % _FORGET_TURNS == 0:
            house = self._matching.state.account(HOUSE_ADDRESS)
            for account in (*self._makers, house, *self._takers):
                self._forget(account)

    def _follow(self, stamp: Stamp) -> None:
        # A pair whose base also has a perpetual trades at that one's fair price.
        for market in self._matching.state.spot_markets.values():
            stall = self._stalls.get(market.spec.base.name)
            if stall is not None:
                finer = market.spec.price_decimals - stall.market.spec.price_decimals
                fair = stall.path.price(stamp.time_ms)
                self._house.quote_spot(market, fair * 10**finer, stamp)

    def _random(self, role: str, coin: str, index: int) -> Random:
        return Random(f"{self._seed}:{role}:{coin}:{index}")  # noqa: S311 - pretend trading
