"""What is remembered of events beside what became of orders: activity, funding, profit. Pure."""

from dataclasses import replace

from router.domain.event import Event
from router.state import activity, funding, pnl
from router.state.world import World


def remember(before: World, after: World, event: Event) -> World:
    """Fold an event into the memories; `after` is the world as the event has left it."""
    gained = pnl.folded(before, after, event)
    rates = funding.folded(after.funding, event)
    if (rates, gained) != (after.funding, after.profit):
        after = replace(after, funding=rates, profit=gained)
    counted = activity.folded(before, after, event)
    return after if counted is after.activity else replace(after, activity=counted)
