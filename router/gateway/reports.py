"""What clients are told of their orders, in FIX's meanings: made from the journal alone. Pure.

Every report has its place: the sequence of the record it follows from, and its number there. A
replay makes the same reports, so whoever knows the last one it passed on can go on after it.

Only fills that are on record are told, and what is on record is final: a transaction's once its
block is deep enough. One that is taken back nevertheless is a report of its own.
"""

import enum
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from router.domain.algo import Sweep
from router.domain.amend import PendingRequest
from router.domain.command import ReportParent, TellFinding
from router.domain.event import (
    AmendRequested,
    BasketSolved,
    CancelRequested,
    ChildFilled,
    Event,
    FillVoided,
    MarketObserved,
    RiskAssessed,
    RouteSolved,
)
from router.domain.order import TERMINAL, Fill, OrderStatus, ParentOrder, TimeInForce
from router.domain.units import ChildId, ParentId, TimestampNs
from router.execution.quantities import quantities
from router.gateway.chain import name_of
from router.state.recorded import Recorded
from router.state.world import ParentState, Phase, World

S = OrderStatus

_Request: TypeAlias = CancelRequested | AmendRequested


class ReportKind(enum.Enum):
    """Why a report exists: FIX ExecType, the two rejections of requests, and that it was asked."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    TRADE = "trade"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    PENDING_REPLACE = "pending_replace"
    REPLACED = "replaced"
    REJECTED = "rejected"
    EXPIRED = "expired"
    TRADE_CANCEL = "trade_cancel"
    TRADE_CORRECT = "trade_correct"
    CANCEL_REJECTED = "cancel_rejected"
    REPLACE_REJECTED = "replace_rejected"
    STATUS = "status"


_ENDS: Final[Mapping[OrderStatus, ReportKind]] = {
    S.CANCELED: ReportKind.CANCELED,
    S.EXPIRED: ReportKind.EXPIRED,
    S.REJECTED: ReportKind.REJECTED,
}
_REFUSALS: Final = frozenset({ReportKind.CANCEL_REJECTED, ReportKind.REPLACE_REJECTED})
_ADDS: Final[Mapping[TimeInForce, bool]] = {
    TimeInForce.IMMEDIATE: False,
    TimeInForce.POST_ONLY: True,
}
_FILL_ID_DIGITS: Final = 20
_OVER: Final = frozenset({Phase.RECONCILING, Phase.DONE})
TOO_LATE: Final = "too_late"
PENDING: Final = "pending"
INVALID: Final = "invalid"


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one order.

    Attributes
    ----------
    sequence, index : int
        Its place: of the journal's record, and among that record's reports, from 0. Where an order
        stands has the place of the newest report, of whatever order, that it counts in.
    status : OrderStatus
        FIX OrdStatus after it. PENDING_NEW until the order was planned; never IN_DOUBT.
    order : ParentOrder
        On the terms that hold.
    name : str
        The client's name of the order now: of the last replacement that holds, else its own.
    request : str
        Of an answer to a request: the client's name of that request; else empty.
    base, cash : int
        What has filled in all, in atoms of the base and of the quote asset.
    leaves : int
        What may still fill, in atoms of the asset the order's quantity is in.
    fill : Fill | None
        Of a trade, or what a trade was corrected to.
    venue : str
        Where that was; empty without a fill.
    adds_liquidity : bool | None
        Whether the fill's child could only wait, or only take; None where it could do both.
    voided : Fill | None
        The fill that is taken back.
    text : str
        Why, for people.
    code : str
        Of what was refused: the control that did; of a request too_late, pending or invalid.
    original, asked_by : str
        Of an answer to a request: the client's name of the order before it, and who asked.
    was_pending : bool
        Whether the request was told to be under way.
    """

    sequence: int
    index: int
    kind: ReportKind
    status: OrderStatus
    order: ParentOrder
    name: str
    request: str
    base: int
    cash: int
    leaves: int
    at: TimestampNs
    fill: Fill | None = None
    child: ChildId | None = None
    venue: str = ""
    adds_liquidity: bool | None = None
    voided: Fill | None = None
    text: str = ""
    code: str = ""
    original: str = ""
    asked_by: str = ""
    was_pending: bool = False

    @property
    def exec_id(self) -> str:
        """FIX ExecID: unique in the journal, the same in every replay; "0" of what was asked.

        That of a fill follows from the fill, so that whoever takes it back can name it.
        """
        if self.kind is ReportKind.STATUS:
            return "0"
        if self.fill is not None:
            return _id_of_fill(self.fill)
        return f"{self.sequence}.{self.index}"

    @property
    def voided_exec_id(self) -> str:
        """FIX ExecRefID: the ExecID of the report that is taken back; empty where none is."""
        return "" if self.voided is None else _id_of_fill(self.voided)


@dataclass(frozen=True, slots=True)
class _News:
    kind: ReportKind
    request: str = ""
    fill: Fill | None = None
    child: ChildId | None = None
    voided: Fill | None = None
    text: str = ""


