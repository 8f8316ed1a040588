"""Lines that break and gateways that are killed: no report lost, none twice, one end for each."""

import os
from contextlib import ExitStack

import pytest

from router.gateway.fix.dictionary import xml
from tests.integration.certification import script, soaking
from tests.integration.certification.floor import Daemon, floor
from tests.integration.certification.traffic import Traffic
from venues.sandbox.chain import start

SLICE_S, SLICE_ORDERS = 6, 30
SOAK_MINUTES = float(os.environ.get("HEADRACE_SOAK_MINUTES", "30"))
SOAK_ORDERS = 2_000
ORDERS_PER_S = 8
DAEMON_KILLS = 5


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Give the counterparties and a running daemon, whose gateway is forked and killed by us."""
    folder = tmp_path_factory.mktemp("soak")
    with (
        start(block_time_s=0.5, state_dir=folder / "chain") as chain,
        floor(folder, chain) as counterparties,
    ):
        yield counterparties


@pytest.fixture
def site(ground, tmp_path):
    """Give a desk with a journal of its own, and what ends its processes."""
    ground.settle_in(tmp_path)
    ground.furnish("")
    (tmp_path / "FIX44.xml").write_text(xml("44"))
    text = ground.config.read_text()
    (tmp_path / "doors.toml").write_text(text + soaking.DOOR)
    with ExitStack() as stack:
        daemon = Daemon(ground)
        daemon.ready()
        keeper = soaking.Keeper(ground, daemon)
        stack.callback(keeper.stop)
        gateways = soaking.Gateways(tmp_path / "doors.toml", tmp_path / "gateway.log")
        stack.callback(gateways.close)
        gateways.fork()
        yield ground, keeper, gateways, stack


def begun(site, *, seed):
    """Have a customer log on behind a line, and see one order through."""
    ground, _, gateways, stack = site
    opened = stack.enter_context(
        soaking.line(ground.folder / "ems", ground.folder / "FIX44.xml", port=gateways.port)
    )
    script.new(opened.peer, "first")
    script.expect_all(opened.peer, "A/A", "0/0", "F/2", name="first")
    return opened, Traffic(opened.peer, seed=seed)


def broken(site, *, seconds, seed):
    """Send orders while the line breaks, and check all of it."""
    opened, traffic = begun(site, seed=seed)
    soaking.with_breaks(opened, traffic, seconds=seconds, orders_per_s=ORDERS_PER_S, seed=seed)
    outcome = opened.settle(traffic)
    soaking.check(site[0], opened, traffic, outcome)
    soaking.check_numbers(opened, site[2])
    return len(traffic.orders), opened.breaks


def killed(site, *, orders, daemon_kills, seed):
    """Send orders while the gateway is killed, and the daemon now and then; check all of it."""
    _, keeper, gateways, _ = site
    opened, traffic = begun(site, seed=seed)
    gateways.hunt(opened.peer, seed=seed)
    soaking.with_kills(traffic, orders=orders, keeper=keeper, daemon_kills=daemon_kills)
    gateways.spare()
    outcome = opened.settle(traffic)
    soaking.check(site[0], opened, traffic, outcome)
    soaking.check_numbers(opened, gateways)
    return len(traffic.orders), gateways.kills


def test_a_line_that_breaks_loses_and_doubles_nothing(site):
    orders, breaks = broken(site, seconds=SLICE_S, seed=1)

    assert orders > SLICE_S
    assert breaks > 0


def test_a_gateway_that_is_killed_loses_and_doubles_nothing(site):
    orders, kills = killed(site, orders=SLICE_ORDERS, daemon_kills=1, seed=2)

    assert orders == SLICE_ORDERS
    assert kills > 1


@pytest.mark.soak
def test_half_an_hour_of_breaks_loses_and_doubles_nothing(site, record_testsuite_property):
    orders, breaks = broken(site, seconds=SOAK_MINUTES * 60, seed=3)

    record_testsuite_property("breaks", f"{SOAK_MINUTES:g} min: {orders} orders, {breaks} breaks")
    assert breaks > SOAK_MINUTES


@pytest.mark.soak
def test_two_thousand_orders_through_gateways_that_are_killed(site, record_testsuite_property):
    orders, kills = killed(site, orders=SOAK_ORDERS, daemon_kills=DAEMON_KILLS, seed=4)

    told = f"{orders} orders, {kills} gateways killed, {DAEMON_KILLS} daemons"
    record_testsuite_property("kills", told)
    assert kills > SOAK_ORDERS // 100
