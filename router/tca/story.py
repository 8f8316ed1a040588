"""One sentence for a person about each event that matters, as it becomes durable."""

from typing import TypeAlias

from router.domain.event import (
    AccountsObserved,
    AmendRequested,
    BaselineAccepted,
    BasketRefused,
    BasketSolved,
    BasketSubmitted,
    CancelRequested,
    ChildAcknowledged,
    ChildCancelRefused,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
    ControlTripped,
    DeadlinePassed,
    EngineStarted,
    Event,
    FillVoided,
    FundingObserved,
    HourStruck,
    LimitsChanged,
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RiskAssessed,
    RouteRefused,
    RouteSolved,
    ScheduleRefused,
    ScheduleSolved,
    SwitchSet,
    TimerFired,
)
from router.domain.observation import Observation
from router.domain.plan import RoutePlan
from router.domain.units import PICO_PER_UNIT, Amount, AssetId, ChildId, format_decimal
from router.state.world import World

_BPS_PER_UNIT = 10_000

News: TypeAlias = (
    ChildSigned
    | ChildNotSent
    | ChildAcknowledged
    | ChildWentSilent
    | ChildProgressed
    | ChildStuck
    | ChildReplaced
    | ChildCancelRefused
)


# One line a case of a closed union: splitting it would hide that it is complete.
def tell(event: Event, world: World) -> str | None:  # noqa: C901, PLR0911, PLR0912
    """Say what an event means, or None where a later one will; `world` is the world after it."""
    match event:
        case EngineStarted():
            return "engine started" if not world.parents else "engine started again, recovering"
        case ParentSubmitted():
            order = event.order
            return f"order {order.id}: {order.side.value} {_show(order.quantity, world)}"
        case BasketSubmitted():
            return f"basket {event.basket.id}: {len(event.orders)} orders"
        case CancelRequested():
            return f"{event.by} asks to cancel {event.parent}"
        case AmendRequested():
            return f"{event.by} asks for other terms of {event.parent}"
        case MarketObserved():
            return _observed(event.observation)
        case ObservationFailed():
            return f"no fresh market state: {event.reason}"
        case RouteSolved():
            return _solved(event.plan, world)
        case RouteRefused():
            return f"no route: {event.message}"
        case BasketSolved():
            return f"basket {event.basket} is planned"
        case BasketRefused():
            return f"no plan for basket {event.basket}: {event.message}"
        case ScheduleSolved():
            return f"{event.parent} is spread over {len(event.schedule.releases)} slices"
        case ScheduleRefused():
            return f"no schedule: {event.message}"
        case (
            ChildSigned()
            | ChildNotSent()
            | ChildAcknowledged()
            | ChildWentSilent()
            | ChildProgressed()
            | ChildStuck()
            | ChildReplaced()
            | ChildCancelRefused()
        ):
            return _child(event, world)
        case ChildEnded():
            return _ended(event, world)
        case FillVoided():
            what = "never was" if event.corrected is None else "was another"
            return f"{event.by}: fill {event.fill} of {event.child} {what}: {event.reason}"
        case AccountsObserved():
            return _reconciled(world)
        case DeadlinePassed():
            return f"deadline of {event.parent} passed"
        case BaselineAccepted():
            return f"accounts accepted as they are: {event.reason}"
        case SwitchSet(setting):
            return f"{setting.scope.label} is {setting.state}: {setting.by}: {setting.reason}"
        case LimitsChanged():
            return f"limits read anew by {event.by}"
        case ControlTripped():
            return f"control {event.finding.control}: {event.finding.message}"
        case RiskAssessed() | FundingObserved() | HourStruck() | TimerFired() | ChildFilled():
            return None  # what filled is told in sum when the child ends


def _child(event: News, world: World) -> str:  # noqa: C901, PLR0911 - as above
    match event:
        case ChildSigned():
            return f"{event.child} signed at {_venue(event.child, world)}: {event.signed.reference}"
        case ChildNotSent():
            return f"{event.child} was not sent: {event.reason}"
        case ChildAcknowledged():
            return f"{event.child} is at {_venue(event.child, world)}"
        case ChildWentSilent():
            return f"{event.child} is in doubt, asking the venue: {event.reason}"
        case ChildProgressed():
            return f"{event.child}: transaction {event.state.value}: {event.detail}"
        case ChildStuck():
            return f"{event.child} is held up, wants to {event.wanted.value}: {event.detail}"
        case ChildReplaced():
            return f"{event.child} replaced: {event.signed.reference}"
        case ChildCancelRefused():
            return f"{event.child} cannot be canceled: {event.reason}"


def _observed(observation: Observation) -> str:
    pools, books = len(observation.pools), len(observation.books)
    return f"observed {pools} pools and {books} books, with {len(observation.accounts)} accounts"


def _solved(plan: RoutePlan, world: World) -> str:
    parts = ", ".join(f"{_show(leg.quantity, world)} on {leg.instrument.id}" for leg in plan.legs)
    gap_bps = plan.certificate.gap * _BPS_PER_UNIT / PICO_PER_UNIT
    return (
        f"split: {parts}; expected slippage {plan.slippage / 100:.2f} bps,"
        f" proved within {gap_bps:.4f} bps of the best"
    )


def _ended(event: ChildEnded, world: World) -> str:
    fills = world.children[event.child].fills
    told = [f"{event.child} {event.status.value}"]
    for instrument in dict.fromkeys(f.instrument for f in fills):
        here = [f for f in fills if f.instrument == instrument]
        quantity = Amount(here[0].quantity.asset, sum(f.quantity.atoms for f in here))
        notional = Amount(here[0].notional.asset, sum(f.notional.atoms for f in here))
        shown = f"{_show(quantity, world)} for {_show(notional, world)}"
        told.append(f"{shown} on {instrument} in {len(here)} fills")
    if event.gas is not None:
        told.append(f"mined in block {event.gas.block_number}, gas {event.gas.gas_used}")
    if event.reason:
        told.append(event.reason)
    return ", ".join(told)


def _reconciled(world: World) -> str:
    if world.reconciliation is None:
        return "took the balances and positions as the ledger's baseline"
    if world.reconciliation.differences:
        return f"reconciliation FAILED: {world.reconciliation.differences[0].sentence}"
    return "reconciled: balances and positions agree with the ledger to the atom"


def _venue(child: ChildId, world: World) -> str:
    return world.children[child].order.venue


def _show(amount: Amount, world: World) -> str:
    return f"{format_decimal(amount.atoms, _decimals(amount.asset, world))} {amount.asset}"


def _decimals(asset: AssetId, world: World) -> int:
    for instrument in world.instruments.values():
        for side in (instrument.base, instrument.quote):
            if side.id == asset:
                return side.decimals
    return 0
