"""What is known of risk now, put together for one decision: what a plan must keep to. Pure."""

from collections.abc import Iterator, Mapping

from router.domain.instrument import Instrument, InstrumentKind
from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason
from router.domain.risk import Assessment, Cut, Guards, Zone
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.units import AccountId, Amount, InstrumentId, ParentId, Side, TimestampNs
from router.domain.verdict import Refused
from router.risk import controls, inventory, switches
from router.risk.funding_watch import expected
from router.risk.price_guard import distrusted, trusted
from router.risk.stress.gate import reduced_accounts
from router.risk.stress.rows import venue_rows
from router.state.world import ParentState, Phase, World

DELEVERAGING = "deleverage"  # the strategy whose orders go first
_LIFETIME_NS = 60_000_000_000


def waits_behind(parent: ParentState) -> bool:
    """Order parents that wait: those that keep an account from being liquidated go first."""
    return parent.order.strategy != DELEVERAGING


def gives_way(world: World, parent: ParentState) -> bool:
    """Tell whether a parent between two stages lets one that keeps an account alive go first."""
    return waits_behind(parent) and any(not waits_behind(other) for other in world.queued.rows())


def refusal(world: World, order: ParentOrder, at: TimestampNs) -> Refused | None:
    """Return what switches and controls have against an order."""
    return switches.refusal(world, order) or controls.admission_refusal(world, order, at)


def look(world: World, order: ParentOrder, observation: Observation, *, at: TimestampNs) -> Guards:
    """Return what a plan for an order must keep to, on what was observed."""
    without, alarms = _distrusted(world, order, observation, at=at)
    # Of two legs that are cut, one scenario or the other would have the first stay.
    urgent = _is_deleveraging(order) and order.reduces_only
    return Guards(
        without={
            **controls.unavailable(world, order, at),
            **inventory.left_out(world, observation),
            **_unbought(world, order),
            **without,
        },
        reduces_only={
            **reduced_accounts(world, at),
            **_switched(world, order),
        },
        scenarios={} if urgent else venue_rows(world.limits, world.configured),
        funding_per_hour=expected(world, order, at),
        alarms=alarms,
        asks_scenarios=not urgent,
    )


def priced(
    world: World, order: ParentOrder, observation: Observation, *, at: TimestampNs
) -> Observation:
    """Return what a mid may be made of: what is closed has a price, what is wrong has none."""
    return trusted(observation, _distrusted(world, order, observation, at=at)[0])


def news(before: Assessment | None, now: Assessment) -> tuple[str, ...]:
    """Return what somebody should know of accounts that changed their zone."""
    told = []
    for account in now.accounts:
        old = None if before is None else before.of(account.account)
        was = Zone.SAFE if old is None else old.zone
        if account.zone is not was and account.zone is not Zone.SAFE:
            told.append(
                f"{account.account} is in the zone {account.zone} (was {was}): maintenance is"
                f" {account.maintenance_atoms} of {account.equity_atoms} atoms of equity"
            )
    return tuple(told)


def reductions(world: World, assessment: Assessment) -> tuple[ParentOrder, ...]:
    """Return the orders that make positions smaller, where none of the last are under way.

    An assessment's cuts belong together: both sides of a hedge are among them. So they are begun
    together, or not at all while an order of an earlier assessment is not done; the next assessment
    cuts what is still too large. Nor is anything begun that would be refused at once, every second.
    """
    if any(_is_deleveraging(parent.order) for parent in world.going.rows()):
        return ()
    names = {c.instrument: _name(assessment, place) for place, c in enumerate(assessment.cuts)}
    named = ((world.instruments.get(cut.instrument), cut) for cut in assessment.cuts)
    until = TimestampNs(assessment.at + _lifetime(world))
    orders = tuple(
        _reduction(assessment, names, cut=cut, instrument=instrument, until=until)
        for instrument, cut in named
        if instrument is not None
    )
    return orders if all(_may_begin(world, order) for order in orders) else ()


# All of an assessment or none: what it asks holds for every one of them.
def _may_begin(world: World, order: ParentOrder) -> bool:
    is_new = order.id not in world.parents
    return is_new and world.halt_reason is None and switches.refusal(world, order) is None


def _name(assessment: Assessment, place: int) -> ParentId:
    return ParentId(f"{DELEVERAGING}-{assessment.at}-{place}")


def bares(world: World, order: ParentOrder) -> Refused | None:
    """Refuse to cut a hedge where less than half of what it hedges was cut before it."""
    hedged = [world.parents[name] for name in order.hedges if name in world.parents]
    asked = sum(parent.order.quantity.atoms for parent in hedged)
    children = (c for parent in hedged for c in world.children_of(parent.order.id))
    done = sum(fill.quantity.atoms for child in children for fill in child.fills)
    if 2 * done >= asked or any(parent.phase is not Phase.DONE for parent in hedged):
        return None
    return Refused(
        NoRouteReason.REDUCE_ONLY,
        f"it would leave without a hedge what {', '.join(order.hedges)} did not cut; the next"
        " assessment plans both sides anew",
    )


# Controls ask of these orders, too, how long they may be worked.
def _lifetime(world: World) -> int:
    rules = world.limits.controls
    scopes = (FIRM, Scope(ScopeKind.STRATEGY, DELEVERAGING))
    bounds = () if rules is None else (limits.deadline_max for limits in rules.of(scopes))
    return min((_LIFETIME_NS, *(bound for bound in bounds if bound is not None)))


def _is_deleveraging(order: ParentOrder) -> bool:
    return order.strategy == DELEVERAGING


def _reduction(
    assessment: Assessment,
    names: Mapping[InstrumentId, ParentId],
    *,
    cut: Cut,
    instrument: Instrument,
    until: TimestampNs,
) -> ParentOrder:
    assert instrument.kind is InstrumentKind.PERP_BOOK, "positions are in perp books"
    name = names[cut.instrument]
    return ParentOrder(
        id=name,
        client_order_id=name,
        side=Side.BUY if cut.lots > 0 else Side.SELL,
        base=instrument.base.id,
        quote=instrument.quote.id,
        quantity=Amount(instrument.base.id, abs(cut.lots) * instrument.lot_atoms),
        limit_price=None,
        slippage_max_pips=cut.slippage_max_pips,
        holding_horizon_s=0,
        venues=(instrument.venue,),
        deadline_at=until,
        submitted_at=assessment.at,
        strategy=DELEVERAGING,
        reduces_only=True,
        hedges=tuple(names[hedged] for hedged in cut.hedges if hedged in names),
    )


def _switched(world: World, order: ParentOrder) -> dict[AccountId, str]:
    return {i.account: why for i, why in _reduced(world, order) if not i.is_on_chain}


# Pools are switched one by one, for those of several venues share an account; selling reduces.
def _unbought(world: World, order: ParentOrder) -> dict[InstrumentId, str]:
    if order.side is Side.SELL:
        return {}
    return {i.id: why for i, why in _reduced(world, order) if i.is_on_chain}


def _reduced(world: World, order: ParentOrder) -> Iterator[tuple[Instrument, str]]:
    for instrument in world.configured:
        setting = switches.reduces_only(world, order, instrument)
        if setting is not None:
            yield instrument, switches.refused(setting).message


def _distrusted(
    world: World, order: ParentOrder, observation: Observation, *, at: TimestampNs
) -> tuple[dict[InstrumentId, str], tuple[str, ...]]:
    return distrusted(
        observation,
        world.configured,
        world.limits,
        pair=(order.base, order.quote),
        only_reduces=order.reduces_only,
        at=at,
    )
