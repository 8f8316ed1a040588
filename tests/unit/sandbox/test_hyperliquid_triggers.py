"""Stop-losses and take-profits: when they live, at what price, and what belongs together."""

import pytest

from tests.unit.sandbox.hyperliquid_harness import STAMP, TRADERS, Pit
from venues.sandbox.hyperliquid.matching.placement import BatchRefused, placement_status

MAKER, TRADER, OTHER = 0, 1, 2


def open_position(pit, size="1", *, is_buy=True):
    """Let the trader hold ETH bought (sold) at 3000."""
    pit.place(MAKER, "3000", size, is_buy=not is_buy)
    pit.place(TRADER, "3000", size, is_buy=is_buy, tif="Ioc")


def test_a_trigger_order_on_its_own_is_answered_with_its_id():
    # The official client's example of a stop order reads the id from a resting status.
    pit = Pit()
    open_position(pit)

    stop = pit.place(
        TRADER, "2900", "1", is_buy=False, reduce_only=True, trigger=("2950", "sl", True)
    )

    assert placement_status(stop) == {"resting": {"oid": stop.order.oid}}
    assert stop.order.oid in pit.account(TRADER).open_orders
    assert pit.state.markets["ETH"].book.best_price(is_buy=False) is None


@pytest.mark.parametrize(
    ("is_long", "kind", "trigger", "limit", "short_of_it"),
    [
        (True, "sl", "2950", "2900", "2950.1"),
        (True, "tp", "3050", "3000", "3049.9"),
        (False, "sl", "3050", "3100", "3049.9"),
        (False, "tp", "2950", "3000", "2950.1"),
    ],
)
def test_a_trigger_lives_when_the_mark_reaches_it(is_long, kind, trigger, limit, short_of_it):
    pit = Pit()
    open_position(pit, is_buy=is_long)
    placed = pit.place(
        TRADER, limit, "1", is_buy=not is_long, reduce_only=True, trigger=(trigger, kind, False)
    )

    pit.mark(short_of_it)
    before = placed.order.status, placed.order.time_in_force
    pit.mark(trigger)

    assert before == ("open", None)
    assert pit.statuses(placed.order) == ["open", "triggered", "open"]
    assert pit.state.markets["ETH"].book.best_price(is_buy=not is_long) == placed.order.price


def test_a_market_trigger_trades_up_to_ten_percent_from_the_mark():
    pit = Pit()
    open_position(pit, "2")
    pit.place(OTHER, "2656", "1", is_buy=True)
    pit.place(OTHER, "2654", "1", is_buy=True)
    stop = pit.place(
        TRADER, "2950", "2", is_buy=False, reduce_only=True, trigger=("2950", "sl", True)
    )

    pit.mark("2950")

    # 10 % below 2950 is 2655: the bid above it trades, the one below does not.
    assert pit.statuses(stop.order) == ["open", "triggered", "canceled"]
    assert [fill.price for fill in pit.fills(TRADER)[1:]] == [265_600]
    assert pit.held(TRADER) == 10_000


def test_a_market_trigger_without_anybody_to_trade_with_says_so():
    pit = Pit()
    open_position(pit)
    stop = pit.place(
        TRADER, "2950", "1", is_buy=False, reduce_only=True, trigger=("2950", "sl", True)
    )

    pit.mark("2900")

    assert stop.order.status == "marketOrderNoLiquidityRejected"


@pytest.mark.parametrize(
    ("is_buy", "kind", "trigger", "limit"),
    [
        (False, "sl", "3050", "3000"),  # a stop for a long above the mark
        (False, "tp", "2950", "2900"),
        (True, "sl", "2950", "3000"),
        (True, "tp", "3050", "3100"),
    ],
)
def test_a_trigger_on_the_wrong_side_is_refused(is_buy, kind, trigger, limit):
    refused = Pit().refusal(TRADER, limit, "1", is_buy=is_buy, trigger=(trigger, kind, False))

    assert refused == ("badTriggerPxRejected", "Invalid TP/SL price.")


@pytest.mark.parametrize(
    ("is_buy", "trigger", "limit"), [(False, "2950", "2951"), (True, "3050", "3049")]
)
def test_only_a_market_order_must_be_able_to_trade_at_its_trigger(is_buy, trigger, limit):
    as_limit = Pit().place(TRADER, limit, "1", is_buy=is_buy, trigger=(trigger, "sl", False))
    as_market = Pit().refusal(TRADER, limit, "1", is_buy=is_buy, trigger=(trigger, "sl", True))

    assert as_limit.order.status == "open"
    assert as_market[0] == "badTriggerPxRejected"


