"""Signed actions as calls: checked, paid for, stamped, signed, sent, and their answers read.

One client acts for one account with one agent's key. Every call either returns what the venue said
of each item, or raises what may be known: `NotSentError` (it did not happen), `RejectedError` (the
venue refused the request as a whole) or `InDoubtError` (nobody knows). Refuses to send anything
twice: a nonce is used for one request.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol, TypeAlias, TypeVar

import orjson

from router.domain.error import ConfigError, InDoubtError, RejectedError
from router.domain.units import NS_PER_S, DurationNs
from router.port import Clock
from venues.hyperliquid import wire
from venues.hyperliquid.actions import account, change, limits, margin, order, safety, twap
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.clients.budget import Budget, Purpose
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.clients.reply import no_answer, read_action
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import VENUE
from venues.transport.error import TransportError
from venues.transport.http import HttpClient, HttpReply

T = TypeVar("T")
Item: TypeAlias = wire.Accepted | wire.Waiting | wire.OrderError
Ended: TypeAlias = wire.Done | wire.OrderError

_NS_PER_MS: Final = NS_PER_S // 1_000
_STATUS_DIGITS: Final = 3
_DUPLICATE_NONCE: Final = "duplicate nonce"
_PASSED_NONCE: Final = "nonce too low"  # below the hundred highest that the venue keeps


class Channel(Protocol):
    """Carries a signed request to the venue, and brings its reply.

    Raises `TransportError` where no reply came.
    """

    def __call__(self, body: bytes, /) -> Awaitable[HttpReply]:
        """Send a request."""
        ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a request unique, and when the venue refuses it; [ms]."""

    nonce: int
    expires_after_ms: int | None


