"""Transactions of one account: simulated, priced, signed, sent, followed until they are final.

What must survive a restart is in the journal of whoever asks: every attempt that may have been sent
is handed in again. What is kept here is how long an attempt has been waiting, and what was told.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from router.domain.error import (
    InDoubtError,
    MalformedDataError,
    NotSentError,
    RejectedError,
    VenueError,
)
from router.domain.order import TERMINAL, ChildOrder, Replacement, SignedChild
from router.domain.units import NS_PER_S, ChildId, DurationNs
from router.port import Clock, Gate, Resolution
from venues.evm.nodes.chain import LATEST
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.routers.calldata import Execution
from venues.evm.spec import ChainConfig
from venues.evm.transactions import lifecycle, outcome
from venues.evm.transactions.fees import FeeCapError
from venues.evm.transactions.lifecycle import Look, Policy, Sight, State, Track
from venues.evm.transactions.outcome import Decode
from venues.evm.transactions.sending import Sender
from venues.evm.transactions.sighting import Sighting, look_for
from venues.evm.transactions.signing import Signer
from venues.evm.words.key import SigningKey
from venues.evm.words.node import parse_quantity
from venues.evm.words.refusal import Offer, Refusal
from venues.transport.error import NotDeliveredError, TransportError
from venues.transport.json_rpc import JsonRpcError

NextHead: TypeAlias = Callable[[], asyncio.Event]

LOOK_EVERY: Final = DurationNs(NS_PER_S // 4)  # where no stream tells of new heads
RETRY_PAUSE: Final = DurationNs(NS_PER_S // 10)


@dataclass(slots=True)
class _Followed:
    """What is remembered of a child from one look to the next.

    Attributes
    ----------
    told : State | None
        What the last call of `resolve` ended with.
    relayed : dict
        The head at which a relay last took an attempt, by its hash.
    """

    track: Track
    told: State | None = None
    relayed: dict[str, int] = field(default_factory=dict)


class Executor:
    """Executes children of one account on one chain."""

    def __init__(  # noqa: PLR0917 (each is of another type, and all are its owner's)
        self, config: ChainConfig, endpoints: Endpoints, clock: Clock, key: SigningKey
    ) -> None:
        self._config = config
        self._endpoints = endpoints
        self._clock = clock
        self._signer = Signer(config, endpoints, key)
        self._sender = Sender(config, endpoints)
        self._followed: dict[ChildId, _Followed] = {}
        self._gate: Gate | None = None

    def obey(self, gate: Gate) -> None:
        """Ask `gate` right before a transaction that trades is sent, also a second time."""
        self._gate = gate

    async def sign(
        self,
        child: ChildOrder,
        execution: Execution,
        *,
        spend_max: Mapping[str, int] | None = None,
        decode: Decode | None = None,
    ) -> SignedChild:
        """Simulate a child's transaction on top of what is pending, and sign it.

        Parameters
        ----------
        spend_max : Mapping[str, int] | None
            The most atoms that may leave the account, by token in lower case; nothing else may.
            Checked where the node can tell. None does not check.
        decode : Decode | None
            Reads fills from logs, as `resolve` does. The simulation's must be those of the child,
            where the node can tell. None does not check.

        Raises
        ------
        NotSentError
            If it would revert, take more than it may, trade something else, or cannot be paid for:
            it says which.
        """
        with self._failing_as(NotSentError):
            return await self._signer.first(child, execution, spend_max=spend_max, decode=decode)

    async def replace(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], replacement: Replacement
    ) -> SignedChild:
        """Sign another transaction of the child's nonce at a higher price; sends nothing.

        Raises
        ------
        NotSentError
            If the nonce is used, no price within the cap would do it, or no node answered.
        """
        with self._failing_as(NotSentError):
            match replacement:
                case Replacement.BUMP:
                    return await self._signer.bump(child, attempts)
                case Replacement.CANCEL:
                    return await self._signer.cancel(child, attempts)

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send a signed transaction; returns once a node or a relay has it.

        Raises
        ------
        NotSentError
            If it cannot have arrived anywhere, too many are in flight, or the nonce is used.
        RejectedError
            If every node refused it for good.
        InDoubtError
            If no answer settles whether it is on its way.
        """
        if signed.replacement is None:
            await self._check_in_flight(child)
        if not self._may_send(child, signed):  # a node may have taken its time to answer
            raise NotSentError(self._config.venue, "the kill switch was set before it was sent")
        try:
            offer = await self._offer(signed)
        except NotDeliveredError as error:
            raise NotSentError(self._config.venue, str(error)) from error
        if offer.refusal is Refusal.KNOWN:
            return
        if offer.refusal is Refusal.NONCE_USED:
            await self._check_own_nonce(child, signed)
        elif offer.refusal.is_for_good:
            raise RejectedError(self._config.venue, offer.reason)
        else:
            raise InDoubtError(self._config.venue, offer.reason)

    async def resolve(
        self,
        child: ChildOrder,
        attempts: tuple[SignedChild, ...],
        *,
        decode: Decode,
        next_head: NextHead,
    ) -> Resolution:
        """Look for a child's transactions at every head until one is final, or there is news.

        The newest attempt is sent again, byte for byte, where it is missing. Returns what is known
        when the time for one call is over.

        Raises
        ------
        InDoubtError
            If no node could be asked.
        """
        latest: Resolution | None = None
        problem = "no node answered in time"
        try:
            async with asyncio.timeout(self._config.receipt_timeout / NS_PER_S):
                while latest is None or not self._is_news(child, latest):
                    head = next_head()
                    try:
                        latest = await self._look(child, attempts, decode)
                    except (TransportError, JsonRpcError) as error:
                        problem = str(error)
                        await self._clock.sleep(RETRY_PAUSE)
                        continue
                    if not self._is_news(child, latest):
                        await _wait(head)
        except TimeoutError:
            if latest is None:
                raise InDoubtError(self._config.venue, problem) from None
        except MalformedDataError as error:
            raise InDoubtError(self._config.venue, str(error)) from error
        self._note_told(child, latest)
        return latest

    async def close(self) -> None:
        """Close the connections to relays; idempotent. The endpoints are their owner's."""
        await self._sender.close()

    async def _look(
        self, child: ChildOrder, attempts: Sequence[SignedChild], decode: Decode
    ) -> Resolution:
        hashes = [each.reference for each in attempts]
        seen = await self._endpoints.ask(
            lambda chain: look_for(chain, hashes, sender=self._config.address, nonce=child.nonce)
        )
        about = outcome.attempts_of(attempts)
        followed = self._followed.setdefault(child.id, _Followed(lifecycle.begin(about)))
        followed.track = lifecycle.attempted(followed.track, about)
        if seen.mined is not None:
            return self._mined(child, attempts, seen, decode=decode)
        if seen.is_unclear or seen.taken_in is not None:
            return self._used(child, seen)
        return await self._unmined(child, attempts, seen)

    def _mined(
        self,
        child: ChildOrder,
        attempts: Sequence[SignedChild],
        seen: Sighting,
        *,
        decode: Decode,
    ) -> Resolution:
        assert seen.mined is not None, "only what is mined comes here"
        number = seen.mined.receipt.block_number
        is_deep = seen.depth_of(number) >= self._config.confirmations
        sight = outcome.sight_of(seen.mined, attempts, sender=self._config.address, is_deep=is_deep)
        followed = self._followed[child.id]
        track = lifecycle.mined(followed.track, sight, block_number=number)
        if not is_deep:
            followed.track = track
            return outcome.shallow(seen, number, confirmations=self._config.confirmations)
        resolution = outcome.ended(track.state, seen.mined, decode)
        del self._followed[child.id]
        return resolution

    # Somebody else's transaction is believed as little as ours before it is deep enough.
    def _used(self, child: ChildOrder, seen: Sighting) -> Resolution:
        number = seen.taken_in
        if number is None or seen.depth_of(number) < self._config.confirmations:
            return outcome.unclear(child.nonce, number)
        followed = self._followed.pop(child.id)
        lifecycle.mined(followed.track, Sight.TAKEN, block_number=number)
        return outcome.lost(child.nonce)

    async def _unmined(
        self, child: ChildOrder, attempts: Sequence[SignedChild], seen: Sighting
    ) -> Resolution:
        followed, newest = self._followed[child.id], attempts[-1]
        look = Look(
            number=seen.tip.number,
            timestamp_s=seen.tip.timestamp_s,
            attempts=outcome.attempts_of(attempts),
            policy=self._policy(child),
        )
        # What a relay took is on its way as far as anybody can tell; it is told of it every block.
        relayed_at = followed.relayed.get(newest.reference)
        step = lifecycle.unmined(
            followed.track, look, is_pooled=seen.is_pooled or relayed_at is not None
        )
        offer = None
        may_offer = step.may_offer and self._may_send(child, newest)
        if may_offer and not seen.is_pooled and relayed_at != look.number:
            offer = await self._offered_again(newest)
            if offer.refusal is Refusal.KNOWN and self._is_private(newest):
                followed.relayed[newest.reference] = look.number
            step = lifecycle.refused(step, offer.refusal, look)
        followed.track = step.track
        return outcome.waiting(step, seen, offer)

    async def _offered_again(self, signed: SignedChild) -> Offer:
        try:
            return await self._offer(signed)
        except NotDeliveredError as error:
            return Offer(Refusal.UNCLEAR, str(error))

    async def _offer(self, signed: SignedChild) -> Offer:
        is_cancel = signed.replacement is Replacement.CANCEL
        return await self._sender.offer(signed, is_cancel=is_cancel)

    def _may_send(self, child: ChildOrder, signed: SignedChild) -> bool:
        is_cancel = signed.replacement is Replacement.CANCEL
        return is_cancel or self._gate is None or self._gate.may_send(child)

    def _is_private(self, signed: SignedChild) -> bool:
        return self._sender.is_private(is_cancel=signed.replacement is Replacement.CANCEL)

    async def _check_in_flight(self, child: ChildOrder) -> None:
        with self._failing_as(NotSentError):
            count = parse_quantity(
                await self._endpoints.ask(
                    lambda chain: chain.request(
                        "eth_getTransactionCount", self._config.address, LATEST
                    )
                )
            )
        most = self._config.in_flight_max
        if child.nonce - count >= most:
            raise NotSentError(
                self._config.venue,
                f"nonce {child.nonce} would be one more than in_flight_max, {most}, unmined",
            )

    async def _check_own_nonce(self, child: ChildOrder, signed: SignedChild) -> None:
        if signed.replacement is not None:
            raise NotSentError(
                self._config.venue, f"nonce {child.nonce} is used: there is nothing to replace"
            )
        sender, hashes = self._config.address, [signed.reference]
        with self._failing_as(InDoubtError):
            seen = await self._endpoints.ask(
                lambda chain: look_for(chain, hashes, sender=sender, nonce=child.nonce)
            )
        if seen.taken_in is not None:
            raise NotSentError(self._config.venue, outcome.nonce_lost(child.nonce))

    def _policy(self, child: ChildOrder) -> Policy:
        config = self._config
        return Policy(
            replace_after_blocks=config.replace_after_blocks,
            replacements_max=config.replacements_max,
            deadline_s=child.deadline_at // NS_PER_S,
        )

    def _is_news(self, child: ChildOrder, latest: Resolution) -> bool:
        if latest.status in TERMINAL or latest.wanted is not None:
            return True
        followed = self._followed[child.id]
        state = followed.track.state
        return state.progress is not None and state is not followed.told

    def _note_told(self, child: ChildOrder, latest: Resolution) -> None:
        if latest.status not in TERMINAL:
            followed = self._followed[child.id]
            followed.told = followed.track.state

    @contextmanager
    def _failing_as(self, kind: type[VenueError]) -> Iterator[None]:
        try:
            yield
        except (TransportError, JsonRpcError, MalformedDataError, FeeCapError) as error:
            raise kind(self._config.venue, str(error)) from error


# A head wakes it where a stream runs; a poll does where none does.
async def _wait(next_head: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_EVERY / NS_PER_S):
            await next_head.wait()