def test_a_stop_that_opens_a_position_is_taken():
    # Seen of the venue: a stop without reduce-only rests.
    pit = Pit()
    pit.place(MAKER, "3060", "1", is_buy=False)
    entry = pit.place(TRADER, "3100", "1", trigger=("3050", "sl", True))

    pit.mark("3050")

    assert pit.statuses(entry.order) == ["open", "triggered", "filled"]
    assert pit.held(TRADER) == 10_000


def test_a_triggered_order_passes_the_margin_rule_when_it_lives():
    pit = Pit(deposit=100 * 10**6)
    entry = pit.place(TRADER, "3100", "1", trigger=("3050", "sl", False))

    pit.mark("3050")

    assert pit.statuses(entry.order) == ["open", "triggered", "perpMarginRejected"]
    assert not pit.account(TRADER).open_orders


def test_reducing_triggers_go_when_the_position_is_gone():
    pit = Pit()
    open_position(pit)
    stop = pit.place(
        TRADER, "2900", "1", is_buy=False, reduce_only=True, trigger=("2950", "sl", True)
    )

    pit.place(OTHER, "2999", "1")
    pit.place(TRADER, "2999", "1", is_buy=False, tif="Ioc")

    assert stop.order.status == "reduceOnlyCanceled"
    assert not pit.account(TRADER).open_orders


def test_a_cancelled_trigger_never_lives():
    pit = Pit()
    open_position(pit)
    stop = pit.place(
        TRADER, "2900", "1", is_buy=False, reduce_only=True, trigger=("2950", "sl", False)
    )

    pit.matching.cancel_all(pit.account(TRADER), status="canceled", stamp=STAMP)
    pit.mark("2900")

    assert pit.statuses(stop.order) == ["open", "canceled"]


# Parents and children.


def family(pit, *, size="1", price="3000", tif="Gtc", children=("3100", "2900")):
    """Place a buy with a take-profit and a stop-loss; return the three placements."""
    take_profit, stop_loss = children
    return pit.batch(
        TRADER,
        pit.request(price, size, tif=tif),
        pit.request(
            take_profit, size, is_buy=False, reduce_only=True, trigger=(take_profit, "tp", True)
        ),
        pit.request(
            stop_loss, size, is_buy=False, reduce_only=True, trigger=(stop_loss, "sl", True)
        ),
        grouping="normalTpsl",
    )


def test_children_wait_for_the_whole_of_their_parent():
    pit = Pit()
    placed = family(pit, size="2")
    parent, *children = placed

    pit.place(MAKER, "3000", "0.5", is_buy=False)
    partly = [child.order.status for child in children]
    pit.place(MAKER, "3000", "1.5", is_buy=False)

    assert [placement_status(p) for p in placed[1:]] == ["waitingForFill", "waitingForFill"]
    assert partly == ["waitingForFill", "waitingForFill"]
    assert parent.order.status == "filled"
    assert [child.order.status for child in children] == ["open", "open"]
    assert set(pit.account(TRADER).open_orders) == {child.order.oid for child in children}


def test_children_of_a_parent_that_fills_at_once_wait_for_their_triggers():
    pit = Pit()
    pit.place(MAKER, "3000", "1", is_buy=False)

    parent, *children = family(pit)

    assert "filled" in placement_status(parent)
    assert [placement_status(c) for c in children] == ["waitingForTrigger", "waitingForTrigger"]


def test_the_one_that_fills_cancels_its_sibling():
    pit = Pit()
    pit.place(MAKER, "3000", "1", is_buy=False)
    _, take_profit, stop_loss = family(pit)
    pit.place(OTHER, "3090", "1")

    pit.mark("3100")

    assert pit.statuses(take_profit.order) == ["waitingForFill", "open", "triggered", "filled"]
    assert stop_loss.order.status == "siblingFilledCanceled"
    assert pit.held(TRADER) == 0


def test_cancelling_a_partly_filled_parent_takes_the_children_along():
    pit = Pit()
    parent, *children = family(pit, size="2")
    pit.place(MAKER, "3000", "0.5", is_buy=False)

    pit.matching.cancel(parent.order, status="canceled", stamp=STAMP)

    assert [child.order.status for child in children] == ["canceled", "canceled"]
    assert pit.held(TRADER) == 5_000


