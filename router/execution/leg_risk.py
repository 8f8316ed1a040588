"""How far one side of a basket is ahead of the other: who may go now, and what is unwound. Pure.

A basket is balanced while its buys and its sells have traded the same share of what they are meant
to. What one side has traded beyond that, valued at its arrival mids, is the exposure. Refuses to
plan: an unwinding order is planned and checked like any other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Final

from router.domain.basket import Basket
from router.domain.instrument import Instrument
from router.domain.order import ParentOrder
from router.domain.units import (
    AccountId,
    Amount,
    InstrumentId,
    ParentId,
    Price,
    Rounding,
    Side,
    TimestampNs,
    VenueId,
)
from router.execution import progress
from router.state.world import PLANNING, ParentState, Phase, World

UNWINDING: Final = "unwind"  # the strategy of orders that take a basket's excess back
_LIFETIME_NS: Final = 60_000_000_000
_HELD_FROM: Final = 10  # a side that has less than a tenth of the most left waits for the other


@dataclass(frozen=True, slots=True)
class Asking:
    """What a member would send now.

    Attributes
    ----------
    notional : int, [quote atoms]
        Of the legs of its plan's first stage.
    """

    parent: ParentId
    side: Side
    notional: int


def members(world: World, basket: Basket) -> tuple[ParentState, ...]:
    """Return a basket's orders, in the order in which they were given."""
    return tuple(world.parents[name] for name in basket.orders)


def is_over(world: World, basket: Basket) -> bool:
    """Tell whether every order of a basket is done."""
    return all(member.phase is Phase.DONE for member in members(world, basket))


def planned_with(world: World, parent: ParentState) -> tuple[ParentState, ...]:
    """Return whom a parent is planned with: itself, and of its basket all that are not at work."""
    basket = world.baskets.get(parent.order.basket)
    if basket is None:
        return (parent,)
    others = (m for m in members(world, basket) if m.order.id != parent.order.id)
    return (parent, *(m for m in others if m.phase is Phase.QUEUED or m.phase in PLANNING))


def waits(world: World, parent: ParentState) -> bool:
    """Tell whether a parent waits for what is out of its basket."""
    basket = world.baskets.get(parent.order.basket)
    return basket is not None and any(
        member.phase is Phase.EXECUTING for member in members(world, basket)
    )


def is_trading(parent: ParentState) -> bool:
    """Tell whether a member may still trade."""
    return parent.phase not in {Phase.RECONCILING, Phase.DONE}


def exposure(world: World, basket: Basket) -> int:
    """Return what has been bought beyond what matches the sales, [quote atoms]; negative: sold.

    Zero where all orders are on one side: then nothing is meant to match. Rounded away from zero.
    """
    meant, done = {side: Fraction(0) for side in Side}, {side: Fraction(0) for side in Side}
    for member in members(world, basket):
        meant[member.order.side] += _meant(member)
        done[member.order.side] += _done(world, member)
    if not all(meant.values()):
        return 0
    bought, sold = (done[side] / meant[side] for side in (Side.BUY, Side.SELL))
    if bought >= sold:
        return ceil((bought - sold) * meant[Side.BUY])
    return -ceil((sold - bought) * meant[Side.SELL])


def released(world: World, basket: Basket, asked: Sequence[Asking]) -> frozenset[ParentId]:
    """Return whose legs may be sent now, the side that is behind first; others are held back.

    Whatever of them fills, and if nothing else does, the exposure stays below the basket's most and
    one member's legs: a side sends no further legs once what is out would reach it.
    """
    bought, sold = room(world, basket, Side.BUY), room(world, basket, Side.SELL)
    if bought is None or sold is None:
        return frozenset(each.parent for each in asked)
    left = {Side.BUY: bought, Side.SELL: sold}
    chosen = set()
    for each in sorted(asked, key=lambda a: -left[a.side]):
        if left[each.side] > 0:
            chosen.add(each.parent)
            left[each.side] -= each.notional
    return frozenset(chosen)


