"""A transaction that was mined, with nothing of it booked: the accounts are asked first."""

from dataclasses import replace

from router.domain.account import ForcedFill, ForcedKind
from router.domain.command import ObserveAccounts, ObserveMarket, RaiseAlarm
from router.domain.event import AccountsObserved
from router.domain.order import OrderStatus
from router.domain.units import Amount, TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import (
    DOLLAR,
    ETHER,
    MARGIN,
    PERP,
    POOL,
    T0,
    USDC,
    Driver,
    accounts,
    order,
)
from tests.unit.engine.story import GAS, executed_perp_leg

WHY = "0xfeed was mined, but its logs do not say what was traded"


def rejected(driver, parent):
    """Let the only child of an order be mined, and say nothing of what it traded."""
    driver.start()
    driver.submit(parent)
    (child,) = driver.solve(driver.observe(parent), (POOL, 10))
    driver.sign(child)
    driver.end(child, OrderStatus.REJECTED, gas=GAS, why=WHY)
    return child


def test_the_rest_is_not_planned_before_the_accounts_were_looked_at():
    driver, parent = Driver(), order()

    rejected(driver, parent)

    assert [type(command) for command in driver.commands] == [ObserveAccounts]
    driver.submit(order(name="other"))
    assert not any(isinstance(command, ObserveMarket) for command in driver.commands)


def test_where_it_did_something_the_desk_halts_and_the_transaction_is_named():
    driver, parent = Driver(), order()
    child = rejected(driver, parent)

    driver.reconcile(native=-GAS.atoms, eth=10 * ETHER)

    alarms = [command.message for command in driver.commands if isinstance(command, RaiseAlarm)]
    assert alarms[-1] == f"{child.id}: {WHY}"
    assert f"off by {10 * ETHER}" in alarms[0]
    driver.reconcile(native=-GAS.atoms, eth=10 * ETHER)  # its last look
    done = driver.world.parents[parent.id]
    assert (done.phase, done.children) == (Phase.DONE, (child.id,))
    assert done.reason.startswith("halted: ")
    other = order(name="other")
    driver.submit(other)
    assert driver.world.parents[other.id].reason.startswith("halted: ")


def test_where_it_did_nothing_the_order_goes_on_without_an_alarm():
    driver, parent = Driver(), order()
    rejected(driver, parent)

    driver.reconcile(native=-GAS.atoms)

    (command,) = driver.commands
    assert isinstance(command, ObserveMarket)
    assert driver.world.parents[parent.id].round == 2


def test_what_another_venue_filled_needs_no_second_look():
    driver, parent = Driver(), order()
    driver.start()

    executed_perp_leg(driver, parent)

    assert PERP.id not in driver.command(ObserveMarket).instruments


def test_what_the_venue_traded_by_itself_is_booked_told_and_halts_nothing():
    driver = Driver()
    driver.start()
    chain, perp = accounts(lots=-4, cash=12_000 * DOLLAR, later=2)
    fill = ForcedFill(
        id="ETH:1:1",
        kind=ForcedKind.LIQUIDATION,
        instrument=PERP.id,
        lots=-4,
        notional=Amount(USDC.id, 12_000 * DOLLAR),
        fee=Amount(USDC.id, 0),
        at_venue=TimestampNs(T0 + 1),
    )

    driver.feed(
        AccountsObserved((chain, replace(perp, forced=(fill,))), driver.world.epoch, driver.tick())
    )

    (alarm,) = (command for command in driver.commands if isinstance(command, RaiseAlarm))
    assert "liquidated 4 lots" in alarm.message
    assert driver.world.reconciliation.differences == ()
    assert driver.world.ledger.positions[MARGIN, PERP.id] == -4
    driver.submit(order())
    assert any(isinstance(command, ObserveMarket) for command in driver.commands)