def test_a_partly_filled_parent_that_loses_its_margin_keeps_its_children_for_what_it_got():
    pit = Pit()
    parent, *children = family(pit, size="2")
    pit.place(MAKER, "3000", "0.5", is_buy=False)

    pit.matching.cancel(parent.order, status="marginCanceled", stamp=STAMP)

    assert [(c.order.status, c.order.size) for c in children] == [("open", 5_000)] * 2


def test_a_refused_parent_leaves_no_children():
    pit = Pit(deposit=10 * 10**6)

    parent, *children = family(pit, size="10")

    assert placement_status(parent) == {"error": "Insufficient margin to place order. asset=1"}
    assert all("error" in placement_status(child) for child in children)
    assert [child.order.status for child in children] == ["canceled", "canceled"]


def test_a_child_its_parent_would_set_off_is_refused():
    pit = Pit()

    _, take_profit, stop_loss = family(pit, children=("2990", "2900"))

    assert take_profit.order.status == "badTriggerPxRejected"
    assert stop_loss.order.status == "waitingForFill"


def test_children_that_do_not_reduce_are_refused_for_the_whole_batch():
    pit = Pit()
    parent = pit.request("3000", "1")
    child = pit.request("2900", "1", is_buy=False, trigger=("2900", "sl", True))

    refused = pit.batch(TRADER, parent, child, grouping="normalTpsl")

    assert isinstance(refused, BatchRefused)
    assert not pit.state.orders


@pytest.mark.parametrize("grouping", ["normalTpsl", "positionTpsl"])
def test_a_group_without_triggers_is_refused(grouping):
    pit = Pit()

    refused = pit.batch(TRADER, pit.request("3000", "1"), grouping=grouping)

    assert refused == BatchRefused("Unexpected number of trigger orders")


def test_a_family_has_two_children_at_most():
    pit = Pit()
    stop = pit.request("2900", "1", is_buy=False, reduce_only=True, trigger=("2900", "sl", True))

    refused = pit.batch(TRADER, pit.request("3000", "1"), *[stop] * 3, grouping="normalTpsl")

    assert refused == BatchRefused("Unexpected number of trigger orders")


# The take-profit and stop-loss of a position.


def position_tpsl(pit, size="0"):
    return pit.batch(
        TRADER,
        pit.request("3100", size, is_buy=False, reduce_only=True, trigger=("3100", "tp", True)),
        pit.request("2900", size, is_buy=False, reduce_only=True, trigger=("2900", "sl", True)),
        grouping="positionTpsl",
    )


def test_a_positions_stop_follows_its_size():
    pit = Pit()
    open_position(pit)
    take_profit, stop_loss = position_tpsl(pit)
    open_position(pit, "0.5")
    pit.place(OTHER, "2890", "5")

    pit.mark("2900")

    assert placement_status(take_profit) == placement_status(stop_loss) == "waitingForTrigger"
    assert stop_loss.order.is_position_tpsl
    assert stop_loss.order.size == 15_000
    assert pit.held(TRADER) == 0
    assert take_profit.order.status == "siblingFilledCanceled"


def test_a_positions_stop_needs_a_position():
    pit = Pit()

    answers = [placement_status(placed) for placed in position_tpsl(pit)]

    assert answers == [{"error": "Reduce only order would increase position. asset=1"}] * 2


def test_triggers_of_one_coin_do_not_hear_the_mark_of_another():
    pit = Pit()
    entry = pit.place(TRADER, "3100", "1", trigger=("3050", "sl", False))

    pit.mark("99000", coin="BTC")

    assert entry.order.status == "open"
    assert entry.order.time_in_force is None


def test_ids_of_a_family_are_counted_up_in_the_order_of_the_request():
    pit = Pit()

    oids = [placed.order.oid for placed in family(pit)]

    assert oids == list(range(oids[0], oids[0] + 3))
    assert pit.account(TRADER).order_ids == oids
    assert pit.state.orders[oids[0]].children == tuple(oids[1:])
    assert TRADERS[TRADER] == pit.state.orders[oids[1]].account


def test_what_was_cancelled_does_not_wait_for_ever():
    pit = Pit()
    kept = pit.place(TRADER, "3300", "1", trigger=("3200", "sl", True)).order
    for _ in range(1_000):
        placed = pit.place(TRADER, "3300", "1", trigger=("3200", "sl", True))
        pit.matching.cancel(placed.order, status="canceled", stamp=STAMP)

    held = pit.matching.waiting_count()

    assert held <= 64
    pit.place(MAKER, "3200", "5", is_buy=False)
    pit.mark("3200")
    assert kept.status == "filled"
