"""What watches over the engine: switches, limits read anew, what was found of risk. Pure."""

from dataclasses import replace

from router.domain.command import Command, RaiseAlarm, ReportParent
from router.domain.event import (
    ControlTripped,
    FundingObserved,
    LimitsChanged,
    RiskAssessed,
    SwitchSet,
)
from router.domain.order import OrderStatus, Replacement
from router.domain.units import TimestampNs
from router.engine.admission import Step, end, rejected, settle
from router.engine.planning import admitted
from router.execution.next_step import cancel
from router.risk import guards, switches
from router.risk.controls import setting_of
from router.risk.funding_watch import watched
from router.risk.stress.gate import reduced_accounts
from router.state.activity import pardoned
from router.state.world import ChildState, Phase, World


def assessed(world: World, event: RiskAssessed) -> Step:
    """Take in what was found; reduce what should be reduced, by orders like all others."""
    before, at = world.assessment, event.assessment.at
    world = _asked_anew(replace(world, assessment=event.assessment), at)
    told: tuple[Command, ...] = tuple(
        RaiseAlarm(each) for each in guards.news(before, event.assessment)
    )
    for order in guards.reductions(world, event.assessment):
        world, fault = admitted(world, order, at)
        if fault is None:
            told = (*told, ReportParent(order.id, OrderStatus.NEW, "accepted"))
        else:  # nothing else begins before all of them are in
            world, commands = end(world, rejected(world.parents[order.id]), fault, at=at)
            told = (*told, *commands)
    return world, told


# A problem in which an account may still grow that by now may not: its answer is not good enough.
def _asked_anew(world: World, at: TimestampNs) -> World:
    reduced = reduced_accounts(world, at)
    for parent in world.planning.rows():
        if parent.phase is Phase.SOLVING and parent.problem is not None:
            growing = {m.account for m in parent.problem.margins if not m.reduces_only}
            if not growing.isdisjoint(reduced):
                world = world.with_parent(replace(parent, problem=None))
    return world


def funding(world: World, event: FundingObserved) -> Step:
    """Remember what venues pay, and say what rose on the watchlist."""
    memory, alarms = watched(world, event)
    return replace(world, funding=memory), tuple(RaiseAlarm(each) for each in alarms)


def switched(world: World, event: SwitchSet) -> Step:
    """Obey a switch: end what may not go on, cancel what is out where nothing may be."""
    setting = event.setting
    world = replace(
        world,
        switches={**world.switches, setting.scope: setting},
        activity=pardoned(world.activity, setting),  # before anything that waits is asked again
    )
    done: tuple[Command, ...] = ()
    for parent in tuple(world.going.rows()):
        refused = switches.refusal(world, parent.order)
        if parent.phase in {Phase.EXECUTING, Phase.RECONCILING} or refused is None:
            continue
        if parent.phase in {Phase.WAITING, Phase.QUEUED} and switches.holds(world, parent.order):
            continue  # until it may go on
        world, commands = settle(world, parent, refused, at=event.at)
        done = (*done, *commands)
    done = (*done, *cancels(world))
    return _voided(world), done  # what is being solved was asked for before it was said


def tripped(world: World, event: ControlTripped) -> Step:
    """Stop what a control found to be out of hand, until a person looked at it."""
    setting = setting_of(world, event.parent, event.finding, at=event.at)
    if setting is None:
        return world, ()
    world, commands = switched(world, SwitchSet(setting, event.at))
    return world, (RaiseAlarm(event.finding.message), *commands)


def cancels(world: World) -> tuple[Command, ...]:
    """Return what keeps from happening what is out where nothing may be, and is not cancelled."""
    return tuple(
        command
        for child in world.open_children()
        if switches.cancels(world, child.order) and not _is_cancelled(child)
        for command in cancel(child)
    )


def _is_cancelled(child: ChildState) -> bool:
    return child.signed is not None and child.signed.replacement is Replacement.CANCEL


def limits_changed(world: World, event: LimitsChanged) -> Step:
    """Let other limits hold from here on."""
    # Problems made under the old ones: whatever is answered, they are asked anew.
    return _voided(replace(world, limits_now=event.limits)), ()


def _voided(world: World) -> World:
    for parent in tuple(world.planning.rows()):
        if parent.phase is Phase.SOLVING:
            world = world.with_parent(replace(parent, problem=None))
    return world
