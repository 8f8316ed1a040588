"""Events folded into what the desk did lately. Pure."""

from collections.abc import Iterable, Mapping

from router.domain.account import AccountSnapshot
from router.domain.change import changed
from router.domain.controls import SELF_TRADE, SelfTrade
from router.domain.event import (
    AccountsObserved,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildReplaced,
    ChildWentSilent,
    Event,
    FillVoided,
    MarketObserved,
    ParentSubmitted,
    RiskAssessed,
    RouteSolved,
)
from router.domain.instrument import Instrument
from router.domain.market import PerpContext
from router.domain.order import ChildOrder, OrderStatus, ParentOrder
from router.domain.plan import Leg
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import (
    PIPS_PER_UNIT,
    Amount,
    AssetId,
    InstrumentId,
    ParentId,
    Pips,
    Price,
    Rounding,
    Side,
    TimestampNs,
    divide,
)
from router.state.counts import Activity, Measure, Seen
from router.state.profit import Profit
from router.state.world import ChildState, ParentState, Phase, World, flow_of


# One line a case: splitting it would hide which events count.
def folded(before: World, after: World, event: Event) -> Activity:  # noqa: PLR0911
    """Return the activity once an event has made `before` into `after`."""
    at = event.assessment.at if isinstance(event, RiskAssessed) else event.at
    activity = _with_result(after, at)
    match event:
        case ParentSubmitted() | RiskAssessed():
            new = after.parents.newer(before.parents)
            return _taken_in(activity, after, new, at=at)
        case RouteSolved():
            return _sent(activity, after, _made(before, after, event.parent), at=at)
        case ChildReplaced():
            child = after.children[event.child].order
            return _counted(activity, Measure.MESSAGES, scopes_of(child), at=at)
        case ChildFilled() | ChildEnded() | ChildNotSent() | ChildWentSilent():
            old, new_state = before.children[event.child], after.children[event.child]
            return activity if old is new_state else _news(activity, after, event, old=old)
        case FillVoided():
            return _voided(before, after, event, activity=activity)
        case MarketObserved():
            # What waits at a book, and what was quoted, is sent without being solved.
            made = _made(before, after, event.parent)
            marked = _marked(activity, after, event.observation.contexts)
            return _sent(marked, after, made, at=at)
        case AccountsObserved():
            return _held(activity, event.accounts)
        case _:
            return activity


def scopes_of(child: ChildOrder) -> tuple[Scope, ...]:
    """Return the scopes that take a child in, but for its markets."""
    return (
        FIRM,
        Scope(ScopeKind.STRATEGY, child.strategy),
        Scope(ScopeKind.ACCOUNT, child.account),
        Scope(ScopeKind.VENUE, child.venue),
    )


def opposes(one: ParentOrder, other: ParentOrder, configured: Iterable[Instrument]) -> bool:
    """Tell whether two orders could trade with each other, or back and forth in one pool."""
    if {one.base, one.quote} != {other.base, other.quote}:
        return False
    if (one.side is other.side) is (one.base == other.base):
        return False
    return any(_allows(one, market) and _allows(other, market) for market in configured)


# By venue, or by family of pools.
def _allows(order: ParentOrder, market: Instrument) -> bool:
    return not order.venues or bool({market.venue, market.protocol} & set(order.venues))


def impact_pips(legs: Iterable[Leg], arrival: Price) -> Pips:
    """Return how far legs move the price they trade at, of their value at arrival, rounded up."""
    cost = value = 0
    for leg in legs:
        cost += leg.cost.impact
        value += arrival.notional(Amount(arrival.base, leg.quantity.atoms), Rounding.UP).atoms
    return Pips(divide(max(cost, 0) * PIPS_PER_UNIT, max(value, 1), Rounding.UP))


def booked(profit: Profit) -> dict[AssetId, int]:
    """Return what was gained less all that was paid, by asset; what is held at cost."""
    total: dict[AssetId, int] = {}
    for item, line in profit.lines.items():
        total[item.quote] = total.get(item.quote, 0) + line.realised - line.fees
    for funded, atoms in profit.funding.items():
        total[funded.asset] = total.get(funded.asset, 0) + atoms
    for (_, asset), atoms in profit.gas_valued.items():
        total[asset] = total.get(asset, 0) - atoms
    return total


