"""What follows from all that was said of one order. Pure.

A history only grows: it keeps what was said, joined so that neither the order in which it was heard
nor a repetition matters, and every conclusion is drawn anew from the whole. Its rules:

* The ids the venue gives to one order grow, so the greatest is the present one; the others were
  replaced by a modify, and their ends are not the order's.
* An action exists once an id beyond the one it modifies is known. It never was if the venue
  refused it, or if the venue was asked after the moment from which it could not arrive any more,
  and knew of no such id.
* An order has ended when its last id has, and the fills known make up what every id has traded.
"""

from dataclasses import dataclass, field, replace

from router.domain.units import DurationNs, TimestampNs
from venues.hyperliquid.trading.facts import (
    Answer,
    Fills,
    Intent,
    NotSent,
    OrderReport,
    OrderState,
    OrderView,
    Placed,
    Refused,
    Silent,
)

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """One action that makes the order, or makes it anew.

    Attributes
    ----------
    sealed_at : TimestampNs | None
        From when on it cannot begin to have an effect, as far as is known: its nonce is used up,
        or it was answered.
    """

    intent: Intent
    sent_at: TimestampNs
    answer: Answer | None = None
    sealed_at: TimestampNs | None = None

    @property
    def closes_at(self) -> TimestampNs | None:
        """From when on it can begin to have no effect."""
        moments = [] if self.sealed_at is None else [self.sealed_at]
        if self.intent.expires_after_ms is not None:
            moments.append(TimestampNs(self.intent.expires_after_ms * _NS_PER_MS))
        return min(moments, default=None)


@dataclass(frozen=True, slots=True)
class Identity:
    """One of the venue's ids of an order.

    Attributes
    ----------
    report : OrderReport | None
        The last word, or the one that tells most.
    acked_e8 : int | None
        All it will ever trade, as the answer to its action says.
    suspect_at : TimestampNs | None
        When something last happened that may have ended it.
    seen_at : TimestampNs | None
        When the venue was last asked, of what is known of it.
    """

    report: OrderReport | None = None
    acked_e8: int | None = None
    suspect_at: TimestampNs | None = None
    seen_at: TimestampNs | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it will not trade any more."""
        return self.acked_e8 is not None or (self.report is not None and self.report.has_ended)

    @property
    def traded_e8(self) -> int:
        """Return how much the venue says it has traded, at least."""
        if self.acked_e8 is not None:
            return self.acked_e8
        return 0 if self.report is None else self.report.traded_e8

    def told(self, report: OrderReport, *, asked_at: TimestampNs | None) -> "Identity":
        """Return it with what another report adds."""
        seen_at = later(self.seen_at, asked_at)
        best = report if self.report is None else max(self.report, report, key=_weight)
        return replace(self, report=best, seen_at=seen_at)


def later(one: TimestampNs | None, other: TimestampNs | None) -> TimestampNs | None:
    """Return the later of two moments that may be unknown."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


# An end outweighs whatever came before it; among equals, the one that tells of more trading.
def _weight(report: OrderReport) -> tuple[bool, bool, int, str]:
    return (report.has_ended, report.status == "triggered", -report.left_e8, report.status)


@dataclass(slots=True)
class History:
    """All that was said of one order.

    Attributes
    ----------
    looked_at : TimestampNs | None
        When the venue was last asked by our id, of what is known of the answer.
    suspect_at : TimestampNs | None
        When something last happened that may have ended it, while no id of it is known.
    """

    cloid: str
    versions: list[Version]
    identities: dict[int, Identity] = field(default_factory=dict)
    looked_at: TimestampNs | None = None
    suspect_at: TimestampNs | None = None

    @property
    def present(self) -> int:
        """The id under which it lives now, zero for none.

        An id under which it was refused takes the place of no other.
        """
        lived = [oid for oid in self.identities if not self.was_refused(oid)]
        return max(lived or self.identities, default=0)

    def was_refused(self, oid: int) -> bool:
        """Tell whether the venue gave the id to an order that it refused."""
        identity = self.identities.get(oid)
        return identity is not None and identity.report is not None and identity.report.was_refused


def is_void(history: History, version: Version, *, lag: DurationNs) -> bool:
    """Tell whether an action never had and never will have an effect."""
    base = version.intent.modifies_oid
    if history.present > base:
        return False
    if isinstance(version.answer, Refused | NotSent):
        return True
    if isinstance(version.answer, Placed) and base == 0:
        return False  # taken, and not shown yet
    closes_at, looked_at = version.closes_at, history.looked_at
    if closes_at is None or looked_at is None:
        return False
    return looked_at >= closes_at + lag


