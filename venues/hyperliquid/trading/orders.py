"""All orders of an account, folded from everything that is said of them. Pure.

Takes what we send, what is answered, what is pushed and what is read, in any order and as often as
it comes; tells the state of every order, what the venue has to be asked now, and which actions are
in doubt. Fills of ids that are not known wait for the order that turns out to own them. Refuses to
send, to ask, and to end a doubt by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from venues.hyperliquid.trading import history as told
from venues.hyperliquid.trading.facts import (
    Answer,
    AskFills,
    AskOid,
    AskOrder,
    Doubt,
    FillKey,
    FillReport,
    Intent,
    OrderReport,
    OrderState,
    OrderView,
    Placed,
    Question,
)
from venues.hyperliquid.trading.history import History, Identity, Version

# A node that answers questions may be so much behind the one that took the action.
READ_LAG: Final = DurationNs(2 * NS_PER_S)
ANSWER_PATIENCE: Final = DurationNs(NS_PER_S)  # what is not answered by then is worth asking about
ASK_AGAIN: Final = DurationNs(NS_PER_S // 2)
FILLS_MARGIN_MS: Final = 60_000  # the venue's clock and ours need not agree
_NS_PER_MS: Final = 1_000_000


class Orders:
    """The orders of one account, by our own ids.

    Parameters
    ----------
    lag : DurationNs
        How far behind the venue's answers may be.
    ask_again : DurationNs
        How soon the same question may be put once more.
    """

    def __init__(
        self,
        *,
        lag: DurationNs = READ_LAG,
        patience: DurationNs = ANSWER_PATIENCE,
        ask_again: DurationNs = ASK_AGAIN,
    ) -> None:
        self._lag = lag
        self._patience = patience
        self._ask_again = ask_again
        self._histories: dict[str, History] = {}
        self._carried: dict[int, list[History]] = {}  # by the nonce of the action
        self._owners: dict[int, str] = {}  # of ids
        self._fills: dict[FillKey, FillReport] = {}
        self._fills_of: dict[int, dict[FillKey, FillReport]] = {}
        self._asked_at: dict[Question, TimestampNs] = {}
        self._alive: set[str] = set()  # those that have not ended
        self._first_sent_at: dict[str, TimestampNs] = {}

    def __contains__(self, cloid: str) -> bool:
        return cloid in self._histories

    # What we do.

    def intend(self, intent: Intent, *, now: TimestampNs) -> None:
        """Note an action before its bytes leave.

        Raises
        ------
        ValueError
            If the id is in use already, or an action that makes the same order is still in doubt.
        """
        history = self._histories.get(intent.cloid)
        if history is None:
            if intent.modifies_oid:
                raise ValueError(f"{intent.cloid}: there is no order to modify")
            history = History(intent.cloid, [Version(intent, now)])
            self._histories[intent.cloid] = history
            self._first_sent_at[intent.cloid] = now
        else:
            if not intent.modifies_oid:
                raise ValueError(f"{intent.cloid}: the id is in use")
            if told.pending(history, lag=self._lag) is not None:
                raise ValueError(f"{intent.cloid}: its last action is in doubt; resolve that first")
            history.versions.append(Version(intent, now))
        self._carried.setdefault(intent.nonce, []).append(history)
        self._alive.add(intent.cloid)

    def answered(self, cloid: str, nonce: int, answer: Answer, *, now: TimestampNs) -> None:
        """Take the answer to an action, or that there was none; the first one that settles holds.

        Raises
        ------
        KeyError
            If no such action was noted.
        """
        history = self._histories[cloid]
        index = _index(history, nonce)
        version = history.versions[index]
        if told.weight(answer) <= told.weight(version.answer):
            return
        is_taken = isinstance(answer, Placed)
        sealed_at = _earlier(version.sealed_at, now) if is_taken else version.sealed_at
        history.versions[index] = replace(version, answer=answer, sealed_at=sealed_at)
        if version.intent.modifies_oid:
            self._suspect(history, version.intent.modifies_oid, now)
        if isinstance(answer, Placed) and answer.oid is not None:
            self._own(answer.oid, history)
            self._acknowledge(history, answer.oid, answer.filled_e8, intent=version.intent, now=now)
        self._alive.add(cloid)

    def nonce_used(self, nonce: int, *, now: TimestampNs) -> None:
        """Take that a nonce is used up: what it was for has happened, or never will."""
        for history in self._carried.get(nonce, ()):
            index = _index(history, nonce)
            version = history.versions[index]
            sealed_at = _earlier(version.sealed_at, now)
            history.versions[index] = replace(version, sealed_at=sealed_at)

    def cancel_sent(self, cloid: str, *, now: TimestampNs) -> None:
        """Note that a cancel was sent or answered: the order may have ended.

        Raises
        ------
        KeyError
            If there is no such order.
        """
        self._suspect_present(self._histories[cloid], now)

    def stream_lost(self, *, now: TimestampNs) -> None:
        """Note that news may have been missed: every order that works is worth asking about."""
        for cloid in self._alive:
            self._suspect_present(self._histories[cloid], now)

    def suspect(self, oids: Iterable[int], *, now: TimestampNs) -> None:
        """Note that orders of these ids of the venue's may have ended."""
        for oid in oids:
            cloid = self._owners.get(oid)
            if cloid is not None:
                self._suspect(self._histories[cloid], oid, now)

    # What the venue says.

    def report(self, report: OrderReport, *, asked_at: TimestampNs | None = None) -> None:
        """Take what the venue says of one of its ids; of an order of ours or of another.

        Parameters
        ----------
        asked_at : TimestampNs | None
            When the question left; None where it was pushed.
        """
        history = self._owner(report.oid, report.cloid)
        if history is None:
            return
        self._own(report.oid, history)
        before = history.identities.get(report.oid, Identity())
        history.identities[report.oid] = before.told(report, asked_at=asked_at)
        self._alive.add(history.cloid)

    def looked(self, cloid: str, report: OrderReport | None, *, asked_at: TimestampNs) -> None:
        """Take the answer to a question by our own id; None where the venue does not know it."""
        history = self._histories[cloid]
        history.looked_at = told.later(history.looked_at, asked_at)
        if report is not None:
            self.report(report, asked_at=asked_at)

    def open_orders(self, reports: Sequence[OrderReport], *, asked_at: TimestampNs) -> None:
        """Take all open orders of the account: one of ours that is missing may have ended."""
        for report in reports:
            self.report(report, asked_at=asked_at)
        shown = {report.oid for report in reports}
        for cloid in self._alive:
            history = self._histories[cloid]
            if history.present not in shown:
                self._suspect_present(history, asked_at)

    def fill(self, fill: FillReport) -> bool:
        """Take an execution of the account's; return whether it is new."""
        if fill.key in self._fills:
            return False
        self._fills[fill.key] = fill
        self._fills_of.setdefault(fill.oid, {})[fill.key] = fill
        history = self._owner(fill.oid, fill.cloid)
        if history is not None:
            self._own(fill.oid, history)
            self._alive.add(history.cloid)
        return True

    # What follows.

    def view(self, cloid: str) -> OrderView:
        """Return what is known of an order.

        Raises
        ------
        KeyError
            If there is no such order.
        """
        return told.view(self._histories[cloid], self._fills_of, lag=self._lag)

    def views(self) -> tuple[OrderView, ...]:
        """Return what is known of every order, in the order in which they were first sent."""
        return tuple(self.view(cloid) for cloid in self._histories)

    def alive(self) -> tuple[str, ...]:
        """Return the orders that have not ended, or of which that is not known."""
        ended = {c for c in self._alive if self.view(c).state is OrderState.ENDED}
        self._alive -= ended
        return tuple(cloid for cloid in self._histories if cloid in self._alive)

    def others(self) -> tuple[FillReport, ...]:
        """Return the fills that belong to no order known here, oldest first.

        One may still turn out to be of an order whose action is in doubt.
        """
        return tuple(
            fill for key, fill in sorted(self._fills.items()) if fill.oid not in self._owners
        )

    def questions(self, *, now: TimestampNs) -> tuple[Question, ...]:
        """Return what the venue has to be asked now; each is due again only after a while."""
        wanted = dict.fromkeys(
            question for cloid in self.alive() for question in self._wanted(cloid, now)
        )
        fills = [q.since_ms for q in wanted if isinstance(q, AskFills)]
        due: list[Question] = [q for q in wanted if not isinstance(q, AskFills)]
        if fills:
            due.append(AskFills(min(fills)))
        due = [q for q in due if self._is_due(q, now)]
        self._asked_at.update(dict.fromkeys(due, now))
        return tuple(due)

    def doubts(self, *, now: TimestampNs) -> tuple[Doubt, ...]:
        """Return the actions that were not answered in time and whose nonce may still be free."""
        found = []
        for cloid in self.alive():
            version = told.pending(self._histories[cloid], lag=self._lag)
            is_open = version is not None and (version.closes_at is None or version.closes_at > now)
            if version is not None and is_open and self._is_late(version, now):
                found.append(Doubt(cloid, version.intent.nonce, version.sent_at))
        return tuple(found)

    def forget(self, *, before: TimestampNs) -> int:
        """Drop the orders that were first sent before a moment and have ended; return how many.

        Fills of the same time are dropped with them, so that a snapshot must not be told again that
        reaches further back.
        """
        alive = set(self.alive())
        old = [c for c, at in self._first_sent_at.items() if at < before and c not in alive]
        for cloid in old:
            del self._first_sent_at[cloid]
            history = self._histories.pop(cloid)
            for version in history.versions:
                self._carried[version.intent.nonce].remove(history)
                if not self._carried[version.intent.nonce]:
                    del self._carried[version.intent.nonce]
            for oid in history.identities:
                del self._owners[oid]
                for key in self._fills_of.pop(oid, {}):
                    del self._fills[key]
        return len(old)

    # One order.

    def _wanted(self, cloid: str, now: TimestampNs) -> Iterable[Question]:
        history = self._histories[cloid]
        version = told.pending(history, lag=self._lag)
        if version is not None:
            if self._is_late(version, now):
                yield AskOrder(cloid)
            return
        if not history.identities:  # it waits for a trigger, under an id that was not told
            if told.is_unseen(history, lag=self._lag):
                yield AskOrder(cloid)
            return
        present = history.present
        for oid in told.unended(history):
            yield AskOid(cloid, oid)
        if told.is_suspect(history.identities[present], lag=self._lag):
            yield AskOid(cloid, present)
        if told.missing(history, self._fills_of):
            yield AskFills(self._first_sent_at[cloid] // _NS_PER_MS - FILLS_MARGIN_MS)

    def _is_late(self, version: Version, now: TimestampNs) -> bool:
        return version.answer is not None or now - version.sent_at >= self._patience

    def _is_due(self, question: Question, now: TimestampNs) -> bool:
        asked_at = self._asked_at.get(question)
        return asked_at is None or now - asked_at >= self._ask_again

    def _acknowledge(
        self,
        history: History,
        oid: int,
        filled_e8: int | None,
        *,
        intent: Intent,
        now: TimestampNs,
    ) -> None:
        if filled_e8 is None:
            return
        identity = history.identities[oid]
        if intent.ends_at_once or filled_e8 >= intent.size_e8:
            history.identities[oid] = replace(identity, acked_e8=filled_e8)
        else:
            self._suspect(history, oid, now)  # some of it may rest

    def _suspect_present(self, history: History, at: TimestampNs) -> None:
        history.suspect_at = told.later(history.suspect_at, at)
        self._suspect(history, history.present, at)

    def _suspect(self, history: History, oid: int, at: TimestampNs) -> None:
        identity = history.identities.get(oid)
        if identity is not None:
            suspect_at = told.later(identity.suspect_at, at)
            history.identities[oid] = replace(identity, suspect_at=suspect_at)

    def _owner(self, oid: int, cloid: str | None) -> History | None:
        known = self._owners.get(oid, cloid)
        return None if known is None else self._histories.get(known)

    def _own(self, oid: int, history: History) -> None:
        self._owners[oid] = history.cloid
        history.identities.setdefault(oid, Identity())


def _index(history: History, nonce: int) -> int:
    for index, version in enumerate(history.versions):
        if version.intent.nonce == nonce:
            return index
    raise KeyError(f"{history.cloid} was not sent with the nonce {nonce}")


def _earlier(known: TimestampNs | None, at: TimestampNs) -> TimestampNs:
    return at if known is None else min(known, at)
