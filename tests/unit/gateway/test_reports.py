"""Reports are made from the journal alone: each at its place, the same in every replay."""

from dataclasses import replace

import pytest

from router import engine
from router.domain.event import ChildFilled, FillVoided, ParentSubmitted
from router.domain.order import OrderStatus, TimeInForce
from router.domain.units import Amount, Price
from router.gateway.chain import name_of
from router.gateway.report_data import report_data
from router.gateway.reports import ReportKind, reports_of, standing
from router.state.recorded import Recorded
from router.state.world import World
from tests.unit.engine.basket_scene import BTC_PERP as BOOK
from tests.unit.engine.basket_scene import BUY_ETH, COIN, SELL_BTC, Baskets
from tests.unit.engine.scene import ETHER, PERP, POOL, STARTED, USDC, order
from tests.unit.gateway.fix_messages.told import ASSETS, started, x

K = ReportKind


def kinds(reports):
    return [report.kind for report in reports]


def retold(history):
    """Fold events again from nothing, and return their reports."""
    world, told = World(), []
    for sequence, event in enumerate(history, 1):
        after, commands = engine.step(world, event)
        told.extend(reports_of(Recorded(sequence, world, event, after, commands)))
        world = after
    return told


def test_a_replay_makes_the_same_reports():
    desk = started()
    child = desk.working(rests=False)
    desk.trade(child, 4, name="a")
    desk.cancel("Y")
    desk.finish(child)

    assert retold(desk.history) == desk.reports
    assert kinds(desk.reports) == [K.PENDING_NEW, K.NEW, K.TRADE, K.PENDING_CANCEL]
    places = [(report.sequence, report.index) for report in desk.reports]
    assert places == sorted(set(places))


def test_an_event_that_is_told_twice_is_reported_once():
    desk = started()
    child = desk.working()
    fill = desk.fill(child, 4)
    before = len(desk.reports)

    desk.feed(ChildFilled(child.id, fill, desk.tick()))
    desk.feed(ParentSubmitted(x(), desk.tick()))
    desk.feed(STARTED)

    assert len(desk.reports) == before


def test_a_request_that_is_repeated_is_not_reported_again():
    desk = started()
    desk.working()
    desk.cancel("Y")
    before = len(desk.reports)

    desk.cancel("Y")

    assert len(desk.reports) == before


def test_the_members_of_a_basket_are_each_reported():
    desk = Baskets()
    desk.begin()
    desk.give(BUY_ETH, SELL_BTC)
    problems = desk.look()
    children = desk.answer(problems, (PERP, 20 * ETHER), (BOOK, COIN))

    assert children
    told = retold(desk.history)
    assert [(r.order.id, r.kind) for r in told] == [
        (BUY_ETH.id, K.PENDING_NEW),
        (SELL_BTC.id, K.PENDING_NEW),
        (BUY_ETH.id, K.NEW),
        (SELL_BTC.id, K.NEW),
    ]
    assert [r.index for r in told] == [0, 1, 0, 1]


def test_doubt_is_ours_and_is_not_told():
    desk = started()
    desk.working()
    parent = replace(desk.parent, status=OrderStatus.IN_DOUBT)
    world = desk.world.with_parent(parent)

    assert standing(world, parent, at=desk.tick()).status is OrderStatus.NEW


def test_where_an_order_stands_follows_from_no_record():
    desk = started()
    child = desk.working()
    desk.trade(child, 4, name="a")

    told = standing(desk.world, desk.parent, at=desk.tick())

    assert (told.kind, told.exec_id, told.status) == (K.STATUS, "0", OrderStatus.PARTIALLY_FILLED)
    assert (told.base, told.leaves) == (4 * ETHER, 6 * ETHER)
    assert (told.request, told.original, told.asked_by, told.was_pending) == ("", "", "", False)


def test_a_fill_has_one_identity_and_is_named_by_it_when_it_is_taken_back():
    desk = started()
    child = desk.working()
    first, second = (desk.fill(child, 2, name=name) for name in ("a", "b"))
    desk.feed(FillVoided(child.id, second.id, None, "a reorg", "ann", desk.tick()))
    *_, a, b, void = desk.reports

    assert a.exec_id != b.exec_id
    assert (void.voided, void.voided_exec_id) == (second, b.exec_id)
    assert void.exec_id == f"{void.sequence}.{void.index}"
    assert (void.base, void.leaves) == (first.quantity.atoms, 8 * ETHER)


