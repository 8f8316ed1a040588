"""One order at a time: what each kind of news, or its absence, lets one conclude."""

from fractions import Fraction

import pytest

from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from venues.hyperliquid.trading.facts import (
    AskFills,
    AskOid,
    AskOrder,
    Doubt,
    FillReport,
    Intent,
    NotSent,
    OrderReport,
    OrderState,
    Placed,
    Refused,
    Silent,
)
from venues.hyperliquid.trading.history import History
from venues.hyperliquid.trading.orders import Orders

LAG = DurationNs(2 * NS_PER_S)
C = "0x" + "01" * 16


def at(seconds):
    return TimestampNs(int((1_000 + seconds) * NS_PER_S))


def report(oid, status="open", *, left=None, size=10, cloid=C):
    left = size if left is None else left
    return OrderReport(oid, cloid, "ETH", is_buy=True, size_e8=size, left_e8=left, status=status)


def fill(oid, size, *, trade=1, price=3_000, fee=1, cloid=C):
    return FillReport(
        oid=oid,
        cloid=cloid,
        coin="ETH",
        is_buy=True,
        price_e8=price,
        size_e8=size,
        fee_e8=fee,
        fee_token="USDC",  # noqa: S106 - a currency
        time_ms=5,
        trade_id=trade,
    )


def intend(orders, *, nonce=1, size=10, seconds=0, **more):
    intent = Intent(C, "ETH", is_buy=True, size_e8=size, nonce=nonce, **more)
    orders.intend(intent, now=at(seconds))


@pytest.fixture
def orders():
    book = Orders(lag=LAG)
    intend(book)
    return book


@pytest.fixture
def resting(orders):
    orders.answered(C, 1, Placed(7), now=at(0))
    return orders


def state(orders):
    return orders.view(C).state


def test_an_order_without_an_answer_is_in_doubt_and_worth_asking_about_after_a_while(orders):
    assert state(orders) is OrderState.IN_DOUBT
    assert orders.questions(now=at(0.5)) == ()
    assert orders.doubts(now=at(0.5)) == ()

    assert orders.questions(now=at(1)) == (AskOrder(C),)
    assert orders.questions(now=at(1.2)) == ()
    assert orders.questions(now=at(1.5)) == (AskOrder(C),)
    assert orders.doubts(now=at(1)) == (Doubt(C, 1, at(0)),)


def test_not_knowing_an_order_proves_nothing_while_it_may_still_arrive(orders):
    orders.answered(C, 1, Silent("timeout"), now=at(1))

    orders.looked(C, None, asked_at=at(60))

    assert state(orders) is OrderState.IN_DOUBT


def test_an_order_whose_nonce_is_used_up_and_that_is_unknown_long_enough_after_never_was(orders):
    orders.answered(C, 1, Silent("timeout"), now=at(1))
    orders.nonce_used(1, now=at(2))
    orders.looked(C, None, asked_at=at(3))
    assert state(orders) is OrderState.IN_DOUBT
    assert orders.doubts(now=at(3)) == ()

    orders.looked(C, None, asked_at=at(4))

    assert (state(orders), orders.view(C).word) == (OrderState.ENDED, "never arrived")