def _counted(
    activity: Activity,
    measure: Measure,
    scopes: tuple[Scope, ...],
    *,
    at: TimestampNs,
    count: int = 1,
    asset: str = "",
) -> Activity:
    for scope in scopes:
        activity = activity.added(measure, scope, at, count=count, asset=asset)
    return activity


def _with_result(world: World, at: TimestampNs) -> Activity:
    activity, now = world.activity, booked(world.profit)
    if now == activity.result:
        return activity
    for asset, atoms in now.items():
        gained = atoms - activity.result.get(asset, 0)
        activity = activity.added(Measure.RESULT, FIRM, at, count=gained, asset=asset)
    return changed(activity, result=now)


def _taken_in(
    activity: Activity, world: World, new: Iterable[ParentState], *, at: TimestampNs
) -> Activity:
    for parent in new:
        order = parent.order
        scopes = (FIRM, Scope(ScopeKind.STRATEGY, order.strategy))
        activity = _counted(activity, Measure.ORDERS, scopes, at=at)
        activity = _crossed(activity, world, parent)
        if parent.status is not OrderStatus.REJECTED:
            activity = activity.with_seen(_seen(order, at))
    return activity


# Where both of two opposite orders must go, the newer is refused at once, and the older is to
# learn of it: from one, not from each.
def _crossed(activity: Activity, world: World, new: ParentState) -> Activity:
    controls = world.limits.controls
    if controls is None or controls.self_trade is not SelfTrade.CANCEL_BOTH:
        return changed(activity, crossings=()) if activity.crossings else activity
    if SELF_TRADE not in new.reason:
        return activity
    order, known = new.order, world.parents
    bought, given = flow_of(order)
    kept = {a: b for a, b in activity.crossings if known[a].phase is not Phase.DONE}
    for name in world.flows.get((given, bought), ()):
        if name != order.id and opposes(known[name].order, order, world.configured):
            kept.setdefault(name, order.id)
    return changed(activity, crossings=tuple(kept.items()))


def _seen(order: ParentOrder, at: TimestampNs) -> Seen:
    return Seen(
        id=order.id,
        at=at,
        strategy=order.strategy,
        side=order.side,
        base=order.base,
        quote=order.quote,
        quantity=order.quantity,
        limit_price=order.limit_price,
    )


def _made(before: World, after: World, name: ParentId) -> list[ChildOrder]:
    names = after.parents[name].children
    return [after.children[c].order for c in names if c not in before.children]


def _sent(
    activity: Activity, world: World, children: Iterable[ChildOrder], *, at: TimestampNs
) -> Activity:
    for child in children:
        parent = world.parents[child.parent]
        assert parent.arrival_mid is not None, "what was planned had an arrival price"
        activity = _counted(activity, Measure.MESSAGES, scopes_of(child), at=at)
        activity = activity.added(Measure.CHILDREN, child.parent, at, count=1)
        for leg in child.legs:
            moved = impact_pips((leg,), parent.arrival_mid)
            activity = _counted(activity, Measure.IMPACT, _markets(leg), at=at, count=moved)
    return activity


def _news(
    activity: Activity,
    world: World,
    event: ChildFilled | ChildEnded | ChildNotSent | ChildWentSilent,
    *,
    old: ChildState,
) -> Activity:
    child = world.children[event.child]
    scopes, has_failed = scopes_of(child.order), True
    match event:
        case ChildFilled(_, fill, _):
            leg = next(x for x in child.order.legs if x.instrument.id == fill.instrument)
            return _counted(
                activity,
                Measure.NOTIONAL,
                (*scopes, *_markets(leg)),
                at=event.at,
                count=fill.notional.atoms,
                asset=fill.notional.asset,
            )
        case ChildEnded():
            activity = _ended(activity, world, child, scopes=scopes, event=event)
            has_failed = event.status is OrderStatus.REJECTED
        case ChildWentSilent():
            has_failed = old.status is not OrderStatus.IN_DOUBT
        case ChildNotSent():
            pass  # always an error
    if not has_failed:
        return activity
    return _counted(activity, Measure.ERRORS, scopes, at=event.at)


# What was counted of a fill that never was is taken back where it is counted still.
def _voided(before: World, after: World, event: FillVoided, *, activity: Activity) -> Activity:
    old, new = before.children.get(event.child), after.children.get(event.child)
    if old is None or new is None or old is new:
        return activity
    fill = next(each for each in old.fills if each.id == event.fill)
    leg = next(x for x in old.order.legs if x.instrument.id == fill.instrument)
    instead = 0 if event.corrected is None else event.corrected.notional.atoms
    count, asset = fill.notional.atoms - instead, fill.notional.asset
    for scope in (*scopes_of(old.order), *_markets(leg)):
        if count > 0:
            since = fill.at_venue
            activity = activity.less(Measure.NOTIONAL, scope, since, count=count, asset=asset)
        else:
            activity = activity.added(Measure.NOTIONAL, scope, event.at, count=-count, asset=asset)
    return activity


