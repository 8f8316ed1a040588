"""From what was observed to what may be planned: arrival price, guards, the slice. Pure."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.domain.command import Command, RaiseAlarm
from router.domain.error import NoRouteError
from router.domain.event import MarketObserved
from router.domain.observation import Observation
from router.domain.plan import NoRouteReason, RoutingProblem
from router.domain.risk import Guards
from router.domain.units import Price, TimestampNs
from router.domain.verdict import Refused
from router.engine import scheduling
from router.engine.admission import Step, fault_of, observe, scope_of, settle
from router.execution import nonces, progress
from router.reconciliation.compare import is_current
from router.risk import controls, guards
from router.risk import limits as risk
from router.state.world import ParentState, World


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parent that may be planned on what was observed, with a quantity released."""

    world: World
    parent: ParentState
    scope: sweep.Scope
    guards: Guards
    observation: Observation
    at: TimestampNs

    @property
    def alarms(self) -> tuple[Command, ...]:
        """What somebody should know of what was observed."""
        return tuple(RaiseAlarm(each) for each in self.guards.alarms)

    def problem(self) -> RoutingProblem:
        """Put what is left of the slice into the optimiser's terms."""
        parent = self.parent
        assert parent.arrival_mid is not None, "what was prepared has an arrival price"
        piece = sweep.Slice(
            parent.order,
            progress.slice_left(self.world, parent),
            parent.arrival_mid,
            self.scope,
            self.world.in_flight,
            self.guards,
        )
        return sweep.build_problem(piece, self.observation, self.world.limits)


Outcome: TypeAlias = Prepared | Step


def prepared(world: World, parent: ParentState, event: MarketObserved) -> Outcome:
    """Return what may be planned of a parent, or the step that follows where nothing may."""
    order, seen, at = parent.order, event.observation, event.at
    fault = fault_of(world, parent, at)
    if fault is not None:
        return settle(world, parent, fault, at=at)
    if not is_current(seen.accounts, world.mined, world.filled_at):
        return observe(world, parent)  # read before something that has moved the accounts since
    scope = scope_of(world, parent, stage=parent.stage)
    if scope.accounts and not seen.accounts:
        return observe(world, parent)  # asked for while it waited at a book, and comes only now
    found = guards.look(world, order, seen, at=at)
    ready = Prepared(nonces.with_floor(world, seen), parent, scope, found, seen, at)
    arrived = _arrived(ready)
    if isinstance(arrived, Refused | str):
        world, commands = settle(world, parent, arrived, at=at)
        return world, (*ready.alarms, *commands)
    refused = risk.check_notional(order, _mid(arrived), world.limits)
    refused = refused or controls.market_refusal(world, arrived, seen, at=at)
    if refused is not None:
        return _refused(replace(ready, parent=arrived), refused)
    return _released(replace(ready, parent=arrived))


# A price that nobody vouches for now may be vouched for by the next slice.
def _refused(ready: Prepared, reason: Refused) -> Step:
    world, parent, at = ready.world, ready.parent, ready.at
    if reason.reason is not NoRouteReason.STALE_DATA:
        return settle(world, parent, reason, at=at)
    given = scheduling.release(world, parent, ready.observation, at=at)
    return scheduling.slice_over(world, scheduling.sliced(parent, given), reason, at=at)


# The parent with its arrival price, which is that of its first plan.
def _arrived(ready: Prepared) -> ParentState | Refused | str:
    world, parent, at = ready.world, ready.parent, ready.at
    if parent.arrival_mid is not None:
        return parent
    order, seen = parent.order, ready.observation
    try:
        arrival = arrival_mid(ready.scope, guards.priced(world, order, seen, at=at))
    except NoRouteError as error:
        why = controls.unproved_refusal(world, order, at) if ready.guards.alarms else None
        return why or "; ".join((str(error), *ready.guards.alarms))
    gas_price = next((g.native_price for g in seen.gas), None)
    return replace(parent, arrival_mid=arrival, gas_price=gas_price, volumes=seen.volumes)


def _released(ready: Prepared) -> Outcome:
    world, parent, seen, at = ready.world, ready.parent, ready.observation, ready.at
    told = controls.reference_of(world, parent.order, seen, at=at)
    given = scheduling.release(world, parent, seen, at=at)
    parent = scheduling.sliced(replace(parent, reference=told), given)
    world = world.with_parent(parent)
    if progress.is_dust(progress.slice_left(world, parent), ready.scope.markets):
        return scheduling.slice_over(world, parent, "less than a lot is left", at=at)
    return replace(ready, world=world, parent=parent)


def _mid(parent: ParentState) -> Price:
    assert parent.arrival_mid is not None, "it has arrived"
    return parent.arrival_mid
