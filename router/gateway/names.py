"""What a client's names stand for: its orders', and those of its cancels and amendments. Pure.

A client gives every order and every request a name of its own, FIX ClOrdID, and none twice. The
world keeps them all, so that whoever asks is told the same after a restart.
"""

import enum
from dataclasses import dataclass

from router.domain.units import ParentId
from router.gateway.order_request import parent_id
from router.state.world import ParentState, World


class Role(enum.StrEnum):
    """What a name was given to."""

    ORDER = "order"
    CANCEL = "cancel"
    AMEND = "amend"


class Outcome(enum.StrEnum):
    """What became of a request."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for.

    Attributes
    ----------
    outcome : Outcome | None
        None for an order.
    """

    parent: ParentId
    role: Role
    outcome: Outcome | None = None


def find(world: World, journal_id: str, *, client: str, name: str) -> Found | None:
    """Return what a client's name stands for, whatever it was given to; None where it is free."""
    order = parent_id(journal_id, name, client=client)
    if order in world.parents:
        return Found(order, Role.ORDER)
    request = world.request(client, name)
    if request is None:
        return None
    role = Role.AMEND if request.is_amendment else Role.CANCEL
    return Found(request.parent, role, outcome(world.parents[request.parent], name))


def outcome(parent: ParentState, request: str) -> Outcome:
    """Return what became of a request of an order; of one that came too late, that it did."""
    if parent.pending is not None and parent.pending.request == request:
        return Outcome.PENDING
    if request in parent.refusals or request not in parent.requests:
        return Outcome.REFUSED
    return Outcome.DONE


def order_named(world: World, journal_id: str, *, client: str, name: str) -> ParentState | None:
    """Return the order that a client means: by its first name, by that of a replacement, or ours.

    Parameters
    ----------
    client : str
        Empty: whoever trades at the desk itself, to whom all orders are open.
    """
    found = find(world, journal_id, client=client, name=name)
    if found is not None and found.role is not Role.CANCEL:
        return world.parents[found.parent]
    parent = world.parents.get(ParentId(name))
    return parent if parent is not None and client in {"", parent.order.client} else None