def room(world: World, basket: Basket, side: Side) -> int | None:
    """Return what one side may trade before it is ahead by the most, [quote atoms]; None: all."""
    if basket.exposure_max is None or _is_one_sided(world, basket):
        return None
    ahead = exposure(world, basket)
    return basket.exposure_max.atoms - (ahead if side is Side.BUY else -ahead)


def is_held(world: World, basket: Basket, parent: ParentState) -> bool:
    """Tell whether a member's side is so far ahead that the other must catch up first."""
    left = room(world, basket, parent.order.side)
    most = basket.exposure_max
    return left is not None and most is not None and left * _HELD_FROM < most.atoms


def is_stranded(world: World, basket: Basket, parent: ParentState) -> bool:
    """Tell whether a member is held back, and nobody is left who could catch up."""
    others = (m for m in members(world, basket) if m.order.side is not parent.order.side)
    return is_held(world, basket, parent) and not any(is_trading(m) for m in others)


def capped(world: World, basket: Basket, parent: ParentState) -> ParentState:
    """Return a member with so much released that its side cannot run ahead by more than the most.

    What it may not trade yet is released once that has traded, and the other side has followed.
    """
    left = room(world, basket, parent.order.side)
    mid = parent.arrival_mid
    if left is None or mid is None:
        return parent
    more = Amount(mid.quote, max(0, left))
    if parent.order.quantity.asset != mid.quote:
        more = mid.quantity(more, Rounding.DOWN)
    most = (progress.filled(world, parent) + more).atoms
    most -= most % _coarsest_lot(world, parent)  # a rest below a lot would be left to nobody
    released = Amount(more.asset, min(most, parent.order.quantity.atoms))
    return replace(parent, released=released)


def goes_on(world: World, parent: ParentState) -> bool:
    """Tell whether a member has traded what was released of it, and more of it may follow."""
    basket = world.baskets.get(parent.order.basket)
    return (
        basket is not None
        and not is_stranded(world, basket, parent)
        and parent.pending is None
        and parent.released is not None
        and parent.released.atoms < parent.order.quantity.atoms
        and progress.is_dust(progress.slice_left(world, parent), _markets(world, parent))
    )


def _coarsest_lot(world: World, parent: ParentState) -> int:
    if parent.order.quantity.asset != parent.order.base:
        return 1
    return max((market.lot_atoms for market in _markets(world, parent)), default=1)


def laggard(world: World, basket: Basket, several: Sequence[ParentState]) -> ParentState:
    """Return the member whose side is furthest behind; of equals the first."""
    ahead = exposure(world, basket)
    return min(several, key=lambda m: ahead if m.order.side is Side.BUY else -ahead)


def _markets(world: World, parent: ParentState) -> tuple[Instrument, ...]:
    order = parent.order
    return tuple(
        i
        for i in world.configured
        if i.base.id == order.base
        and (not order.venues or not {i.venue, i.protocol}.isdisjoint(order.venues))
    )


