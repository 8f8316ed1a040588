"""A desk with a baseline, and accounts in which something is planted."""

from dataclasses import replace

from router.domain.account import Transfer, VenueFill, VenueOrder
from router.domain.algo import Iceberg
from router.domain.command import RaiseAlarm
from router.domain.event import AccountsObserved
from router.domain.order import GasPaid, OrderStatus, TimeInForce
from router.domain.units import Amount, DurationNs, Pips, Side, TimestampNs
from tests.unit.engine.scene import (
    DOLLAR,
    ETHER,
    LATER,
    PERP,
    POOL,
    T0,
    USDC,
    Driver,
    accounts,
    order,
)

LOTS_PER_ETHER = ETHER // PERP.lot_atoms
ICEBERG = Iceberg(
    display_pips=Pips(1_000_000),
    offset_ticks=0,
    reprice_ticks=1,
    interval=DurationNs(10**9),
    reprices_max=5,
    cross_at=TimestampNs(T0 + 90 * 10**9),
)
GAS = GasPaid(10**14, 100_000, 8, "0x08")


def started():
    """Return a desk whose accounts were looked at."""
    driver = Driver()
    driver.start()
    return driver


def planted(*, perp=None, chain=None, later=10, block=LATER, **changes):
    """Return both accounts some nanoseconds after the baseline; `perp` and `chain` are fields."""
    first, second = accounts(later=later, **changes)
    at_block = replace(block, at_venue=TimestampNs(T0 + later))
    return (
        replace(first, block=at_block, **(chain or {})),
        replace(second, **({"orders": ()} | (perp or {}))),
    )


def look(driver, read, *, epoch=None):
    """Let the engine look at accounts, and return the alarms."""
    asked = driver.world.epoch if epoch is None else epoch
    driver.feed(AccountsObserved(read, asked, driver.tick()))
    return [c.message for c in driver.commands if isinstance(c, RaiseAlarm)]


def kinds(driver):
    """Return the kinds of the differences that halt."""
    found = driver.world.reconciliation
    return [] if found is None else [str(each.kind) for each in found.differences]


def venue_fill(name, *, lots, dollars, reference="", at=5, fee=0):
    return VenueFill(
        id=name,
        order="4711",
        reference=reference,
        instrument=PERP.id,
        lots=lots,
        notional=Amount(USDC.id, dollars * DOLLAR),
        fee=Amount(USDC.id, fee),
        at_venue=TimestampNs(T0 + at),
    )


def venue_order(name, *, reference=""):
    return VenueOrder(name, reference, PERP.id, Side.BUY, 70, 290_000)


def transfer(name, atoms, *, asset=USDC.id, detail="deposit", at=5, is_own=False):
    return Transfer(name, Amount(asset, atoms), detail, TimestampNs(T0 + at), is_own)


def open_child(driver, instrument=PERP, ethers=10, *, name="one"):
    """Send an order for so many ethers to one market, and return its child."""
    asked = order(ethers, name=name)
    driver.submit(asked)
    problem = driver.observe(asked)
    (child,) = driver.solve(problem, (instrument, ethers))
    driver.sign(child)
    driver.acknowledge(child)
    return child


def waiting_child(driver):
    """Return a child that waits at the book: put there as if an algo had posted it."""
    child = open_child(driver)
    state = driver.world.children[child.id]
    waits = replace(state, order=replace(child, time_in_force=TimeInForce.POST_ONLY))
    parent = driver.world.parents[child.parent]
    asked = replace(parent.order, algo=ICEBERG)
    driver.world = driver.world.with_child(waits).with_parent(replace(parent, order=asked))
    return waits.order


def traded_on_chain(driver, *, name="one"):
    """Take an order to the end of its transaction, in block 8 with nonce 3."""
    child = open_child(driver, POOL, name=name)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED, gas=GAS)
    return child
