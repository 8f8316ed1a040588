"""Orders: what was asked (parent), what is sent to a venue (child), and what came of it (fill)."""

import enum
from dataclasses import dataclass
from typing import Final

from router.domain.algo import Algo, Sweep
from router.domain.plan import Leg
from router.domain.quote import BoundQuote
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    BasketId,
    ChildId,
    InstrumentId,
    ParentId,
    Pips,
    Price,
    Side,
    TimestampNs,
    VenueId,
)

_SWEEP: Final = Sweep()
_ALONE: Final = BasketId("")


class OrderStatus(enum.Enum):
    """FIX OrdStatus, and IN_DOUBT: sent, outcome unknown."""

    PENDING_NEW = "pending_new"  # the intent is durable, nothing is signed
    SIGNED = "signed"  # the bytes are durable, they may or may not have been sent
    NEW = "new"  # the venue has it
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"  # a cancel is asked for, or on its way
    PENDING_REPLACE = "pending_replace"  # other terms are asked for, or on their way
    REPLACED = "replaced"  # a child whose rest another took over
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    IN_DOUBT = "in_doubt"


class TimeInForce(enum.Enum):
    """How long a child may wait at a book."""

    IMMEDIATE = "immediate"  # what does not trade at once is canceled
    RESTING = "resting"  # trades at once what it can, and waits with the rest
    POST_ONLY = "post_only"  # waits; refused by the venue where it would trade at once


class Persistence(enum.Enum):
    """How often the rest of a parent is planned again: FIX TimeInForce of a client's order."""

    DEADLINE = "deadline"  # until its deadline, within its rounds
    IMMEDIATE = "ioc"  # once; what did not fill is given back
    WHOLE = "fok"  # once, and all of it in one transaction or nothing


class TransactionState(enum.Enum):
    """What is known of a signed transaction before its outcome is final."""

    PENDING = "pending"  # the node has it, no block has
    MINED = "mined"  # in a block that is not yet deep enough
    REORGED = "reorged"  # was in a block that is void now
    DROPPED = "dropped"  # the node had it, and has it no longer; the same bytes were sent again
    STUCK = "stuck"  # unmined for too many blocks


class Replacement(enum.Enum):
    """What a second transaction of the same nonce is for."""

    BUMP = "bump"  # the same effect at a higher price
    CANCEL = "cancel"  # no effect but using up the nonce


TERMINAL = frozenset(
    {
        OrderStatus.REPLACED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """What a client asked for.

    Attributes
    ----------
    quantity : Amount
        In the base asset: exactly this much. In the quote asset: as much base as exactly this cash
        trades for.
    limit_price : Price | None
        No leg trades beyond it, fees included.
    slippage_max_pips : Pips
        Against the arrival price, fees included; bounds every leg where no limit price does.
    holding_horizon_s : int
        How long a perp position is expected to be held; prices its funding.
    venues : tuple of VenueId
        Venues allowed; empty means all that are configured.
    deadline_at : TimestampNs
        Nothing is sent after it.
    strategy : str
        Whose order it is, for limits and switches.
    reduces_only : bool
        Perp positions may only become smaller, and on chain only the base asset is sold.
    allow_similar : bool
        It is meant, though an equal order was sent a moment ago.
    by, confirmed_by : str
        Who sent it, and who else looked at it; empty where nobody said.
    hedges : tuple of ParentId
        Orders that cut what this one cuts the hedge of: it goes after them, and not where they
        failed.
    algo : Algo
        How its quantity is released over time.
    basket : BasketId
        Orders of one basket are planned together; empty where it stands alone.
    as_quoted : BoundQuote | None
        The quote it must be executed as; none other is planned.
    client : str
        Whose names of orders these are; empty for who trades at the desk itself.
    account : str
        The client's own account it is for; empty where nobody said.
    persistence : Persistence
        What becomes of what did not fill.
    """

    id: ParentId
    client_order_id: str
    side: Side
    base: AssetId
    quote: AssetId
    quantity: Amount
    limit_price: Price | None
    slippage_max_pips: Pips
    holding_horizon_s: int
    venues: tuple[VenueId, ...]
    deadline_at: TimestampNs
    submitted_at: TimestampNs
    strategy: str = "default"
    reduces_only: bool = False
    allow_similar: bool = False
    by: str = ""
    confirmed_by: str = ""
    hedges: tuple[ParentId, ...] = ()
    algo: Algo = _SWEEP
    basket: BasketId = _ALONE
    as_quoted: BoundQuote | None = None
    client: str = ""
    account: str = ""
    persistence: Persistence = Persistence.DEADLINE


@dataclass(frozen=True, slots=True)
class ChildOrder:
    """One order at one venue, an intent that is durable before anything is signed.

    Attributes
    ----------
    legs : tuple of Leg
        One leg for a book; every pool leg of the plan for a chain, executed as one transaction.
    nonce : int
        Of the account at the venue; at most one order can take effect for it.
    deadline_at : TimestampNs
        The venue refuses the order after this moment.
    slice : int
        Of the parent, counted from 1; the rounds begin anew with each.
    stage : int
        Children of a lower stage end before those of a higher one are planned.
    strategy : str
        The parent's.
    reduces_only : bool
        Perp books: the venue is told to let it only make the position smaller.
    time_in_force : TimeInForce
        Transactions are immediate. A child that waits has no deadline but its request's.
    """

    id: ChildId
    parent: ParentId
    venue: VenueId
    account: AccountId
    side: Side
    legs: tuple[Leg, ...]
    nonce: int
    deadline_at: TimestampNs
    round: int
    stage: int
    slice: int = 1
    strategy: str = "default"
    reduces_only: bool = False
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE


@dataclass(frozen=True, slots=True)
class SignedChild:
    """The bytes that will be sent, and the names by which the venue will know them.

    Attributes
    ----------
    reference : str
        What the outcome can be asked by: a transaction hash, a client order id.
    payload : str
        The signed bytes in hex (a transaction) or as text (a JSON request).
    """

    child: ChildId
    reference: str
    nonce: int
    payload: str
    replacement: Replacement | None = None  # None: the first of its nonce


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of ours.

    Attributes
    ----------
    id : str
        The venue's own identity of the execution; a second report of it is dropped.
    quantity : Amount
        Base traded, positive.
    notional : Amount
        Quote paid or received, positive, pool fees included, venue fees not.
    fee : Amount
        Charged on top by the venue; negative is a rebate.
    residue : tuple of Amount
        What the account received beside the trade: of a route's middle asset, what a pair without
        ticks gives beyond an exact output, what others had left in the router.
    """

    id: str
    child: ChildId
    instrument: InstrumentId
    quantity: Amount
    notional: Amount
    fee: Amount
    at_venue: TimestampNs
    residue: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class GasPaid:
    """What a mined transaction cost in the chain's coin, whether or not it did anything.

    The atoms include what a rollup charged for posting its data.
    """

    atoms: int
    gas_used: int
    block_number: int
    block_hash: str
