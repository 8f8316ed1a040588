"""From an approved plan to intents: those of its first stage, once, and durable before bytes."""

from dataclasses import replace

from router.domain.command import SignChild
from router.domain.order import OrderStatus
from router.engine.sending import sent
from router.execution import progress
from router.risk.limits import approve
from router.state.world import Phase
from tests.unit.engine.scene import PERP, POOL, Driver, order, plan


def test_only_the_least_certain_stage_is_sent_and_each_child_is_an_intent():
    desk = Driver()
    desk.start()
    desk.submit(order())
    problem = desk.observe(order())
    parent = desk.world.parents[order().id]
    shown = plan(problem, (POOL, 4), (PERP, 6))
    verdict = approve(problem, shown, progress.left(desk.world, parent))

    world, commands = sent(desk.world, parent, verdict, at=desk.tick())

    (command,) = commands
    assert isinstance(command, SignChild)
    assert [leg.instrument.id for leg in command.child.legs] == [PERP.id]
    assert world.children[command.child.id].status is OrderStatus.PENDING_NEW
    after = world.parents[parent.order.id]
    assert (after.phase, after.plans, after.problem) == (Phase.EXECUTING, (shown,), None)
    assert desk.world.children == replace(desk.world).children  # the world before is as it was
