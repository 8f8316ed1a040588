"""What is remembered of events beside what became of orders: activity, funding, profit. Pure."""

from immutables import Map

from router.domain.change import changed
from router.domain.event import ChildFilled, Event, FillVoided
from router.state import activity, funding, pnl
from router.state.traded import Key, Traded
from router.state.world import World


def remember(before: World, after: World, event: Event) -> World:
    """Fold an event into the memories; `after` is the world as the event has left it."""
    gained = pnl.folded(before, after, event)
    rates = funding.folded(after.funding, event)
    if (rates, gained) != (after.funding, after.profit):
        after = changed(after, funding=rates, profit=gained)
    if isinstance(event, ChildFilled | FillVoided):
        after = changed(after, traded=_traded(before, after, event))
    counted = activity.folded(before, after, event)
    return after if counted is after.activity else changed(after, activity=counted)


# What its fills have become is the difference: one told twice is none, one taken back is one less.
def _traded(before: World, after: World, event: ChildFilled | FillVoided) -> Map[Key, Traded]:
    if event.child not in after.children:
        return after.traded
    child = after.children[event.child]
    was, now = before.children[event.child].fills, child.fills
    if was is now:
        return after.traded
    order = after.parents[child.order.parent].order
    key = (order.client, order.account, order.base, order.quote)
    total = after.traded.get(key, Traded())
    for fill in (each for each in was if each not in now):
        total = total.with_fill(order.side, fill, sign=-1)
    for fill in (each for each in now if each not in was):
        total = total.with_fill(order.side, fill)
    return after.traded.set(key, total)
