"""The chain of a client's names of an order: FIX ClOrdID, which a replacement changes. Pure."""

from typing import Final

from router.state.world import ParentState

SESSION: Final = "fix."  # how those are named who ask by a FIX session
SESSION_OF_MANY: Final = "mass."  # and those who ask by one for many orders at once


def name_of(parent: ParentState) -> str:
    """Return the client's name of an order now: its own, or its last replacement's that holds.

    Only a session's replacement renames an order: of anybody else's the session never heard.
    """
    under_way = "" if parent.pending is None else parent.pending.request
    held = [
        asked.request
        for asked in parent.asked
        if asked.amendment is not None
        and asked.by.startswith(SESSION)
        and asked.request not in parent.refusals
        and asked.request != under_way
    ]
    return held[-1] if held else parent.order.client_order_id