def test_what_is_voided_twice_is_reported_once():
    desk = started()
    child = desk.working()
    fill = desk.fill(child, 2)
    for _ in range(2):
        desk.feed(FillVoided(child.id, fill.id, None, "a reorg", "ann", desk.tick()))

    assert kinds(desk.reports).count(K.TRADE_CANCEL) == 1


@pytest.mark.parametrize(
    ("time_in_force", "adds"),
    [
        (TimeInForce.IMMEDIATE, False),
        (TimeInForce.RESTING, None),
        (TimeInForce.POST_ONLY, True),
    ],
)
def test_a_fill_says_where_and_whether_it_waited(time_in_force, adds):
    desk = started()
    child = replace(desk.working(), time_in_force=time_in_force)
    desk.world = desk.world.with_child(replace(desk.world.children[child.id], order=child))
    desk.fill(child, 2)

    assert (desk.reports[-1].venue, desk.reports[-1].adds_liquidity) == (PERP.venue, adds)


def test_only_a_sessions_replacement_renames_an_order():
    desk = started()
    desk.submit(x())
    desk.amend("other", ethers=12, by="ann")
    assert name_of(desk.parent) == "X"
    desk.amend("Y", ethers=11)
    assert name_of(desk.parent) == "Y"


def test_a_report_is_told_as_strings_and_exactly():
    desk = started()
    child = desk.working(x(limit_price=None), instrument=POOL, rests=False)
    desk.trade(child, 4, name="a")

    data = report_data(desk.reports[-1], ASSETS)

    assert (data["kind"], data["status"]) == ("trade", "partially_filled")
    assert (data["quantity"], data["leaves"], data["filled_base"]) == ("10", "6", "4")
    assert (data["filled_quote"], data["average_price"]) == ("12000", "3000")
    assert data["fill"]["price"] == "3000"
    assert data["fill"]["id"] == f"a-{child.id}"
    assert data["place"] == [desk.reports[-1].sequence, 0]
    assert (data["client"], data["account"], data["by"]) == ("acme", "main", "ann")
    assert data["time_in_force"] == "deadline"


def test_an_order_of_cash_is_told_in_cash_and_what_it_filled_in_both():
    cash = order(client_order_id="X", quantity=Amount(USDC.id, 30_000 * 10**6))
    desk = started()
    desk.submit(cash)
    report = replace(desk.reports[-1], base=ETHER, cash=3_001 * 10**6, leaves=26_999 * 10**6)

    data = report_data(report, ASSETS)

    assert (data["quantity_asset"], data["quantity"], data["leaves"]) == ("USDC", "30000", "26999")
    assert (data["filled_base"], data["filled_quote"]) == ("1", "3001")


def test_what_is_no_longer_configured_is_told_in_atoms():
    desk = started()
    desk.submit(x())

    assert report_data(desk.reports[-1], {})["quantity"] == str(10 * ETHER)


def test_prices_of_what_is_worth_little_keep_their_digits():
    # 1.2345678912e-8 USDC an ether: atoms of 6 decimals over atoms of 18.
    limit = Price("ETH", "USDC", 12_345_678_912, 10**30)
    desk = started()
    desk.submit(x())
    report = desk.reports[-1]
    asked = replace(report, order=replace(report.order, limit_price=limit))
    filled = replace(report, base=3 * ETHER, cash=1)

    assert report_data(asked, ASSETS)["limit_price"] == "0.000000012345678912"
    assert report_data(filled, ASSETS)["average_price"] == "0.00000033333334"


def test_an_average_price_is_rounded_against_the_order():
    desk = started()
    desk.submit(x())
    report = replace(desk.reports[-1], base=3 * ETHER, cash=10_000 * 10**6)
    sold = replace(report, order=replace(report.order, side=SELL_BTC.side))

    assert report_data(report, ASSETS)["average_price"] == "3333.33333334"
    assert report_data(sold, ASSETS)["average_price"] == "3333.33333333"
