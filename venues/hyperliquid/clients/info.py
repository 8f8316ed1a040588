"""Every question the venue answers without a signature, typed, and charged to a budget.

Always asked of the account's own address: an agent's gets an empty account and no error. Windows of
time are read whole, however many answers that takes. Refuses to retry, and to know what time it is.
"""

import inspect
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Final, TypeAlias, TypeVar

from router.domain.error import VenueError
from router.domain.units import DurationNs
from venues.hyperliquid import wire
from venues.hyperliquid.clients.paging import Dated, Pages, Stretch
from venues.hyperliquid.clients.reply import read_info, readable
from venues.hyperliquid.spec import VENUE
from venues.transport.error import TransportError
from venues.transport.http import HttpClient

T = TypeVar("T")
Row = TypeVar("Row", bound=Dated)
Spend: TypeAlias = Callable[[int], Awaitable[None] | None]

FILLS_A_PAGE: Final = 2_000
ROWS_A_PAGE: Final = 500

# Request weight of a question, out of 1200 a minute and address (documentation of rate limits).
_WEIGHT: Final = 20
_WEIGHTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        ("l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState"), 2
    ),
    "userRole": 60,
}
# How many rows of an answer cost one more; those of other answers cost nothing.
_ROWS_A_WEIGHT: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        (
            "recentTrades",
            "historicalOrders",
            "userFills",
            "userFillsByTime",
            "fundingHistory",
            "userFunding",
            "userNonFundingLedgerUpdates",
            "userTwapSliceFills",
            "delegatorHistory",
        ),
        20,
    ),
    "candleSnapshot": 60,
}