# A route's are the pools on its way; each counts whole, as limits of it are asked.
def _markets(leg: Leg) -> tuple[Scope, ...]:
    names = tuple(hop.instrument.id for hop in leg.hops) or (leg.instrument.id,)
    return tuple(Scope(ScopeKind.INSTRUMENT, name) for name in dict.fromkeys(names))


def _ended(
    activity: Activity,
    world: World,
    child: ChildState,
    *,
    scopes: tuple[Scope, ...],
    event: ChildEnded,
) -> Activity:
    at = event.at
    if child.status is not OrderStatus.REPLACED:  # we took it back ourselves, to move it
        activity = _counted(activity, Measure.ENDED, scopes, at=at)
        if not child.fills:
            activity = _counted(activity, Measure.UNFILLED, scopes, at=at)
    if event.gas is not None:
        for measure in (Measure.GAS_HOUR, Measure.GAS_DAY):
            activity = _counted(activity, measure, scopes, at=at, count=event.gas.atoms)
    return _judged(activity, world, child)


# A run of losing slices: longer by one that lost, over with one that did not.
def _judged(activity: Activity, world: World, child: ChildState) -> Activity:
    strategy, bound = child.order.strategy, _losing_pips(world, child.order.strategy)
    if bound is None or (not child.fills and child.gas is None):
        return activity
    worse, quoted = _against_quote(child)
    has_lost = not child.fills or worse * PIPS_PER_UNIT >= bound * quoted
    return activity.with_losing(strategy, activity.losing.get(strategy, 0) + 1 if has_lost else 0)


def _losing_pips(world: World, strategy: str) -> int | None:
    if world.limits.controls is None:
        return None
    scopes = (FIRM, Scope(ScopeKind.STRATEGY, strategy))
    named = (limits.losing_slice_pips for limits in world.limits.controls.of(scopes))
    return min((pips for pips in named if pips is not None), default=None)


# How much worse the fills were than the legs' own quotes, and what these were; quote atoms.
def _against_quote(child: ChildState) -> tuple[int, int]:
    legs = {leg.instrument.id: leg for leg in child.order.legs}
    paid = quoted = 0
    for fill in child.fills:
        leg = legs[fill.instrument]
        paid += fill.notional.atoms
        quoted += divide(
            leg.notional.atoms * fill.quantity.atoms, leg.quantity.atoms, Rounding.DOWN
        )
    return (paid - quoted if child.order.side is Side.BUY else quoted - paid), quoted


def _marked(activity: Activity, world: World, contexts: tuple[PerpContext, ...]) -> Activity:
    marks = dict(activity.marks)
    for context in contexts:
        instrument = world.instruments.get(context.instrument)
        if instrument is not None and context.mark_ticks > 0:
            lot = Amount(instrument.base.id, instrument.lot_atoms)
            price = instrument.tick_price(context.mark_ticks)
            marks[context.instrument] = price.notional(lot, Rounding.UP).atoms
    return activity if marks == activity.marks else changed(activity, marks=marks)


def _held(activity: Activity, accounts: tuple[AccountSnapshot, ...]) -> Activity:
    marks: dict[InstrumentId, int] = {}
    for account in accounts:
        lots: Mapping[InstrumentId, int] = {p.instrument: abs(p.lots) for p in account.positions}
        for marked in account.marked:
            count = lots.get(marked.instrument, 0)
            if count:
                worth = abs(marked.held.notional_atoms)
                marks[marked.instrument] = divide(worth, count, Rounding.UP)
    merged = {**activity.marks, **marks}
    return activity if merged == activity.marks else changed(activity, marks=merged)


def pardoned(activity: Activity, setting: SwitchSetting) -> Activity:
    """Forget what stops a scope, where somebody lets it trade again and answers for it."""
    if setting.state is not TradingState.ACTIVE:
        return activity
    if setting.scope.kind is ScopeKind.STRATEGY:
        activity = activity.with_losing(setting.scope.name, 0)
    return activity.without(Measure.ERRORS, setting.scope)
