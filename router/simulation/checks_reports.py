"""Checks of what clients are told: each order's reports are one story, with one end."""

from dataclasses import dataclass, field
from typing import Final

from router.domain.order import OrderStatus
from router.domain.units import ParentId
from router.gateway.reports import Report, ReportKind, reports_of
from router.simulation.scene import End, Step
from router.state.recorded import Recorded
from router.state.world import ParentState

S = OrderStatus
K = ReportKind

# Written out here once more, from FIX.
_ENDS: Final = {K.CANCELED: S.CANCELED, K.EXPIRED: S.EXPIRED, K.REJECTED: S.REJECTED}
_BEGINS: Final = frozenset({K.PENDING_NEW, K.NEW, K.REJECTED})
_ASKED: Final = frozenset({K.PENDING_CANCEL, K.PENDING_REPLACE})
_REFUSED: Final = frozenset({K.CANCEL_REJECTED, K.REPLACE_REJECTED})
_ANSWERS: Final = _REFUSED | {K.REPLACED, K.CANCELED}
_FILLS: Final = frozenset({K.TRADE, K.TRADE_CANCEL, K.TRADE_CORRECT})
_OPEN: Final = frozenset({S.NEW, S.PARTIALLY_FILLED, S.PENDING_CANCEL, S.PENDING_REPLACE})
_OVER: Final = frozenset({S.FILLED, *_ENDS.values()})


@dataclass(slots=True)
class _Story:
    """What was told of one order so far."""

    kinds: list[ReportKind] = field(default_factory=list)
    status: OrderStatus = S.PENDING_NEW
    base: int = 0
    cash: int = 0
    asked: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    is_undone: bool = False  # it had filled, and a fill of it was taken back after its end

    @property
    def is_taken(self) -> bool:
        return K.NEW in self.kinds or K.REPLACED in self.kinds

    @property
    def ends(self) -> list[ReportKind]:
        return [kind for kind in self.kinds if kind in _ENDS]

    def take(self, report: Report) -> None:
        self.kinds.append(report.kind)
        was_filled = self.status is S.FILLED and report.kind in _FILLS
        self.is_undone = self.is_undone or (was_filled and report.status is S.CANCELED)
        self.status, self.base, self.cash = report.status, report.base, report.cash
        self.ids.add(report.exec_id)
        if report.kind in _ASKED:
            self.asked.add(report.request)
        if report.request and report.kind in _ANSWERS:
            self.answered.add(report.request)


class OneStory:
    """What is told of an order begins once, adds up, answers each request once, and ends once."""

    name = "reports"

    def __init__(self) -> None:
        self._stories: dict[ParentId, _Story] = {}

    def step(self, step: Step) -> str | None:
        """Listen to what a step has to tell."""
        recorded = Recorded(1, step.before, step.event, step.after, step.commands)
        for report in reports_of(recorded):
            story = self._stories.setdefault(report.order.id, _Story())
            fault = _order_fault(story, report) or _sum_fault(story, report)
            if fault is not None:
                return f"{report.order.id}: is told {report.kind.value}, {fault}"
            story.take(report)
        return None

    def end(self, end: End) -> str | None:
        """Look whether every story has its end, and the right one."""
        for name, parent in end.world.parents.items():
            fault = _end_fault(self._stories.get(name, _Story()), parent)
            if fault is not None:
                return f"{name}: {fault}"
        return None


def _order_fault(story: _Story, report: Report) -> str | None:
    kind, status = report.kind, report.status
    if (kind in _BEGINS) is not (not story.kinds) and not _may_come_later(story, kind):
        return "and that is no beginning" if not story.kinds else "and had begun already"
    if story.ends and kind not in _REFUSED | _FILLS - {K.TRADE}:
        return f"and had ended as {story.status.value}"
    if kind in _ENDS and status is not _ENDS[kind]:
        return f"and stands as {status.value}"
    if kind is K.TRADE and not story.is_taken:
        return "and was never said to be taken"
    is_known = status in _OPEN | _OVER or (status is S.PENDING_NEW and not story.is_taken)
    if not is_known:
        return f"and stands as {status.value}"
    return _request_fault(story, report)


def _may_come_later(story: _Story, kind: ReportKind) -> bool:
    if kind is K.NEW:
        return story.kinds[:1] == [K.PENDING_NEW] and not story.is_taken
    return bool(story.kinds) and kind is K.REJECTED


def _request_fault(story: _Story, report: Report) -> str | None:
    kind, name = report.kind, report.request
    if kind in _ASKED and name in story.asked | story.answered:
        return f"of request {name} once more"
    is_late = kind in _REFUSED and story.status in _OVER  # whoever asks again is told again
    if name and kind in _ANSWERS and name in story.answered and not is_late:
        return f"of request {name} once more"
    return None


def _sum_fault(story: _Story, report: Report) -> str | None:
    base, cash = story.base, story.cash
    for fill, sign in ((report.voided, -1), (report.fill, 1)):
        if fill is not None:
            base, cash = base + sign * fill.quantity.atoms, cash + sign * fill.notional.atoms
    if (report.base, report.cash) != (base, cash):
        return f"and {report.base} atoms in all instead of {base}"
    ordered = report.order.quantity.atoms  # of the base, as all orders here are
    left = 0 if report.status in _OVER else max(ordered - base, 0)
    if report.leaves != left:
        return f"and {report.leaves} atoms to come instead of {left}"
    if report.status is S.FILLED and base < ordered:
        return f"and stands as filled with {base} atoms of {ordered}"
    return f"under {report.exec_id} once more" if _is_repeated(story, report) else None


# Numbers of records are not known here, so only those of fills tell one report from another.
def _is_repeated(story: _Story, report: Report) -> bool:
    return report.fill is not None and report.exec_id in story.ids


def _end_fault(story: _Story, parent: ParentState) -> str | None:
    ended = [_ENDS[kind] for kind in story.ends]
    expected = [] if parent.status is S.FILLED or story.is_undone else [parent.status]
    if ended != expected:
        told = ", ".join(each.value for each in ended) or "no end"
        return f"is {parent.status.value}, and was told {told}"
    if story.status is not parent.status:
        return f"is {parent.status.value}, and was told last that it is {story.status.value}"
    open_requests = sorted({*story.asked, *parent.requests} - story.answered)
    return f"request {open_requests[0]} was never answered" if open_requests else None