def weight(kind: str, rows: int = 0) -> int:
    """Return what a question of a kind costs whose answer has so many rows."""
    base = _WEIGHTS.get(kind, _WEIGHT)
    a_weight = _ROWS_A_WEIGHT.get(kind)
    return base if a_weight is None else base + -(-rows // a_weight)


class InfoClient:
    """Asks one deployment of the venue.

    Every method raises a `VenueError` where the venue did not answer in time, or not in a way that
    can be read.

    Parameters
    ----------
    within : DurationNs
        How long one answer may take.
    spend : callable
        Told the weight of every question before it is asked; where it waits, so does the question,
        and what it raises is raised.
    owe : callable
        Told the weight of the rows of an answer after it was given.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        within: DurationNs,
        spend: Spend | None = None,
        owe: Callable[[int], None] | None = None,
    ) -> None:
        self._http = http
        self._within = within
        self._spend = spend
        self._owe = owe

    # Markets.

    async def meta(self, *, dex: str = "") -> wire.Metadata:
        """Return the coins and margin tables of a dex."""
        return await self._ask(wire.read_metadata, "meta", **_of_dex(dex))

    async def meta_and_contexts(self, *, dex: str = "") -> wire.MetadataAndContexts:
        """Return a dex with the context of each coin."""
        read = wire.read_metadata_and_contexts
        return await self._ask(read, "metaAndAssetCtxs", **_of_dex(dex))

    async def spot_meta(self) -> wire.SpotMetadata:
        """Return the spot tokens and pairs."""
        return await self._ask(wire.read_spot_metadata, "spotMeta")

    async def perp_dexs(self) -> tuple[wire.PerpDex | None, ...]:
        """Return the dexs; the first, None, is the venue's own."""
        return await self._ask(wire.read_perp_dexs, "perpDexs")

    async def book(self, coin: str) -> wire.Book:
        """Return the 20 best levels of each side."""
        return await self._ask(wire.read_book, "l2Book", coin=coin)

    async def mids(self, *, dex: str = "") -> Mapping[str, str]:
        """Return the mid price by coin."""
        return await self._ask(wire.read_mids, "allMids", **_of_dex(dex))

    async def trades(self, coin: str) -> tuple[wire.Trade, ...]:
        """Return the latest public trades."""
        return await self._ask(wire.read_trades, "recentTrades", coin=coin)

    async def candles(
        self, coin: str, interval: str, *, start_ms: int, end_ms: int
    ) -> tuple[wire.Candle, ...]:
        """Return candles; of the latest 5000 of an interval only."""
        wanted = {"coin": coin, "interval": interval, "startTime": start_ms, "endTime": end_ms}
        return await self._ask(wire.read_candles, "candleSnapshot", req=wanted)

    async def funding_history(
        self, coin: str, *, start_ms: int, end_ms: int | None = None
    ) -> tuple[wire.FundingRate, ...]:
        """Return what was settled for a coin within a window, oldest first."""
        return await self._window(
            wire.read_funding_history,
            "fundingHistory",
            Pages(
                Stretch(start_ms, end_ms),
                page_rows=ROWS_A_PAGE,
                key=lambda row: (row.time_ms, row.coin),
            ),
            coin=coin,
        )

    async def predicted_fundings(self) -> tuple[wire.PredictedFundings, ...]:
        """Return what venues would settle next, by coin of the first dex."""
        return await self._ask(wire.read_predicted_fundings, "predictedFundings")

    async def order_limits(self) -> tuple[tuple[int, str], ...]:
        """Return the largest notional of a market order by the coin's top leverage."""
        return await self._ask(wire.read_order_limits, "maxMarketOrderNtls")

    # An account.

    async def account(self, address: str, *, dex: str = "") -> wire.Account:
        """Return margin and positions on a dex."""
        asked = {"user": address, **_of_dex(dex)}
        return await self._ask(wire.read_account, "clearinghouseState", **asked)

    async def spot_account(self, address: str) -> wire.SpotAccount:
        """Return spot balances."""
        return await self._ask(wire.read_spot_account, "spotClearinghouseState", user=address)

    async def sub_accounts(self, address: str) -> tuple[wire.SubAccount, ...]:
        """Return the sub-accounts of a master."""
        return await self._ask(wire.read_sub_accounts, "subAccounts", user=address)

    async def abstraction(self, address: str) -> str:
        """Return how the account's balances are held together."""
        return await self._ask(wire.read_abstraction, "userAbstraction", user=address)

    async def role(self, address: str) -> wire.Role:
        """Return what an address is."""
        return await self._ask(wire.read_role, "userRole", user=address)

    async def agents(self, address: str) -> tuple[wire.Agent, ...]:
        """Return the named keys that may trade for an account."""
        return await self._ask(wire.read_agents, "extraAgents", user=address)

    async def fees(self, address: str) -> wire.Fees:
        """Return the account's rates."""
        return await self._ask(wire.read_fees, "userFees", user=address)

    async def rate_limit(self, address: str) -> wire.RateLimit:
        """Return the account's budget of requests."""
        return await self._ask(wire.read_rate_limit, "userRateLimit", user=address)

    async def trade_limits(self, address: str, coin: str) -> wire.TradeLimits:
        """Return leverage and what may be traded in a coin now."""
        return await self._ask(wire.read_trade_limits, "activeAssetData", user=address, coin=coin)

    async def portfolio(self, address: str) -> tuple[wire.Worth, ...]:
        """Return worth, profit and volume by period."""
        return await self._ask(wire.read_portfolio, "portfolio", user=address)

    async def vault_equities(self, address: str) -> tuple[wire.VaultEquity, ...]:
        """Return what the account has in vaults."""
        return await self._ask(wire.read_vault_equities, "userVaultEquities", user=address)

    async def delegations(self, address: str) -> tuple[wire.LedgerUpdate, ...]:
        """Return what the account staked and took back."""
        return await self._ask(wire.read_delegations, "delegatorHistory", user=address)

    async def ledger_updates(
        self, address: str, *, start_ms: int, end_ms: int | None = None
    ) -> tuple[wire.LedgerUpdate, ...]:
        """Return transfers and the like within a window, oldest first."""
        return await self._window(
            wire.read_ledger_updates,
            "userNonFundingLedgerUpdates",
            Pages(
                Stretch(start_ms, end_ms),
                page_rows=ROWS_A_PAGE,
                key=lambda row: (row.time_ms, row.hash, row.kind, wire.encode(row.delta)),
            ),
            user=address,
        )

    async def fundings(
        self, address: str, *, start_ms: int, end_ms: int | None = None
    ) -> tuple[wire.Funding, ...]:
        """Return the account's settlements within a window, oldest first."""
        return await self._window(
            wire.read_fundings,
            "userFunding",
            Pages(
                Stretch(start_ms, end_ms),
                page_rows=ROWS_A_PAGE,
                key=lambda row: (row.time_ms, row.coin),
            ),
            user=address,
        )

    # Orders and fills.

    async def open_orders(self, address: str, *, dex: str = "") -> tuple[wire.OpenOrder, ...]:
        """Return what rests."""
        return await self._ask(wire.read_open_orders, "openOrders", user=address, **_of_dex(dex))

    async def detailed_open_orders(
        self, address: str, *, dex: str = ""
    ) -> tuple[wire.OpenOrder, ...]:
        """Return what rests and what waits for a trigger, with types and children."""
        return await self._ask(
            wire.read_open_orders, "frontendOpenOrders", user=address, **_of_dex(dex)
        )

    async def order(self, address: str, reference: int | str) -> wire.OrderUpdate | None:
        """Return an order by its oid or cloid; None where the venue does not know it."""
        return await self._ask(wire.read_found_order, "orderStatus", user=address, oid=reference)

    async def child_order(self, address: str, cloid: str) -> wire.Order | None:
        """Return what the router needs of an order; None where the venue does not know it.

        Whatever else the venue writes of it cannot keep the order in doubt.
        """
        return await self._ask(wire.read_order_status, "orderStatus", user=address, oid=cloid)

    async def historical_orders(self, address: str) -> tuple[wire.OrderUpdate, ...]:
        """Return the latest 2000 orders with what became of them."""
        return await self._ask(wire.read_order_updates, "historicalOrders", user=address)

    async def latest_fills(self, address: str) -> tuple[wire.Execution, ...]:
        """Return the latest 2000 fills."""
        return await self._ask(wire.read_executions, "userFills", user=address)

    async def fills(
        self, address: str, *, start_ms: int, end_ms: int | None = None
    ) -> tuple[wire.Execution, ...]:
        """Return the fills within a window, oldest first; of the latest 10,000 only."""
        return await self._window(
            wire.read_executions,
            "userFillsByTime",
            Pages(Stretch(start_ms, end_ms), page_rows=FILLS_A_PAGE, key=fill_key),
            user=address,
        )

    async def twap_slices(self, address: str) -> tuple[wire.TwapSlice, ...]:
        """Return the latest 2000 fills of TWAP orders."""
        return await self._ask(wire.read_twap_slices, "userTwapSliceFills", user=address)

    async def _window(
        self,
        read: Callable[[object], tuple[Row, ...]],
        kind: str,
        pages: Pages[Row],
        **asked: object,
    ) -> tuple[Row, ...]:
        while (due := pages.due()) is not None:
            until = {} if due.end_ms is None else {"endTime": due.end_ms}
            rows = await self._ask(read, kind, **asked, startTime=due.start_ms, **until)
            with readable():
                pages.add(rows)
        return pages.rows()

    async def _ask(self, read: Callable[[object], T], kind: str, **asked: object) -> T:
        await self._pay(weight(kind))
        body = wire.encode({"type": kind, **asked})
        try:
            reply = await self._http.post_json("/info", body, within=self._within)
        except TransportError as error:
            raise VenueError(VENUE, f"{kind}: {error}") from error
        answer = read_info(reply, read, kind=kind)
        if self._owe is not None and kind in _ROWS_A_WEIGHT and isinstance(answer, tuple):
            self._owe(weight(kind, len(answer)) - weight(kind))
        return answer

    async def _pay(self, units: int) -> None:
        if self._spend is None:
            return
        waiting = self._spend(units)
        if inspect.isawaitable(waiting):
            await waiting


def fill_key(row: wire.Execution) -> Hashable:
    """Return what tells one fill from another."""
    return row.time_ms, row.coin, row.trade_id


def _of_dex(dex: str) -> Mapping[str, str]:
    return {"dex": dex} if dex else {}
