"""Orders of ours that could trade with each other (C13). Pure.

An order that only reduces is never the one that goes.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import SELF_TRADE, SelfTrade
from router.domain.order import ParentOrder
from router.domain.scope import FIRM
from router.domain.units import ParentId
from router.risk.controls.breach import Breach
from router.risk.controls.case import Asked, Planned, markets_of
from router.state.activity import opposes
from router.state.world import ParentState, flow_of


def newest(asked: Asked) -> Iterator[Breach]:
    """Ask, of an order that comes in, whether it opposes one that is open."""
    if asked.rules.self_trade is SelfTrade.CANCEL_OLDEST or asked.order.reduces_only:
        return
    for parent in _opposed(asked):
        yield _breach(asked, parent.order, "send it once that has ended")
        return  # one is as bad as many


def oldest(asked: Asked) -> Iterator[Breach]:
    """Ask, of an order that is open, whether a newer one opposes it and has the way."""
    if asked.order.reduces_only or asked.order.id not in asked.world.parents:
        return
    for other in _in_the_way(asked):
        yield _breach(asked, other, "the rest was given back")
        return  # one is as bad as many


def in_flight(planned: Planned) -> Iterator[Breach]:
    """Ask whether an opposite order of ours is out in a market of the plan.

    Two opposite swaps of one pool that are both out can come into the same block.
    """
    asked = planned.asked
    used = {market.id for leg in planned.plan.legs for market in markets_of(leg)}
    for child in asked.world.open_children():
        other = asked.world.parents.get(child.order.parent)
        if other is None or child.order.parent == asked.order.id:
            continue
        shared = {market.id for leg in child.order.legs for market in markets_of(leg)} & used
        if shared and opposes(other.order, asked.order, asked.world.configured):
            yield _breach(
                asked, other.order, f"it is out at {min(shared)}; wait until it has ended"
            )


# The newer orders that an open one gives way to; those of pairs were refused, and it goes too.
def _in_the_way(asked: Asked) -> Iterator[ParentOrder]:
    order, parents, mode = asked.order, asked.world.parents, asked.rules.self_trade
    own = parents.place(order.id)
    for other in _opposed(asked):
        has_way = other.order.reduces_only or mode is not SelfTrade.CANCEL_NEWEST
        if has_way and parents.place(other.order.id) > own:
            yield other.order
    if mode is SelfTrade.CANCEL_BOTH:
        for older, name in asked.world.activity.crossings:
            if older == order.id and name in parents:
                yield parents[name].order


# The orders that are open and could trade with this one, in the order in which they came.
def _opposed(asked: Asked) -> Iterator[ParentState]:
    world, order = asked.world, asked.order
    bought, given = flow_of(order)
    for name in world.flows.get((given, bought), ()):
        if name != order.id and opposes(world.parents[name].order, order, world.configured):
            yield world.parents[name]


def _breach(asked: Asked, other: ParentOrder, remedy: str) -> Breach:
    mode, value = str(asked.rules.self_trade), _told(other.id)
    what = f"the order could trade with our own {value} ({SELF_TRADE} is {mode}); {remedy}"
    return Breach(Control.SELF_TRADE, FIRM, SELF_TRADE, mode, value, what)


def _told(parent: ParentId) -> str:
    return f"order {parent}"