# A world as it is, for who asks between two records.
@dataclass(frozen=True, slots=True)
class _Seen:
    after: World
    at: TimestampNs
    sequence: int


def reports_of(record: Recorded) -> tuple[Report, ...]:
    """Return what a record has to tell the clients of the orders it concerns."""
    told: list[Report] = []
    for name in _concerned(record):
        parent = record.after.parents[name]
        for news in _news(record, parent):
            told.append(_report(record, parent, news, index=len(told)))
    return tuple(told)


def standing(world: World, parent: ParentState, *, at: TimestampNs) -> Report:
    """Return where an order stands now, for whoever asks: it follows from no record."""
    record = _Seen(world, at, 0)
    text = parent.reason if _is_over(parent) else ""
    return _report(record, parent, _News(ReportKind.STATUS, text=text), index=0)


def status_told(parent: ParentState, cumulative: int) -> OrderStatus:
    """Return FIX OrdStatus of an order; doubt is ours, and is not told."""
    if parent.status is not S.IN_DOUBT and parent.status is not S.NEW:
        return parent.status
    if cumulative:
        return S.PARTIALLY_FILLED
    return S.NEW if is_taken(parent) else S.PENDING_NEW


def is_taken(parent: ParentState) -> bool:
    """Tell whether an order is at work: one that has a plan, takes its time, or was replaced."""
    if not isinstance(parent.order.algo, Sweep) or parent.first_order is not None:
        return True
    return bool(parent.plans)


def _concerned(record: Recorded) -> Iterator[ParentId]:
    event, after = record.event, record.after
    names = [c.parent for c in record.commands if isinstance(c, ReportParent)]
    if isinstance(event, ChildFilled | FillVoided) and event.child in after.children:
        names.append(after.children[event.child].order.parent)
    if isinstance(event, BasketSolved) and event.basket in after.baskets:
        names.extend(after.baskets[event.basket].orders)
    if isinstance(event, CancelRequested | AmendRequested | RouteSolved | MarketObserved):
        names.append(event.parent)
    yield from (name for name in dict.fromkeys(names) if name in after.parents)


def _news(record: Recorded, parent: ParentState) -> Iterator[_News]:
    was = record.before.parents.get(parent.order.id)
    if was is None and not _is_over(parent):
        yield _News(ReportKind.NEW if is_taken(parent) else ReportKind.PENDING_NEW)
    if was is not None and _is_begun(was, parent):
        yield _News(ReportKind.NEW)
    yield from _fills(record, parent)
    if was is not None:
        yield from _requests(record, was, parent)
    if _is_over(parent) and (was is None or not _is_over(was)):
        yield from _end(record, was, parent)


# What was replaced before it was taken is told to be replaced, and that says it is taken.
def _is_begun(was: ParentState, parent: ParentState) -> bool:
    is_replaced = parent.first_order is not None
    return not is_taken(was) and is_taken(parent) and not is_replaced and not _is_over(parent)


def _fills(record: Recorded, parent: ParentState) -> Iterator[_News]:
    event = record.event
    if not isinstance(event, ChildFilled | FillVoided) or event.child not in parent.children:
        return
    known = {fill.id: fill for fill in record.before.children[event.child].fills}
    now = {fill.id for fill in record.after.children[event.child].fills}
    if isinstance(event, ChildFilled):
        if event.fill.id not in known and event.fill.id in now:
            yield _News(ReportKind.TRADE, fill=event.fill, child=event.child)
    elif event.fill in known and event.fill not in now:
        kind = ReportKind.TRADE_CANCEL if event.corrected is None else ReportKind.TRADE_CORRECT
        yield _News(
            kind,
            fill=event.corrected,
            child=event.child,
            voided=known[event.fill],
            text=event.reason,
        )


def _requests(record: Recorded, was: ParentState, parent: ParentState) -> Iterator[_News]:
    event, text = record.event, _text(record, parent)
    if isinstance(event, CancelRequested | AmendRequested) and event.parent == parent.order.id:
        news = _answer(event, was, parent)
        if news is not None:
            yield replace(news, text=text if news.kind in _REFUSALS else "")
    elif was.pending is not None and parent.pending is None and not _is_over(parent):
        is_refused = was.pending.request in parent.refusals
        kind = _refused(was.pending) if is_refused else ReportKind.REPLACED
        yield _News(kind, was.pending.request, text=text if is_refused else "")


# What a request came to at once. One that was taken before says nothing again.
def _answer(event: _Request, was: ParentState, parent: ParentState) -> _News | None:
    is_cancel, name = isinstance(event, CancelRequested), event.request
    if name in was.requests:
        return None
    if name not in parent.requests or name in parent.refusals:
        kind = ReportKind.CANCEL_REJECTED if is_cancel else ReportKind.REPLACE_REJECTED
        return _News(kind, name)
    if parent.pending is not None:
        kind = ReportKind.PENDING_CANCEL if is_cancel else ReportKind.PENDING_REPLACE
        return _News(kind, name)
    return None if is_cancel else _News(ReportKind.REPLACED, name)


