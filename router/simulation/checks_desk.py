"""Checks of the desk as a whole: limits, the kill switch, readiness, liveness, replay."""

from router.domain.event import AccountsObserved, EngineStarted
from router.domain.order import OrderStatus, Persistence, Replacement
from router.domain.plan import QuantityKind
from router.domain.units import AccountId, AssetId, Rounding, Side
from router.execution import progress
from router.simulation.scene import End, Sending, Step, Truth
from router.simulation.town import INSTRUMENTS, LIMITS, USDC, WALLET
from router.state.world import PLANNING, ParentState, World


class WithinLimits:
    """Orders are as large as allowed, planned as often, and never for more than is owned."""

    name = "limits"

    def step(self, step: Step) -> str | None:
        """Look at the parents that have new children, and at what all of them may spend."""
        world = step.after
        if world.children is step.before.children:
            return None
        for name, parent in world.parents.items():
            before = step.before.parents.get(name)
            if before is not None and len(before.children) < len(parent.children):
                fault = _oversized(world, parent)
                if fault is not None:
                    return fault
        return _overspent(world, step.truth)


def _oversized(world: World, parent: ParentState) -> str | None:
    name, limits = parent.order.id, world.limits
    # A round that had begun when limits were lowered is planned to its end; other terms of the
    # client's are worth one more.
    rounds_max = max(limits.plan_rounds_max, LIMITS.plan_rounds_max) + len(parent.requests)
    if parent.order.persistence is not Persistence.DEADLINE:
        rounds_max = 1  # what is immediate is planned once, and keeps its terms
    if parent.order.persistence is Persistence.WHOLE and len(parent.children) > 1:
        return f"{name}: is all or nothing, and {len(parent.children)} children of it were made"
    if parent.round > rounds_max:
        return f"{name}: is planned for round {parent.round} of {rounds_max}"
    assert parent.arrival_mid is not None, "it was planned"
    worth = parent.arrival_mid.notional(parent.order.quantity, Rounding.DOWN).atoms
    most = next(a.atoms for a in limits.order_notional_max if a.asset == USDC.id)
    return f"{name}: is worth {worth} of {most} atoms" if worth > most else None


# By this room's own reckoning: the wallet pays what every open child may take at the worst, out of
# what is booked and what open children have brought in, if only for a block.
def _overspent(world: World, truth: Truth) -> str | None:
    if world.ledger is None:
        return None
    spent: dict[AssetId, int] = {}
    for child in world.open_children():
        if child.order.account != WALLET or child.fills:
            continue
        for leg in child.order.legs:
            buying = leg.side is Side.BUY
            asset = leg.notional.asset if buying else leg.quantity.asset
            exact = leg.notional if buying else leg.quantity
            is_exact = buying is (leg.quantity_kind is QuantityKind.CASH)
            spent[asset] = spent.get(asset, 0) + (exact if is_exact else leg.bound).atoms
    for asset, atoms in sorted(spent.items()):
        owned = world.ledger.balances.get((WALLET, asset), 0) + _brought(world, truth, asset)
        if atoms > owned:
            return f"{WALLET}: {atoms} atoms of {asset} may be spent, {owned} are owned"
    return None


def _brought(world: World, truth: Truth, asset: AssetId) -> int:
    total = 0
    for mined in truth.chain.ever_mined:
        child = world.children.get(mined.transaction.child.id)
        if child is None or child.is_terminal:
            continue
        is_buy = child.order.side is Side.BUY
        gained = (fill.quantity if is_buy else fill.notional for fill in mined.fills)
        total += sum(amount.atoms for amount in gained if amount.asset == asset)
    return total


class KillSwitch:
    """After a halt nothing leaves that could trade."""

    name = "kill switch"

    def sending(self, sending: Sending) -> str | None:
        """Let pass what only uses up a nonce."""
        if sending.is_halted and sending.signed.replacement is not Replacement.CANCEL:
            return f"{sending.child.id}: {sending.signed.reference} left after the halt"
        return None


class ReadyFirst:
    """Nothing is planned before all accounts were looked at since the last start."""

    name = "readiness"

    def __init__(self) -> None:
        self._unread: set[AccountId] = set()

    def step(self, step: Step) -> str | None:
        """Count the accounts that were looked at."""
        event, world = step.event, step.after
        if isinstance(event, EngineStarted):
            self._unread = {i.account for i in INSTRUMENTS}
        if isinstance(event, AccountsObserved):
            self._unread -= {a.account for a in event.accounts}
        if not self._unread:
            return None
        for name, parent in world.parents.items():
            before = step.before.parents.get(name)
            began = before is None or before.phase not in PLANNING
            if parent.phase in PLANNING and began:
                return f"{name}: is planned before {min(self._unread)} was looked at"
        return None


class Liveness:
    """Once faults have stopped, everything comes to an end, and what was told is true."""

    name = "liveness"

    def end(self, end: End) -> str | None:
        """Look for what is still under way."""
        world = end.world
        for name, parent in world.going.items():
            return f"{name}: is {parent.phase.value}, {parent.status.value}, for ever"
        for child in world.open_children():
            return f"{child.order.id}: is {child.status.value} for ever"
        if not world.is_ready:
            return "the accounts are never looked at"
        if world.halt_reason is not None:
            return f"halted without a cause: {world.halt_reason}"
        for order in end.truth.exchange.orders.values():
            if order.ended_at is None:
                return f"{order.name}: waits at the exchange for ever"
        return None


class TrueReports:
    """The last word on an order is what happened: filled if all of it traded, and only then."""

    name = "true reports"

    def end(self, end: End) -> str | None:
        """Compare status and trades of every order."""
        traded: dict[str, int] = {}
        for effect in end.truth.effects():
            name = str(effect.child.parent)
            traded[name] = traded.get(name, 0) + sum(f.quantity.atoms for f in effect.fills)
        for parent in end.world.parents.values():
            name, done = str(parent.order.id), progress.filled(end.world, parent).atoms
            if done != traded.get(name, 0):
                return f"{name}: {done} atoms are told, {traded.get(name, 0)} traded"
            is_all = traded.get(name, 0) >= parent.order.quantity.atoms
            if (parent.status is OrderStatus.FILLED) is not is_all:
                return f"{name}: is {parent.status.value}, with {done} atoms traded"
        return None


class SameAgain:
    """The journal alone adds up to the same world, with the same commands."""

    name = "replay"

    def end(self, end: End) -> str | None:
        """Compare the world with the one that was replayed."""
        if end.fault:
            return end.fault
        return None if end.replayed == end.world else "the journal adds up to another world"