def unwinding(world: World, basket: Basket, at: TimestampNs) -> tuple[ParentOrder, ...]:
    """Return the orders that take back what a basket has traded beyond its most exposure.

    Each is the opposite of fills of one member, and never of more than it has filled. Where a perp
    position of that way is held, it may only become smaller.
    """
    if basket.exposure_max is None:
        return ()
    ahead = exposure(world, basket)
    excess = Fraction(abs(ahead) - basket.exposure_max.atoms)
    side = Side.BUY if ahead > 0 else Side.SELL
    found: list[ParentOrder] = []
    for member in members(world, basket):
        if member.order.side is not side or member.arrival_mid is None:
            continue  # one that was never planned has filled nothing
        for piece in _pieces(world, member):
            if excess <= 0:
                return tuple(found)
            quantity = piece.quantity_worth(excess)
            excess -= piece.worth(quantity)
            name = ParentId(f"{UNWINDING}-{basket.id}-{len(found)}")
            found.append(_opposite(world, piece, quantity, name=name, at=at))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a member has filled in perps, or on chain."""

    member: ParentState
    markets: tuple[Instrument, ...]
    filled: int  # [base atoms]
    mid: Price

    def worth(self, base: int) -> Fraction:
        return Fraction(base * self.mid.quote_atoms, self.mid.base_atoms)

    # Whole lots, not less than what is asked for, and not more than what has filled.
    def quantity_worth(self, excess: Fraction) -> int:
        lot = min(i.lot_atoms for i in self.markets)
        lots = ceil(excess * self.mid.base_atoms / self.mid.quote_atoms / lot)
        return min(lots * lot, self.filled)


# Perps first: they are taken back for less.
def _pieces(world: World, member: ParentState) -> Iterator[_Piece]:
    assert member.arrival_mid is not None, "what has filled was planned"
    for on_chain in (False, True):
        markets: dict[InstrumentId, Instrument] = {}
        filled = 0
        for child in world.children_of(member.order.id):
            own = {leg.instrument.id: leg.instrument for leg in child.order.legs}
            for fill in child.fills:
                if own[fill.instrument].is_on_chain is on_chain:
                    markets[fill.instrument] = own[fill.instrument]
                    filled += fill.quantity.atoms
        if filled:
            yield _Piece(member, tuple(markets.values()), filled, member.arrival_mid)


def _opposite(
    world: World, piece: _Piece, quantity: int, *, name: ParentId, at: TimestampNs
) -> ParentOrder:
    order = piece.member.order
    side = Side.SELL if order.side is Side.BUY else Side.BUY
    venues = dict.fromkeys(market.venue for market in piece.markets)
    return ParentOrder(
        id=name,
        client_order_id=name,
        side=side,
        base=order.base,
        quote=order.quote,
        quantity=Amount(order.base, quantity),
        limit_price=None,
        slippage_max_pips=order.slippage_max_pips,
        holding_horizon_s=0,
        venues=tuple(VenueId(venue) for venue in venues),
        deadline_at=TimestampNs(at + _LIFETIME_NS),
        submitted_at=at,
        strategy=UNWINDING,
        reduces_only=_only_reduces(world, piece.markets, side, quantity=quantity),
        by=order.by,
    )


# On chain a sale is of what was bought; a perp's position must be there to become smaller.
def _only_reduces(
    world: World, markets: Iterable[Instrument], side: Side, *, quantity: int
) -> bool:
    sign, held = (-1 if side is Side.SELL else 1), 0
    for market in markets:
        if market.is_on_chain:
            return side is Side.SELL
        key: tuple[AccountId, InstrumentId] = (market.account, market.id)
        lots = 0 if world.ledger is None else world.ledger.positions.get(key, 0)
        held += max(0, -sign * lots) * market.lot_atoms
    return held >= quantity


def _is_one_sided(world: World, basket: Basket) -> bool:
    return len({member.order.side for member in members(world, basket)}) == 1


# What an order is worth at its arrival mid, whole and as far as it has filled; unrounded.
def _meant(member: ParentState) -> Fraction:
    return _value(member, member.order.quantity)


def _done(world: World, member: ParentState) -> Fraction:
    return _value(member, progress.filled(world, member))


def _value(member: ParentState, amount: Amount) -> Fraction:
    mid = member.arrival_mid
    if mid is None:
        return Fraction(0)  # it was never planned, so nothing has filled
    if amount.asset == mid.quote:
        return Fraction(amount.atoms)
    return Fraction(amount.atoms * mid.quote_atoms, mid.base_atoms)


def worth(price: Price, amount: Amount) -> int:
    """Return what an amount is worth at a price, rounded up, [quote atoms]."""
    if amount.asset == price.quote:
        return amount.atoms
    return price.notional(amount, Rounding.UP).atoms
