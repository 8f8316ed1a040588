"""Which parent is worked next, and how one ends. Pure."""

from dataclasses import replace
from typing import Final, TypeAlias

from router.algo import sweep
from router.domain.command import Command, ObserveAccounts, ObserveMarket, ReportParent, TellFinding
from router.domain.order import OrderStatus, Persistence
from router.domain.plan import NoRouteReason
from router.domain.units import TimestampNs
from router.domain.verdict import Refused
from router.execution import leg_risk, progress
from router.risk import controls, guards, inventory, switches
from router.risk import limits as risk
from router.state.world import ParentState, Phase, World

Step: TypeAlias = tuple[World, tuple[Command, ...]]

_HELD: Final = "it must trade at once, and a switch or a full account would have it wait"


def activate(world: World, at: TimestampNs) -> Step:
    """Plan the next parent that waits, unless one is planned; end those that are too late."""
    # Plans are made one at a time, each beside what the others have in flight; and none before the
    # accounts agree with the ledger.
    done: tuple[Command, ...] = ()
    if not world.is_ready or world.planning or not world.queued:
        return world, done
    full = inventory.full_accounts(world)
    for waiting in sorted(world.queued.rows(), key=_turn):
        if leg_risk.waits(world, waiting):
            continue  # until it may go on
        is_held = switches.holds(world, waiting.order)
        is_held = is_held or inventory.waits(world, waiting.order, full)
        may_wait = waiting.order.persistence is Persistence.DEADLINE
        if is_held and may_wait and at < waiting.order.deadline_at:
            continue  # until it may go on, or is too late
        fault = fault_of(world, waiting, at)
        if fault is None and is_held and not may_wait:
            fault = Refused(NoRouteReason.LIMIT_EXCEEDED, _HELD)
        if fault is None:
            world, commands = observe(world, waiting)
            return world, (*done, *commands)
        # What trades at once is given back where nothing fills; this was not let in at all.
        is_barred = not may_wait and not waiting.plans and at < waiting.order.deadline_at
        turned_away = rejected(waiting) if is_barred else waiting
        world, commands = settle(world, turned_away, fault, at=at)
        done = (*done, *commands)
    return world, done


# What keeps an account alive goes first, then what is half done.
def _turn(parent: ParentState) -> tuple[bool, bool]:
    return guards.waits_behind(parent), not parent.children


def fault_of(world: World, parent: ParentState, at: TimestampNs) -> Refused | None:
    """Return why a parent may not go on, or None while it may."""
    if world.halt_reason is not None:
        return Refused(
            NoRouteReason.LIMIT_EXCEEDED,
            f"halted: {world.halt_reason}; find the cause, then run headrace accept",
        )
    return (
        switches.refusal(world, parent.order)
        or guards.bares(world, parent.order)
        or risk.check_parent(parent.order, world.limits, at)
        or controls.order_refusal(world, parent.order, at)
    )


def scope_of(world: World, parent: ParentState, *, stage: int) -> sweep.Scope:
    """Return what a parent may use: of the venues and accounts that are not switched off."""
    return sweep.scope(parent.order, switches.tradable(world, parent.order), stage)


def observe(world: World, parent: ParentState) -> Step:
    """Ask for the state of all that a parent may use from its stage on; of a basket, its members.

    What is planned together is observed together, in the name of the first.
    """
    planned = leg_risk.planned_with(world, parent)
    scopes = [scope_of(world, each, stage=each.stage) for each in planned]
    accounts = tuple(dict.fromkeys(name for scope in scopes for name in scope.accounts))
    command = ObserveMarket(
        parent.order.id,
        tuple(dict.fromkeys(name for scope in scopes for name in scope.observed)),
        accounts,
        parent.order.quote,
        blocks_min=tuple((a, world.mined[a]) for a in accounts if a in world.mined),
        fills_at=tuple((a, world.filled_at[a]) for a in accounts if a in world.filled_at),
    )
    for each in planned:
        world = world.with_parent(replace(each, phase=Phase.OBSERVING))
    return world, (command,)


def end(world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs) -> Step:
    """Give a parent its last status, and say why; what a control found goes on record."""
    status = parent.outcome or progress.outcome(world, parent, at)
    message = reason if isinstance(reason, str) else reason.message
    done = progress.ended(parent, status, reason=message, at=at)
    told = (*found(parent, reason), ReportParent(parent.order.id, status, message))
    return world.with_parent(done), told


def found(parent: ParentState, reason: Refused | str) -> tuple[Command, ...]:
    """Return the command that puts a control's finding on record, if one refused."""
    if isinstance(reason, str) or reason.finding is None:
        return ()
    return (TellFinding(parent.order.id, reason.finding),)


def settle(world: World, parent: ParentState, reason: Refused | str, *, at: TimestampNs) -> Step:
    """End a parent: at once if it sent nothing, else once its accounts are reconciled."""
    if not parent.children:
        return end(world, parent, reason, at=at)
    accounts = {world.children[name].order.account for name in parent.children}
    parent = replace(
        parent,
        phase=Phase.RECONCILING,
        outcome=parent.outcome or progress.outcome(world, parent, at),
        reason=reason if isinstance(reason, str) else reason.message,
        problem=None,
        quiet_from=world.epoch,
        unchecked=tuple(sorted(accounts)),
    )
    world, commands = look_at_accounts(world.with_parent(parent))
    return world, (*found(parent, reason), *commands)


def look_at_accounts(world: World) -> Step:
    """Ask for all balances and positions, unless they are asked for already."""
    if world.is_looking:
        return world, ()
    since = {} if world.ledger is None else world.ledger.read_at
    command = ObserveAccounts(
        world.accounts,
        world.epoch,
        tuple(sorted(world.mined.items())),
        tuple((name, since[name]) for name in world.accounts if name in since),
    )
    return replace(world, is_looking=True), (command,)


def rejected(parent: ParentState) -> ParentState:
    """Return a parent that will end as rejected."""
    return replace(parent, outcome=OrderStatus.REJECTED)
