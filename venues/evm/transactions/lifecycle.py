"""What becomes of a transaction, from its signature until it is final: a table, and rules on it.

Pure. A child has one nonce and one or more transactions of it, its attempts, of which at most one
is ever mined; what is said here is said of all of them together. A head of the chain shows a
`Sight` of them, which with the table gives the next state.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.domain.order import Replacement, TransactionState
from venues.evm.words.refusal import Refusal


class State(enum.Enum):
    """Where the attempts of a nonce stand."""

    SIGNED = "signed"  # no node is known to have it
    REPLACED = "replaced"  # a newer attempt was signed, and no node is known to have that one
    PENDING = "pending"
    DROPPED = "dropped"
    STUCK = "stuck"
    MINED = "mined"  # not deep enough to be final
    REORGED = "reorged"
    # Ends.
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    CANCELED = "canceled"
    NONCE_LOST = "nonce_lost"

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it."""
        return self not in TRANSITIONS

    @property
    def progress(self) -> TransactionState | None:
        """The state in the words of the house; None where it is no news, or the end."""
        return _PROGRESS.get(self)


class Sight(enum.Enum):
    """What the chain shows."""

    POOLED = "pooled"  # unmined, and a node has the newest attempt
    ABSENT = "absent"  # unmined, and the node that was asked does not have the newest attempt
    OVERDUE = "overdue"  # unmined for too long, wherever it is
    ATTEMPTED = "attempted"  # a newer attempt than last time was signed
    SHALLOW = "shallow"  # an attempt is in a block that may still be replaced
    DEEP = "deep"  # an attempt is in a block that is final, and succeeded
    DEEP_REVERTED = "deep_reverted"
    DEEP_CANCEL = "deep_cancel"  # the attempt that has no effect
    TAKEN = "taken"  # a transaction that is none of the attempts is, of the same nonce


