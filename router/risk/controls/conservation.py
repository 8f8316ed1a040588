"""No more leaves than came in (C10): children against their parent. Pure, and not configurable.

Asked when children are made, and again at the last gate before each is signed. There is no
tolerance for what a child makes exact: what is open counts whole, what has ended counts as it
filled. Refuses a child nobody ordered, and one of the other side.
"""

from collections.abc import Iterable
from typing import Final

from router.domain.control import Control, Finding
from router.domain.order import ChildOrder
from router.domain.plan import Leg, QuantityKind
from router.domain.scope import FIRM
from router.domain.units import AssetId, ParentId
from router.state.world import ChildState, World

_KEY: Final = "children of a parent"


def conserved(world: World, child: ChildOrder) -> Finding | None:
    """Return what is wrong with sending a child now, or None.

    Parameters
    ----------
    child : ChildOrder
        In the world already, or about to be put in.
    """
    return all_conserved(world, (child,))


def all_conserved(world: World, children: Iterable[ChildOrder]) -> Finding | None:
    """Return what is wrong with sending some children beside all that there are, or None."""
    new = {child.id: child for child in children}
    for name in dict.fromkeys(child.parent for child in new.values()):
        finding = _of(world, name, tuple(c for c in new.values() if c.parent == name))
        if finding is not None:
            return finding
    return None


def _of(world: World, name: ParentId, new: tuple[ChildOrder, ...]) -> Finding | None:
    parent = world.parents.get(name)
    if parent is None:
        return _finding(name, limit=0, value=len(new), unit="children of no order")
    quantity = parent.order.quantity
    # By the children's own word, and not by the list that whoever made them keeps.
    known = {child: world.children[child] for child in world.families.get(name, ())}
    total = sum(_taken(child, quantity.asset) for child in known.values())
    total += sum(_sent(c.legs, quantity.asset) for c in new if c.id not in known)
    alien = [c.id for c in new if c.side is not parent.order.side]
    if alien:
        return _finding(name, limit=0, value=len(alien), unit="children of the other side")
    if total <= quantity.atoms:
        return None
    return _finding(name, limit=quantity.atoms, value=total, unit=f"atoms of {quantity.asset}")


def _taken(child: ChildState, asset: AssetId) -> int:
    return sum(_of_leg(child, leg, asset) for leg in child.order.legs)


# What is not exact of a leg ends within its bound, which whoever planned it answers for.
def _of_leg(child: ChildState, leg: Leg, asset: AssetId) -> int:
    fills = [f for f in child.fills if f.instrument == leg.instrument.id]
    sent = _sent((leg,), asset)
    filled = sum(a.atoms for f in fills for a in (f.quantity, f.notional) if a.asset == asset)
    exact = leg.quantity if leg.quantity_kind is QuantityKind.BASE else leg.notional
    filled = filled if exact.asset == asset else min(filled, sent)
    return filled if child.is_terminal else max(filled, sent)


def _sent(legs: Iterable[Leg], asset: AssetId) -> int:
    return sum(a.atoms for leg in legs for a in (leg.quantity, leg.notional) if a.asset == asset)


def _finding(parent: ParentId, *, limit: int, value: int, unit: str) -> Finding:
    what = (
        f"order {parent}: its children would take {value} of {limit} {unit}; nothing more is sent,"
        " find the fault before headrace switch makes the firm active again"
    )
    return Finding(Control.CONSERVATION, FIRM, _KEY, f"{limit} {unit}", f"{value} {unit}", what)
