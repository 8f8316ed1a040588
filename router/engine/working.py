"""What becomes of children, and what that means for their parent. Pure."""

from dataclasses import replace

from router.algo import sweep
from router.domain.command import RaiseAlarm
from router.domain.event import (
    ChildCancelRefused,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildWentSilent,
)
from router.domain.order import Persistence
from router.domain.units import TimestampNs
from router.engine import altering, resting, scheduling
from router.engine.admission import Step, look_at_accounts
from router.execution import nonces, progress
from router.execution.next_step import fill_gap, is_waiting, next_step
from router.execution.order_machine import ChildEvent, advance
from router.risk import switches
from router.state.world import ChildState, ParentState, Phase, World


def child(world: World, event: ChildEvent) -> Step:
    """Fold news of a child into it, and say what its parent does next."""
    before = world.children[event.child]
    event = _following_up(before, altering.unsent(world, before, event))
    if isinstance(event, ChildNotSent) and nonces.leaves_gap(world, before):
        return world, () if before.is_terminal else fill_gap(before)
    after = advance(before, event)
    if after is before:
        return world, ()
    world = _with_moved(world.with_child(after), after, event)
    match event:
        case ChildFilled():
            return _filled(world, after, event)
        case ChildNotSent() | ChildEnded():
            if isinstance(event, ChildEnded) and event.gas is not None:
                world = _with_mined(world, after)
            return _ended(world, after, event.at)
        case ChildCancelRefused():
            return altering.cancel_refused(world, after, event)
        case _:
            return nonces.with_sent(world, after), next_step(after, event)


# That the first of a nonce did not go says nothing of a second that was signed meanwhile.
def _following_up(child: ChildState, event: ChildEvent) -> ChildEvent:
    if isinstance(event, ChildNotSent) and len(child.attempts) > 1:
        return ChildWentSilent(event.child, event.reason, event.at)
    return event


def _filled(world: World, child: ChildState, event: ChildFilled) -> Step:
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    # The child's own leg: the configuration may have changed since it was sent.
    leg = next(x for x in child.order.legs if x.instrument.id == event.fill.instrument)
    ledger = world.ledger.with_fill(leg.instrument, child.order.side, event.fill)
    alarm = progress.excess(child, leg)
    return replace(world, ledger=ledger), () if alarm is None else (RaiseAlarm(alarm),)


def _ended(world: World, child: ChildState, at: TimestampNs) -> Step:
    parent = world.parents[child.order.parent]
    if any(not c.is_terminal for c in world.children_of(parent.order.id)):
        return world, ()
    if parent.pending is not None:
        return altering.resumed(world, parent, _go_on, at=at)
    if is_waiting(child):
        return resting.ended(world, child, at)
    return _decided(world, parent, child, at=at)


def _decided(world: World, parent: ParentState, child: ChildState, *, at: TimestampNs) -> Step:
    scope = sweep.scope(parent.order, switches.tradable(world, parent.order), 0)
    match progress.decide(world, parent, scope.markets):
        case progress.Next.DONE:
            rest = progress.left(world, parent).atoms
            reason = f"less than a lot is left, {rest} atoms" if rest > 0 else ""
            return scheduling.slice_over(world, parent, reason, at=at)
        case progress.Next.LATER_STAGE:
            return _go_on(world, replace(parent, stage=child.order.stage + 1))
        case progress.Next.NEXT_ROUND:
            return _go_on(world, replace(parent, round=parent.round + 1, stage=0))
        case progress.Next.GIVE_BACK:
            return scheduling.slice_over(world, parent, _given_back(parent, child), at=at)


def _given_back(parent: ParentState, child: ChildState) -> str:
    if parent.order.persistence is Persistence.DEADLINE:
        return f"a part is left after {parent.round} rounds; last word: {child.reason}"
    word = f"; last word: {child.reason}" if child.reason else ""
    return f"{parent.order.persistence.value}: what did not fill at once is given back{word}"


def _go_on(world: World, parent: ParentState) -> Step:
    world = world.with_parent(replace(parent, phase=Phase.QUEUED))
    if not progress.unexplained(world, parent):
        return world, ()
    # Its children used gas for nothing that could be booked: look at the accounts before planning
    # the rest.
    accounts = {c.order.account for c in progress.unexplained(world, parent)}
    accounts &= set(world.accounts)  # nobody reads what is no longer configured
    world = replace(world, is_ready=False, unread=world.unread | accounts)
    return look_at_accounts(world)


def _with_moved(world: World, child: ChildState, event: ChildEvent) -> World:
    epoch, account = world.epoch + 1, child.order.account
    world = replace(world, epoch=epoch, moved={**world.moved, account: epoch})
    if not isinstance(event, ChildFilled) or child.order.legs[0].instrument.is_on_chain:
        return world
    newest = max(event.fill.at_venue, world.filled_at.get(account, TimestampNs(0)))
    return replace(world, filled_at={**world.filled_at, account: newest})


def _with_mined(world: World, child: ChildState) -> World:
    assert child.gas is not None, "called for mined transactions only"
    assert world.ledger is not None, "nothing is sent before the ledger has a baseline"
    account = child.order.account
    newest = max(child.gas.block_number, world.mined.get(account, 0))
    return replace(
        nonces.with_used(world, account, child.order.nonce),
        ledger=world.ledger.with_gas(account, child.gas.atoms, nonce=child.order.nonce),
        mined={**world.mined, account: newest},
    )
