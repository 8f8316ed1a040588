"""Fills that were on record and never were: taken out of the books, or put right. Pure.

What such a fill has moved is moved back, to the atom. An order that has ended stays as it ended,
but for one that was filled and now is not: nothing more of it is traded, so it stands canceled with
what is left. One that is about to end ends as what it came to says, and one that goes on goes on
with what is left.
"""

from dataclasses import replace

from router.domain.event import FillVoided
from router.domain.order import Fill, OrderStatus
from router.domain.plan import Leg, QuantityKind
from router.engine.admission import Step, look_at_accounts
from router.execution import progress
from router.execution.order_machine import voided as without
from router.state.world import ChildState, ParentState, Phase, World

_OVER = frozenset({Phase.RECONCILING, Phase.DONE})


def voided(world: World, event: FillVoided) -> Step:
    """Take a fill out of its child, or put another in its place; what is not known stays so."""
    if refusal(world, event) is not None:
        return world, ()
    before = world.children[event.child]
    after = without(before, event.fill, event.corrected)
    void = _fill(before, event.fill)
    assert void is not None, "it was looked for"
    world = _with_books(world.with_child(after), after, void=void, corrected=event.corrected)
    parent = world.parents[after.order.parent]
    if parent.phase in _OVER:
        world = world.with_parent(_ended(world, parent, event))
    return look_at_accounts(world) if world.is_ready else (world, ())


def refusal(world: World, event: FillVoided) -> str | None:
    """Say why a fill is not taken back; None where it is."""
    child = world.children.get(event.child)
    if child is None:
        return f"child: {event.child!r} is not known; say which order at a venue"
    void = _fill(child, event.fill)
    if void is None:
        return f"fill: {event.fill!r} is no fill of {event.child}; name one of its own"
    instead = event.corrected
    if instead is None:
        return None
    if _fill(child, instead.id) is not None or instead.id in child.voided:
        return f"corrected: {instead.id!r} is another fill of {event.child} already"
    lot = _leg(child, void).instrument.lot_atoms
    return _misfit(instead, void, lot=lot) or _beyond(child, void, instead)


def _misfit(instead: Fill, void: Fill, *, lot: int) -> str | None:
    if _kind(void) != _kind(instead):
        return "corrected: must be of the same market, in the same assets"
    if instead.quantity.atoms % lot:
        return f"quantity: must be a multiple of {lot} atoms, the market's lot"
    if instead.quantity.atoms <= 0 or instead.notional.atoms <= 0:
        return "corrected: must be of something; leave it out where nothing was filled"
    return None


# Nobody can have filled more of a part than was sent of it; what is said to be less is believed.
def _beyond(child: ChildState, void: Fill, instead: Fill) -> str | None:
    leg = _leg(child, void)
    in_base = leg.quantity_kind is QuantityKind.BASE

    def of(fill: Fill) -> int:
        return (fill.quantity if in_base else fill.notional).atoms

    others = (f for f in child.fills if f.instrument == void.instrument and f.id != void.id)
    total, sent = sum(map(of, others)) + of(instead), (leg.quantity if in_base else leg.notional)
    if total <= sent.atoms or of(instead) <= of(void):
        return None
    field = "quantity" if in_base else "notional"
    return f"{field}: {total} atoms would have filled, and {sent.atoms} were sent; look again"


def _fill(child: ChildState, name: str) -> Fill | None:
    return next((fill for fill in child.fills if fill.id == name), None)


def _leg(child: ChildState, fill: Fill) -> Leg:
    return next(each for each in child.order.legs if each.instrument.id == fill.instrument)


def _kind(fill: Fill) -> tuple[str, ...]:
    return (
        fill.child,
        fill.instrument,
        fill.quantity.asset,
        fill.notional.asset,
        fill.fee.asset,
    )


def _with_books(world: World, child: ChildState, *, void: Fill, corrected: Fill | None) -> World:
    epoch, account = world.epoch + 1, child.order.account
    world = replace(world, epoch=epoch, moved={**world.moved, account: epoch})
    if world.ledger is None:
        return world  # what the venues say next is the baseline
    leg = _leg(child, void)
    ledger = world.ledger.without_fill(leg.instrument, child.order.side, void)
    if corrected is not None:
        ledger = ledger.with_fill(leg.instrument, child.order.side, corrected)
    return replace(world, ledger=ledger)


def _ended(world: World, parent: ParentState, event: FillVoided) -> ParentState:
    if progress.left(world, parent).atoms <= 0:
        if parent.phase is Phase.DONE or parent.outcome is OrderStatus.FILLED:
            return parent
        return replace(parent, outcome=OrderStatus.FILLED, reason="")
    reason = f"fill {event.fill} was taken back by {event.by}: {event.reason}"
    if parent.outcome is OrderStatus.FILLED:
        parent = replace(parent, outcome=OrderStatus.CANCELED, reason=reason)
    if parent.status is not OrderStatus.FILLED or parent.phase is not Phase.DONE:
        return parent
    at = event.at if parent.ended_at is None else parent.ended_at
    return progress.ended(parent, OrderStatus.CANCELED, reason=reason, at=at)
