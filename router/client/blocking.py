"""The client for programs that just wait: the same requests, on a thread of their own."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

from router.client.asynchronous import AsyncClient
from router.client.connection import Patience
from router.client.error import ClientError, OutcomeUnknownError
from router.client.model import Alteration, NewOrder, Order, Page, Report
from router.client.signing import Signer
from router.client.stream import Place

T = TypeVar("T")


class Client:
    """A desk, for one key; see `AsyncClient`, whose methods these are.

    Use it in a with statement; several threads may use one.
    """

    def __init__(
        self,
        url: str,
        signer: Signer | None = None,
        *,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        tls: Any = True,  # noqa: ANN401 - as aiohttp takes it
    ) -> None:
        self._client = AsyncClient(url, signer, patience=patience, tls=tls)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._asking = threading.Lock()  # what is begun while it is held is ended by whoever closes

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._client.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop, thread = self._loop, self._thread
        assert loop is not None, "left what was not entered"
        assert thread is not None, "left what was not entered"
        with self._asking:
            self._loop = None  # nothing new; and no other thread waits for what never comes
        _done(_end_others(), loop)
        _done(self._client.__aexit__(kind, error, trace), loop)
        _done(loop.shutdown_asyncgens(), loop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def submit(self, order: NewOrder) -> Order:
        """Send an order, or find it where it was sent before."""
        return self._run(self._client.submit(order))

    def order(self, name: str) -> Order:
        """Return where an order stands."""
        return self._run(self._client.order(name))

    def orders(
        self,
        *,
        account: str | None = None,
        ended: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page[Order]:
        """Return a page of orders."""
        return self._run(
            self._client.orders(account=account, ended=ended, after=after, limit=limit)
        )

    def cancel(
        self, name: str, *, request: str | None = None, wait_s: Decimal = Decimal(0)
    ) -> Alteration:
        """Cancel an order."""
        return self._run(self._client.cancel(name, request=request, wait_s=wait_s))

    def amend(
        self,
        name: str,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        slippage_max_bps: Decimal | None = None,
        deadline_s: Decimal | None = None,
        request: str | None = None,
        wait_s: Decimal = Decimal(0),
    ) -> Alteration:
        """Give an order other terms."""
        return self._run(
            self._client.amend(
                name,
                quantity=quantity,
                limit_price=limit_price,
                slippage_max_bps=slippage_max_bps,
                deadline_s=deadline_s,
                request=request,
                wait_s=wait_s,
            )
        )

    def cancel_all(
        self,
        *,
        account: str | None = None,
        base: str | None = None,
        quote: str | None = None,
        side: str | None = None,
        request: str | None = None,
    ) -> Mapping[str, Any]:
        """Cancel every order the key may cancel, or those that are named."""
        return self._run(
            self._client.cancel_all(
                account=account, base=base, quote=quote, side=side, request=request
            )
        )

    def wait(self, name: str, *, within_s: float | None = None) -> Order:
        """Wait until an order has ended."""
        return self._run(self._client.wait(name, within_s=within_s))

    def settle(self, alteration: Alteration, *, within_s: float | None = None) -> Order:
        """Wait until nothing of a request is under way any more."""
        return self._run(self._client.settle(alteration, within_s=within_s))

    def report(self, name: str) -> Mapping[str, Any]:
        """Return what an order cost and why."""
        return self._run(self._client.report(name))

    def quote(self, order: NewOrder, **wanted: bool) -> Mapping[str, Any]:
        """Ask what an order would come to; nothing is sent."""
        return self._run(self._client.quote(order, **wanted))

    def basket(self, basket: Mapping[str, object]) -> Mapping[str, Any]:
        """Send orders that are planned together."""
        return self._run(self._client.basket(basket))

    def cancel_basket(self, name: str, *, request: str | None = None) -> Mapping[str, Any]:
        """Cancel what is still at work of a basket."""
        return self._run(self._client.cancel_basket(name, request=request))

    def positions(self) -> Mapping[str, Any]:
        """Return what was traded for each account, net."""
        return self._run(self._client.positions())

    def accounts(self) -> Mapping[str, Any]:
        """Return balances and positions at the venues."""
        return self._run(self._client.accounts())

    def margin(self) -> Mapping[str, Any]:
        """Return the margin of the venues' accounts."""
        return self._run(self._client.margin())

    def status(self) -> Mapping[str, Any]:
        """Return how the desk is."""
        return self._run(self._client.status())

    def switches(self) -> Mapping[str, Any]:
        """Return what may be traded."""
        return self._run(self._client.switches())

    def switch(self, *, scope: str, state: str, reason: str) -> Mapping[str, Any]:
        """Set what may be traded in a scope."""
        return self._run(self._client.switch(scope=scope, state=state, reason=reason))

    def halt(self, reason: str) -> Mapping[str, Any]:
        """Have nothing traded any more."""
        return self._run(self._client.halt(reason))

    def follow(
        self,
        *,
        after: Place | None = None,
        journal: str | None = None,
        account: str | None = None,
    ) -> Iterator[Report]:
        """Yield what happens to orders, each report once, across broken connections."""
        told = _Told(self._client.follow(after=after, journal=journal, account=account))
        try:
            while True:
                report = self._run(told.next())
                if report is None:
                    return
                yield report
        finally:
            if self._loop is not None:
                self._run(told.close())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        begun = self._begun(work)
        try:
            return begun.result()
        except CancelledError as error:
            raise OutcomeUnknownError("the client was closed meanwhile") from error
        finally:
            begun.cancel()  # where whoever waits was interrupted, by Ctrl-C say

    def _begun(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._asking:
            if self._loop is None:
                work.close()
                raise ClientError("the client is not open; use it in a with statement")
            return asyncio.run_coroutine_threadsafe(work, self._loop)


class _Told:
    """Reports one at a time; it can be closed while one is waited for and nobody wants it."""

    def __init__(self, told: AsyncGenerator[Report, None]) -> None:
        self._told = told
        self._taking = asyncio.Lock()
        self._taker: asyncio.Task[Any] | None = None

    async def next(self) -> Report | None:
        async with self._taking:
            self._taker = asyncio.current_task()
            return await anext(self._told, None)

    # Whoever was interrupted before it knew of what it had begun could not take it back itself.
    async def close(self) -> None:
        if self._taker is not None:
            self._taker.cancel()
        async with self._taking:
            await self._told.aclose()


def _done(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others)
