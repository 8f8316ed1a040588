from decimal import Decimal

from router.client.model import NewOrder, Order, Page, Report

ORDER = {
    "order": "00ff",
    "client_order_id": "one",
    "side": "buy",
    "base": "ETH",
    "quote": "USDC",
    "status": "partially_filled",
    "ordered": "2",
    "cumulative": "0.5",
    "leaves": "1.5",
    "average_price": "3000.12345678",
    "algo": "sweep",
    "pending": None,
    "said later": "by a newer desk",
}
FILL = {
    "id": "f1",
    "child": "c1",
    "instrument": "perp",
    "quantity": "0.5",
    "notional": "1500.1",
    "price": "3000.2",
    "fee": "0.675",
    "fee_asset": "USDC",
}
REPORT = {
    "place": [7, 0],
    "exec_id": "7.0",
    "kind": "trade",
    "status": "filled",
    "order": "00ff",
    "client_order_id": "one",
    "request": None,
    "filled_base": "0.5",
    "filled_quote": "1500.1",
    "leaves": "0",
    "average_price": "3000.2",
    "fill": FILL,
    "text": "",
}


def test_an_order_says_what_it_is_given_and_nothing_else():
    order = NewOrder(
        client_order_id="one",
        side="buy",
        quantity=Decimal("1E+2"),
        base="ETH",
        quote="USDC",
        venues=("a", "b"),
        algo={"algo": "twap", "duration_s": "60"},
        more={"allow_similar": True},
    )

    assert order.words() == {
        "client_order_id": "one",
        "side": "buy",
        "quantity": "100",
        "base": "ETH",
        "quote": "USDC",
        "venues": ["a", "b"],
        "algo": "twap",
        "duration_s": "60",
        "allow_similar": True,
    }


def test_an_order_is_read_in_decimals_and_keeps_what_is_not_known_yet():
    order = Order.of(ORDER)

    assert (order.cumulative + order.leaves, order.ordered) == (Decimal(2), Decimal(2))
    assert order.average_price == Decimal("3000.12345678")
    assert not order.is_done
    assert order.data["said later"] == "by a newer desk"


def test_an_order_that_has_ended_says_so():
    ends = ("filled", "canceled", "expired", "rejected")

    assert all(Order.of({**ORDER, "status": end}).is_done for end in ends)


def test_a_report_has_its_place_and_its_fill():
    report = Report.of(REPORT)

    assert (report.place, report.is_last) == ((7, 0), True)
    assert report.fill is not None
    assert report.fill.notional == Decimal("1500.1")
    assert Report.of({**REPORT, "fill": None, "average_price": None}).fill is None


def test_a_page_is_what_is_on_it():
    assert list(Page((1, 2), "two")) == [1, 2]
