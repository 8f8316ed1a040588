"""No more leaves than came in, whatever bug makes children: what Knight Capital's router lacked."""

import asyncio
from dataclasses import replace

import pytest

from router.domain.control import Control
from router.domain.event import ControlTripped
from router.domain.order import OrderStatus
from router.domain.scope import FIRM
from router.domain.switch import TradingState
from router.domain.units import Amount, ChildId, Side
from router.engine import sending
from router.execution.children import children_of
from router.execution.order_machine import new_child
from router.risk import controls
from router.risk.controls.consequence import setting_of
from router.risk.controls.conservation import all_conserved, conserved
from router.state.world import Phase
from tests.unit.engine.scene import ETH, ETHER, PERP, POOL, T0, USDC, Driver, order
from tests.unit.risk.controls.scene import firm
from tests.unit.shell.floor import Floor, events, kinds, opened, replayed, run

CHILDREN = 10  # instead of one


def tenfold(approved, dispatch):
    """Make ten times the children that were planned: the bug."""
    made = children_of(approved, dispatch)
    return tuple(
        replace(child, id=ChildId(f"{child.id}.{copy}"), nonce=child.nonce + copy)
        for copy in range(CHILDREN)
        for child in made
    )


def planned(ethers=4):
    driver = Driver()
    driver.start()
    parent = order(ethers)
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (PERP, ethers))
    return driver, child


def test_children_that_add_up_to_their_parent_pass_and_an_atom_more_does_not():
    driver, child = planned()
    world = driver.world

    assert conserved(world, child) is None
    (leg,) = child.legs
    for more, is_torn in ((0, False), (1, True)):
        legs = (replace(leg, quantity=Amount(ETH.id, leg.quantity.atoms + more)),)
        other = world.with_child(new_child(replace(child, legs=legs)))
        assert (conserved(other, child) is not None) is is_torn


def test_what_is_told_names_what_was_ordered_and_what_would_leave():
    driver, child = planned()
    twin = replace(child, id=ChildId("twin"))

    finding = conserved(driver.world, twin)

    assert (finding.control, finding.scope) == (Control.CONSERVATION, FIRM)
    assert finding.limit == f"{4 * ETHER} atoms of ETH"
    assert finding.value == f"{8 * ETHER} atoms of ETH"
    setting = setting_of(driver.world, child.parent, finding, at=T0)
    assert (setting.scope, setting.state) == (FIRM, TradingState.HALTED)


def test_what_has_ended_counts_as_it_filled():
    driver, child = planned()
    driver.sign(child)
    driver.acknowledge(child)
    driver.fill(child, 1)
    twin = replace(child, id=ChildId("twin"))
    (leg,) = child.legs
    rest = replace(twin, legs=(replace(leg, quantity=Amount(ETH.id, 3 * ETHER)),))
    assert conserved(driver.world, rest) is not None

    driver.end(child, OrderStatus.CANCELED)

    assert conserved(driver.world, rest) is None
    assert conserved(driver.world, twin) is not None


def test_a_child_of_no_order_and_one_of_the_other_side_do_not_leave():
    driver, child = planned()

    assert conserved(driver.world, replace(child, parent="nobody")) is not None
    wrong = replace(child, side=Side.SELL)
    assert conserved(driver.world, wrong) is not None


def test_cash_is_counted_where_cash_was_ordered():
    driver = Driver()
    driver.start()
    parent = order(quantity=Amount(USDC.id, 12_000 * 10**6), venues=(POOL.venue,))
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (POOL, 4))

    assert conserved(driver.world, child) is None
    assert conserved(driver.world, replace(child, id=ChildId("twin"))) is not None


def test_a_bug_that_makes_ten_times_the_children_is_stopped_where_they_are_made(monkeypatch):
    monkeypatch.setattr(sending, "children_of", tenfold)
    driver, parent = Driver(), order(4)
    driver.start()
    driver.submit(parent)

    assert driver.solve(driver.observe(parent), (PERP, 4)) == []

    assert driver.world.children == {}
    assert driver.world.parents[parent.id].phase is Phase.DONE
    assert all_conserved(driver.world, ()) is None


def test_if_nobody_looks_there_the_last_gate_before_the_signature_stops_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sending, "children_of", tenfold)
    monkeypatch.setattr(controls, "all_conserved", lambda *_: None)  # the check "moved away"
    floor, path = Floor(), tmp_path / "a.journal"
    asked, after = order(4, venues=(PERP.venue,)), order(1, name="after", venues=(PERP.venue,))

    async def told():
        async with opened(path) as journal, floor.running(journal) as runtime:
            runtime.submit(asked)
            async with asyncio.timeout(10.0):
                await runtime.finished(asked.id)
            runtime.submit(after)
            return runtime.world

    world = run(told())

    assert sum(child.order.parent == asked.id for child in world.children.values()) >= CHILDREN
    assert (floor.perp.signs.calls, floor.perp.submits.calls) == ([], [])
    assert world.switches[FIRM].state is TradingState.HALTED
    assert world.parents[after.id].status is OrderStatus.REJECTED
    tripped = [e.finding for e in events(path) if isinstance(e, ControlTripped)]
    assert tripped[0].control is Control.CONSERVATION
    assert tripped[0].value == f"{40 * ETHER} atoms of ETH"


def test_the_same_bug_with_the_check_in_place_signs_nothing_and_halts_the_firm(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(sending, "children_of", tenfold)
    floor, path = Floor(), tmp_path / "a.journal"
    asked = order(4, venues=(PERP.venue,))

    async def told():
        async with opened(path) as journal, floor.running(journal) as runtime:
            halted = asyncio.Event()
            runtime.watch(lambda _event, world: world.switches and halted.set())
            runtime.submit(asked)
            await halted.wait()
            return runtime.world

    world = run(told())

    assert floor.perp.signs.calls == []
    assert world.switches[FIRM].by == "control C10-conservation"
    assert "ChildSigned" not in kinds(path)
    assert replayed(path).world.switches == world.switches


@pytest.mark.parametrize("rules", [None, firm()])
def test_it_is_asked_whether_or_not_there_are_controls(rules):
    driver, child = planned()
    limits = replace(driver.world.limits, controls=rules)
    world = replace(driver.world, limits_now=limits)

    assert conserved(world, replace(child, id=ChildId("twin"))) is not None
