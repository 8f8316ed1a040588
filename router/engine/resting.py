"""Children that wait at a book: looked at, followed, taken back, and what comes after them. Pure.

A child that waits is looked at in its parent's interval. Where its price must move it is canceled
first, and the rest is posted anew once that is certain: never two for the same quantity.
"""

from dataclasses import replace
from itertools import takewhile

from router.algo import sweep
from router.algo.iceberg import crosses
from router.domain.algo import Iceberg
from router.domain.command import ObserveMarket, WakeAt
from router.domain.event import MarketObserved
from router.domain.observation import Observation
from router.domain.order import OrderStatus
from router.domain.units import TimestampNs
from router.engine.admission import Step, fault_of, settle
from router.engine.pegging import target_ticks
from router.execution import order_machine, progress
from router.execution.next_step import cancel, is_waiting
from router.risk import switches
from router.risk.stress.gate import reduced_accounts
from router.state.world import ChildState, ParentState, Phase, World

_MOVED = {OrderStatus.REPLACED, OrderStatus.REJECTED}
# A venue takes a cancel of what nobody knows to be there, too: then it never comes there.
_MAY_BE_THERE = order_machine.ASKS[OrderStatus.PENDING_REPLACE] - {OrderStatus.PENDING_REPLACE}
_GOES_ON_AT_ONCE = {OrderStatus.REPLACED, OrderStatus.FILLED}


def moves(world: World, parent: ParentState) -> int:
    """Count how often a parent's children were followed to another price, or refused at theirs.

    What an amendment took back was not followed: the next child goes on in the same slice. Nor was
    refused what never left the house.
    """
    if not isinstance(parent.order.algo, Iceberg):
        return 0
    last = {c.order.slice: c for c in world.children_of(parent.order.id)}
    over = (child for number, child in last.items() if number < parent.slices)
    return sum(is_waiting(c) and c.status in _MOVED and bool(c.attempts) for c in over)


def refused_last(world: World, parent: ParentState) -> int:
    """Count how many children were refused since the last that was not."""
    newest_first = reversed(world.children_of(parent.order.id))
    refused = takewhile(lambda child: child.status is OrderStatus.REJECTED, newest_first)
    return sum(is_waiting(child) and bool(child.attempts) for child in refused)


def looked(world: World, parent: ParentState, at: TimestampNs) -> Step:
    """Look again at a parent whose children wait at a book."""
    child = _waiting(world, parent)
    if child is None:
        return world, ()
    if parent.wake_at is not None and at < parent.wake_at:
        return world, (WakeAt(parent.order.id, parent.wake_at),)
    if _is_over(world, parent, at):
        return _taken_back(world, parent, child, at=at)
    instrument = child.order.legs[0].instrument.id
    return world, (ObserveMarket(parent.order.id, (instrument,), (), parent.order.quote),)


def seen(world: World, parent: ParentState, event: MarketObserved) -> Step:
    """Compare what waits with the book, and take it back where it must move."""
    child, at = _waiting(world, parent), event.at
    if child is None:
        return world, ()
    if _opens(world, child, at):
        return _taken_back(world, parent, child, at=at, for_good=True)
    if _is_over(world, parent, at) or _has_moved(parent, child, event.observation):
        return _taken_back(world, parent, child, at=at)
    return _again(world, parent, at)


def unseen(world: World, parent: ParentState, at: TimestampNs) -> Step:
    """Look later at what waits at a book that could not be read."""
    if _waiting(world, parent) is None:
        return world, ()
    return _again(world, parent, at)


def ended(world: World, child: ChildState, at: TimestampNs) -> Step:
    """Go on once nothing of a parent waits: at once where it was filled or followed, else later.

    What the venue refused or took back by itself would only come back at once.
    """
    parent = world.parents[child.order.parent]
    if progress.is_all_traded(world, parent):
        return settle(world, parent, "", at=at)
    parent = replace(parent, round=1, stage=0, slices=parent.slices + 1)
    if child.status in _GOES_ON_AT_ONCE or _is_over(world, parent, at):
        return world.with_parent(replace(parent, phase=Phase.QUEUED)), ()
    return _again(world, replace(parent, phase=Phase.WAITING), at)


def _algo(parent: ParentState) -> Iceberg:
    algo = parent.order.algo
    assert isinstance(algo, Iceberg), "nobody else posts"
    return algo


def _waiting(world: World, parent: ParentState) -> ChildState | None:
    if not isinstance(parent.order.algo, Iceberg):
        return None
    children = world.children_of(parent.order.id)
    return next((c for c in children if is_waiting(c) and not c.is_terminal), None)


# Whether nothing of the parent should wait any longer: it crosses, or may not go on at all.
def _is_over(world: World, parent: ParentState, at: TimestampNs) -> bool:
    is_crossing = crosses(_algo(parent), moves=moves(world, parent), at=at)
    return is_crossing or fault_of(world, parent, at) is not None


# Whether it would open a position where by now positions may only become smaller.
def _opens(world: World, child: ChildState, at: TimestampNs) -> bool:
    return switches.opens(world, child.order) or (
        not child.order.reduces_only and child.order.account in reduced_accounts(world, at)
    )


def _has_moved(parent: ParentState, child: ChildState, seen_now: Observation) -> bool:
    algo = _algo(parent)
    (leg,) = child.order.legs
    books = (b for b in seen_now.books if b.instrument == leg.instrument.id)
    book = next(books, None)
    assert parent.arrival_mid is not None, "what waits was posted within a limit"
    assert leg.limit_ticks is not None, "what waits has a price"
    if book is None:
        return False
    filled = sum(fill.quantity.atoms for fill in child.fills)
    left = (leg.quantity.atoms - filled) // leg.instrument.lot_atoms
    target = target_ticks(
        leg.instrument,
        book,
        child.order.side,
        limit=sweep.limit_price(parent.order, parent.arrival_mid),
        behind=algo.offset_ticks,
        ours=((leg.limit_ticks, left),),
    )
    return target is not None and abs(target - leg.limit_ticks) >= max(algo.reprice_ticks, 1)


def _taken_back(
    world: World,
    parent: ParentState,
    child: ChildState,
    *,
    at: TimestampNs,
    for_good: bool = False,
) -> Step:
    world, timer = _again(world, parent, at)
    if child.status not in _MAY_BE_THERE:
        return world, timer  # it is not signed yet, or on its way back
    if for_good or _is_over(world, parent, at):
        asked = order_machine.ask_cancel(child)
    else:
        asked = order_machine.ask_replace(child)
    return world.with_child(asked), (*cancel(asked), *timer)


def _again(world: World, parent: ParentState, at: TimestampNs) -> Step:
    algo = _algo(parent)
    wake_at = TimestampNs(at + algo.interval)
    for moment in (algo.cross_at, parent.order.deadline_at):
        wake_at = min(wake_at, moment) if moment > at else wake_at
    world = world.with_parent(replace(parent, wake_at=wake_at))
    return world, (WakeAt(parent.order.id, wake_at),)
