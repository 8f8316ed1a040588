"""What the kill switch leaves of an order, a venue, a child. Pure; obeyed again at the signer."""

from router.domain.control import Control, Finding
from router.domain.instrument import Instrument
from router.domain.order import ChildOrder, ParentOrder, TimeInForce
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState, of_market, strictest_of
from router.domain.verdict import Refused
from router.state.world import World

_NOTHING_NEW = {TradingState.CANCEL_ONLY, TradingState.HALTED}


def refusal(world: World, order: ParentOrder) -> Refused | None:
    """Return why an order may not go on at any venue."""
    found = strictest_of(world.switches, _of_order(order))
    return None if found is None or found.state not in _NOTHING_NEW else refused(found)


def holds(world: World, order: ParentOrder) -> bool:
    """Tell whether an order that waits goes on waiting: nothing new may begin, and nothing ends."""
    found = strictest_of(world.switches, _of_order(order))
    return found is not None and found.state is TradingState.CANCEL_ONLY


def tradable(world: World, order: ParentOrder) -> tuple[Instrument, ...]:
    """Return the configured markets at which an order may trade at all."""
    return tuple(
        i
        for i in world.configured
        if (found := strictest_of(world.switches, of_market(order.strategy, i.venue, i.account)))
        is None
        or found.state not in _NOTHING_NEW
    )


def reduces_only(world: World, order: ParentOrder, instrument: Instrument) -> SwitchSetting | None:
    """Return the setting by which an order may only reduce in a market, if there is one."""
    scopes = of_market(order.strategy, instrument.venue, instrument.account)
    found = strictest_of(world.switches, scopes)
    return found if found is not None and found.state is TradingState.REDUCE_ONLY else None


def cancels(world: World, child: ChildOrder) -> bool:
    """Tell whether a child that is out is to be cancelled."""
    found = _of_child(world, child)
    return found is TradingState.HALTED or opens(world, child)


def opens(world: World, child: ChildOrder) -> bool:
    """Tell whether a child that waits may open a position where positions may only shrink."""
    waits = child.time_in_force is not TimeInForce.IMMEDIATE
    is_reducing = _of_child(world, child) is TradingState.REDUCE_ONLY
    return waits and is_reducing and not child.reduces_only


def refused(setting: SwitchSetting) -> Refused:
    """Return the refusal that a setting is the reason of."""
    message = (
        f"{setting.scope.label} is {setting.state} since {setting.by} said so: {setting.reason};"
        " headrace switch makes it active again"
    )
    finding = Finding(
        control=Control.KILL_SWITCH,
        scope=setting.scope,
        key="switch",
        limit=str(setting.state),
        value="a new order",
        message=message,
    )
    return Refused(NoRouteReason.LIMIT_EXCEEDED, message, finding)


def _of_child(world: World, child: ChildOrder) -> TradingState:
    found = strictest_of(world.switches, of_market(child.strategy, child.venue, child.account))
    return TradingState.ACTIVE if found is None else found.state


def _of_order(order: ParentOrder) -> tuple[Scope, ...]:
    return (FIRM, Scope(ScopeKind.STRATEGY, order.strategy))
