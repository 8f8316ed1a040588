"""Halts, restarts and changed configurations: what the engine must not trade through."""

from dataclasses import replace

from router.domain import event
from router.domain.account import FundingPayment, Position
from router.domain.command import (
    ObserveAccounts,
    ObserveMarket,
    RaiseAlarm,
    SolveRoute,
)
from router.domain.event import AccountsObserved, BaselineAccepted, MarketObserved
from router.domain.market import BlockRef
from router.domain.order import GasPaid, OrderStatus
from router.domain.units import Amount, AssetId, InstrumentId, TimestampNs
from tests.unit.engine.scene import (
    DOLLAR,
    ETHER,
    LIMITS,
    MARGIN,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    Driver,
    accounts,
    observation,
    order,
)
from venues.hyperliquid.spec import FUNDING_WINDOW

GAS = GasPaid(10**14, 100_000, 8, "0x08")
HOUR = 3_600 * 10**9


def restart(driver, **changes):
    return driver.feed(replace(STARTED, at=driver.tick(), **changes))


def test_a_halt_found_after_a_restart_stops_the_parent_that_was_being_planned():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    restart(driver)

    driver.reconcile(usdc=-1)  # somebody else spent while we were away
    assert driver.world.halt_reason is not None
    driver.feed(MarketObserved(asked.id, observation(), driver.tick()))
    solving = [c for c in driver.commands if isinstance(c, SolveRoute)]
    signing = driver.solve(solving[0].problem, (POOL, 10)) if solving else []

    assert signing == []


def test_after_a_restart_a_new_order_waits_for_reconciliation():
    driver = Driver()
    driver.start()
    restart(driver)

    driver.submit(order())

    assert [c for c in driver.commands if isinstance(c, ObserveMarket)] == []


def test_after_a_restart_a_parent_in_planning_waits_for_reconciliation():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)

    commands = restart(driver)

    assert any(isinstance(c, ObserveAccounts) for c in commands)
    assert [c for c in commands if isinstance(c, ObserveMarket)] == []


def test_a_halt_rejects_any_number_of_waiting_orders():
    driver = Driver()
    driver.feed(STARTED)
    for index in range(1_000):  # as many as the runtime lets wait
        driver.submit(order(name=f"n{index}", deadline_at=TimestampNs(T0 + HOUR)))
    driver.reconcile()
    first = order(name="n0", deadline_at=TimestampNs(T0 + HOUR))
    problem = driver.observe(first)
    (child,) = driver.solve(problem, (POOL, 10))
    driver.sign(child)
    driver.acknowledge(child)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED, gas=GAS)

    driver.reconcile(eth=10 * ETHER, usdc=-30_000 * DOLLAR - 1, native=-GAS.atoms)
    planned = driver.world.active  # the next was being planned beside the first
    driver.feed(MarketObserved(planned.order.id, driver.seen(), driver.tick()))

    statuses = {p.status for p in driver.world.parents.values()}
    assert statuses == {OrderStatus.FILLED, OrderStatus.REJECTED}


SOL_PERP = replace(PERP, id=InstrumentId("hyperliquid:SOL"), symbol="SOL")


def with_account(account, **changes):
    return tuple(replace(a, **changes) if a.account == account else a for a in accounts())


def test_an_instrument_added_to_the_configuration_does_not_halt_the_desk():
    driver = Driver()
    driver.start()
    restart(driver, instruments=(POOL, PERP, SOL_PERP))
    held = (Position(PERP.id, 0, 10), Position(SOL_PERP.id, 500, 10))

    driver.feed(
        AccountsObserved(with_account(MARGIN, positions=held), driver.world.epoch, driver.tick())
    )

    assert driver.world.halt_reason is None


def test_a_venue_added_to_the_configuration_does_not_halt_the_desk():
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL,)))
    chain_only = tuple(a for a in accounts() if a.account == POOL.account)
    driver.feed(AccountsObserved(chain_only, driver.world.epoch, driver.tick()))
    restart(driver)

    driver.reconcile()

    assert driver.world.halt_reason is None


def test_a_token_added_to_the_configuration_does_not_halt_the_desk():
    driver = Driver()
    driver.start()
    restart(driver)
    bitcoin = Amount(AssetId("BTC"), 10**8)
    before = accounts()[0]

    driver.feed(
        AccountsObserved(
            with_account(POOL.account, balances=(*before.balances, bitcoin)),
            driver.world.epoch,
            driver.tick(),
        )
    )

    assert driver.world.halt_reason is None


def test_an_instrument_with_a_position_that_is_taken_out_of_the_configuration_does_not_halt():
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL, PERP, SOL_PERP)))
    held = (Position(PERP.id, 0, 10), Position(SOL_PERP.id, 500, 10))
    driver.feed(
        AccountsObserved(with_account(MARGIN, positions=held), driver.world.epoch, driver.tick())
    )
    restart(driver)  # without it: the venue tells configured positions only

    driver.reconcile()

    assert driver.world.halt_reason is None


def test_a_fill_at_an_instrument_that_was_taken_out_while_in_flight_is_booked():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    problem = driver.observe(asked)
    (child,) = driver.solve(problem, (PERP, 10))
    driver.sign(child)
    restart(driver, instruments=(POOL,))

    driver.fill(child, 10)

    assert driver.world.ledger.positions[MARGIN, PERP.id] == 10 * ETHER // PERP.lot_atoms


