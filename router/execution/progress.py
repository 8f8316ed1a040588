"""How far a parent is: what has filled, what is left, and what comes next. Pure arithmetic."""

import enum
from dataclasses import replace

from router.domain.instrument import STAGES, Instrument
from router.domain.order import TERMINAL, OrderStatus, ParentOrder, Persistence
from router.domain.plan import Leg, QuantityKind
from router.domain.units import Amount, Side, TimestampNs
from router.state.world import ChildState, ParentState, Phase, World


class Next(enum.Enum):
    """What a parent does once the children of a stage have ended."""

    DONE = "done"  # nothing is left
    LATER_STAGE = "later_stage"  # plan the rest over the venues that come after
    NEXT_ROUND = "next_round"  # plan the rest over all venues again
    GIVE_BACK = "give_back"  # no round is left


def new_parent(order: ParentOrder) -> ParentState:
    """Return the state of an order that has just been accepted."""
    return ParentState(order=order, status=OrderStatus.NEW, phase=Phase.QUEUED)


def ended(parent: ParentState, status: OrderStatus, *, reason: str, at: TimestampNs) -> ParentState:
    """Return a parent with its last status."""
    assert status in TERMINAL, f"{parent.order.id} cannot end as {status}"
    return replace(
        parent, phase=Phase.DONE, status=status, reason=reason, ended_at=at, pending=None
    )


def filled(world: World, parent: ParentState) -> Amount:
    """Return what has filled of the order, in the asset it fixes."""
    quantity = parent.order.quantity
    in_base = quantity.asset == parent.order.base
    fills = (f for c in world.children_of(parent.order.id) for f in c.fills)
    return Amount(quantity.asset, sum((f.quantity if in_base else f.notional).atoms for f in fills))


def left(world: World, parent: ParentState) -> Amount:
    """Return what is still to trade; negative only if a venue filled more than was sent."""
    return parent.order.quantity - filled(world, parent)


def slice_left(world: World, parent: ParentState) -> Amount:
    """Return what is still to trade of what was released; all of it where nothing was yet."""
    if parent.released is None:
        return left(world, parent)
    return min(parent.released, parent.order.quantity, key=_atoms) - filled(world, parent)


def is_dust(rest: Amount, candidates: tuple[Instrument, ...]) -> bool:
    """Tell whether a rest is too small to be traded at any of the candidates."""
    return rest.atoms < _dust(rest, candidates)


def is_all_traded(world: World, parent: ParentState) -> bool:
    """Tell whether nothing is left that any configured market the order allows could trade."""
    order = parent.order
    markets = tuple(
        i
        for i in world.configured
        if i.base.id == order.base
        and (not order.venues or i.venue in order.venues or i.protocol in order.venues)
    )
    return is_dust(left(world, parent), markets)


def excess(child: ChildState, leg: Leg) -> str | None:
    """Say what a leg has traded beyond what was sent; None while it kept to it.

    What was exact must not be exceeded, and the other side must keep to its bound.
    """
    fills = [f for f in child.fills if f.instrument == leg.instrument.id]
    quantity = sum(f.quantity.atoms for f in fills)
    cash = sum(f.notional.atoms for f in fills)
    in_base = leg.quantity_kind is QuantityKind.BASE
    done, sent = (quantity, leg.quantity.atoms) if in_base else (cash, leg.notional.atoms)
    if done > sent:
        return f"{child.order.id}: filled more than ordered, {done} atoms instead of {sent}"
    if in_base and leg.side is Side.BUY and cash > leg.bound.atoms:
        return f"{child.order.id}: paid {cash} atoms, beyond the bound of {leg.bound.atoms}"
    return None


def unexplained(world: World, parent: ParentState) -> tuple[ChildState, ...]:
    """Return the children that were mined and of which nothing is booked but the gas.

    That they did nothing is the word of one node, or could not be read at all.
    """
    rejected = OrderStatus.REJECTED
    children = world.children_of(parent.order.id)
    return tuple(c for c in children if c.status is rejected and c.gas is not None and not c.fills)


def suspicions(world: World) -> tuple[str, ...]:
    """Say which children may be why the books differ: those unexplained of orders that go on."""
    children = (child for parent in world.going.rows() for child in unexplained(world, parent))
    return tuple(f"{child.order.id}: {child.reason}" for child in children)


def decide(world: World, parent: ParentState, candidates: tuple[Instrument, ...]) -> Next:
    """Say what follows, now that no child of the parent is open.

    Parameters
    ----------
    candidates : tuple of Instrument
        All that the order may use, of every stage.
    """
    if is_dust(slice_left(world, parent), candidates):
        return Next.DONE
    done = max(
        (
            c.order.stage
            for c in world.children_of(parent.order.id)
            if (c.order.slice, c.order.round) == (parent.slices, parent.round)
        ),
        default=parent.stage,
    )
    if any(STAGES[i.kind] > done for i in candidates):
        return Next.LATER_STAGE
    return next_round(world, parent)


def next_round(world: World, parent: ParentState) -> Next:
    """Say whether a round is left; an order that is immediate has one."""
    if parent.order.persistence is not Persistence.DEADLINE:
        return Next.GIVE_BACK
    if parent.round < world.limits.plan_rounds_max:
        return Next.NEXT_ROUND
    return Next.GIVE_BACK


def is_canceled(parent: ParentState) -> bool:
    """Tell whether a client's cancel of the order is under way."""
    return parent.pending is not None and parent.pending.amendment is None


def outcome(world: World, parent: ParentState, at: TimestampNs) -> OrderStatus:
    """Return the FIX status a parent ends with, were it to end now."""
    done = filled(world, parent).atoms
    if done and left(world, parent).atoms <= 0:
        return OrderStatus.FILLED
    # What is immediate ends as it began: what did not fill is given back.
    if done or is_canceled(parent) or parent.order.persistence is not Persistence.DEADLINE:
        return OrderStatus.CANCELED
    return OrderStatus.EXPIRED if parent.order.deadline_at <= at else OrderStatus.REJECTED


def _atoms(amount: Amount) -> int:
    return amount.atoms


def _dust(rest: Amount, candidates: tuple[Instrument, ...]) -> int:
    # Below the smallest lot nothing can be traded; cash is divisible to the atom.
    in_base = [i.lot_atoms for i in candidates if i.base.id == rest.asset]
    return min(in_base, default=1)
