"""What a desk at work would say of a quoted order now: it goes on, it waits, or it is refused.

Asked are the engine's own functions, in the engine's order, of the desk's world with the order put
in; the desk itself never sees it. Of what an algo sends over time only what holds for all of it is
judged: its slices are planned when they are due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from router.algo import sweep
from router.compose.dry_run.planning import DryRun
from router.domain.algo import Sweep
from router.domain.controls import amount_of
from router.domain.order import ParentOrder, Persistence
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import of_market, strictest_of
from router.domain.units import Amount, AssetId, TimestampNs
from router.domain.verdict import Refused
from router.engine.admission import fault_of
from router.engine.planning import admitted
from router.gateway.quote_data import NoPlan
from router.gateway.quote_standing import UNASKED, Allowance, Standing
from router.risk import controls, inventory, switches
from router.risk import limits as risk
from router.risk.controls import daily
from router.risk.controls.breach import path
from router.risk.controls.case import markets_of
from router.state.world import World

Found: TypeAlias = DryRun | NoPlan

_ACCEPTED = "sent now it would be taken in and planned"


@dataclass(frozen=True, slots=True)
class DeskNow:
    """A running desk at one moment.

    Attributes
    ----------
    crowded : str | None
        Why it takes in nothing at all.
    """

    world: World
    crowded: str | None = None


def standing(
    order: ParentOrder, found: Found, *, desk: DeskNow | None, at: TimestampNs
) -> Standing:
    """Return what would become of an order that came in now.

    Parameters
    ----------
    desk : DeskNow | None
        None where no desk was asked: then nobody knows its switches.
    """
    if desk is None:
        told = _unplanned(found, order) or Standing("unknown", UNASKED)
        return replace(told, left_out=found.left_out)
    world, fault = admitted(desk.world, order, at)
    parent = world.parents[order.id]
    fault = desk.crowded or fault or fault_of(world, parent, at)
    told = (
        _refusal(fault)
        or _closed(world, order)
        or _held(world, order)
        or _market(world, found, at)
        or _unplanned(found, order)
        or _plan(world, found, at)
        or Standing("accepted", _ACCEPTED)
    )
    left = tuple(_allowances(world, order, found, at=at))
    return replace(told, left_out=found.left_out, allowances=left)


def _refusal(fault: Refused | str | None) -> Standing | None:
    if fault is None:
        return None
    if isinstance(fault, str):
        fault = Refused(NoRouteReason.LIMIT_EXCEEDED, fault)
    return Standing("refused", fault.message, fault)


# Where switches close one market after the other, and none is left.
def _closed(world: World, order: ParentOrder) -> Standing | None:
    markets = sweep.scope(order, world.configured, 0).observed
    if not markets or sweep.scope(order, switches.tradable(world, order), 0).markets:
        return None
    known = (world.instruments[name] for name in markets)
    scopes = (s for i in known for s in of_market(order.strategy, i.venue, i.account))
    found = strictest_of(world.switches, scopes)
    return None if found is None else _refusal(switches.refused(found))


# Before it is planned: what must trade at once does not wait for an account with room.
def _held(world: World, order: ParentOrder) -> Standing | None:
    if not world.is_ready:
        return Standing("waits", "the accounts were not looked at since the start")
    full = inventory.full_accounts(world)
    if not inventory.waits(world, order, full):
        return None
    why = next(iter(full.values()))
    if order.persistence is Persistence.DEADLINE:
        return Standing("waits", why)
    return _refusal(f"{why}; it must trade at once")


def _market(world: World, found: Found, at: TimestampNs) -> Standing | None:
    if isinstance(found, NoPlan):
        return None
    order, arrival = found.order, found.parent.arrival_mid
    assert arrival is not None, "what was planned had an arrival price"
    return _refusal(
        risk.check_notional(order, arrival, world.limits)
        or controls.market_refusal(world, found.parent, found.observation, at=at)
    )


def _unplanned(found: Found, order: ParentOrder) -> Standing | None:
    if isinstance(found, DryRun):
        return None
    if isinstance(order.algo, Sweep):
        return _refusal(Refused(found.reason, found.message))
    return Standing("unknown", f"all of it at once has no plan, and slices may: {found.message}")


def _plan(world: World, found: Found, at: TimestampNs) -> Standing | None:
    if isinstance(found, NoPlan) or not isinstance(found.order.algo, Sweep):
        return None
    return _refusal(controls.plan_refusal(world, found.parent, found.plan, at=at))


def _allowances(
    world: World, order: ParentOrder, found: Found, *, at: TimestampNs
) -> Iterator[Allowance]:
    rules, quote = world.limits.controls, order.quote
    whole = next((a for a in world.limits.order_notional_max if a.asset == quote), None)
    if whole is not None:
        yield Allowance("limits.order_notional_max", whole, used=0)
    scopes = _scopes(order, found)
    for limits in () if rules is None else rules.limits:
        scope = limits.scope
        if scope not in scopes:
            continue
        largest = amount_of(limits.order_notional_max, quote)
        if largest is not None:
            yield _allowance(scope, "order_notional_max", quote, bound=largest, used=0)
        most = amount_of(limits.daily_notional_max, quote)
        if most is not None:
            used = daily.traded(world, scope, quote, at=at)
            yield _allowance(scope, "daily_notional_max", quote, bound=most, used=used)
        worst = amount_of(limits.daily_loss_max, quote) if scope == FIRM else None
        if worst is not None:
            used = daily.lost(world, quote, at)
            yield _allowance(scope, "daily_loss_max", quote, bound=worst, used=used)


def _allowance(scope: Scope, key: str, quote: AssetId, *, bound: int, used: int) -> Allowance:
    return Allowance(path(scope, key), Amount(quote, bound), used)


# All that take in the order or a leg of its plan.
def _scopes(order: ParentOrder, found: Found) -> set[Scope]:
    scopes = {FIRM, Scope(ScopeKind.STRATEGY, order.strategy)}
    legs = found.plan.legs if isinstance(found, DryRun) else ()
    for market in (each for leg in legs for each in markets_of(leg)):
        scopes.add(Scope(ScopeKind.ACCOUNT, market.account))
        scopes.add(Scope(ScopeKind.VENUE, market.venue))
        scopes.add(Scope(ScopeKind.INSTRUMENT, market.id))
    return scopes
