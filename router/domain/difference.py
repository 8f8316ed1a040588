"""What our record and a venue's may disagree about. Closed, and no more than names.

What each kind leads to is a table in `router.reconciliation.kinds`.
"""

import enum
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.units import NS_PER_S, AccountId, ChildId, DurationNs, TimestampNs


class DifferenceKind(enum.StrEnum):
    """All that can be found when an account is compared."""

    # Orders.
    FOREIGN_ORDER = "foreign_order"
    LOST_ORDER = "lost_order"
    LINGERING_ORDER = "lingering_order"
    MANUAL_CANCEL = "manual_cancel"
    # Fills.
    FOREIGN_FILL = "foreign_fill"
    MISSING_FILL = "missing_fill"
    LATE_FILL = "late_fill"
    REPEATED_FILL = "repeated_fill"
    DUPLICATED_FILL = "duplicated_fill"
    OVERFILL = "overfill"
    # What a venue does by itself.
    FUNDING = "funding"
    LIQUIDATION = "liquidation"
    DELEVERAGING = "deleveraging"
    SETTLEMENT = "settlement"
    # Money that came or went without a trade.
    DEPOSIT = "deposit"
    OWN_TRANSFER = "own_transfer"
    WITHDRAWAL = "withdrawal"
    # Nonces and blocks.
    NONCE_AHEAD = "nonce_ahead"
    REORGED = "reorged"
    # Numbers that nothing above explains.
    BALANCE = "balance"
    POSITION = "position"
    GAS = "gas"
    EQUITY = "equity"
    # What cannot be judged yet.
    IN_FLIGHT = "in_flight"
    BEHIND = "behind"
    UNREADABLE = "unreadable"
    NEW_ITEM = "new_item"


_LOOK_EVERY: Final = DurationNs(60 * NS_PER_S)
_PATIENCE: Final = DurationNs(30 * NS_PER_S)

Identity: TypeAlias = tuple[AccountId, DifferenceKind, str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what our record says it must be.

    Attributes
    ----------
    item : str
        An asset, an instrument's position, or the venue's id of an order, a fill, a transfer.
    expected, actual : int
        Atoms, lots of a position, or nonces; of an order, a fill or a transfer expected is zero.
    detail : str
        What was found, for a person; empty where the numbers say it all.
    child : ChildId | None
        Whose order or fill it is, if it is ours.
    """

    account: AccountId
    item: str
    expected: int
    actual: int
    kind: DifferenceKind = DifferenceKind.BALANCE
    detail: str = ""
    child: ChildId | None = None

    @property
    def identity(self) -> Identity:
        """What it is known by while the numbers move on together: by how much it is off."""
        return self.account, self.kind, self.item, self.actual - self.expected

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        if self.detail:
            return f"{self.kind.replace('_', ' ')}: {self.account}: {self.detail}"
        return (
            f"{self.item} of {self.account}: expected {self.expected} atoms,"
            f" the venue says {self.actual} (off by {self.actual - self.expected})"
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """A difference that was there at the last look.

    Attributes
    ----------
    since : TimestampNs
        The first look it was seen at, unchanged.
    is_told : bool
        Whether somebody was told of it.
    """

    since: TimestampNs
    is_told: bool


@dataclass(frozen=True, slots=True)
class ReconciliationRules:
    """How often accounts are compared, and how long a doubt may last.

    Attributes
    ----------
    look_every : DurationNs
        Also where nothing trades.
    patience : DurationNs
        What differs unchanged for so long is taken for a difference, whatever is in flight.
    """

    look_every: DurationNs = _LOOK_EVERY
    patience: DurationNs = _PATIENCE