def is_taken(history: History, version: Version) -> bool:
    """Tell whether an action has had its effect."""
    if history.present > version.intent.modifies_oid:
        return True
    return isinstance(version.answer, Placed) and version.intent.modifies_oid == 0


def pending(history: History, *, lag: DurationNs) -> Version | None:
    """Return the action of which nobody can tell whether it had an effect, or None."""
    version = history.versions[-1]
    is_known = is_taken(history, version) or is_void(history, version, lag=lag)
    return None if is_known else version


def missing(history: History, fills: Fills) -> tuple[int, ...]:
    """Return the ids of which trades are told that are not known."""
    return tuple(
        oid for oid, identity in history.identities.items() if _sum(fills, oid) < identity.traded_e8
    )


def unended(history: History) -> tuple[int, ...]:
    """Return the ids that were replaced and whose end was not told."""
    present = history.present
    return tuple(
        oid
        for oid, identity in history.identities.items()
        if oid < present and not identity.has_ended
    )


def is_suspect(identity: Identity, *, lag: DurationNs) -> bool:
    """Tell whether an id may have ended without our being told."""
    if identity.has_ended or identity.suspect_at is None:
        return False
    return identity.seen_at is None or identity.seen_at < identity.suspect_at + lag


def is_unseen(history: History, *, lag: DurationNs) -> bool:
    """Tell whether an order of which no id is known is worth asking about."""
    looked_at, suspect_at = history.looked_at, history.suspect_at
    return looked_at is None or (suspect_at is not None and looked_at < suspect_at + lag)


def weight(answer: Answer | None) -> int:
    """Rank answers to one action by how much they settle."""
    ranks = (type(None), Silent, NotSent, Refused, Placed)
    return ranks.index(type(answer))


def view(history: History, fills: Fills, *, lag: DurationNs) -> OrderView:
    """Return what is known of an order now."""
    own = {fill.key: fill for oid in history.identities for fill in fills.get(oid, {}).values()}
    state, word = _state(history, fills, lag=lag)
    first = history.versions[0].intent
    taken = [v for v in history.versions if is_taken(history, v)] or history.versions[:1]
    return OrderView(
        cloid=history.cloid,
        coin=first.coin,
        is_buy=first.is_buy,
        size_e8=taken[-1].intent.size_e8,
        oids=tuple(sorted(history.identities)),
        present_oid=history.present or None,
        state=state,
        word=word,
        fills=tuple(own[key] for key in sorted(own)),
    )


def _state(history: History, fills: Fills, *, lag: DurationNs) -> tuple[OrderState, str]:
    open_version = pending(history, lag=lag)
    if open_version is not None:
        return OrderState.IN_DOUBT, _why_pending(open_version)
    if not history.identities:
        return _without_identity(history, lag=lag)
    present = history.identities[history.present]
    word = _word(present, history.versions[-1].intent)
    if not present.has_ended:
        return OrderState.WORKING, word
    if unended(history):
        return OrderState.IN_DOUBT, "the end of an order it replaced is not told"
    if missing(history, fills):
        return OrderState.IN_DOUBT, f"{word}, but not all its fills are told"
    return OrderState.ENDED, word


def _word(identity: Identity, intent: Intent) -> str:
    report, acked = identity.report, identity.acked_e8
    if report is not None and (report.has_ended or acked is None):
        return report.status
    if acked is None:
        return "open"
    return "filled" if acked >= intent.size_e8 else "canceled"


def _without_identity(history: History, *, lag: DurationNs) -> tuple[OrderState, str]:
    version = history.versions[-1]
    if not is_void(history, version, lag=lag):
        return OrderState.WORKING, "waiting"
    match version.answer:
        case Refused(text):
            return OrderState.ENDED, f"refused: {text}"
        case NotSent(reason):
            return OrderState.ENDED, f"not sent: {reason}"
        case _:
            return OrderState.ENDED, "never arrived"


def _why_pending(version: Version) -> str:
    match version.answer:
        case Silent(reason):
            return reason
        case Placed():
            return "replaced, but the new order is not shown yet"
        case _:
            return "not answered yet"


def _sum(fills: Fills, oid: int) -> int:
    return sum(fill.size_e8 for fill in fills.get(oid, {}).values())
