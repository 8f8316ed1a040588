"""Who gives way, and what is begun, is found in the tables of orders as among all orders."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.domain.risk import AccountAssessment, Assessment, Cut, Zone
from router.domain.units import Pips
from router.journal.checkpoint import changed_rows, make_checkpoint, restored
from router.journal.record import Tip
from router.risk.guards import DELEVERAGING, gives_way, reductions
from router.state.world import Phase, World
from tests.unit.engine.scene import MARGIN, PERP, Driver, emptied, order

STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(Phase), st.sampled_from(("", DELEVERAGING))),
    min_size=1,
    max_size=12,
)
CUT = Cut(PERP.id, -5_000, Pips(4_000), "near liquidation")
ACCOUNT = AccountAssessment(MARGIN, PERP.venue, 100, 90, 80, Zone.HARD, None)


def scene():
    driver = Driver()
    driver.start()
    driver.submit(order())
    return emptied(driver.world), driver.world.parents[order().id], driver.tick()


BEGUN, PLAIN, NOW = scene()


@given(STEPS, st.booleans())
def test_orders_of_every_phase_give_way_and_hold_up_what_all_orders_say(steps, is_restored):
    world = BEGUN
    for name, phase, strategy in steps:
        asked = replace(PLAIN.order, id=f"parent-{name}", strategy=strategy)
        known = world.parents.get(asked.id)
        asked = asked if known is None else known.order  # an order keeps its strategy
        world = world.with_parent(replace(PLAIN, order=asked, phase=phase))
    if is_restored:
        tip = Tip(1, bytes(32))
        rows = list(changed_rows(World(), world))
        world = restored(make_checkpoint(world, tip, build="b"), rows)
    parents = [world.parents[name] for name in world.parents]
    urgent = [parent for parent in parents if parent.order.strategy == DELEVERAGING]

    for parent in parents:
        is_led = any(other.phase is Phase.QUEUED for other in urgent)
        assert gives_way(world, parent) is (parent.order.strategy != DELEVERAGING and is_led)
    begun = reductions(world, Assessment((ACCOUNT,), (CUT,), NOW))
    assert bool(begun) is all(parent.phase is Phase.DONE for parent in urgent)
