"""What a node knows of a transaction, as the end of a child or the lack of it."""

from router.domain.order import ChildOrder, OrderStatus
from router.domain.units import NS_PER_S
from router.port import Resolution
from venues.evm.adapter import Mined, Offer, Sighting
from venues.evm.refusal import Refusal
from venues.uniswap_v3 import translate


def ended(child: ChildOrder, seen: Sighting, *, router: str, recipient: str) -> Resolution | None:
    """Return how a child ended; None while it may still be mined to some effect."""
    if seen.mined is not None:
        return _mined(child, seen.mined, router=router, recipient=recipient)
    if seen.is_nonce_lost:
        return Resolution(OrderStatus.REJECTED, (), None, nonce_lost(child))
    if seen.is_nonce_used:
        return None  # by this very transaction, as far as is known: its receipt will come
    if seen.tip.timestamp_s > child.deadline_at // NS_PER_S:
        # The router refuses it in every later block; mined, it could only cost its gas.
        reason = f"not mined by block {seen.tip.number}, which is after the deadline"
        return Resolution(OrderStatus.EXPIRED, (), None, reason)
    return None


def unmined(offer: Offer) -> Resolution:
    """Return what is known of a transaction that was offered again and is not mined."""
    if offer.refusal in {Refusal.KNOWN, Refusal.NONCE_USED}:
        return Resolution(OrderStatus.NEW, (), None, "not mined yet")
    return Resolution(OrderStatus.IN_DOUBT, (), None, offer.reason)


def nonce_lost(child: ChildOrder) -> str:
    """Say that the transaction can never be mined."""
    return f"nonce {child.nonce} was used by another transaction"


def _mined(child: ChildOrder, mined: Mined, *, router: str, recipient: str) -> Resolution:
    receipt = mined.receipt
    if not receipt.succeeded:
        return Resolution(OrderStatus.REJECTED, (), receipt.gas_paid, mined.revert_reason)
    fills = translate.fills(
        child,
        receipt,
        router=router,
        recipient=recipient,
        at_venue=mined.header.ref.at_venue,
    )
    return Resolution(OrderStatus.FILLED, fills, receipt.gas_paid, "")