class ExchangeClient:
    """One account's signed actions.

    Parameters
    ----------
    vault : str or None
        The sub-account or vault that is acted for, lower-case address; None is the agent's master.
    lifetime : DurationNs or None
        How long after its stamp a request may still take effect. A request that the venue refuses
        for this costs five times its requests.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        signer: AgentSigner,
        nonces: NonceSource,
        budget: Budget,
        clock: Clock,
        vault: str | None = None,
        lifetime: DurationNs | None = None,
    ) -> None:
        if vault is not None and not limits.is_address(vault):
            raise ConfigError(f"sub_account must be 0x and 40 lower-case hex digits, was {vault!r}")
        self._channel = channel
        self._signer = signer
        self._nonces = nonces
        self._budget = budget
        self._clock = clock
        self._vault = vault
        self._vault_bytes = None if vault is None else bytes.fromhex(vault[2:])
        self._lifetime = lifetime

    def stamp(self, *, is_kept: bool = True) -> Stamp:
        """Return the stamp of a request to come; whoever must record it first passes it on."""
        nonce = self._nonces.next(is_kept=is_kept)
        if self._lifetime is None:
            return Stamp(nonce, None)
        return Stamp(nonce, (self._clock.now() + self._lifetime) // _NS_PER_MS)

    def signed(
        self, action: Mapping[str, object], stamp: Stamp, *, for_master: bool = False
    ) -> bytes:
        """Return the request of an action; the same stamp always makes the same bytes.

        Parameters
        ----------
        for_master : bool
            Whether the action is the master account's own even where a vault is acted for.
        """
        vault, vault_bytes = (None, None) if for_master else (self._vault, self._vault_bytes)
        signature = self._signer.sign(
            action,
            nonce=stamp.nonce,
            vault=vault_bytes,
            expires_after_ms=stamp.expires_after_ms,
        )
        return wire.envelope(
            action,
            signature.as_wire(),
            nonce=stamp.nonce,
            expires_after_ms=stamp.expires_after_ms,
            vault=vault,
        )

    # Orders.

    async def place(
        self,
        orders: Sequence[order.Order],
        *,
        grouping: order.Together = order.Grouping.NONE,
        builder: order.Builder | None = None,
        references: Mapping[int, int] | None = None,
        stamp: Stamp | None = None,
    ) -> tuple[Item, ...]:
        """Place orders; one answer for each, in their order."""
        limits.check_placing(orders, grouping=grouping, builder=builder, references=references)
        action = order.place(orders, grouping=grouping, builder=builder)
        read = partial(wire.read_order_statuses, count=len(orders))
        return _items(await self._act(action, read, count=len(orders), stamp=stamp))

    async def modify(
        self,
        changes: Sequence[change.Modify],
        *,
        always_place: bool = False,
        references: Mapping[int, int] | None = None,
        stamp: Stamp | None = None,
    ) -> tuple[Item, ...]:
        """Replace orders; one answer for each, in their order, with the new orders' numbers."""
        limits.check_modifies(changes, always_place=always_place, references=references)
        action = change.batch_modify(changes, always_place=always_place)
        read = partial(wire.read_order_statuses, count=len(changes))
        return _items(await self._act(action, read, count=len(changes), stamp=stamp))

    async def cancel(
        self,
        cancels: Sequence[change.CancelByOid],
        *,
        fast: bool = False,
        stamp: Stamp | None = None,
    ) -> tuple[Ended, ...]:
        """Cancel orders by the venue's numbers; one answer for each, in their order."""
        limits.check_cancels(cancels)
        action = change.cancel(cancels, fast=fast)
        return await self._cancel(action, count=len(cancels), stamp=stamp)

    async def cancel_by_cloid(
        self,
        cancels: Sequence[change.CancelByCloid],
        *,
        fast: bool = False,
        stamp: Stamp | None = None,
    ) -> tuple[Ended, ...]:
        """Cancel orders by our own names; one answer for each, in their order."""
        limits.check_cancels(cancels)
        action = change.cancel_by_cloid(cancels, fast=fast)
        return await self._cancel(action, count=len(cancels), stamp=stamp)

    async def _cancel(
        self, action: Mapping[str, object], *, count: int, stamp: Stamp | None
    ) -> tuple[Ended, ...]:
        read = partial(wire.read_cancel_statuses, count=count)
        told = await self._act(action, read, count=count, stamp=stamp, purpose=Purpose.CANCEL)
        return _items(told)

    async def schedule_cancel(self, at_ms: int | None) -> None:
        """Have every open order cancelled at a time, or at none any more."""
        limits.check_schedule(at_ms, now_ms=self._clock.now() // _NS_PER_MS)
        await self.perform(safety.schedule_cancel(at_ms), purpose=Purpose.CANCEL)

    async def noop(self, nonce: int) -> bool:
        """Use up the nonce of a request in doubt; return whether it was free until now.

        Free: the request never took effect and never will. Used: the venue has read the request, or
        an earlier noop, so that asking for its orders tells what became of them. So it does where
        the venue takes no nonce as low as that any more.
        """
        self._nonces.check_window(nonce)
        told = await self._act(
            safety.noop(), wire.read_done, stamp=Stamp(nonce, None), purpose=Purpose.CANCEL
        )
        if told is None:
            return True
        if _DUPLICATE_NONCE in told.text or _PASSED_NONCE in told.text:
            return False
        raise _refusal(told)

    async def twap_order(
        self, wanted: twap.Twap, *, reference_ticks: int | None = None, stamp: Stamp | None = None
    ) -> wire.TwapStarted | wire.OrderError:
        """Have the venue slice an order over time."""
        limits.check_twap(wanted, reference_ticks=reference_ticks)
        told = await self._act(twap.twap_order(wanted), wire.read_twap_started, stamp=stamp)
        if isinstance(told, wire.RequestError):
            raise _refusal(told)
        return told

    async def twap_cancel(self, market: Market, *, twap_id: int) -> Ended:
        """End a sliced order."""
        action = twap.twap_cancel(market, twap=twap_id)
        told = await self._act(action, wire.read_twap_canceled, purpose=Purpose.CANCEL)
        if isinstance(told, wire.RequestError):
            raise _refusal(told)
        return told

    # Margin and accounts.

    async def update_leverage(self, market: Market, *, leverage: int, is_cross: bool) -> None:
        """Set the leverage of a market, and cross or isolated margin."""
        limits.check_leverage(market, leverage)
        await self.perform(margin.update_leverage(market, leverage=leverage, is_cross=is_cross))

    async def update_isolated_margin(self, market: Market, *, micro_usd: int) -> None:
        """Add to an isolated position's margin, or take away if negative."""
        await self.perform(margin.update_isolated_margin(market, micro_usd=micro_usd))

    async def create_sub_account(self, name: str) -> str:
        """Make a sub-account of the master's; return its address."""
        limits.check_name(name)
        action = account.create_sub_account(name)
        told = await self._act(action, wire.read_created, for_master=True)
        if isinstance(told, wire.RequestError):
            raise _refusal(told)
        return told

    async def send_own_asset(self, transfer: account.OwnTransfer) -> None:
        """Move collateral between the dexs of the account."""
        limits.check_positive(transfer.atoms, "atoms")
        limits.check_address(transfer.account)
        stamp = self.stamp()
        action = account.agent_send_asset(transfer, nonce=stamp.nonce)
        await self.perform(action, stamp=stamp, for_master=True)

    async def perform(
        self,
        action: Mapping[str, object],
        *,
        stamp: Stamp | None = None,
        purpose: Purpose = Purpose.ORDER,
        for_master: bool = False,
    ) -> None:
        """Do any action that is answered with nothing but that it was done."""
        told = await self._act(
            action, wire.read_done, stamp=stamp, purpose=purpose, for_master=for_master
        )
        if told is not None:
            raise _refusal(told)

    async def _act(
        self,
        action: Mapping[str, object],
        read: Callable[[object], T],
        *,
        count: int = 1,
        stamp: Stamp | None = None,
        purpose: Purpose = Purpose.ORDER,
        for_master: bool = False,
    ) -> T:
        self._budget.act(count, purpose=purpose)  # first: what it refuses costs no nonce
        stamp = stamp or self.stamp(is_kept=purpose is not Purpose.CANCEL)
        body = self.signed(action, stamp, for_master=for_master)
        try:
            reply = await self._channel(body)
        except TransportError as error:
            raise no_answer(error) from error
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._budget.overdrawn()
        return read_action(reply, partial(self._learn, read))

    def _learn(self, read: Callable[[object], T], value: object) -> T:
        told = read(value)
        first = told[0] if isinstance(told, tuple) else told  # a batch is refused as a whole
        if isinstance(first, wire.RequestError):
            self._budget.refused(first.text)
        return told


def over_http(http: HttpClient, *, within: DurationNs) -> Channel:
    """Return the channel of ordinary requests."""
    return partial(http.post_json, "/exchange", within=within)


def over_socket(post: Callable[[wire.Fields], Awaitable[wire.Posted]]) -> Channel:
    """Return the channel over a stream's own connection.

    Parameters
    ----------
    post : callable
        Sends the ``request`` of a post and returns the answer to it; raises `TransportError` where
        none came.
    """

    async def send(body: bytes, /) -> HttpReply:
        return _as_reply(await post({"type": "action", "payload": orjson.Fragment(body)}))

    return send


# An error repeats the status that HTTP would have had; without one, nobody knows what happened.
def _as_reply(posted: wire.Posted) -> HttpReply:
    if posted.kind == "action":
        return HttpReply(HTTPStatus.OK, orjson.dumps(posted.payload))
    text = posted.payload if isinstance(posted.payload, str) else ""
    digits = text[:_STATUS_DIGITS]
    known = posted.kind == "error" and len(digits) == _STATUS_DIGITS and digits.isdecimal()
    status = int(digits) if known else HTTPStatus.INTERNAL_SERVER_ERROR.value
    return HttpReply(status, text.encode())


def _items(told: Sequence[T | wire.RequestError]) -> tuple[T, ...]:
    items = []
    for one in told:
        if isinstance(one, wire.RequestError):
            raise _refusal(one)
        items.append(one)
    return tuple(items)


# A nonce is sent once: that it is used already means that something else has taken it, or that a
# relay has sent our request twice.
def _refusal(told: wire.RequestError) -> RejectedError | InDoubtError:
    if _DUPLICATE_NONCE in told.text:
        return InDoubtError(VENUE, told.text)
    return RejectedError(VENUE, told.text)
