"""Checks of what is owned: nothing is created, nothing is lost, no order trades beyond its size."""

from router.domain.order import Fill
from router.domain.units import ChildId, ParentId
from router.simulation.scene import (
    Effect,
    End,
    Holdings,
    Step,
    Truth,
    add_fill,
    add_gas,
    ledger_of,
    opening,
)
from router.state.world import ChildState, World


class Conservation:
    """What venues hold is what was there and what was done; the ledger is that, less what is told.

    Of every effect at a venue, the ledger has booked all that the world knows of, and nothing else.
    """

    name = "conservation"

    def step(self, step: Step) -> str | None:
        """Compare, wherever the ledger has moved."""
        if step.after.ledger is None or step.after.ledger is step.before.ledger:
            return None
        return _unbalanced(step.after, step.truth)

    def end(self, end: End) -> str | None:
        """Compare for the last time."""
        return None if end.world.ledger is None else _unbalanced(end.world, end.truth)


def _unbalanced(world: World, truth: Truth) -> str | None:
    real, booked = opening(), opening()
    told = _told(world)
    for effect in truth.effects():
        child = world.children.get(effect.child.id)
        for fill in effect.fills:
            add_fill(real, effect.child.side, fill)
            if fill.id in told:
                add_fill(booked, effect.child.side, fill)
        add_gas(real, effect.gas_atoms)
        if child is not None and child.gas is not None:
            add_gas(booked, child.gas.atoms if effect.gas_atoms else 0)
    held = truth.holdings()
    if real != held:
        return f"the venues themselves do not add up: {_first(real, held)}"
    ledger = {key: atoms for key, atoms in ledger_of(world).items() if key in booked}
    if ledger != booked:
        return f"the ledger is not what its fills make it: {_first(booked, ledger)}"
    return None


def _first(expected: Holdings, found: Holdings) -> str:
    for key in sorted(expected):
        if found.get(key) != expected[key]:
            return f"{key[1]} of {key[0]}: expected {expected[key]}, found {found.get(key)}"
    return "an item that nobody expected"


def _told(world: World) -> dict[str, Fill]:
    return {fill.id: fill for child in world.children.values() for fill in child.fills}


class BackedFills:
    """Every fill that is booked is a trade of a venue, told to the atom; none is booked twice."""

    name = "backed fills"

    def step(self, step: Step) -> str | None:
        """Look at the fills that are new."""
        if step.after.children is step.before.children:
            return None
        seen: set[str] = set()
        real = {f.id: f for effect in step.truth.effects() for f in effect.fills}
        for child in step.after.children.values():
            for fill in child.fills:
                if fill.id in seen:
                    return f"{child.order.id}: fill {fill.id} is booked twice"
                seen.add(fill.id)
                if real.get(fill.id) != fill:
                    return f"{child.order.id}: no venue knows fill {fill.id} as it is booked"
        return None


class NothingLost:
    """A child that has ended has all its fills: no venue trades for one that is given up."""

    name = "nothing lost"

    def step(self, step: Step) -> str | None:
        """Look at what has ended."""
        if step.after.children is step.before.children:
            return None
        return _forgotten(step.after, step.truth)

    def end(self, end: End) -> str | None:
        """Look again, long after."""
        return _forgotten(end.world, end.truth)


def _forgotten(world: World, truth: Truth) -> str | None:
    for effect in truth.effects():
        child = world.children.get(effect.child.id)
        if child is None or not child.is_terminal:
            continue
        missing = [f.id for f in effect.fills if f.id not in {b.id for b in child.fills}]
        if missing:
            return f"{child.order.id} is {child.status.value}, and the venue traded {missing[0]}"
        if effect.gas_atoms and child.gas is None:
            return f"{child.order.id} is {child.status.value}, and {effect.reference} was mined"
    return None


class NeverAbove:
    """No order trades more than was asked for, now or with all that is out.

    Other terms hold from when they are taken over; below what has traded, they mean just that.
    """

    name = "never above the order"

    def __init__(self) -> None:
        self._most: dict[ParentId, tuple[int, int]] = {}  # the quantity in force, and what may be

    def step(self, step: Step) -> str | None:
        """Add up what traded and what may trade yet, for every order."""
        world = step.after
        traded = _by_parent(step.truth)
        for name, parent in world.parents.items():
            quantity, done = parent.order.quantity.atoms, traded.get(name, 0)
            if self._most.get(name, (None, 0))[0] != quantity:
                is_new = name not in self._most
                self._most[name] = (quantity, quantity if is_new else max(quantity, done))
            most = self._most[name][1]
            if done > most:
                return f"{name}: {done} atoms traded of {most}"
            out = sum(_may_trade(child) for child in world.children_of(name))
            if out > most:
                return f"{name}: {out} atoms are out or filled of {most}"
        return None

    def end(self, end: End) -> str | None:
        """Add up what traded in the end."""
        for name, done in _by_parent(end.truth).items():
            most = self._most.get(name, (0, 0))[1]
            if done > most:
                return f"{name}: {done} atoms traded of {most}"
        return None


def _by_parent(truth: Truth) -> dict[ParentId, int]:
    found: dict[ParentId, int] = {}
    for effect in truth.effects():
        name = effect.child.parent
        found[name] = found.get(name, 0) + sum(f.quantity.atoms for f in effect.fills)
    return found


def _may_trade(child: ChildState) -> int:
    done = sum(fill.quantity.atoms for fill in child.fills)
    if child.is_terminal:
        return done
    return max(done, sum(leg.quantity.atoms for leg in child.order.legs))


class OneEffect:
    """An intent has one effect at most, and every effect belongs to an intent that is durable."""

    name = "exactly once"

    def step(self, step: Step) -> str | None:
        """Look at all effects."""
        return _doubled(step.after, tuple(step.truth.effects()))

    def end(self, end: End) -> str | None:
        """Look once more."""
        return _doubled(end.world, tuple(end.truth.effects()))


def _doubled(world: World, effects: tuple[Effect, ...]) -> str | None:
    found: dict[ChildId, str] = {}
    for effect in effects:
        name = effect.child.id
        child = world.children.get(name)
        if child is None:
            return f"{effect.reference}: a venue acted on {name}, which no record knows"
        if effect.reference not in {a.reference for a in child.attempts}:
            return f"{name}: a venue acted on {effect.reference}, which no record knows"
        if name in found:
            return f"{name}: had two effects, {found[name]} and {effect.reference}"
        found[name] = effect.reference
    return None