def test_a_notional_limit_that_was_tightened_binds_what_is_planned_after_the_restart():
    driver, asked = Driver(), order(10)  # 30,000 dollars
    driver.start()
    driver.submit(asked)
    driver.observe(asked)
    tightened = replace(LIMITS, order_notional_max=(Amount(USDC.id, 1_000 * DOLLAR),))
    restart(driver, limits=tightened)

    driver.feed(MarketObserved(asked.id, observation(), driver.tick()))

    assert [c for c in driver.commands if isinstance(c, SolveRoute)] == []


def test_a_slippage_limit_that_was_tightened_binds_orders_that_were_waiting():
    driver, asked = Driver(), order(10)  # asks for 1 %
    driver.feed(STARTED)
    driver.submit(asked)
    restart(driver, limits=replace(LIMITS, slippage_max_pips=100))

    driver.reconcile()

    assert [c for c in driver.commands if isinstance(c, ObserveMarket)] == []


def test_an_account_read_before_the_block_of_our_own_transaction_is_read_again():
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    problem = driver.observe(asked)
    (child,) = driver.solve(problem, (POOL, 10))
    driver.sign(child)
    driver.acknowledge(child)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED, gas=GAS)  # mined in block 8

    # A node behind the one that gave the receipt answers for block 7, and says so.
    assert accounts()[0].block == BlockRef(7, "0x07", "0x06", T0)
    driver.feed(AccountsObserved(accounts(), driver.world.epoch, driver.tick()))

    assert [c for c in driver.commands if isinstance(c, RaiseAlarm)] == []
    assert any(isinstance(c, ObserveAccounts) for c in driver.commands)


def test_a_desk_that_is_idle_over_a_weekend_knows_the_funding_of_its_position():
    """60 hours without an order, and the venue tells 48 hours of funding."""
    paid = [FundingPayment(Amount(USDC.id, -7), TimestampNs(T0 + h * HOUR)) for h in range(1, 61)]
    chain, margin = accounts()

    def read(hour):
        until = TimestampNs(T0 + hour * HOUR + 1)
        cash = margin.balance(USDC.id) - 7 * hour
        later = replace(
            margin,
            balances=(Amount(USDC.id, cash),),
            positions=(Position(PERP.id, 100, 10),),
            at_venue=until,
            # What venues.hyperliquid.adapter.read_account asks for.
            funding=tuple(p for p in paid if until - FUNDING_WINDOW <= p.at_venue < until),
        )
        return AccountsObserved((chain, later), driver.world.epoch, until)

    driver = Driver()
    driver.feed(STARTED)
    driver.feed(read(0))
    for hour in range(1, 61):
        at = TimestampNs(T0 + hour * HOUR)
        if any(isinstance(c, ObserveAccounts) for c in driver.feed(event.HourStruck(at))):
            driver.feed(read(hour))
    driver.feed(read(60))

    assert driver.world.halt_reason is None


def test_a_halt_found_while_a_parent_is_being_planned_stops_it():
    """The hour strikes, an order comes while the accounts are read, and they do not agree."""
    driver, asked = Driver(), order()
    driver.start()
    driver.feed(event.HourStruck(driver.tick()))
    driver.submit(asked)
    driver.reconcile(usdc=-1)
    assert driver.world.halt_reason is not None

    driver.feed(MarketObserved(asked.id, observation(), driver.tick()))
    solving = [c for c in driver.commands if isinstance(c, SolveRoute)]
    signing = driver.solve(solving[0].problem, (POOL, 10)) if solving else []

    assert signing == []


def test_an_order_that_ends_with_less_than_a_lot_left_says_so():
    asked = order(venues=(PERP.venue,), quantity=Amount(order().base, ETHER + PERP.lot_atoms // 2))
    driver = Driver()
    driver.start()
    driver.submit(asked)
    problem = driver.observe(asked)
    (child,) = driver.solve(problem, (PERP, 1))
    driver.sign(child)
    driver.acknowledge(child)
    driver.fill(child, 1)
    driver.end(child, OrderStatus.FILLED)
    driver.reconcile(lots=ETHER // PERP.lot_atoms, cash=-3_000 * DOLLAR)
    parent = driver.world.parents[asked.id]

    assert parent.status is OrderStatus.FILLED or parent.reason


def test_what_somebody_answers_for_is_the_new_baseline_and_orders_go_on():
    driver = Driver()
    driver.start()
    restart(driver)
    driver.reconcile(usdc=5 * DOLLAR)  # a deposit
    assert driver.world.halt_reason is not None

    driver.feed(BaselineAccepted("a deposit", driver.tick()))
    driver.reconcile(usdc=5 * DOLLAR)
    driver.submit(order())

    assert driver.world.halt_reason is None
    assert any(isinstance(c, ObserveMarket) for c in driver.commands)


def test_nothing_is_accepted_while_an_order_is_at_work():
    driver = Driver()
    driver.start()
    driver.submit(order())
    before = driver.world

    driver.feed(BaselineAccepted("a deposit", driver.tick()))

    assert driver.world == before
    assert driver.commands == ()
