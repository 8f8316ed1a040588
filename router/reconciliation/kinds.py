"""The closed table: each kind of difference, how it is found, and what it always leads to.

`README.md` beside this module shows the same table; a test keeps them equal. Decides nothing: the
engine does what a rule says.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.difference import Difference, DifferenceKind


class Resolution(enum.StrEnum):
    """What a difference always leads to."""

    BOOK = "book"  # the record takes it in; nothing stops
    TELL = "tell"  # somebody is told; nothing stops
    DROP = "drop"  # it is what is known already
    ASK_AGAIN = "ask_again"  # nothing is concluded from this look
    RE_RESOLVE = "re_resolve"  # the venue is asked for the child again, and its answer is booked
    CANCEL = "cancel"  # the venue is told to cancel it
    HALT = "halt"  # no new order is taken until it is gone, or somebody accepts it


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind means, and what it leads to.

    Attributes
    ----------
    is_told : bool
        Whether somebody is called. What is asked for again is told once it lasts.
    """

    means: str
    found: str
    resolution: Resolution
    remedy: str
    is_told: bool = True


K, R = DifferenceKind, Resolution
_ACCEPT: Final = "find who did it, then run headrace accept"
_NONE: Final = "none"

RULES: Final[Mapping[DifferenceKind, Rule]] = {
    K.FOREIGN_ORDER: Rule(
        "an order waits at the venue that no child of ours sent",
        "the venue's open orders against the references of all that was signed",
        # It may be what protects the account, so it is its owner's to cancel; if it trades, the
        # desk halts over its fill.
        R.TELL,
        "cancel it at the venue if nobody wants it",
    ),
    K.LOST_ORDER: Rule(
        "a child of ours waits, and the venue does not show it",
        "children that wait against the venue's open orders, where nothing moved meanwhile",
        R.RE_RESOLVE,
        "none; while it lasts, look at the venue",
    ),
    K.LINGERING_ORDER: Rule(
        "an order of ours waits at the venue, and its child has ended",
        "the venue's open orders against ended children, where nothing moved meanwhile",
        R.CANCEL,
        "none; while it lasts, cancel it at the venue",
    ),
    K.MANUAL_CANCEL: Rule(
        "a waiting child of ours was canceled, and we did not ask for it",
        "a child that waits ends as canceled without a cancel of ours",
        R.BOOK,
        "find who canceled it; the order goes on with what is left",
    ),
    K.FOREIGN_FILL: Rule(
        "the account traded by an order that is not ours",
        "the venue's fills since the baseline against the references of all that was signed",
        R.HALT,
        _ACCEPT,
    ),
    K.MISSING_FILL: Rule(
        "the venue shows a fill of an open child that is not booked",
        "the venue's fills since the baseline against the child's",
        R.RE_RESOLVE,
        "none; while it lasts, look at the venue",
    ),
    K.LATE_FILL: Rule(
        "the venue shows a fill of a child that has ended, and it is not booked",
        "the venue's fills since the baseline against the child's",
        R.HALT,
        "the rest of its order may have been sent again: check it, then run headrace accept",
    ),
    K.REPEATED_FILL: Rule(
        "a fill is reported again under its own id",
        "the ids of the child's fills",
        R.DROP,
        _NONE,
        is_told=False,
    ),
    K.DUPLICATED_FILL: Rule(
        "a fill is booked that the venue's own list does not have",
        "the booked fills since the baseline against the venue's, where the numbers differ by them",
        R.HALT,
        "check the fill at the venue, then run headrace accept",
    ),
    K.OVERFILL: Rule(
        "a child traded more than was sent",
        "the child's booked fills against its legs",
        R.HALT,
        "check the fills at the venue, then run headrace accept",
    ),
    K.FUNDING: Rule(
        "the venue settled funding",
        "the venue's settlements since the baseline",
        R.BOOK,
        _NONE,
        is_told=False,
    ),
    K.LIQUIDATION: Rule(
        "the venue liquidated a part of a position",
        "the venue's forced fills since the baseline",
        R.BOOK,
        "look at the account's margin",
    ),
    K.DELEVERAGING: Rule(
        "the venue closed a part of a position against another account's loss",
        "the venue's forced fills since the baseline",
        R.BOOK,
        "look at what the position hedged",
    ),
    K.SETTLEMENT: Rule(
        "the venue settled a market it closes",
        "the venue's forced fills since the baseline",
        R.BOOK,
        "take the market out of the configuration",
    ),
    K.DEPOSIT: Rule(
        "money came in from outside",
        "the venue's transfers, or the tokens' Transfer events, since the baseline",
        R.BOOK,
        _NONE,
    ),
    K.OWN_TRANSFER: Rule(
        "money moved between the account's own balances at the venue",
        "the venue's transfers since the baseline",
        R.BOOK,
        _NONE,
    ),
    K.WITHDRAWAL: Rule(
        "money went out, and no order of ours sent it",
        "the venue's transfers, or the tokens' Transfer events, since the baseline",
        R.HALT,
        _ACCEPT,
    ),
    K.NONCE_AHEAD: Rule(
        "a transaction of the key was mined that is not ours: somebody else uses the key",
        "the chain's next nonce is above what our children used up or may use up",
        R.HALT,
        "find who has the key; move what it guards, or run headrace accept",
    ),
    K.REORGED: Rule(
        "a transaction of ours that had ended is no longer in the chain",
        "the chain's next nonce is below what our mined children used up, at no older a block",
        R.HALT,
        "wait for it to be mined again; else run headrace bust for its fills, then headrace accept",
    ),
    K.BALANCE: Rule(
        "a balance is off, and nothing explains it",
        "the balance against the ledger with all that is known to have moved it",
        R.HALT,
        _ACCEPT,
    ),
    K.POSITION: Rule(
        "a position is off, and nothing explains it",
        "the position against the ledger with all that is known to have moved it",
        R.HALT,
        _ACCEPT,
    ),
    K.GAS: Rule(
        "the chain's coin is off, and nothing explains it",
        "the coin against the ledger with all gas that was booked",
        R.HALT,
        _ACCEPT,
    ),
    K.EQUITY: Rule(
        "the venue's equity is not its own cash and positions at its own marks",
        "adding up each perp account at every assessment",
        R.TELL,
        "ask the venue",
    ),
    K.IN_FLIGHT: Rule(
        "a number is off while an order of ours is at work, or the account moved while it was read",
        "open children of the account, and its epoch when it was asked for",
        R.ASK_AGAIN,
        "none; unchanged for patience_s, it is taken for what it would be in peace",
        is_told=False,
    ),
    K.BEHIND: Rule(
        "a node or a venue answers of before a transaction or a fill of ours",
        "the account's block or time against the newest of our own",
        R.ASK_AGAIN,
        "none; while it lasts, use another node",
    ),
    K.UNREADABLE: Rule(
        "an account cannot be read",
        "the venue's answer, or that there is none",
        R.ASK_AGAIN,
        "none; nothing new is traded until it can be",
    ),
    K.NEW_ITEM: Rule(
        "something was configured that the baseline does not know",
        "configured balances and positions that the ledger has no number of",
        R.BOOK,
        _NONE,
        is_told=False,
    ),
}


def resolution_of(difference: Difference) -> Resolution:
    """Return what a difference leads to."""
    return RULES[difference.kind].resolution


def is_halting(difference: Difference) -> bool:
    """Tell whether no new order is taken while it is there."""
    return resolution_of(difference) is Resolution.HALT


def may_agree(difference: Difference) -> bool:
    """Tell whether what the venue says may be the baseline beside it.

    What is still to be booked would be booked twice.
    """
    if difference.kind is DifferenceKind.MISSING_FILL:
        return False
    return resolution_of(difference) not in {Resolution.HALT, Resolution.ASK_AGAIN}


def as_markdown() -> str:
    """Return the table as the README shows it."""
    rows = [
        "| kind | what it means | how it is found | leads to | what a person does |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| `{kind}` | {rule.means} | {rule.found} | {rule.resolution.replace('_', ' ')} |"
        f" {rule.remedy} |"
        for kind, rule in RULES.items()
    ]
    return "\n".join(rows)
