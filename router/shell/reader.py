"""Fresh state for a decision: the market from the live view, the accounts from their venues."""

import asyncio
from collections.abc import Mapping

from router.domain.account import AccountSnapshot
from router.domain.error import StaleDataError, VenueError
from router.domain.instrument import InstrumentKind
from router.domain.observation import ChainGas, Observation, Survey
from router.domain.price import SourcePrice
from router.domain.units import (
    AccountId,
    AssetId,
    InstrumentId,
    Price,
    TimestampNs,
    VenueId,
)
from router.liquidity.depth import depth
from router.liquidity.mid import pool_mid
from router.port import Clock, TellsPrices, Venue
from router.state.market import MarketView


class Reader:
    """Reads what an `Observation` holds.

    Parameters
    ----------
    natives : Mapping[VenueId, AssetId]
        Chain venues: the asset whose price is that of the coin gas is paid in.
    indices : tuple of TellsPrices
        Who tells prices and is no market here; what they say is given to `keep_prices`.
    """

    def __init__(
        self,
        venues: Mapping[VenueId, Venue],
        market: MarketView,
        *,
        natives: Mapping[VenueId, AssetId],
        clock: Clock,
        indices: tuple[TellsPrices, ...] = (),
    ) -> None:
        self.venues = venues
        self.market = market
        self._natives = natives
        self._clock = clock
        self._by_account = {v.account: v for v in venues.values()}
        self.indices = indices
        self._told: dict[str, tuple[SourcePrice, ...]] = {}

    def keep_prices(self, source: str, prices: tuple[SourcePrice, ...]) -> None:
        """Take what a source says in place of what it said before."""
        self._told[source] = prices

    async def observe(
        self,
        instruments: tuple[InstrumentId, ...],
        accounts: tuple[AccountId, ...],
        *,
        quote: AssetId,
    ) -> Observation:
        """Return state that is fresh now, with gas priced in `quote`.

        A pool in quarantine is left out.

        Raises
        ------
        StaleDataError
            If a market's last word is too old or incomplete.
        VenueError
            If an account could not be read.
        """
        read = await self.accounts(accounts)
        now = self._clock.now()
        known = [self.market.instruments[i] for i in instruments]
        trusted = [i for i in known if i.id not in self.market.quarantined]
        pools = tuple(
            self.market.pool(i.id, now) for i in trusted if i.kind is InstrumentKind.SPOT_POOL
        )
        books = [self.market.book(i.id, now) for i in known if i.kind is InstrumentKind.PERP_BOOK]
        gas = (self._gas(account, quote) for account in accounts)
        return Observation(
            pools=pools,
            books=tuple(book for book, _ in books),
            contexts=tuple(context for _, context in books),
            accounts=read,
            gas=tuple(g for g in gas if g is not None),
            prices=self._prices(instruments, now),
            volumes=self.market.volumes(tuple(i.id for i in known if i.quote.id == quote)),
        )

    async def survey(self, quote: AssetId) -> Survey:
        """Return all that can be had of every market and account now, and what cannot."""
        # All at once: a venue that is silent must not hold up what is to be known of the others.
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_account_of(venue)) for venue in self.venues.values()]
        answers = [task.result() for task in asked]
        read = [told for _, told in answers if not isinstance(told, VenueError)]
        unreadable = {a: str(told) for a, told in answers if isinstance(told, VenueError)}
        now = self._clock.now()
        pools, books, stale = [], [], {}
        for instrument in self.market.instruments.values():
            try:
                if instrument.kind is InstrumentKind.SPOT_POOL:
                    pools.append(self.market.pool(instrument.id, now))
                else:
                    books.append(self.market.book(instrument.id, now))
            except StaleDataError as error:
                stale[instrument.id] = str(error)
        gas = (self._gas(account.account, quote) for account in read)
        observation = Observation(
            pools=tuple(pools),
            books=tuple(book for book, _ in books),
            contexts=tuple(context for _, context in books),
            accounts=tuple(read),
            gas=tuple(g for g in gas if g is not None),
            prices=self._prices(tuple(self.market.instruments), now),
        )
        return Survey(observation, unreadable, stale)

    async def accounts(self, accounts: tuple[AccountId, ...]) -> tuple[AccountSnapshot, ...]:
        """Return balances and positions of each account.

        Raises
        ------
        VenueError
            If one could not be read.
        """
        # One after another: a task group that holds a failure drops a cancellation, and whoever
        # retries on failures would then never stop.
        return tuple([await self._by_account[a].read_account() for a in accounts])

    def told(self, now: TimestampNs) -> tuple[SourcePrice, ...]:
        """Return means of the last minutes, and prices of nobody's market here, of every pair."""
        return self._prices(tuple(self.market.instruments), now)

    # What other markets of the same pairs say, means of the last minutes, and prices of nobody's
    # market here.
    def _prices(
        self, instruments: tuple[InstrumentId, ...], now: TimestampNs
    ) -> tuple[SourcePrice, ...]:
        known = [self.market.instruments[i] for i in instruments]
        pairs = {frozenset((i.base.id, i.quote.id)) for i in known}
        told: list[SourcePrice] = []
        for other in self.market.instruments.values():
            if frozenset((other.base.id, other.quote.id)) in pairs:
                told.extend(self.market.average(other.id, now))
                if other.id not in instruments:
                    told.extend(self.market.prices(other.id, now))
        for prices in self._told.values():
            told.extend(p for p in prices if frozenset(p.pair) in pairs)
        return tuple(told)

    def _gas(self, account: AccountId, quote: AssetId) -> ChainGas | None:
        venue = self._by_account[account].id
        head = self.market.head(venue)
        if venue not in self._natives or head is None:
            return None
        fee = head.base_fee_wei + head.priority_fee_wei
        return ChainGas(account, fee, self._native_price(self._natives[venue], quote))

    def _native_price(self, native: AssetId, quote: AssetId) -> Price | None:
        if native == quote:
            return Price(native, quote, 1, 1)
        # The deepest pool of the coin against the order's quote prices it.
        seen = [
            (instrument if instrument.base.id == native else instrument.reversed(), snapshot)
            for instrument, snapshot in self.market.pools()
            if {instrument.base.id, instrument.quote.id} == {native, quote}
        ]
        deep = [(depth(instrument, pool), instrument, pool) for instrument, pool in seen]
        usable = [(paid, instrument, pool) for paid, instrument, pool in deep if paid > 0]
        if not usable:
            return None
        _, instrument, pool = max(usable, key=lambda each: (each[0], each[1].id))
        return pool_mid(instrument, pool)


async def _account_of(venue: Venue) -> tuple[AccountId, AccountSnapshot | VenueError]:
    try:
        return venue.account, await venue.read_account()
    except VenueError as error:
        return venue.account, error
