"""Every kind of order as a call, each outcome folded, and doubts ended by the venue's own word.

What is sent is noted before it leaves. An order without an answer is asked about by our own id; if
the venue does not know it, its nonce is used up, after which it can happen no more, and the venue
is asked again. Refuses to send an order twice, or to change one whose state is in doubt.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import (
    InDoubtError,
    MalformedDataError,
    NotSentError,
    RejectedError,
    VenueError,
)
from router.domain.units import NS_PER_S, DurationNs, Side, TimestampNs
from router.port import Clock
from venues.hyperliquid import wire
from venues.hyperliquid.actions.change import CancelByCloid, Modify
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.actions.order import Builder, Grouping, Order, TimeInForce, Together
from venues.hyperliquid.actions.twap import Twap
from venues.hyperliquid.clients.exchange import ExchangeClient, Item, Stamp
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.reply import readable
from venues.hyperliquid.spec import VENUE
from venues.hyperliquid.trading import reading
from venues.hyperliquid.trading.facts import (
    E8_DECIMALS,
    Answer,
    AskFills,
    AskOid,
    AskOrder,
    FillReport,
    FundingReport,
    Intent,
    NotSent,
    OrderReport,
    OrderState,
    OrderView,
    Question,
    Refused,
    Silent,
)
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import (
    AccountNews,
    AccountTold,
    CancelsTold,
    FillsTold,
    FundingsTold,
    LiquidationTold,
    OrdersTold,
    TransfersTold,
)
from venues.hyperliquid.trading.orders import Orders

_ENDS_AT_ONCE: Final = frozenset({TimeInForce.IMMEDIATE, TimeInForce.FRONTEND_MARKET})
_OVERLAP_MS: Final = 60_000  # of what is read again after a gap
_PAUSE: Final = DurationNs(NS_PER_S // 5)
_NS_PER_MS: Final = NS_PER_S // 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """Whose orders they are, and since when they are of interest.

    Attributes
    ----------
    coins : mapping of int to str
        The venue's symbol of every asset that is traded.
    """

    address: str
    coins: Mapping[int, str]
    since_ms: int


class Trader:
    """The orders of one account: placed, changed, cancelled, and followed to their end."""

    def __init__(
        self,
        account: Account,
        *,
        exchange: ExchangeClient,
        info: InfoClient,
        orders: Orders,
        clock: Clock,
    ) -> None:
        self._account = account
        self._exchange = exchange
        self._info = info
        self._clock = clock
        self._begins_ms = account.since_ms
        self.orders = orders
        self.ledger = Ledger(account.address)
        self.told: wire.Account | None = None  # margin and positions as last pushed
        self._markets: dict[str, Market] = {}

    @property
    def has_traded(self) -> bool:
        """Whether any order that is remembered was placed here."""
        return bool(self._markets)

    # Acting.

    async def place(
        self,
        orders: Sequence[Order],
        *,
        grouping: Together = Grouping.NONE,
        builder: Builder | None = None,
    ) -> tuple[OrderView, ...]:
        """Place orders, each under an id of ours, and return what is known of them.

        Raises
        ------
        NotSentError
            If an order has no id of ours, or one that is in use; nothing was noted.
        """
        cloids = [_cloid(order) for order in orders]
        used = [cloid for cloid in cloids if cloid in self.orders or cloids.count(cloid) > 1]
        if used:
            raise NotSentError(VENUE, f"{used[0]}: the id is in use: give every order its own")
        stamp = self._exchange.stamp()
        for order, cloid in zip(orders, cloids, strict=True):
            self._intend(self._intent(order, cloid, stamp))
            self._markets[cloid] = order.market
        await self._outcome(
            lambda: self._exchange.place(orders, grouping=grouping, builder=builder, stamp=stamp),
            cloids,
            stamp.nonce,
        )
        return tuple(self.orders.view(cloid) for cloid in cloids)

    async def modify(self, order: Order, *, always_place: bool = False) -> OrderView:
        """Put another order in the place of the one that has the same id of ours.

        Raises
        ------
        NotSentError
            If that one does not work, as far as is known.
        """
        cloid = _cloid(order)
        view = self.orders.view(cloid)
        if view.state is not OrderState.WORKING or view.present_oid is None:
            raise NotSentError(VENUE, f"{cloid}: is {view.state.value} ({view.word}): not modified")
        target, stamp = view.present_oid, self._exchange.stamp()
        self._intend(self._intent(order, cloid, stamp, target=target))
        await self._outcome(
            lambda: self._exchange.modify(
                [Modify(target, order)], always_place=always_place, stamp=stamp
            ),
            [cloid],
            stamp.nonce,
        )
        return self.orders.view(cloid)

    async def cancel(self, cloids: Sequence[str]) -> tuple[OrderView, ...]:
        """Cancel orders by our ids; that the venue shows their end is still to come.

        Raises
        ------
        VenueError
            If the request was not sent, refused as a whole, or got no answer.
        """
        wanted = [CancelByCloid(self._markets[cloid].asset, cloid) for cloid in cloids]
        self._cancels_sent(cloids)
        try:
            await self._exchange.cancel_by_cloid(wanted)
        finally:
            self._cancels_sent(cloids)
        return tuple(self.orders.view(cloid) for cloid in cloids)

    async def start_twap(self, twap: Twap) -> int:
        """Have the venue slice an order; return the venue's number of it.

        Raises
        ------
        NotSentError
            If it never was and never will be.
        RejectedError
            If the venue said no.
        InDoubtError
            If nobody knows; an order may be running, and no slice of it is known yet.
        """
        stamp = self._exchange.stamp()
        try:
            told = await self._exchange.twap_order(twap, stamp=stamp)
        except InDoubtError as doubt:
            if await self._exchange.noop(stamp.nonce):
                raise NotSentError(VENUE, f"sliced order: never arrived: {doubt}") from doubt
            raise
        if isinstance(told, wire.OrderError):
            raise RejectedError(VENUE, f"sliced order: {told.text}")
        return told.twap_id

    async def end_twap(self, market: Market, *, twap_id: int) -> bool:
        """End a sliced order; return whether it was still running."""
        return isinstance(await self._exchange.twap_cancel(market, twap_id=twap_id), wire.Done)

    # Hearing.

    def hear(self, news: AccountNews) -> None:
        """Take news of the account, old or new, once or twice."""
        match news:
            case OrdersTold(reports):
                self._take_reports(reports)
            case FillsTold(fills):
                self._take_fills(fills)
            case FundingsTold(fundings):
                self._take_fundings(fundings)
            case CancelsTold(oids):
                self.orders.suspect(oids, now=self._clock.now())
            case LiquidationTold():
                self.orders.stream_lost(now=self._clock.now())  # it cancels orders
            case AccountTold(account):
                self.told = account
            case TransfersTold():
                return  # no order's matter

    def lost(self) -> None:
        """Take that news may have been missed."""
        self.orders.stream_lost(now=self._clock.now())

    async def catch_up(self) -> None:
        """Read what may have been missed: open orders, fills and funding.

        Raises
        ------
        VenueError
            If the venue could not be asked; asking again later does no harm.
        """
        asked_at = self._clock.now()
        address = self._account.address
        opened = await self._info.detailed_open_orders(address)
        with readable():
            reports = [reading.open_order_report(order) for order in opened]
        self.orders.open_orders(reports, asked_at=asked_at)
        since = self._since_ms(self.ledger.seen_until_ms)
        await self._read_fills(since)
        fundings = await self._info.fundings(address, start_ms=since)
        with readable():
            self._take_fundings([reading.funding_report(told) for told in fundings])

    def forget(self, *, before: TimestampNs) -> None:
        """Drop what ended before a moment; what the venue tells of that time is not taken again."""
        before_ms = before // _NS_PER_MS
        self._begins_ms = max(self._begins_ms, before_ms)
        self.orders.forget(before=before)
        self._markets = {c: market for c, market in self._markets.items() if c in self.orders}
        self.ledger.forget(before_ms=before_ms)

    async def settle(self, *, within: DurationNs) -> tuple[OrderView, ...]:
        """Ask, and end doubts, until none is left or the time is over; return what is in doubt.

        A question the venue does not answer is put again; what it says is never guessed.
        """
        give_up_at = self._clock.now() + within
        while True:
            await self._ask_all()
            await self._end_doubts()
            left = self.in_doubt()
            if not left or self._clock.now() >= give_up_at:
                return left
            await self._clock.sleep(_PAUSE)

    def in_doubt(self) -> tuple[OrderView, ...]:
        """Return the orders whose state is in doubt."""
        views = (self.orders.view(cloid) for cloid in self.orders.alive())
        return tuple(view for view in views if view.state is OrderState.IN_DOUBT)

    # Asking.

    async def _ask_all(self) -> None:
        for question in self.orders.questions(now=self._clock.now()):
            try:
                await self._ask(question)
            except VenueError:
                continue  # it is due again after a while

    async def _ask(self, question: Question) -> None:
        asked_at = self._clock.now()
        match question:
            case AskOrder(cloid):
                report = await self._order(cloid)
                self.orders.looked(cloid, report, asked_at=asked_at)
            case AskOid(_, oid):
                report = await self._order(oid)
                if report is not None:
                    self.orders.report(report, asked_at=asked_at)
            case AskFills(since_ms):
                await self._read_fills(self._since_ms(since_ms))

    async def _order(self, reference: int | str) -> OrderReport | None:
        told = await self._info.order(self._account.address, reference)
        with readable():
            return None if told is None else reading.order_report(told)

    async def _end_doubts(self) -> None:
        nonces = {doubt.nonce for doubt in self.orders.doubts(now=self._clock.now())}
        for nonce in sorted(nonces):
            try:
                await self._exchange.noop(nonce)
            except VenueError:
                continue  # the nonce may be free still
            self.orders.nonce_used(nonce, now=self._clock.now())

    async def _read_fills(self, since_ms: int) -> None:
        told = await self._info.fills(self._account.address, start_ms=since_ms)
        with readable():
            self._take_fills([reading.fill_report(one) for one in told])

    def _since_ms(self, moment_ms: int) -> int:
        return max(self._begins_ms, moment_ms - _OVERLAP_MS)

    # Noting.

    def _intent(self, order: Order, cloid: str, stamp: Stamp, *, target: int = 0) -> Intent:
        unit: int = 10 ** (E8_DECIMALS - order.market.size_decimals)
        return Intent(
            cloid=cloid,
            coin=self._account.coins[order.market.asset],
            is_buy=order.side is Side.BUY,
            size_e8=order.lots * unit,
            nonce=stamp.nonce,
            expires_after_ms=stamp.expires_after_ms,
            modifies_oid=target,
            ends_at_once=order.when in _ENDS_AT_ONCE,
        )

    def _intend(self, intent: Intent) -> None:
        try:
            self.orders.intend(intent, now=self._clock.now())
        except ValueError as error:
            raise NotSentError(VENUE, str(error)) from error

    # What a request that was noted came to; only what nobody can know is left in doubt.
    async def _outcome(
        self,
        send: Callable[[], Coroutine[object, object, tuple[Item, ...]]],
        cloids: Sequence[str],
        nonce: int,
    ) -> None:
        answers: Sequence[Answer] = [Silent("cut off before an answer came")] * len(cloids)
        try:
            answers = [reading.answer(item) for item in await send()]
        except NotSentError as error:
            answers = [NotSent(str(error))] * len(cloids)
        except RejectedError as error:
            answers = [Refused(str(error))] * len(cloids)
        except (VenueError, MalformedDataError) as error:
            answers = [Silent(str(error))] * len(cloids)
        finally:
            self._answered(cloids, nonce, answers)

    def _answered(self, cloids: Sequence[str], nonce: int, answers: Sequence[Answer]) -> None:
        now = self._clock.now()
        for cloid, answer in zip(cloids, answers, strict=True):
            self.orders.answered(cloid, nonce, answer, now=now)

    def _take_fills(self, fills: Iterable[FillReport]) -> None:
        for fill in fills:
            if fill.time_ms >= self._begins_ms:
                self.orders.fill(fill)
                self.ledger.fill(fill)

    def _take_fundings(self, fundings: Iterable[FundingReport]) -> None:
        for funding in fundings:
            if funding.time_ms >= self._begins_ms:
                self.ledger.funding(funding)

    def _take_reports(self, reports: Iterable[OrderReport]) -> None:
        for report in reports:
            self.orders.report(report)

    def _cancels_sent(self, cloids: Sequence[str]) -> None:
        for cloid in cloids:
            self.orders.cancel_sent(cloid, now=self._clock.now())


def _cloid(order: Order) -> str:
    if order.cloid is None:
        raise NotSentError(VENUE, "an order needs an id of ours, or its outcome could not be asked")
    return order.cloid
