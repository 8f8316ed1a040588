"""Replacing orders: what may replace what, and how both ends are told."""

from tests.unit.sandbox.hyperliquid_harness import STAMP, Pit
from venues.sandbox.hyperliquid.matching.placement import BatchRefused, placement_status
from venues.sandbox.hyperliquid.order import OrderChanged

MAKER, TRADER = 0, 1
CLOID = "0x" + "0" * 31 + "7"
MISSING = BatchRefused("Cannot modify canceled or filled order")


def modify(pit, target, request, **rest):
    return pit.matching.modify(target, request, pit.account(TRADER), stamp=STAMP, **rest)


def test_the_new_order_has_an_id_of_its_own_and_the_old_client_id():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1", cloid=CLOID).order

    new = modify(pit, old.oid, pit.request("2910", "2"))

    assert placement_status(new) == {"resting": {"oid": old.oid + 1, "cloid": CLOID}}
    assert (old.status, new.order.status) == ("canceled", "open")
    assert pit.account(TRADER).cloids[CLOID] == new.order.oid
    assert list(pit.account(TRADER).open_orders) == [new.order.oid]
    assert pit.state.markets["ETH"].book.best_price(is_buy=True) == 291_000


def test_the_new_order_is_reported_before_the_end_of_the_old_one():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order
    pit.state.events.clear()

    new = modify(pit, old.oid, pit.request("2910", "1"))

    told = [e.order for e in pit.state.events if isinstance(e, OrderChanged)]
    assert [(o.oid, o.status) for o in told] == [(new.order.oid, "open"), (old.oid, "canceled")]


def test_an_order_is_found_by_its_client_id():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1", cloid=CLOID).order

    new = modify(pit, CLOID, pit.request("2910", "1", cloid=CLOID))

    assert new.order.cloid == CLOID
    assert old.status == "canceled"


def test_gtc_becomes_alo():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order

    new = modify(pit, old.oid, pit.request("2910", "1", tif="Gtc"))

    assert new.order.time_in_force == "Alo"


def test_a_replacement_that_would_match_is_refused_and_the_old_order_is_gone():
    pit = Pit()
    pit.place(MAKER, "3000", "1", is_buy=False)
    old = pit.place(TRADER, "2900", "1").order

    new = modify(pit, old.oid, pit.request("3001", "1", tif="Gtc"))

    assert placement_status(new) == {
        "error": "Error placing new order during modify: Post only order would have immediately "
        "matched, bbo was None@3000. asset=1"
    }
    assert (old.status, new.order.status) == ("canceled", "badAloPxRejected")
    assert not pit.account(TRADER).open_orders
    assert pit.held(TRADER) == 0


def test_with_always_place_a_replacement_may_match():
    pit = Pit()
    pit.place(MAKER, "3000", "1", is_buy=False)
    old = pit.place(TRADER, "2900", "1").order

    new = modify(pit, old.oid, pit.request("3001", "1", tif="Ioc"), always_place=True)

    assert "filled" in placement_status(new)
    assert pit.held(TRADER) == 10_000


def test_taking_orders_need_always_place():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order

    immediate = modify(pit, old.oid, pit.request("3001", "1", tif="Ioc"))
    stop = modify(pit, old.oid, pit.request("3100", "1", trigger=("3050", "sl", True)))

    assert isinstance(immediate, BatchRefused)
    assert isinstance(stop, BatchRefused)
    assert old.status == "open"


def test_nothing_is_placed_when_there_is_nothing_to_replace():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order
    pit.matching.cancel(old, status="canceled", stamp=STAMP)
    known = len(pit.state.orders)

    assert modify(pit, old.oid, pit.request("2910", "1")) == MISSING
    assert modify(pit, CLOID, pit.request("2910", "1")) == MISSING
    assert len(pit.state.orders) == known


def test_with_always_place_it_is_placed_all_the_same():
    pit = Pit()

    new = modify(pit, 77, pit.request("2910", "1"), always_place=True)

    assert "resting" in placement_status(new)


def test_nobody_replaces_the_order_of_another():
    pit = Pit()
    theirs = pit.place(MAKER, "2900", "1").order

    assert modify(pit, theirs.oid, pit.request("2910", "1")) == MISSING
    assert theirs.status == "open"


def test_an_order_is_not_replaced_on_another_coin():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order

    assert modify(pit, old.oid, pit.request("89000", "0.1", asset=0)) == MISSING


def test_a_wrong_payload_leaves_the_old_order_alone():
    pit = Pit()
    old = pit.place(TRADER, "2900", "1").order

    assert modify(pit, old.oid, pit.request("2910", "0")) == BatchRefused("Order has zero size.")
    assert old.status == "open"


def test_a_trigger_is_moved_with_always_place():
    pit = Pit()
    old = pit.place(TRADER, "3100", "1", trigger=("3050", "sl", False)).order

    request = pit.request("3200", "1", trigger=("3150", "sl", False))
    new = modify(pit, old.oid, request, always_place=True)
    pit.mark("3060")

    assert old.status == "canceled"
    assert new.order.status == "open"
    assert new.order.trigger.price == 315_000


def test_the_margin_of_the_old_order_is_free_for_the_new_one():
    # 1,000 USD at leverage 20 carry 6.6 ETH at the mark of 3000.
    pit = Pit(deposit=1_000 * 10**6)
    old = pit.place(TRADER, "2900", "6").order

    new = modify(pit, old.oid, pit.request("2910", "6.5"))

    assert "resting" in placement_status(new)
