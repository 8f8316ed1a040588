"""Orders of ours that could trade with each other (C13). Pure.

An order that only reduces is never the one that goes.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import SelfTrade
from router.domain.order import ParentOrder
from router.domain.scope import FIRM
from router.domain.units import ParentId
from router.risk.controls.breach import Breach
from router.risk.controls.case import Asked, Planned, markets_of
from router.state.activity import opposes
from router.state.world import Phase

_KEY = "controls.self_trade"


def newest(asked: Asked) -> Iterator[Breach]:
    """Ask, of an order that comes in, whether it opposes one that is open."""
    if asked.rules.self_trade is SelfTrade.CANCEL_OLDEST or asked.order.reduces_only:
        return
    for parent in asked.world.parents.values():
        other = parent.order
        is_open = parent.phase is not Phase.DONE and other.id != asked.order.id
        if is_open and opposes(other, asked.order, asked.world.configured):
            yield _breach(asked, other, "send it once that has ended")


def oldest(asked: Asked) -> Iterator[Breach]:
    """Ask, of an order that is open, whether a newer one opposes it and has the way."""
    order, world = asked.order, asked.world
    if order.reduces_only:
        return
    for older, name in world.activity.crossings:
        newer = world.parents.get(name)
        if older != order.id or newer is None:
            continue
        is_open = newer.phase is not Phase.DONE
        mode = asked.rules.self_trade
        goes = newer.order.reduces_only and is_open
        goes = goes or (mode is SelfTrade.CANCEL_OLDEST and is_open)
        # One that was refused for something else never came to oppose anything.
        opposed = is_open or _KEY in newer.reason
        if goes or (mode is SelfTrade.CANCEL_BOTH and opposed):
            yield _breach(asked, newer.order, "the rest was given back")


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


def _breach(asked: Asked, other: ParentOrder, remedy: str) -> Breach:
    mode, value = str(asked.rules.self_trade), _told(other.id)
    what = f"the order could trade with our own {value} ({_KEY} is {mode}); {remedy}"
    return Breach(Control.SELF_TRADE, FIRM, _KEY, mode, value, what)


def _told(parent: ParentId) -> str:
    return f"order {parent}"
