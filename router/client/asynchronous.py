"""The client for programs that wait with `await`."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote as quoted

from router.client.connection import Connection, Patience, waited
from router.client.error import ClientError
from router.client.model import Alteration, NewOrder, Order, Page, Report, plain
from router.client.signing import Signer, Stamp
from router.client.stream import Place, Reports

_ORDERS: Final = "/v1/orders"
_ID_BYTES: Final = 8
_LOOK_EVERY_S: Final = 0.25
_QUOTE_S: Final = 90.0  # with all that it is compared with
_HALTED: Final = "halted"
_NO_NAMES: Final = frozenset({"", ".", ".."})  # in a path they would mean another one


class AsyncClient:
    """A desk, for one key.

    Every request that changes something has a name. `submit`, `cancel` and `amend` ask again under
    that name where an answer is lost, so that it is done once; they raise `OutcomeUnknownError`
    only where nobody answered for as long as patience lasts, and may then be asked again.

    Parameters
    ----------
    url : str
        Of the door: scheme, host and port.
    signer : Signer | None
        None where the door asks for no keys.
    tls : ssl.SSLContext | aiohttp.Fingerprint | bool
        As aiohttp takes it; with a client's certificate where the door asks for one.
    """

    def __init__(
        self,
        url: str,
        signer: Signer | None = None,
        *,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        tls: Any = True,  # noqa: ANN401 - as aiohttp takes it
    ) -> None:
        stamp = None if signer is None else Stamp(signer)
        self._connection = Connection(url, stamp, patience=patience, tls=tls)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    async def submit(self, order: NewOrder) -> Order:
        """Send an order, or find it where it was sent before; it is on record when this returns.

        Raises
        ------
        DuplicateError
            If the name stands for another order.
        RefusedError
            If it cannot be; nothing was sent.
        OutcomeUnknownError
            If nobody answered; submit it again, as it is.
        """
        return Order.of(await self._connection.ask_again("POST", _ORDERS, body=order.words()))

    async def order(self, name: str) -> Order:
        """Return where an order stands, by the client's name of it or the desk's.

        Raises
        ------
        UnknownError
            If there is none.
        """
        return Order.of(await self._connection.ask_again("GET", _path(name)))

    async def orders(
        self,
        *,
        account: str | None = None,
        ended: bool = False,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page[Order]:
        """Return a page of orders: those at work, or with the ended ones."""
        query = {
            "account": account,
            "ended": "true" if ended else None,
            "after": after,
            "limit": None if limit is None else str(limit),
        }
        said = {name: text for name, text in query.items() if text is not None}
        page = await self._connection.ask_again("GET", _ORDERS, query=said)
        return Page(tuple(Order.of(each) for each in page["orders"]), page["next"])

    async def every_order(
        self, *, account: str | None = None, ended: bool = False
    ) -> AsyncIterator[Order]:
        """Yield all orders, page after page."""
        after: str | None = None
        while True:
            page = await self.orders(account=account, ended=ended, after=after)
            for order in page:
                yield order
            if page.next is None:
                return
            after = page.next

    async def cancel(
        self, name: str, *, request: str | None = None, wait_s: Decimal = Decimal(0)
    ) -> Alteration:
        """Cancel an order.

        Parameters
        ----------
        request : str, optional
            The request's own name; the same one asks what became of it.
        wait_s : Decimal
            How long the desk waits with its answer for what is in flight.

        Raises
        ------
        TooLateError
            If it has ended.
        """
        body = {"request": request or _made("cancel"), "wait_s": plain(wait_s)}
        path = _path(name, "cancel")
        said = await self._connection.ask_again("POST", path, body=body, more_s=float(wait_s))
        return Alteration.of(said)

    async def amend(
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
        """Give an order other terms.

        Raises
        ------
        TooLateError
            If it has ended.
        PendingError
            If another request of it is under way.
        """
        terms = {
            "quantity": quantity,
            "limit_price": limit_price,
            "slippage_max_bps": slippage_max_bps,
            "deadline_s": deadline_s,
        }
        body = {
            **{term: plain(number) for term, number in terms.items() if number is not None},
            "request": request or _made("amend"),
            "wait_s": plain(wait_s),
        }
        path = _path(name, "amend")
        said = await self._connection.ask_again("POST", path, body=body, more_s=float(wait_s))
        return Alteration.of(said)

    async def cancel_all(
        self,
        *,
        account: str | None = None,
        base: str | None = None,
        quote: str | None = None,
        side: str | None = None,
        request: str | None = None,
    ) -> Mapping[str, Any]:
        """Cancel every order the key may cancel, or those that are named."""
        named = {"account": account, "base": base, "quote": quote, "side": side}
        body = {name: text for name, text in named.items() if text is not None}
        body["request"] = request or _made("all")
        return await self._mapping("POST", f"{_ORDERS}/cancel", body)

    async def wait(self, name: str, *, within_s: float | None = None) -> Order:
        """Wait until an order has ended, and return how.

        Raises
        ------
        TimeoutError
            If it has not by then.
        """
        async with asyncio.timeout(within_s):
            while not (order := await self.order(name)).is_done:
                await waited(_LOOK_EVERY_S)
        return order

    async def report(self, name: str) -> Mapping[str, Any]:
        """Return what an order cost and why: the desk's report of it."""
        return await self._mapping("GET", _path(name, "report"))

    async def quote(self, order: NewOrder, **wanted: bool) -> Mapping[str, Any]:
        """Ask what an order would come to; nothing is sent.

        Parameters
        ----------
        wanted : bool
            ``curve=True`` for slippage against size, ``compare=True`` for naive ways.
        """
        body = {**order.words(), **wanted}
        del body["client_order_id"]  # an order that is not sent needs no name
        said: Mapping[str, Any] = await self._connection.ask_again(
            "POST", "/v1/quotes", body=body, more_s=_QUOTE_S
        )
        return said

    async def basket(self, basket: Mapping[str, object]) -> Mapping[str, Any]:
        """Send orders that are planned together; it has a name, as an order has."""
        return await self._mapping("POST", "/v1/baskets", basket)

    async def cancel_basket(self, name: str, *, request: str | None = None) -> Mapping[str, Any]:
        """Cancel what is still at work of a basket."""
        path = f"/v1/baskets/{_step(name)}/cancel"
        return await self._mapping("POST", path, {"request": request or _made("basket")})

    async def positions(self) -> Mapping[str, Any]:
        """Return what was traded for each account, net."""
        return await self._mapping("GET", "/v1/positions")

    async def accounts(self) -> Mapping[str, Any]:
        """Return balances and positions at the venues."""
        return await self._mapping("GET", "/v1/accounts")

    async def margin(self) -> Mapping[str, Any]:
        """Return the margin of the venues' accounts."""
        return await self._mapping("GET", "/v1/margin")

    async def status(self) -> Mapping[str, Any]:
        """Return how the desk is."""
        return await self._mapping("GET", "/v1/status")

    async def switches(self) -> Mapping[str, Any]:
        """Return what may be traded."""
        return await self._mapping("GET", "/v1/switches")

    async def switch(self, *, scope: str, state: str, reason: str) -> Mapping[str, Any]:
        """Set what may be traded in a scope.

        Raises
        ------
        OutcomeUnknownError
            If the answer was lost. What allows anything is not asked again by itself: somebody may
            have halted since.
        """
        body = {"scope": scope, "state": state, "reason": reason}
        said: Mapping[str, Any] = await self._connection.ask_again(
            "POST", "/v1/switches", body=body, is_once=state != _HALTED
        )
        return said

    async def halt(self, reason: str) -> Mapping[str, Any]:
        """Have nothing traded any more, by anybody; what waits is taken back."""
        return await self._mapping("POST", "/v1/halt", {"reason": reason})

    def reports(
        self,
        *,
        after: Place | None = None,
        journal: str | None = None,
        account: str | None = None,
    ) -> Reports:
        """Return the stream of reports, to be followed."""
        return Reports(self._connection, after=after, journal=journal, account=account)

    async def follow(
        self,
        *,
        after: Place | None = None,
        journal: str | None = None,
        account: str | None = None,
    ) -> AsyncGenerator[Report, None]:
        """Yield what happens to orders, each report once, across broken connections."""
        stream = self.reports(after=after, journal=journal, account=account)
        async with aclosing(stream.follow()) as told:
            async for report in told:
                yield report

    async def settle(self, alteration: Alteration, *, within_s: float | None = None) -> Order:
        """Wait until nothing of a request is under way any more, and return the order.

        Raises
        ------
        TimeoutError
            If it still is by then.
        """
        name = alteration.order.id
        async with asyncio.timeout(within_s):
            while (order := await self.order(name)).pending == alteration.request:
                await waited(_LOOK_EVERY_S)
        return order

    # What has a name may be asked again.
    async def _mapping(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Mapping[str, Any]:
        said: Mapping[str, Any] = await self._connection.ask_again(method, path, body=body)
        return said


def _path(name: str, verb: str = "") -> str:
    whole = f"{_ORDERS}/{_step(name)}"
    return f"{whole}/{verb}" if verb else whole


def _step(name: str) -> str:
    if name in _NO_NAMES:
        raise ClientError(f"{name!r} is no name of an order; nothing was sent")
    return quoted(name, safe="")


def _made(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(_ID_BYTES)}"
