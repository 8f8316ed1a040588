from dataclasses import replace
from fractions import Fraction

from router.domain.event import FundingObserved
from router.domain.units import PICO_PER_UNIT, AccountId, Pico, Pips
from router.risk.funding_watch import watched
from router.risk.funding_watch.burden import Burden, burdens, holdings
from router.state.funding import FundingMemory, folded
from tests.unit.engine.scene import DOLLAR, MARGIN, PERP, T0
from tests.unit.risk.funding_watch.series import OWN, assessed, desk, maintenance_of, sample

TOLD = FundingObserved((sample(OWN, Pico(1), T0),), T0)
PER_MILLE = PICO_PER_UNIT // 1_000


def with_prices(world):
    return replace(world, funding=folded(world.funding, TOLD))


def test_a_position_is_worth_what_the_venue_settles_on():
    # 7 ethers short at 3,000 dollars.
    found = holdings(with_prices(desk(ethers=-7)))

    assert found[PERP.id].notional == -21_000 * DOLLAR
    assert found[PERP.id].account == MARGIN


def test_without_a_ledger_a_price_or_a_position_nothing_is_held():
    world = with_prices(desk(ethers=7))

    assert holdings(replace(world, ledger=None)) == {}
    assert holdings(replace(world, funding=FundingMemory())) == {}
    assert holdings(with_prices(desk(ethers=0))) == {}


def test_what_an_account_holds_that_is_no_longer_configured_stops_nothing():
    world = desk(ethers=7)
    positions = {(AccountId("hyperliquid:0xold"), PERP.id): 70_000}
    world = replace(world, ledger=replace(world.ledger, positions=positions))

    memory, alarms = watched(world, TOLD)

    assert holdings(replace(world, funding=memory)) == {}
    assert alarms == ()


def test_room_ends_where_the_soft_zone_begins():
    world = with_prices(desk(ethers=100, leverage=5))
    held = holdings(world)

    found = burdens(world, held, {PERP.id: PER_MILLE})[MARGIN]

    # A thousandth of 300,000 an hour; 60,000 of equity less 6,000 / 60 %: 50,000 last 166 h.
    assert found.an_hour == 300 * DOLLAR
    assert found.room == 50_000 * DOLLAR
    assert found.hours_left() == 166


def test_without_zones_the_room_ends_at_liquidation():
    world = with_prices(desk(ethers=100, leverage=5))
    started = replace(world.started, limits=replace(world.limits, zones=()))
    world = replace(world, started=started)

    found = burdens(world, holdings(world), {PERP.id: PER_MILLE})[MARGIN]

    assert found.room == 54_000 * DOLLAR


def test_an_account_past_its_zone_has_no_hour_left():
    world = assessed(with_prices(desk(ethers=100)), 9_000 * DOLLAR, maintenance_of(100))

    found = burdens(world, holdings(world), {PERP.id: PER_MILLE})[MARGIN]

    assert found.room < 0
    assert found.hours_left() == 0


def test_without_an_assessment_the_equity_last_read_is_what_costs_are_of():
    world = with_prices(desk(ethers=100))
    memory = replace(world.funding, equity={MARGIN: 90_000 * DOLLAR})
    world = replace(world, assessment=None, funding=memory)

    found = burdens(world, holdings(world), {PERP.id: PER_MILLE})[MARGIN]

    assert (found.equity, found.room, found.hours_left()) == (90_000 * DOLLAR, None, None)
    # 24 hours at 300 are 7,200: exactly 8 % of it.
    assert not found.exceeds(80_000)
    assert found.exceeds(79_999)


def test_what_is_received_is_no_burden():
    paid = Burden(Fraction(-5), 100, Fraction(50))

    assert not paid.exceeds(Pips(0))
    assert paid.hours_left() is None
    assert not Burden(Fraction(5), None, None).exceeds(0)
