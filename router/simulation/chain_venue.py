"""The simulated chain as a venue: what it says, through a link that may lose or delay it.

Keeps to what `router.port` promises and to nothing beyond it. Refuses to remember anything that
must survive a restart: that is in the journal of whoever asks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias, TypeVar

from router.domain.account import AccountSnapshot
from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from router.domain.market import StreamLost
from router.domain.order import (
    TERMINAL,
    ChildOrder,
    OrderStatus,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.units import NS_PER_S, AccountId, Amount, ChildId, DurationNs, VenueId
from router.port import Clock, Emit, Gate, Resolution
from router.simulation.chain import Chain, Sighting, Told, is_final
from router.simulation.link import Link, NoAnswerError, UnreachableError
from router.simulation.town import CHAIN, CONFIRMATIONS, WALLET
from router.simulation.transaction import Mined
from router.simulation.weather import Weather

_BEHIND_MAX: Final = CONFIRMATIONS + 2  # blocks: a node may not have seen what others call final
_REPLACE_AFTER_BLOCKS: Final = 5
_BUMPS_MAX: Final = 2
_LOOKS_MAX: Final = 4  # in one call of `resolve`
_LOOK_PAUSE: Final = DurationNs(NS_PER_S)

T = TypeVar("T")
Sent: TypeAlias = Callable[[ChildOrder, SignedChild], None]


@dataclass(slots=True)
class _Track:
    """What is remembered of a child from look to look."""

    attempts_count: int = 0
    unmined_since: int = 0
    asked_at: int = -_REPLACE_AFTER_BLOCKS
    told: TransactionState | None = None
    is_known: bool = False  # a node had the newest attempt


@dataclass(frozen=True, slots=True)
class Means:
    """What a venue of one life of the process is made of.

    Attributes
    ----------
    sent : function
        Told of all bytes that leave, before they do.
    """

    link: Link
    rng: Random
    clock: Clock
    weather: Callable[[], Weather]
    sent: Sent


class ChainVenue:
    """Satisfies `router.port.Venue`."""

    def __init__(self, chain: Chain, means: Means) -> None:
        self._chain = chain
        self._means = means
        self._gate: Gate | None = None
        self._tracks: dict[ChildId, _Track] = {}

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        return CHAIN

    @property
    def account(self) -> AccountId:
        """The wallet."""
        return WALLET

    def obey(self, gate: Gate) -> None:
        """Ask `gate` before anything that trades is sent."""
        self._gate = gate

    async def start(self) -> None:
        """Do nothing: it is here."""

    async def close(self) -> None:
        """Do nothing: it stays."""

    async def stream(self, emit: Emit) -> None:
        """Emit snapshots, then changes; now and then lose the thread and begin again."""
        means = self._means
        lost = asyncio.Event()

        def hear(told: Told) -> None:
            if means.rng.random() < means.weather().stream_loss:
                lost.set()
            if not lost.is_set():
                for event in told:
                    emit(event)

        while True:
            for event in self._chain.snapshots(means.clock.now()):
                emit(event)
            self._chain.listen(hear)
            await lost.wait()
            emit(StreamLost(CHAIN, "the socket broke", means.clock.now()))
            await means.clock.sleep(DurationNs(NS_PER_S))
            lost.clear()

    async def read_account(self) -> AccountSnapshot:
        """Return balances at a node's head, which may be behind."""
        block = await self._ask(lambda: self._chain.at(self._behind()), InDoubtError)
        held = tuple(Amount(asset, atoms) for asset, atoms in block.state.balances.items())
        return AccountSnapshot(
            account=WALLET,
            balances=held,
            spendable=held,
            positions=(),
            equity_atoms=0,
            margin_used_atoms=0,
            next_nonce=block.state.nonce,
            block=block.ref,
            received_at=self._means.clock.now(),
        )

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Sign what would not revert now."""
        reason = await self._ask(lambda: self._chain.rehearse(child), NotSentError)
        if reason:
            raise NotSentError(CHAIN, f"{child.id} would revert: {reason}")
        return self._signed(child, 0, None)

    async def replace(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], replacement: Replacement
    ) -> SignedChild:
        """Sign a dearer transaction of the same nonce."""
        head = await self._ask(lambda: self._chain.head, NotSentError)
        if head.state.nonce > child.nonce:
            raise NotSentError(CHAIN, f"nonce {child.nonce} is used: there is nothing to replace")
        return self._signed(child, len(attempts), replacement)

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Offer the bytes to a node."""
        if not self._may_send(child, signed):
            raise NotSentError(CHAIN, "the kill switch was set before it was sent")
        self._means.sent(child, signed)
        try:
            reason = await self._means.link.ask(lambda: self._chain.offer(signed.reference))
        except UnreachableError as error:
            raise NotSentError(CHAIN, str(error)) from error
        except NoAnswerError as error:
            raise InDoubtError(CHAIN, str(error)) from error
        if reason == "nonce too low":
            await self._check_own(child, signed)
        elif reason:
            raise InDoubtError(CHAIN, reason)

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Look for the transactions of a child until one is final, or there is news."""
        track = self._tracks.setdefault(child.id, _Track())
        latest = await self._look(child, attempts, track)
        for _ in range(_LOOKS_MAX):
            is_news = latest.progress is not None and latest.progress is not track.told
            if is_news or latest.wanted is not None or latest.status in TERMINAL:
                break
            await self._means.clock.sleep(_LOOK_PAUSE)
            latest = await self._look(child, attempts, track)
        track.told = latest.progress
        return latest

    async def cancel(self, child: ChildOrder, _attempts: tuple[SignedChild, ...]) -> None:
        """Refuse: a transaction is replaced, not cancelled."""
        raise RejectedError(CHAIN, f"{child.id}: nothing waits at a book")

    async def _look(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], track: _Track
    ) -> Resolution:
        names = tuple(each.reference for each in attempts)
        seen = await self._ask(
            lambda: self._chain.look(names, child.nonce, self._behind()), InDoubtError
        )
        if seen.mined is not None:
            return ended(seen.mined) if is_final(seen) else _shallow(seen)
        if seen.taken:
            # By which transaction, a node that is behind or between two branches cannot tell.
            return await self._taken(child, names)
        return await self._unmined(child, attempts, (seen, track))

    async def _taken(self, child: ChildOrder, names: tuple[str, ...]) -> Resolution:
        seen = await self._ask(lambda: self._chain.look(names, child.nonce, 0), InDoubtError)
        if seen.taken:
            return Resolution(OrderStatus.IN_DOUBT, (), None, f"nonce {child.nonce} is used")
        return Resolution(OrderStatus.NEW, (), None, "the node was behind")

    async def _unmined(
        self,
        child: ChildOrder,
        attempts: tuple[SignedChild, ...],
        seeing: tuple[Sighting, _Track],
    ) -> Resolution:
        seen, track = seeing
        newest, number = attempts[-1], seen.head.number
        if track.attempts_count != len(attempts):
            track.attempts_count, track.unmined_since, track.is_known = len(attempts), number, False
        is_cancel = newest.replacement is Replacement.CANCEL
        is_late = seen.head.at_venue > child.deadline_at and not is_cancel
        state: TransactionState | None = None
        if seen.is_pooled:
            track.is_known, state = True, TransactionState.PENDING
        elif track.is_known:
            state = TransactionState.DROPPED
        if not seen.is_pooled and not is_late and self._may_send(child, newest):
            self._means.sent(child, newest)
            await self._ask(lambda: self._chain.offer(newest.reference), InDoubtError)
        overdue = is_late or number - track.unmined_since >= _REPLACE_AFTER_BLOCKS
        wanted = None
        if overdue and number - track.asked_at >= _REPLACE_AFTER_BLOCKS:
            track.asked_at, state = number, TransactionState.STUCK
            bumps = sum(each.replacement is Replacement.BUMP for each in attempts)
            is_over = is_late or is_cancel or bumps >= _BUMPS_MAX
            wanted = Replacement.CANCEL if is_over else Replacement.BUMP
        reason = f"not mined by block {number}"
        return Resolution(OrderStatus.NEW, (), None, reason, progress=state, wanted=wanted)

    async def _check_own(self, child: ChildOrder, signed: SignedChild) -> None:
        if signed.replacement is not None:
            raise NotSentError(CHAIN, f"nonce {child.nonce} is used: nothing to replace")
        names = (signed.reference,)
        seen = await self._ask(lambda: self._chain.look(names, child.nonce, 0), InDoubtError)
        if seen.taken:
            raise NotSentError(CHAIN, f"nonce {child.nonce} was used by another transaction")

    def _signed(
        self, child: ChildOrder, count: int, replacement: Replacement | None
    ) -> SignedChild:
        made = self._chain.sign(child, count, replacement)
        return SignedChild(child.id, made.hash, child.nonce, f"bytes of {made.hash}", replacement)

    def _may_send(self, child: ChildOrder, signed: SignedChild) -> bool:
        is_cancel = signed.replacement is Replacement.CANCEL
        return is_cancel or self._gate is None or self._gate.may_send(child)

    def _behind(self) -> int:
        means = self._means
        is_stale = means.rng.random() < means.weather().stale
        return means.rng.randint(1, _BEHIND_MAX) if is_stale else 0

    async def _ask(self, question: Callable[[], T], error_type: type[VenueError]) -> T:
        try:
            return await self._means.link.ask(question)
        except (UnreachableError, NoAnswerError) as error:
            raise error_type(CHAIN, str(error)) from error


def ended(mined: Mined) -> Resolution:
    """Return how a child ended with a transaction that is final."""
    if mined.transaction.is_cancel:
        return Resolution(OrderStatus.CANCELED, (), mined.gas, "its nonce was used up")
    if not mined.succeeded:
        return Resolution(OrderStatus.REJECTED, (), mined.gas, mined.reason)
    return Resolution(OrderStatus.FILLED, mined.fills, mined.gas, "")


def _shallow(seen: Sighting) -> Resolution:
    reason = f"{seen.depth} blocks deep"
    return Resolution(OrderStatus.NEW, (), None, reason, progress=TransactionState.MINED)
