"""Orders and fills of an account, by the venue's word and by ours. Decides nothing.

An order is ours if something we signed bears its reference: that was on record before it was sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.domain.account import AccountSnapshot, VenueFill, VenueOrder
from router.domain.difference import Difference, DifferenceKind
from router.domain.order import Fill, OrderStatus, TimeInForce
from router.domain.units import AccountId, Amount, Side
from router.state.ledger import Ledger
from router.state.world import ChildState, World

_WAITS = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True)
class Matched:
    """What was found of an account's orders and fills, and which trades explain its numbers.

    Attributes
    ----------
    unbooked : tuple of VenueFill
        Trades of the account that the ledger does not have.
    """

    differences: tuple[Difference, ...]
    unbooked: tuple[VenueFill, ...]


def match(world: World, ledger: Ledger, account: AccountSnapshot, *, is_quiet: bool) -> Matched:
    """Compare the venue's orders and fills with our children.

    Parameters
    ----------
    is_quiet : bool
        Whether the account has not moved since it was asked for.
    """
    fills = ledger.traded(account)
    orders = account.orders or ()
    strange = _known_strange(world, account.account)
    named = {each.reference for each in orders if each.id not in strange}
    named |= {each.reference for each in fills if each.id not in strange}
    ours = _ours(world, account.account, named)
    unbooked = tuple(fill for fill in fills if not _is_booked(fill, ours))
    found = (
        *(_order(account.account, order) for order in orders if order.reference not in ours),
        *(_fill(account.account, fill, ours.get(fill.reference)) for fill in unbooked),
    )
    if account.orders is None or not is_quiet:
        return Matched(found, unbooked)
    shown = {order.reference for order in orders}
    waiting = tuple(_lost(world, account.account, shown))
    return Matched((*found, *waiting, *_lingering(account.account, orders, ours)), unbooked)


def duplicated(world: World, ledger: Ledger, account: AccountSnapshot) -> tuple[VenueFill, ...]:
    """Return what was booked since the baseline and the venue's list does not have, reversed."""
    name = account.account
    since, until = ledger.read_at.get(name), account.at_venue
    if account.orders is None or since is None or until is None:
        return ()  # chains, and venues that were not asked
    shown = {fill.id for fill in account.fills}
    return tuple(
        _reversed(child, fill)
        for child in world.children.values()
        if child.order.account == name
        for fill in child.fills
        if since <= fill.at_venue < until and fill.id not in shown
    )


def duplicates(account: AccountId, reversals: tuple[VenueFill, ...]) -> tuple[Difference, ...]:
    """Return the differences that reversed fills are."""
    return tuple(
        Difference(
            account,
            fill.id,
            0,
            -fill.lots,
            DifferenceKind.DUPLICATED_FILL,
            f"fill {fill.id} of {-fill.lots} lots of {fill.instrument} is booked for"
            f" {fill.reference}, and the venue does not have it",
        )
        for fill in reversals
    )


# What was nobody's of ours at the last look is not looked for among all children again.
def _known_strange(world: World, account: AccountId) -> frozenset[str]:
    kinds = {DifferenceKind.FOREIGN_ORDER, DifferenceKind.FOREIGN_FILL}
    return frozenset(item for _, kind, item, _ in world.noted.get(account, {}) if kind in kinds)


def _ours(world: World, account: AccountId, wanted: set[str]) -> Mapping[str, ChildState]:
    wanted = wanted - {""}
    if not wanted:
        return {}
    found: dict[str, ChildState] = {}
    for children in (world.open.values(), world.children.values()):
        for child in children:
            if child.order.account == account:
                found |= {a.reference: child for a in child.attempts if a.reference in wanted}
        if wanted <= found.keys():
            break
    return found


def _is_booked(fill: VenueFill, ours: Mapping[str, ChildState]) -> bool:
    child = ours.get(fill.reference)
    return child is not None and any(each.id == fill.id for each in child.fills)


def _order(account: AccountId, order: VenueOrder) -> Difference:
    detail = (
        f"order {order.id} is not ours: it waits to {order.side.value} {order.lots_left} lots of"
        f" {order.instrument} at {order.limit_ticks} ticks"
    )
    lots = order.lots_left if order.side is Side.BUY else -order.lots_left
    return Difference(account, order.id, 0, lots, DifferenceKind.FOREIGN_ORDER, detail)


def _fill(account: AccountId, fill: VenueFill, child: ChildState | None) -> Difference:
    traded = (
        f"fill {fill.id} of order {fill.order}: {'bought' if fill.lots > 0 else 'sold'}"
        f" {abs(fill.lots)} lots of {fill.instrument} for {fill.notional.atoms} atoms of"
        f" {fill.notional.asset}"
    )
    if child is None:
        kind, detail = DifferenceKind.FOREIGN_FILL, f"{traded}, by no order of ours"
        return Difference(account, fill.id, 0, fill.lots, kind, detail)
    name = child.order.id
    if child.is_terminal:
        kind, detail = DifferenceKind.LATE_FILL, f"{traded}, by {name}, which had ended"
    else:
        kind, detail = DifferenceKind.MISSING_FILL, f"{traded}, by {name}, and is not booked"
    return Difference(account, fill.id, 0, fill.lots, kind, detail, child=name)


def _lost(world: World, account: AccountId, shown: set[str]) -> Iterator[Difference]:
    for child in world.open.values():
        order = child.order
        waits = order.time_in_force is not TimeInForce.IMMEDIATE and child.status in _WAITS
        if order.account != account or not waits:
            continue
        if shown.isdisjoint(attempt.reference for attempt in child.attempts):
            yield Difference(
                account,
                order.id,
                1,
                0,
                DifferenceKind.LOST_ORDER,
                f"{order.id} waits, and the venue does not show it",
                child=order.id,
            )


def _lingering(
    account: AccountId, orders: tuple[VenueOrder, ...], ours: Mapping[str, ChildState]
) -> Iterator[Difference]:
    for order in orders:
        child = ours.get(order.reference)
        if child is not None and child.is_terminal:
            yield Difference(
                account,
                order.id,
                0,
                order.lots_left,
                DifferenceKind.LINGERING_ORDER,
                f"order {order.id} waits with {order.lots_left} lots of {order.instrument}, and its"
                f" child {child.order.id} has ended",
                child=child.order.id,
            )


def _reversed(child: ChildState, fill: Fill) -> VenueFill:
    leg = next(each for each in child.order.legs if each.instrument.id == fill.instrument)
    lots = fill.quantity.atoms // leg.instrument.lot_atoms
    return VenueFill(
        id=fill.id,
        order="",
        reference=child.order.id,
        instrument=fill.instrument,
        lots=-lots if child.order.side is Side.BUY else lots,
        notional=fill.notional,
        fee=Amount(fill.fee.asset, -fill.fee.atoms),
        at_venue=fill.at_venue,
    )