S = State
_MINED: Final[Mapping[Sight, State]] = {
    Sight.SHALLOW: S.MINED,
    Sight.DEEP: S.CONFIRMED,
    Sight.DEEP_REVERTED: S.REVERTED,
    Sight.DEEP_CANCEL: S.CANCELED,
    Sight.TAKEN: S.NONCE_LOST,
}
_UNMINED: Final[Mapping[Sight, State]] = {
    Sight.POOLED: S.PENDING,
    Sight.OVERDUE: S.STUCK,
    Sight.ATTEMPTED: S.REPLACED,
    **_MINED,
}
TRANSITIONS: Final[Mapping[State, Mapping[Sight, State]]] = {
    S.SIGNED: {**_UNMINED, Sight.ABSENT: S.SIGNED},
    S.REPLACED: {**_UNMINED, Sight.ABSENT: S.REPLACED},
    S.PENDING: {**_UNMINED, Sight.ABSENT: S.DROPPED},
    S.DROPPED: {**_UNMINED, Sight.ABSENT: S.DROPPED},
    S.STUCK: {**_UNMINED, Sight.POOLED: S.STUCK, Sight.ABSENT: S.STUCK},
    S.MINED: {
        **_MINED,
        Sight.ATTEMPTED: S.MINED,  # signed while an older one was being mined
        Sight.POOLED: S.REORGED,
        Sight.ABSENT: S.REORGED,
        Sight.OVERDUE: S.REORGED,
    },
    S.REORGED: {**_UNMINED, Sight.ABSENT: S.REORGED},
}
_PROGRESS: Final[Mapping[State, TransactionState]] = {
    S.PENDING: TransactionState.PENDING,
    S.DROPPED: TransactionState.DROPPED,
    S.STUCK: TransactionState.STUCK,
    S.MINED: TransactionState.MINED,
    S.REORGED: TransactionState.REORGED,
}
# Refusals that a higher price may overcome.
_TOO_CHEAP: Final = frozenset({Refusal.UNDERPRICED, Refusal.FEE_TOO_LOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When a transaction is replaced.

    Attributes
    ----------
    replace_after_blocks : int
        An attempt is replaced that stays unmined for so many.
    replacements_max : int
        At a higher price at most so often, then by a transfer to ourselves.
    deadline_s : int
        In block time; what is mined later has no effect that is wanted.
    """

    replace_after_blocks: int
    replacements_max: int
    deadline_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How many there are, and what the newest one is."""

    count: int
    bumps_count: int
    is_cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The attempts at one head of the chain.

    Attributes
    ----------
    number, timestamp_s : int
        Of the newest block.
    """

    number: int
    timestamp_s: int
    attempts: Attempts
    policy: Policy

    @property
    def is_late(self) -> bool:
        """Whether the newest attempt has no wanted effect any more, and is not the remedy."""
        return self.timestamp_s > self.policy.deadline_s and not self.attempts.is_cancel

    @property
    def replacement(self) -> Replacement:
        """What the next attempt is for."""
        attempts = self.attempts
        is_bumped_out = attempts.bumps_count >= self.policy.replacements_max
        is_over = self.is_late or attempts.is_cancel or is_bumped_out
        return Replacement.CANCEL if is_over else Replacement.BUMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is remembered from head to head; begun anew after a restart, at no harm.

    Attributes
    ----------
    attempts_count : int
        Of attempts, when last looked.
    unmined_since : int | None
        The head at which the newest attempt was first seen unmined.
    asked_at : int | None
        The head at which a replacement of the newest attempt was last asked for.
    mined_in : int | None
        The block an attempt was last seen in.
    """

    state: State = State.SIGNED
    attempts_count: int
    unmined_since: int | None = None
    asked_at: int | None = None
    mined_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a head leads to.

    Attributes
    ----------
    may_offer : bool
        Whether it is of use to send the newest attempt again, byte for byte.
    """

    track: Track
    may_offer: bool = False
    wanted: Replacement | None = None


def begin(attempts: Attempts) -> Track:
    """Return what is known of attempts that were never looked for."""
    return Track(attempts_count=attempts.count)


def attempted(track: Track, attempts: Attempts) -> Track:
    """Return the track once it is known whether there is a newer attempt than last time."""
    if attempts.count == track.attempts_count:
        return track
    return replace(
        track,
        state=TRANSITIONS[track.state][Sight.ATTEMPTED],
        attempts_count=attempts.count,
        unmined_since=None,
        asked_at=None,
    )


def mined(track: Track, sight: Sight, *, block_number: int) -> Track:
    """Return what follows from an attempt, or another transaction of the nonce, in a block."""
    state = TRANSITIONS[track.state][sight]
    return replace(track, state=state, mined_in=block_number, unmined_since=None, asked_at=None)


def unmined(track: Track, look: Look, *, is_pooled: bool) -> Step:
    """Return what follows from a head without any transaction of the nonce.

    A node whose head is before the block that held the transaction says nothing about it.
    """
    if track.mined_in is not None and look.number < track.mined_in:
        return Step(track=track)
    since = look.number if track.unmined_since is None else track.unmined_since
    is_overdue = look.is_late or look.number - since >= look.policy.replace_after_blocks
    sight = Sight.POOLED if is_pooled else Sight.ABSENT
    if is_overdue and track.state is not State.MINED:
        sight = Sight.OVERDUE
    state = TRANSITIONS[track.state][sight]
    after = replace(track, state=state, unmined_since=since, mined_in=None)
    # After its deadline it could only cost gas; a transfer to ourselves costs less.
    step = Step(track=after, may_offer=not look.is_late)
    return _asking(step, look) if sight is Sight.OVERDUE else step


def refused(step: Step, refusal: Refusal, look: Look) -> Step:
    """Return what follows from an answer to the newest attempt's bytes."""
    return _asking(step, look) if refusal in _TOO_CHEAP and step.wanted is None else step


# Who could not replace it when asked is not asked again at once.
def _asking(step: Step, look: Look) -> Step:
    track = step.track
    pause = look.policy.replace_after_blocks
    if track.asked_at is not None and look.number - track.asked_at < pause:
        return step
    asked = replace(track, state=TRANSITIONS[track.state][Sight.OVERDUE], asked_at=look.number)
    return replace(step, track=asked, wanted=look.replacement)
