"""Cancels and modifies of orders that exist, by the venue's number or by our own name. Pure.

A modify cancels the order and places another: it has a new number and keeps our name. By default
the venue places the new one only if the cancel succeeded, and only if it does not trade at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from venues.hyperliquid.actions.order import Order, order_wire


@dataclass(frozen=True, slots=True)
class CancelByOid:
    """One order to cancel, by the venue's number."""

    asset: int
    oid: int


@dataclass(frozen=True, slots=True)
class CancelByCloid:
    """One order to cancel, by our own name."""

    asset: int
    cloid: str


@dataclass(frozen=True, slots=True)
class Modify:
    """An order to replace: its number, or our own name for it."""

    target: int | str
    order: Order


def cancel(cancels: Sequence[CancelByOid], *, fast: bool = False) -> dict[str, object]:
    """Return the action; the venue refuses a fast one of a trigger order."""
    told = [{"a": one.asset, "o": one.oid} for one in cancels]
    return _marked({"type": "cancel", "cancels": told}, "f", is_set=fast)


def cancel_by_cloid(cancels: Sequence[CancelByCloid], *, fast: bool = False) -> dict[str, object]:
    """Return the action; the venue refuses a fast one of a trigger order."""
    told = [{"asset": one.asset, "cloid": one.cloid} for one in cancels]
    return _marked({"type": "cancelByCloid", "cancels": told}, "f", is_set=fast)


def modify(change: Modify, *, always_place: bool = False) -> dict[str, object]:
    """Return the action for one order; it is answered without the new order's number."""
    action: dict[str, object] = {"type": "modify", "oid": change.target}
    action["order"] = order_wire(change.order)
    return _marked(action, "a", is_set=always_place)


def batch_modify(changes: Sequence[Modify], *, always_place: bool = False) -> dict[str, object]:
    """Return the action for several orders; it is answered like the placing of them."""
    told = [{"oid": one.target, "order": order_wire(one.order)} for one in changes]
    return _marked({"type": "batchModify", "modifies": told}, "a", is_set=always_place)


# A mark that is not set must be left out, or the hash is another.
def _marked(action: dict[str, object], mark: str, *, is_set: bool) -> dict[str, object]:
    return action | {mark: True} if is_set else action
