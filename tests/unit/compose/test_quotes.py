"""Quotes between where they are shown and where they are sent."""

from dataclasses import dataclass, replace

import pytest

from router.compose.baskets import Baskets
from router.compose.dry_run import quotes
from router.domain.error import OrderError
from router.domain.event import HourStruck, RouteSolved
from router.domain.plan import PlannedRoute
from router.domain.units import TimestampNs
from router.gateway.basket_request import basket_id
from router.journal import codec
from router.shell import quote_file
from router.state.world import World
from tests.unit.engine.basket_scene import BUY_ETH, NAME, SELL_BTC
from tests.unit.engine.basket_scene import Baskets as BasketDriver
from tests.unit.engine.scene import POOL, T0, Driver, order, plan
from tests.unit.gateway.test_order_request import CONTEXT


@dataclass(frozen=True)
class Files:
    journal: object


@dataclass(frozen=True)
class Desk:
    """What of an assembly quotes are kept by."""

    config: Files


@pytest.fixture(scope="module")
def planned():
    desk = Driver()
    desk.start()
    desk.submit(order())
    problem = desk.observe(order())
    return PlannedRoute(problem, plan(problem, (POOL, 10)))


def test_an_order_that_names_a_quote_is_bound_to_what_was_kept(tmp_path, planned):
    desk = Desk(Files(tmp_path / "desk.journal"))
    asked = (("base", "ETH"), ("quantity", "10"), ("quote", "USDC"), ("side", "buy"))
    kept = quote_file.keep(desk.config.journal, asked, planned, expires_at=TimestampNs(T0 + 60))

    made = quotes.parsed(desk, {"quote_id": kept.id, "client_order_id": "one"}, CONTEXT)

    assert made.as_quoted.plan == planned.plan
    assert made.as_quoted.problem_digest == codec.digest(planned.problem)
    assert made.as_quoted.id == kept.id


def test_an_order_without_a_quote_is_an_order_like_any_other(tmp_path):
    request = {
        "side": "buy",
        "quantity": "1",
        "base": "ETH",
        "quote": "USDC",
        "client_order_id": "one",
    }

    assert quotes.parsed(Desk(Files(tmp_path)), request, CONTEXT).as_quoted is None


def test_a_plan_is_told_with_its_contingency_and_other_events_without(planned):
    solved = RouteSolved(planned.problem.parent, planned.plan, T0)

    assert any("reverts" in line for line in quotes.contingencies(solved))
    assert quotes.contingencies(HourStruck(T0)) == ()


@dataclass
class Running:
    """What of a runtime is looked at for the members of a basket."""

    world: World


def test_a_basket_that_is_not_at_work_has_no_members_to_cancel():
    with pytest.raises(OrderError, match="no basket 'pair' is at work"):
        Baskets(Running(World()), CONTEXT).members("pair")


def test_the_members_of_a_basket_are_found_by_the_clients_name_of_it():
    driver = BasketDriver()
    driver.begin()
    driver.give(BUY_ETH, SELL_BTC)
    name = basket_id(CONTEXT.journal_id, "pair")
    found = replace(driver.world.baskets[NAME], id=name)
    world = replace(driver.world, baskets=driver.world.baskets.put(name, found))

    assert Baskets(Running(world), CONTEXT).members("pair") == (BUY_ETH.id, SELL_BTC.id)
