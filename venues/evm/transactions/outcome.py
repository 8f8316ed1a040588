"""What is seen of a child's transactions, in the words of `router.port`. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from router.domain.error import MalformedDataError
from router.domain.order import Fill, OrderStatus, Replacement, SignedChild
from router.domain.units import TimestampNs
from router.port import Resolution
from venues.evm.transactions.lifecycle import Attempts, Sight, State, Step
from venues.evm.transactions.sighting import Mined, Sighting
from venues.evm.transactions.transaction import Body, SignedTransaction, read_body
from venues.evm.words.node import Receipt
from venues.evm.words.refusal import Offer, Refusal

Decode: TypeAlias = Callable[[Receipt, TimestampNs], tuple[Fill, ...]]


def body_of(signed: SignedChild) -> Body:
    """Return what an attempt does, from its own bytes.

    Raises
    ------
    MalformedDataError
        If they are not those of its hash.
    """
    return read_body(SignedTransaction(raw=signed.payload, hash=signed.reference))


def attempts_of(attempts: Sequence[SignedChild]) -> Attempts:
    """Count the attempts at a child; the newest is the last."""
    return Attempts(
        count=len(attempts),
        bumps_count=sum(each.replacement is Replacement.BUMP for each in attempts),
        is_cancel=attempts[-1].replacement is Replacement.CANCEL,
    )


def sight_of(mined: Mined, attempts: Sequence[SignedChild], *, sender: str, is_deep: bool) -> Sight:
    """Return what a mined attempt shows; what it does is read from the bytes that were mined.

    Raises
    ------
    MalformedDataError
        If its bytes are not those of its hash.
    """
    if not is_deep:
        return Sight.SHALLOW
    found = next(each for each in attempts if each.reference == mined.receipt.hash)
    if body_of(found).is_cancel(sender):
        return Sight.DEEP_CANCEL
    return Sight.DEEP if mined.receipt.succeeded else Sight.DEEP_REVERTED


def ended(state: State, mined: Mined, decode: Decode) -> Resolution:
    """Return how a child ended with a transaction of its own.

    A receipt that does not tell what was traded is final as any other: no fill is made up, and the
    accounts will differ from the books by what it did.
    """
    receipt = mined.receipt
    gas = receipt.gas_paid
    if state is State.CANCELED:
        reason = f"canceled: a transfer to ourselves used its nonce in block {gas.block_number}"
        return Resolution(OrderStatus.CANCELED, (), gas, reason)
    if state is State.REVERTED:
        return Resolution(OrderStatus.REJECTED, (), gas, mined.revert_reason)
    assert state is State.CONFIRMED, f"{state} is no end by a transaction of ours"
    try:
        fills = decode(receipt, mined.header.ref.at_venue)
    except MalformedDataError as error:
        reason = f"{receipt.hash} was mined, but its logs do not say what was traded: {error}"
        return Resolution(OrderStatus.REJECTED, (), gas, reason)
    return Resolution(OrderStatus.FILLED, fills, gas, "")


def lost(nonce: int) -> Resolution:
    """Return how a child ended whose nonce somebody else used."""
    return Resolution(OrderStatus.REJECTED, (), None, nonce_lost(nonce))


def nonce_lost(nonce: int) -> str:
    """Say that the transaction can never be mined."""
    return f"nonce {nonce} was used by another transaction"


def shallow(seen: Sighting, block_number: int, *, confirmations: int) -> Resolution:
    """Return what is known of a child whose block may still be replaced."""
    depth = seen.depth_of(block_number)
    reason = f"in block {block_number}, {depth} of {confirmations} blocks deep"
    return Resolution(OrderStatus.NEW, (), None, reason, progress=State.MINED.progress)


def unclear(nonce: int, taken_in: int | None) -> Resolution:
    """Return what is known of a child whose nonce is used, it is not certain by whom."""
    if taken_in is None:
        reason = f"nonce {nonce} is used; the receipt of the transaction will come"
        return Resolution(OrderStatus.NEW, (), None, reason)
    reason = f"{nonce_lost(nonce)} in block {taken_in}, which may still be replaced"
    return Resolution(OrderStatus.IN_DOUBT, (), None, reason)


def waiting(step: Step, seen: Sighting, offer: Offer | None) -> Resolution:
    """Return what is known of a child that is not mined, after its bytes were offered again."""
    status, reason = OrderStatus.NEW, f"not mined by block {seen.tip.number}"
    if offer is not None and offer.refusal not in {Refusal.KNOWN, Refusal.NONCE_USED}:
        status, reason = OrderStatus.IN_DOUBT, offer.reason
    progress = step.track.state.progress
    return Resolution(status, (), None, reason, progress=progress, wanted=step.wanted)