# The last fill has told already that an order is filled; a request it came before has lost.
def _end(record: Recorded, was: ParentState | None, parent: ParentState) -> Iterator[_News]:
    asked, status = _asked(record, was, parent), parent.status
    if asked is not None and (asked.amendment is not None or status is S.FILLED):
        late = f"too late: the order has ended as {status.value}"
        yield _News(_refused(asked), asked.request, text=late)
        asked = None
    if status in _ENDS:
        yield _News(_ENDS[status], "" if asked is None else asked.request, text=parent.reason)


# The request that was under way when an order ended, or that ended it at once.
def _asked(record: Recorded, was: ParentState | None, parent: ParentState) -> PendingRequest | None:
    if was is not None and was.pending is not None:
        return was.pending
    event, name = record.event, parent.order.id
    if not isinstance(event, CancelRequested) or event.parent != name:
        return None
    taken = [each for each in parent.asked if each.request == event.request]
    return taken[-1] if taken else None


def _refused(asked: PendingRequest) -> ReportKind:
    is_cancel = asked.amendment is None
    return ReportKind.CANCEL_REJECTED if is_cancel else ReportKind.REPLACE_REJECTED


def _is_over(parent: ParentState) -> bool:
    return parent.phase is Phase.DONE


def _text(record: Recorded, parent: ParentState) -> str:
    told = [c for c in record.commands if isinstance(c, ReportParent)]
    return next((c.message for c in told[::-1] if c.parent == parent.order.id), parent.reason)


def _report(record: "Recorded | _Seen", parent: ParentState, news: _News, *, index: int) -> Report:
    world = record.after
    fills = [fill for child in world.children_of(parent.order.id) for fill in child.fills]
    now = quantities(world, parent)
    status = status_told(parent, now.cumulative.atoms)
    child = None if news.child is None else world.children[news.child].order
    return Report(
        sequence=record.sequence,
        index=index,
        kind=news.kind,
        status=status,
        order=parent.order,
        name=name_of(parent),
        request=news.request,
        base=sum(fill.quantity.atoms for fill in fills),
        cash=sum(fill.notional.atoms for fill in fills),
        leaves=0 if status in TERMINAL else now.leaves.atoms,
        at=_at(record.event) if isinstance(record, Recorded) else record.at,
        fill=news.fill,
        child=news.child,
        venue="" if child is None else child.venue,
        adds_liquidity=None if child is None else _ADDS.get(child.time_in_force),
        voided=news.voided,
        text=news.text,
        code="" if isinstance(record, _Seen) else _code(record, parent, news),
        original="" if isinstance(record, _Seen) else _original(record, parent, news),
        asked_by=_asker(record, parent, news),
        was_pending=not isinstance(record, _Seen) and _was_pending(record, parent, news),
    )


def _original(record: Recorded, parent: ParentState, news: _News) -> str:
    if not news.request:
        return ""
    was = record.before.parents.get(parent.order.id, parent)
    return name_of(was if news.kind is ReportKind.REPLACED else parent)


def _was_pending(record: Recorded, parent: ParentState, news: _News) -> bool:
    was = record.before.parents.get(parent.order.id)
    return was is not None and was.pending is not None and was.pending.request == news.request


def _asker(record: "Recorded | _Seen", parent: ParentState, news: _News) -> str:
    event = record.event if isinstance(record, Recorded) else None
    if isinstance(event, _Request) and event.request == news.request:
        return event.by
    return next((each.by for each in parent.asked if each.request == news.request), "")


# What a control found goes on record with the end it caused.
def _code(record: Recorded, parent: ParentState, news: _News) -> str:
    if news.kind in _REFUSALS:
        return _why_not(record, parent, news)
    if news.kind is not ReportKind.REJECTED:
        return ""
    found = [c.finding for c in record.commands if isinstance(c, TellFinding)]
    of_it = [f for f in found if f.message == parent.reason]
    return of_it[0].control.value if of_it else ""


def _why_not(record: Recorded, parent: ParentState, news: _News) -> str:
    was = record.before.parents[parent.order.id]
    if was.phase in _OVER or _is_over(parent) or not quantities(record.after, parent).leaves.atoms:
        return TOO_LATE
    if was.pending is not None and was.pending.request != news.request:
        return PENDING
    return INVALID


def _id_of_fill(fill: Fill) -> str:
    content = (fill.child, fill.id, fill.quantity.atoms, fill.notional.atoms, fill.at_venue)
    text = "\n".join(str(each) for each in content)
    return hashlib.sha256(text.encode()).hexdigest()[:_FILL_ID_DIGITS]


def _at(event: Event) -> TimestampNs:
    return event.assessment.at if isinstance(event, RiskAssessed) else event.at
