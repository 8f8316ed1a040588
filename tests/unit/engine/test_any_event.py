from dataclasses import replace

from router import engine
from router.domain.command import (
    ObserveAccounts,
    ResolveChild,
    SignChild,
)
from router.domain.event import (
    AccountsObserved,
    EngineStarted,
    MarketObserved,
    RouteSolved,
)
from router.domain.units import TimestampNs
from router.state.world import Phase, World
from tests.unit.engine.scene import (
    LATER,
    LIMITS,
    MARGIN,
    PERP,
    POOL,
    T0,
    Driver,
    accounts,
    observation,
    order,
)
from tests.unit.engine.story import executed_perp_leg, executed_pool_leg, settled


def moved(world):
    """Return what the fills and gas of a world have moved, as the scene's accounts take it."""
    changes = {"native": 0, "eth": 0, "usdc": 0, "cash": 0, "lots": 0}
    for child in world.children.values():
        changes["native"] -= child.gas.atoms if child.gas else 0
        for fill in child.fills:
            if fill.instrument == PERP.id:
                changes["cash"] -= fill.notional.atoms
                changes["lots"] += fill.quantity.atoms // PERP.lot_atoms
            else:
                changes["usdc"] -= fill.notional.atoms
                changes["eth"] += fill.quantity.atoms
    return changes


def test_a_restart_at_any_event_ends_in_the_same_place():
    driver, parent = Driver(), order()
    driver.start()
    executed_perp_leg(driver, parent)
    executed_pool_leg(driver, parent, 6)
    driver.reconcile(**settled(6, 4))
    straight = driver.world

    for crash in range(1, len(driver.history) + 1):
        world = World()
        again = EngineStarted("journal", (POOL, PERP), LIMITS, "test", TimestampNs(driver.now))
        for event in (*driver.history[:crash], again):
            world, commands = engine.step(world, event)
        open_children = {c.order.id for c in world.open_children()}
        asked = {c.child.id for c in commands if isinstance(c, SignChild | ResolveChild)}
        assert asked == open_children, f"after event {crash}"
        for event in driver.history[crash:]:
            # The accounts are looked at, what was being planned is planned again, and the rest
            # happens as it did.
            if any(isinstance(c, ObserveAccounts) for c in commands):
                told = AccountsObserved(later_accounts(world), world.epoch, event.at)
                world, commands = engine.step(world, told)
            active = world.active
            if isinstance(event, RouteSolved) and active and active.phase is Phase.OBSERVING:
                seen = replace(observation(), accounts=read_now(world, event.at))
                world, _ = engine.step(world, MarketObserved(parent.id, seen, event.at))
            if not isinstance(event, AccountsObserved):
                world, commands = engine.step(world, event)
        if any(isinstance(c, ObserveAccounts) for c in commands):
            last = AccountsObserved(later_accounts(world), world.epoch, driver.tick())
            world, _ = engine.step(world, last)
        assert world.parents[parent.id].status is straight.parents[parent.id].status
        assert world.ledger == straight.ledger, f"after event {crash}"


def later_accounts(world):
    chain, perp = accounts(**moved(world))
    filled_at = world.filled_at.get(MARGIN, T0 - 1)  # it is read after every fill
    return (replace(chain, block=LATER), replace(perp, at_venue=TimestampNs(filled_at + 1)))


def read_now(world, at):
    chain, perp = later_accounts(world)
    return (chain, replace(perp, at_venue=at))
