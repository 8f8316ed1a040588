"""The account as one snapshot, from as few questions as it takes.

Margin and positions are asked for every time. Funding is settled on the hour, so that it is read
again only once an hour has begun; fills are read again when the stream may have missed some, when
they do not explain how a position has changed, or after a minute; transfers likewise, where nothing
else explains the cash; the count of requests and the spot balances after a minute. Open orders are
told where they are known to be right, or may be asked for.
What happened in the very millisecond of the account may be in it or not, and the account is then
read again. Refuses to leave out what it cannot read, and an account whose owner made it a unified
one meanwhile: what such an account has is not told with its perpetuals.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from router.domain.account import (
    AccountSnapshot,
    ForcedFill,
    ForcedKind,
    SpotHolding,
    VenueFill,
    VenueOrder,
)
from router.domain.error import VenueError
from router.domain.instrument import Instrument
from router.domain.margin import MarginTier
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from router.port import Clock
from venues.hyperliquid import translate, wire
from venues.hyperliquid.account import identity
from venues.hyperliquid.account.cash import fill_cash
from venues.hyperliquid.account.grids import Grids
from venues.hyperliquid.account.transfers import Transfers
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.open_orders import OpenOrders
from venues.hyperliquid.clients.reply import readable
from venues.hyperliquid.spec import (
    COLLATERAL_DECIMALS,
    FUNDING_WINDOW,
    VENUE,
    HyperliquidConfig,
    size_decimals,
)
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import FillReport
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import AccountNews, TransfersTold

FILLS_EVERY: Final = DurationNs(60 * NS_PER_S)
TRANSFERS_EVERY: Final = DurationNs(60 * NS_PER_S)
TRANSFERS_AGAIN: Final = DurationNs(2 * NS_PER_S)  # where the cash is not explained
TRANSFERS_PATIENCE: Final = DurationNs(10 * NS_PER_S)  # for the row that explains it
FILLS_TOLD: Final = DurationNs(3_600 * NS_PER_S)  # how far back an account tells its fills
STARTING: Final = DurationNs(600 * NS_PER_S)  # so long after the first read it tells all it knows
LIMITS_EVERY: Final = DurationNs(60 * NS_PER_S)
SPOT_EVERY: Final = DurationNs(60 * NS_PER_S)
MODE_EVERY: Final = DurationNs(600 * NS_PER_S)
_WINDOW_MS: Final = FUNDING_WINDOW // translate.NS_PER_MS
_FILLS_TOLD_MS: Final = FILLS_TOLD // translate.NS_PER_MS
_HOUR_MS: Final = 3_600_000
_SETTLING_MS: Final = 120_000  # so long into an hour its settlement may still be on its way
_OVERLAP_MS: Final = 60_000
_READS_MAX: Final = 5
_MOMENT: Final = DurationNs(2 * translate.NS_PER_MS)


class AccountReader:
    """Reads one account.

    Parameters
    ----------
    ledger : Ledger
        The fills that the stream tells; those that are read are added to it.
    tiers : mapping of str to tuple of MarginTier
        Margin tiers by coin.
    sizes : mapping of str to int
        Decimals of a size by coin, of coins that are not configured.
    opened : OpenOrders | None
        None where nobody is to know of open orders.
    is_live : function
        Tells whether a stream tells what happens.
    """

    def __init__(
        self,
        config: HyperliquidConfig,
        *,
        info: InfoClient,
        budget: Budget,
        ledger: Ledger,
        clock: Clock,
        tiers: Mapping[str, tuple[MarginTier, ...]] = MappingProxyType({}),
        sizes: Mapping[str, int] = MappingProxyType({}),
        opened: OpenOrders | None = None,
        is_live: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config = config
        self._info = info
        self._budget = budget
        self._ledger = ledger
        self._clock = clock
        self._tiers = tiers
        self._opened = opened
        self._is_live = is_live
        self._instruments = {i.symbol: i for i in config.instruments}
        self._grids = Grids(config, sizes)
        self._first_read_at: TimestampNs | None = None
        self._transfers = Transfers(config.trading_address)
        self._transfers_read_ms: int | None = None
        self._transfers_read_at: TimestampNs | None = None
        self._transfers_are_due = True
        self._unexplained_at: TimestampNs | None = None
        self._cash: tuple[int, int] | None = None  # as last told, and when: (ms, atoms)
        self._fundings: dict[tuple[int, str], wire.Funding] = {}
        self._positions: tuple[int, dict[str, int]] | None = None  # as last told, and when
        self._fundings_read_ms: int | None = None  # in the venue's time
        self._fills_read_ms: int | None = None
        self._fills_read_at: TimestampNs | None = None
        self._limits_read_at: TimestampNs | None = None
        self._spot: tuple[SpotHolding, ...] = ()
        self._spot_read_at: TimestampNs | None = None
        self._mode_read_at: TimestampNs | None = None

    def missed_news(self) -> None:
        """Take that the stream may not have told every fill."""
        self._fills_read_at = None
        self._transfers_are_due = True

    def hear(self, news: AccountNews) -> None:
        """Take news of the account."""
        if isinstance(news, TransfersTold):
            self._transfers.take(news.rows)

    async def read(self) -> AccountSnapshot:
        """Return cash, positions and margin now.

        Raises
        ------
        VenueError
            If the venue did not answer in time, or not in a way that can be read; or if the account
            is a unified or portfolio-margin one by now.
        """
        await self._read_mode()
        told = await self._read_settled()
        await self._read_limits()
        await self._read_spot()
        orders = await self._orders()
        self._ledger.forget(before_ms=told.time_ms - _WINDOW_MS)
        self._transfers.forget(before_ms=told.time_ms - _WINDOW_MS)
        with readable():
            snapshot = translate.account(
                told,
                self._config,
                fundings=tuple(self._fundings.values()),
                leverage=dict(self._config.leverage),
                received_at=self._clock.now(),
                forced=self._forced(told.time_ms),
                requests=self._budget.left(),
                tiers=self._tiers,
                spot=self._spot,
            )
            return replace(
                snapshot,
                orders=orders,
                fills=self._fills(told.time_ms),
                transfers=self._transfers.told(
                    self._config.collateral.id, since_ms=0, until_ms=told.time_ms
                ),
            )

    # The account, with all that was settled before it known, and nothing settled at its very time.
    async def _read_settled(self) -> wire.Account:
        for tries_left in reversed(range(_READS_MAX)):
            told = await self._info.account(self._config.trading_address)
            await self._read_fundings(told)
            await self._read_fills(told)
            await self._read_transfers(told)
            self._positions = told.time_ms, _sizes(told)
            is_settled = self._settled_last_ms() < told.time_ms
            # Of an account that trades all the time, the last answer has to do.
            if is_settled and not (tries_left and self._moved_at(told.time_ms)):
                return told
            await self._clock.sleep(_MOMENT)
        raise VenueError(VENUE, "the account was settled again each time it was read")

    def _moved_at(self, time_ms: int) -> bool:
        return self._ledger.is_at(time_ms) or self._transfers.is_at(time_ms)

    def _settled_last_ms(self) -> int:
        forced = (fill.time_ms for fill, _ in self._ledger.forced())
        return max((*forced, *(time_ms for time_ms, _ in self._fundings)), default=0)

    async def _read_fundings(self, account: wire.Account) -> None:
        before, now_ms = self._fundings_read_ms, account.time_ms
        is_same_hour = before is not None and before // _HOUR_MS == now_ms // _HOUR_MS
        if is_same_hour and self._knows_hour(account, read_ms=before or 0):
            return
        start_ms = now_ms - _WINDOW_MS if before is None else before - _HOUR_MS
        told = await self._info.fundings(self._config.trading_address, start_ms=start_ms)
        self._fundings |= {(funding.time_ms, funding.coin): funding for funding in told}
        for key in [key for key in self._fundings if key[0] < now_ms - _WINDOW_MS]:
            del self._fundings[key]
        self._fundings_read_ms = now_ms

    # Whether all that the hour settled is known. While it may be on its way, that is once it is
    # known of every coin that is held, or was when last told; afterwards it is asked for once more.
    def _knows_hour(self, account: wire.Account, *, read_ms: int) -> bool:
        if _has_settled(read_ms) or _has_settled(account.time_ms):
            return _has_settled(read_ms)
        hour = account.time_ms // _HOUR_MS
        paid = {coin for time_ms, coin in self._fundings if time_ms // _HOUR_MS == hour}
        _, before = self._positions or (0, {})
        return {*before, *_sizes(account)} <= paid

    async def _read_fills(self, told: wire.Account) -> None:
        now = self._clock.now()
        is_fresh = self._fills_read_at is not None and now - self._fills_read_at < FILLS_EVERY
        if is_fresh and self._explains(told):
            return
        before = self._fills_read_ms
        start_ms = told.time_ms - _WINDOW_MS if before is None else before - _OVERLAP_MS
        executions = await self._info.fills(self._config.trading_address, start_ms=start_ms)
        with readable():
            for execution in executions:
                self._ledger.fill(reading.fill_report(execution))
        self._fills_read_ms, self._fills_read_at = told.time_ms, now

    # Whether the fills known make the positions of the account before into those of this one.
    def _explains(self, told: wire.Account) -> bool:
        if self._positions is None:
            return False
        since_ms, sizes = self._positions
        changes = self._ledger.change_e8(since_ms=since_ms, until_ms=told.time_ms)
        expected = {coin: sizes.get(coin, 0) + changes.get(coin, 0) for coin in {*sizes, *changes}}
        return {coin: size for coin, size in expected.items() if size} == _sizes(told)

    async def _read_transfers(self, told: wire.Account) -> None:
        now = self._clock.now()
        with readable():
            cash = translate.exact(told.cash, COLLATERAL_DECIMALS, "totalRawUsd")
            is_explained = self._explains_cash(told.time_ms, cash)
        if self._must_ask(now, is_explained=is_explained):
            before = self._transfers_read_ms
            start_ms = told.time_ms - _WINDOW_MS if before is None else before - _OVERLAP_MS
            address = self._config.trading_address
            rows = await self._info.ledger_updates(address, start_ms=start_ms)
            with readable():
                self._transfers.take(rows)
                is_explained = self._explains_cash(told.time_ms, cash)
            self._transfers_read_ms, self._transfers_read_at = told.time_ms, now
            self._transfers_are_due = False
        if is_explained or self._cash is None:
            self._cash, self._unexplained_at = (told.time_ms, cash), None
        elif self._unexplained_at is None:
            self._unexplained_at = now
        elif now - self._unexplained_at > TRANSFERS_PATIENCE:
            # No row will tell: what changes from here on is another change.
            self._cash, self._unexplained_at = (told.time_ms, cash), None

    def _must_ask(self, now: TimestampNs, *, is_explained: bool) -> bool:
        if self._transfers_read_at is None or self._transfers_are_due:
            return True
        age = now - self._transfers_read_at
        if is_explained:
            return age >= TRANSFERS_EVERY
        return self._unexplained_at is None or age >= TRANSFERS_AGAIN

    # Whether all that is known makes the cash of the account before into that of this one.
    def _explains_cash(self, time_ms: int, cash: int) -> bool:
        if self._cash is None:
            return False
        since_ms, before = self._cash
        fills = self._ledger.between(since_ms=since_ms, until_ms=time_ms)
        paid = (f for f in self._fundings.values() if since_ms <= f.time_ms < time_ms)
        explained = (
            sum(map(fill_cash, fills))
            + sum(translate.exact(f.amount, COLLATERAL_DECIMALS, "usdc") for f in paid)
            + self._transfers.change(since_ms=since_ms, until_ms=time_ms)
        )
        return before + explained == cash

    # All that rests; None where that is not known to be right now.
    async def _orders(self) -> tuple[VenueOrder, ...] | None:
        told = None
        if self._opened is not None:
            with suppress(VenueError):  # the account is worth telling without them
                told = await self._opened.look(is_live=self._is_live())
        if told is None:
            return None
        with readable():
            return tuple(self._grids.order(each) for each in told if self._grids.knows(each.coin))

    # Those since the desk last found its accounts in order, which is longer ago after a start.
    def _fills(self, until_ms: int) -> tuple[VenueFill, ...]:
        now = self._clock.now()
        self._first_read_at = first = self._first_read_at or now
        window_ms = _WINDOW_MS if now - first < STARTING else _FILLS_TOLD_MS
        forced = {fill.key for fill, _ in self._ledger.forced()}
        recent = self._ledger.between(since_ms=until_ms - window_ms, until_ms=until_ms)
        return tuple(
            self._grids.fill(fill)
            for fill in recent
            if self._grids.knows(fill.coin) and fill.key not in forced
        )

    async def _read_limits(self) -> None:
        now = self._clock.now()
        if self._limits_read_at is not None and now - self._limits_read_at < LIMITS_EVERY:
            return
        self._budget.learn(await self._info.rate_limit(self._config.trading_address))
        self._limits_read_at = now

    async def _read_mode(self) -> None:
        now = self._clock.now()
        if self._mode_read_at is not None and now - self._mode_read_at < MODE_EVERY:
            return
        mode = await self._info.abstraction(self._config.trading_address)
        if mode in identity.MODES_REFUSED:
            raise VenueError(
                VENUE,
                f"the account is in {mode} mode by now, whose perp balances mean nothing: "
                "switch it back to the standard mode",
            )
        self._mode_read_at = now

    async def _read_spot(self) -> None:
        now = self._clock.now()
        if self._spot_read_at is not None and now - self._spot_read_at < SPOT_EVERY:
            return
        told = await self._info.spot_account(self._config.trading_address)
        with readable():
            self._spot = translate.spot_holdings(told)
        self._spot_read_at = now

    def _forced(self, until_ms: int) -> tuple[ForcedFill, ...]:
        return tuple(
            forced_fill(fill, kind, self._instruments[fill.coin])
            for fill, kind in self._ledger.forced()
            if fill.coin in self._instruments and until_ms - _WINDOW_MS <= fill.time_ms < until_ms
        )


def forced_fill(fill: FillReport, kind: ForcedKind, instrument: Instrument) -> ForcedFill:
    """Return a fill that the venue forced as the router knows it."""
    lots, notional, fee = reading.on_grid(fill, size_decimals(instrument), instrument.quote.id)
    return ForcedFill(
        id=reading.fill_id(fill),
        kind=kind,
        instrument=instrument.id,
        lots=lots,
        notional=notional,
        fee=fee,
        at_venue=translate.to_ns(fill.time_ms),
    )


def _sizes(told: wire.Account) -> dict[str, int]:
    with readable():
        sizes = {held.coin: reading.e8(held.size, "szi") for held in told.positions}
    return {coin: size for coin, size in sizes.items() if size}


# Whether all that is settled in the hour of a moment was settled at that moment.
def _has_settled(moment_ms: int) -> bool:
    return moment_ms % _HOUR_MS >= _SETTLING_MS
