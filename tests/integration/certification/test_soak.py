"""Lines that break and gateways that are killed: no report lost, none twice, one end for each."""

import os

import pytest

from tests.integration.certification import script, soaking
from tests.integration.certification.traffic import Traffic

SLICE_S, SLICE_ORDERS = 3, 12
SOAK_MINUTES = float(os.environ.get("HEADRACE_SOAK_MINUTES", "30"))
SOAK_ORDERS = int(os.environ.get("HEADRACE_SOAK_ORDERS", "2000"))
ORDERS_PER_S = 8
DAEMON_KILLS = 5


def begun(opened, client, *, seed):
    """See one order through; return what sends more."""
    script.new(opened.peer, "first", t1=client)
    script.expect_all(opened.peer, "A/A", "0/0", "F/2", name="first")
    return Traffic(opened.peer, seed=seed, account=client)


def broken(desk, *, seconds, seed):
    """Send orders while the line breaks, and check all of it."""
    with soaking.line(desk, "beta") as opened:
        traffic = begun(opened, "beta", seed=seed)
        soaking.with_breaks(opened, traffic, seconds=seconds, orders_per_s=ORDERS_PER_S, seed=seed)
        soaking.check(desk.floor, opened, traffic, client="beta")
        soaking.check_numbers(desk, opened, "beta")
        return len(traffic.orders), opened.breaks


def killed(desk, *, orders, daemons, seed):
    """Send orders while gateways are killed, and the daemon now and then; check all of it."""
    with soaking.line(desk, "gamma") as opened:
        traffic = begun(opened, "gamma", seed=seed)
        kills = soaking.Kills(desk, opened, traffic, seed=seed)
        kills.go(orders=orders, daemons=daemons)
        soaking.check(desk.floor, opened, traffic, client="gamma")
        soaking.check_numbers(desk, opened, "gamma")
        return len(traffic.orders), kills


def test_a_line_that_breaks_loses_and_doubles_nothing(desk):
    orders, breaks = broken(desk, seconds=SLICE_S, seed=1)

    assert orders > SLICE_S
    assert breaks > 0


def test_a_gateway_that_is_killed_loses_and_doubles_nothing(desk):
    orders, kills = killed(desk, orders=SLICE_ORDERS, daemons=0, seed=2)

    assert orders >= SLICE_ORDERS
    assert kills.gateways > 0


@pytest.mark.soak
def test_half_an_hour_of_breaks_loses_and_doubles_nothing(other_desk, record_testsuite_property):
    orders, breaks = broken(other_desk, seconds=SOAK_MINUTES * 60, seed=3)

    record_testsuite_property("breaks", f"{SOAK_MINUTES:g} min: {orders} orders, {breaks} breaks")
    assert breaks > SOAK_MINUTES


@pytest.mark.soak
def test_two_thousand_orders_through_gateways_that_are_killed(
    other_desk, record_testsuite_property
):
    orders, kills = killed(other_desk, orders=SOAK_ORDERS, daemons=DAEMON_KILLS, seed=4)

    told = f"{orders} orders, {kills.gateways} gateways killed, {kills.daemons} daemons"
    record_testsuite_property("kills", told)
    assert kills.gateways > SOAK_ORDERS // 100
    assert kills.daemons == DAEMON_KILLS