def test_an_order_that_expired_unknown_never_was():
    orders = Orders(lag=LAG)
    intend(orders, expires_after_ms=at(10) // 1_000_000)
    orders.looked(C, None, asked_at=at(11.9))
    assert state(orders) is OrderState.IN_DOUBT

    orders.looked(C, None, asked_at=at(12))

    assert state(orders) is OrderState.ENDED


def test_an_order_found_after_its_nonce_was_used_up_is_what_used_it(orders):
    orders.nonce_used(1, now=at(2))
    orders.looked(C, report(7), asked_at=at(2))

    assert (state(orders), orders.view(C).oids) == (OrderState.WORKING, (7,))


@pytest.mark.parametrize(
    ("answer", "word"),
    [(Refused("too small"), "refused: too small"), (NotSent("offline"), "not sent: offline")],
)
def test_an_order_that_was_refused_or_not_sent_has_ended(answer, word, orders):
    orders.answered(C, 1, answer, now=at(0))

    assert (state(orders), orders.view(C).word) == (OrderState.ENDED, word)
    assert orders.questions(now=at(100)) == ()


def test_a_late_silence_does_not_undo_an_answer(orders):
    orders.answered(C, 1, Placed(None), now=at(0))
    orders.answered(C, 1, Silent("the other copy timed out"), now=at(1))

    assert state(orders) is OrderState.WORKING


def test_a_fill_before_the_answer_is_kept_also_where_it_does_not_name_the_order(orders):
    assert orders.fill(fill(7, 4, cloid=None))
    assert len(orders.others()) == 1

    orders.answered(C, 1, Placed(7), now=at(0))

    assert orders.others() == ()
    assert orders.view(C).filled_e8 == 4


def test_a_fill_told_twice_counts_once(resting):
    assert resting.fill(fill(7, 4))
    assert not resting.fill(fill(7, 4))

    assert resting.view(C).filled_e8 == 4


def test_the_mean_price_and_the_fees_are_exact(resting):
    resting.fill(fill(7, 1, trade=1, price=100_000_000, fee=3))
    resting.fill(fill(7, 2, trade=2, price=200_000_000, fee=-1))

    view = resting.view(C)
    assert view.average_price == Fraction(5, 3)
    assert (view.fee_e8("USDC"), view.fee_e8("HYPE")) == (2, 0)


def test_an_order_that_ended_with_fills_missing_is_in_doubt_until_they_are_read(resting):
    resting.fill(fill(7, 4))
    resting.report(report(7, "filled"))

    assert state(resting) is OrderState.IN_DOUBT
    (question,) = resting.questions(now=at(1))
    assert isinstance(question, AskFills)
    assert question.since_ms < at(0) // 1_000_000
    resting.fill(fill(7, 6, trade=2))
    assert (state(resting), resting.view(C).word) == (OrderState.ENDED, "filled")


@pytest.mark.parametrize(
    "word",
    [
        *("canceled", "selfTradeCanceled", "reduceOnlyCanceled", "liquidatedCanceled"),
        *("scheduledCancel", "marginCanceled", "siblingFilledCanceled", "somethingNew"),
    ],
)
def test_every_word_but_open_and_triggered_ends_an_order(word, resting):
    resting.fill(fill(7, 4))
    resting.report(report(7, word, left=6))

    assert (state(resting), resting.view(C).word) == (OrderState.ENDED, word)


def test_news_from_before_the_end_does_not_bring_an_order_back(resting):
    resting.report(report(7, "canceled"))
    resting.report(report(7, "triggered"))
    resting.report(report(7, "open"))

    assert resting.view(C).word == "canceled"


def test_a_trigger_order_waits_becomes_live_and_ends(orders):
    orders.answered(C, 1, Placed(None), now=at(0))
    assert (state(orders), orders.view(C).word) == (OrderState.WORKING, "waiting")
    assert orders.questions(now=at(1)) == (AskOrder(C),)

    orders.report(report(7))
    orders.report(report(7, "triggered"))
    assert orders.view(C).word == "triggered"

    orders.fill(fill(7, 10))
    orders.report(report(7, "filled", left=0))
    assert state(orders) is OrderState.ENDED


def test_an_order_that_never_rests_has_ended_with_its_answer():
    orders = Orders(lag=LAG)
    intend(orders, ends_at_once=True)
    orders.answered(C, 1, Placed(7, filled_e8=4), now=at(0))
    assert state(orders) is OrderState.IN_DOUBT

    orders.fill(fill(7, 4))

    assert (state(orders), orders.view(C).word) == (OrderState.ENDED, "canceled")


def test_an_order_of_which_a_part_traded_at_once_may_rest_and_is_asked_about(orders):
    orders.answered(C, 1, Placed(7, filled_e8=4), now=at(0))
    orders.fill(fill(7, 4))

    assert state(orders) is OrderState.WORKING
    assert orders.questions(now=at(1)) == (AskOid(C, 7),)


def test_a_cancel_is_believed_when_the_venue_shows_it(resting):
    resting.cancel_sent(C, now=at(1))
    assert state(resting) is OrderState.WORKING
    assert resting.questions(now=at(1)) == (AskOid(C, 7),)

    resting.report(report(7), asked_at=at(1))  # from a node that is behind
    assert resting.questions(now=at(2)) == (AskOid(C, 7),)
    resting.report(report(7, "canceled"), asked_at=at(2))

    assert state(resting) is OrderState.ENDED
    assert resting.questions(now=at(9)) == ()


def test_an_order_still_open_long_enough_after_a_cancel_was_not_cancelled(resting):
    resting.cancel_sent(C, now=at(1))
    resting.report(report(7), asked_at=at(3))

    assert state(resting) is OrderState.WORKING
    assert resting.questions(now=at(4)) == ()


@pytest.mark.parametrize("news", [("new", "old"), ("old", "new")])
def test_a_modified_order_lives_on_under_its_new_id_in_whatever_order_that_is_told(news, resting):
    intend(resting, nonce=2, size=12, seconds=1, modifies_oid=7)
    words = {"new": report(9, size=12), "old": report(7, "canceled", left=6)}
    resting.fill(fill(9, 1, trade=2))
    for word in news:
        resting.report(words[word])
        assert state(resting) is OrderState.WORKING
    resting.fill(fill(7, 4))

    view = resting.view(C)
    assert (view.oids, view.present_oid, view.size_e8, view.filled_e8) == ((7, 9), 9, 12, 5)


def test_the_end_of_an_order_being_modified_is_not_the_end(resting):
    intend(resting, nonce=2, seconds=1, modifies_oid=7)
    resting.report(report(7, "canceled"))

    assert state(resting) is OrderState.IN_DOUBT

    resting.answered(C, 2, Placed(None), now=at(2))
    assert state(resting) is OrderState.IN_DOUBT
    assert resting.questions(now=at(2)) == (AskOrder(C),)
    resting.looked(C, report(9), asked_at=at(2.5))
    assert state(resting) is OrderState.WORKING


def test_a_modify_that_was_answered_and_of_which_nothing_is_to_be_seen_took_no_effect(resting):
    intend(resting, nonce=2, seconds=1, modifies_oid=7)
    resting.answered(C, 2, Placed(None), now=at(2))

    resting.looked(C, report(7, "filled"), asked_at=at(4))
    resting.fill(fill(7, 10))

    assert (state(resting), resting.view(C).word) == (OrderState.ENDED, "filled")


def test_an_order_whose_modify_was_refused_is_asked_about_and_may_have_been_cancelled(resting):
    intend(resting, nonce=2, seconds=1, modifies_oid=7)
    resting.answered(C, 2, Refused("Insufficient margin"), now=at(2))

    assert state(resting) is OrderState.WORKING
    assert resting.questions(now=at(2)) == (AskOid(C, 7),)
    resting.report(report(7, "canceled"), asked_at=at(2))
    assert state(resting) is OrderState.ENDED


def test_an_id_under_which_a_modify_was_refused_takes_the_place_of_no_other(resting):
    intend(resting, nonce=2, seconds=1, modifies_oid=7)
    resting.report(report(9, "perpMarginRejected"))
    assert state(resting) is OrderState.IN_DOUBT

    resting.nonce_used(2, now=at(2))
    resting.looked(C, report(9, "perpMarginRejected"), asked_at=at(4))

    assert (state(resting), resting.view(C).present_oid) == (OrderState.WORKING, 7)


def test_an_order_has_not_ended_while_the_end_of_one_it_replaced_is_unknown(resting):
    intend(resting, nonce=2, seconds=1, modifies_oid=7)
    resting.answered(C, 2, Placed(9), now=at(2))
    resting.report(report(9, "canceled"))

    assert state(resting) is OrderState.IN_DOUBT
    assert resting.questions(now=at(2)) == (AskOid(C, 7),)
    resting.report(report(7, "canceled", left=6), asked_at=at(2))
    assert state(resting) is OrderState.IN_DOUBT  # four were traded under the first id
    resting.fill(fill(7, 4))
    assert state(resting) is OrderState.ENDED


def test_after_a_lost_stream_every_working_order_is_asked_about(resting):
    assert resting.questions(now=at(5)) == ()

    resting.stream_lost(now=at(5))

    assert resting.questions(now=at(5)) == (AskOid(C, 7),)


def test_a_working_order_missing_among_the_open_ones_is_asked_about(resting):
    resting.open_orders([report(8, cloid=None)], asked_at=at(5))

    assert resting.questions(now=at(5)) == (AskOid(C, 7),)


def test_an_open_order_of_which_more_has_traded_than_was_told_has_its_fills_read(resting):
    resting.open_orders([report(7, left=6)], asked_at=at(5))

    assert [type(q) for q in resting.questions(now=at(5))] == [AskFills]
    resting.fill(fill(7, 4))
    assert resting.questions(now=at(9)) == ()


def test_fills_of_orders_that_are_not_ours_are_kept_apart(resting):
    resting.fill(fill(99, 3, cloid=None))
    resting.fill(fill(98, 3, trade=2, cloid="0x" + "ff" * 16))

    assert [other.oid for other in resting.others()] == [99, 98]
    assert resting.view(C).fills == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [({}, "in use"), ({"modifies_oid": 7, "nonce": 3}, "in doubt")],
)
def test_an_action_that_could_not_be_told_from_another_is_refused(more, words, resting):
    if more:
        intend(resting, nonce=2, modifies_oid=7)
    with pytest.raises(ValueError, match=words):
        intend(resting, **more)


def test_what_has_ended_can_be_forgotten_and_what_has_not_is_kept(resting):
    other = Intent("0xother", "ETH", is_buy=True, size_e8=1, nonce=1)
    resting.intend(other, now=at(0))
    resting.fill(fill(7, 10))
    resting.report(report(7, "filled"))

    assert resting.forget(before=at(0)) == 0
    assert resting.forget(before=at(1)) == 1

    assert [view.cloid for view in resting.views()] == ["0xother"]
    resting.nonce_used(1, now=at(1))
    resting.looked("0xother", None, asked_at=at(3))
    assert resting.view("0xother").state is OrderState.ENDED


def test_an_empty_history_lives_under_no_id():
    assert History(C, []).present == 0
