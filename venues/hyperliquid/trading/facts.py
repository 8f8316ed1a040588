"""What can be said of an order of ours, by us or by the venue, in one vocabulary.

Prices, sizes and fees are integers in units of 1e-8, which is finer than any grid of the venue, so
that facts of coins with different grids add up. Refuses to say what follows from them: `history`
does.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from router.domain.units import TimestampNs

E8_DECIMALS: Final = 8
WORKING_WORDS: Final = ("open", "triggered")  # every other status ends an order, known or not


@dataclass(frozen=True, slots=True)
class Intent:
    """An order about to be sent, or the order that is to take its place.

    Attributes
    ----------
    nonce : int, [ms]
        Of the action that carries it; whoever uses it up otherwise makes the action impossible.
    expires_after_ms : int | None
        The venue refuses the action after this moment.
    modifies_oid : int
        The order it replaces; zero for a new one. The venue's ids grow, and the new order has a
        greater one.
    ends_at_once : bool
        Whether none of it ever rests (immediate-or-cancel).
    """

    cloid: str
    coin: str
    is_buy: bool
    size_e8: int
    nonce: int
    expires_after_ms: int | None = None
    modifies_oid: int = 0
    ends_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """The venue took it. Without an id it waits for a trigger, or the answer does not tell.

    Attributes
    ----------
    filled_e8 : int | None
        What it traded at once, where the answer says that it did.
    """

    oid: int | None
    filled_e8: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue read it and said no; it never was."""

    text: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It cannot have arrived; it never was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer that settles it."""

    reason: str


Answer: TypeAlias = Placed | Refused | NotSent | Silent


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What the venue says of one of its ids, pushed or asked for.

    Attributes
    ----------
    left_e8 : int
        As of the last change of status; fills since then may have made it smaller.
    """

    oid: int
    cloid: str | None
    coin: str
    is_buy: bool
    size_e8: int
    left_e8: int
    status: str

    @property
    def has_ended(self) -> bool:
        """Whether it will not trade any more."""
        return self.status not in WORKING_WORDS

    @property
    def was_refused(self) -> bool:
        """Whether it never was in the book."""
        return self.status.lower().endswith("rejected") and self.traded_e8 == 0

    @property
    def traded_e8(self) -> int:
        """Return how much it has traded at least; exactly so much if it has ended.

        What is left of a filled order is not always written as zero: some answers repeat the whole
        size.
        """
        return self.size_e8 if self.status == "filled" else self.size_e8 - self.left_e8


FillKey: TypeAlias = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class FillReport:
    """One execution of the account's, of whichever order.

    Attributes
    ----------
    direction : str
        The venue's words; an open-ended list.
    liquidated : str | None
        Whose liquidation it was part of, lower-case address.
    twap_id : int | None
        The TWAP it is a slice of.
    """

    oid: int
    cloid: str | None
    coin: str
    is_buy: bool
    price_e8: int
    size_e8: int
    fee_e8: int
    fee_token: str
    time_ms: int
    trade_id: int
    direction: str = ""
    liquidated: str | None = None
    twap_id: int | None = None

    @property
    def signed_e8(self) -> int:
        """The size; negative was sold."""
        return self.size_e8 if self.is_buy else -self.size_e8

    @property
    def key(self) -> FillKey:
        """What identifies it: told again, it is the same."""
        return self.time_ms, self.coin, self.trade_id


@dataclass(frozen=True, slots=True)
class FundingReport:
    """One settlement of funding of the account's; a negative amount was paid."""

    coin: str
    amount_e8: int
    time_ms: int

    @property
    def key(self) -> tuple[int, str]:
        """What identifies it: told again, it is the same."""
        return self.time_ms, self.coin


Fills: TypeAlias = Mapping[int, Mapping[FillKey, FillReport]]  # by the id of the order


class OrderState(enum.Enum):
    """What may still happen to an order."""

    IN_DOUBT = "in doubt"  # it may or may not exist, or a trade of it is not told yet
    WORKING = "working"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class OrderView:
    """What is known of an order now.

    Attributes
    ----------
    oids : tuple of int
        Every id it has had, ascending.
    present_oid : int | None
        The one under which it lives now.
    word : str
        The venue's own word for the state; for an order that never was, why.
    fills : tuple of FillReport
        Each once, oldest first, over all its ids.
    """

    cloid: str
    coin: str
    is_buy: bool
    size_e8: int
    oids: tuple[int, ...]
    present_oid: int | None
    state: OrderState
    word: str
    fills: tuple[FillReport, ...]

    @property
    def filled_e8(self) -> int:
        """Return how much has traded."""
        return sum(fill.size_e8 for fill in self.fills)

    @property
    def average_price(self) -> Fraction | None:
        """Return the exact mean price of what has traded, [quote / base]."""
        if not self.fills:
            return None
        notional = sum(fill.price_e8 * fill.size_e8 for fill in self.fills)
        return Fraction(notional, self.filled_e8 * 10**E8_DECIMALS)

    def fee_e8(self, token: str) -> int:
        """Return what was charged in one token; negative is a rebate."""
        return sum(fill.fee_e8 for fill in self.fills if fill.fee_token == token)


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Ask `orderStatus` by our own id, which tells the newest order that has it."""

    cloid: str


@dataclass(frozen=True, slots=True)
class AskOid:
    """Ask `orderStatus` by the venue's id."""

    cloid: str
    oid: int


@dataclass(frozen=True, slots=True)
class AskFills:
    """Ask `userFillsByTime` from this moment on."""

    since_ms: int


Question: TypeAlias = AskOrder | AskOid | AskFills


@dataclass(frozen=True, slots=True)
class Doubt:
    """An action whose nonce has to be used up before its order can be told to exist or not."""

    cloid: str
    nonce: int
    since: TimestampNs
