import pytest

from router.gateway.access import PERMISSIONS, UNSIGNED, AccessError, Principal
from router.gateway.http import calls
from router.gateway.http.calls import Call
from router.gateway.http.models import (
    AmendOrder,
    CancelMany,
    CancelOrder,
    ExecuteQuote,
    Halt,
    OrderQuery,
    OrdersQuery,
    QuoteOrder,
    SubmitOrder,
)
from router.gateway.http.problems import ProblemError

TERMS = {"side": "buy", "base": "ETH", "quote": "USDC", "quantity": "1"}


def trader(*accounts, client="desk"):
    return Principal("key-1", client, ("trader",), PERMISSIONS["trader"], accounts)


def submitted(principal, **fields):
    body = SubmitOrder.model_validate({**TERMS, "client_order_id": "o-1", **fields})
    return calls.submit(Call(principal, body=body)).fields["order"]


def test_an_order_is_of_whoever_signed():
    order = submitted(trader("main"))

    assert (order["client"], order["account"], order["by"]) == ("desk", "main", "key-1")


def test_who_has_several_accounts_says_for_which():
    with pytest.raises(ProblemError) as refused:
        submitted(trader("main", "side"))

    assert refused.value.field == "account"
    assert submitted(trader("main", "side"), account="side")["account"] == "side"


def test_nobody_trades_for_an_account_of_another():
    with pytest.raises(AccessError):
        submitted(trader("main"), account="theirs")


def test_whoever_opens_a_door_without_keys_trades_at_the_desk_itself():
    order = submitted(UNSIGNED)

    assert "client" not in order
    assert "account" not in order
    assert order["by"] == "local"


def test_a_request_is_named_in_the_body_or_in_the_header():
    in_body = Call(trader("main"), {"name": "o-1"}, body=CancelOrder(request="c-1"))
    in_header = Call(trader("main"), {"name": "o-1"}, body=CancelOrder(), key="c-1")

    assert calls.cancel(in_body) == calls.cancel(in_header)
    assert calls.cancel(in_body).fields == {
        "order": "o-1",
        "client": "desk",
        "request": "c-1",
        "by": "key-1",
    }


@pytest.mark.parametrize(
    "call",
    [
        Call(trader("main"), {"name": "o-1"}, body=CancelOrder()),
        Call(trader("main"), {"name": "o-1"}, body=CancelOrder(request="a"), key="b"),
    ],
)
def test_a_request_has_one_name(call):
    with pytest.raises(ProblemError) as refused:
        calls.cancel(call)

    assert refused.value.field == "request"


def test_an_amendment_says_its_terms_apart():
    body = AmendOrder(request="a-1", quantity="2", wait_s="1")

    asked = calls.amend(Call(trader("main"), {"name": "o-1"}, body=body))

    assert asked.fields["terms"] == {"quantity": "2"}
    assert asked.fields["wait_s"] == "1"


def test_orders_are_cut_to_what_the_key_sees():
    asked = calls.orders(Call(trader("main", "side"), query=OrdersQuery()))

    assert asked.fields["client"] == "desk"
    assert asked.fields["accounts"] == ["main", "side"]


def test_one_account_of_them_can_be_asked_for_and_no_other():
    asked = calls.orders(Call(trader("main", "side"), query=OrdersQuery(account="side")))
    assert asked.fields["accounts"] == ["side"]

    with pytest.raises(AccessError):
        calls.orders(Call(trader("main"), query=OrdersQuery(account="theirs")))


def test_only_the_whole_desk_asks_for_another_client():
    query = OrderQuery(client="fund")

    asked = calls.order(Call(UNSIGNED, {"name": "o-1"}, query=query))
    assert asked.fields == {"order": "o-1", "client": "fund"}

    with pytest.raises(ProblemError) as refused:
        calls.order(Call(trader("main"), {"name": "o-1"}, query=query))
    assert refused.value.code == "forbidden"


def test_a_cancel_of_many_without_a_filter_is_of_all_that_the_key_has():
    asked = calls.cancel_many(Call(trader("main"), body=CancelMany(request="all")))

    assert asked.fields == {
        "client": "desk",
        "accounts": ["main"],
        "request": "all",
        "by": "key-1",
    }


def test_a_dry_run_needs_no_name_and_is_told_apart():
    body = QuoteOrder.model_validate({**TERMS, "curve": True})

    asked = calls.quote(Call(trader("main"), body=body))

    assert asked.fields["curve"] is True
    assert "curve" not in asked.fields["order"]
    assert asked.fields["order"]["client_order_id"] == "quote"


def test_a_quote_is_executed_by_its_name():
    body = ExecuteQuote(client_order_id="o-2", drift_max_bps="5")
    call = Call(trader("main"), {"quote": "q-0123456789abcdef"}, body=body)

    order = calls.execute_quote(call).fields["order"]

    assert order["quote_id"] == "q-0123456789abcdef"
    assert order["drift_max_bps"] == "5"


def test_a_halt_says_who_and_why():
    asked = calls.halt(Call(trader("main"), body=Halt(reason="prices look wrong")))

    assert asked.fields == {
        "scope": "firm",
        "state": "halted",
        "reason": "prices look wrong",
        "by": "key-1",
    }


def test_a_key_of_the_whole_desk_reaches_what_the_desk_itself_trades():
    boss = Principal("key-1", "desk", ("risk",), PERMISSIONS["risk"], None)

    ask = calls.cancel(
        Call(boss, {"name": "00ff"}, query=OrderQuery(client=""), body=CancelOrder(request="c-1"))
    )
    page = calls.orders(Call(boss, query=OrdersQuery(client="")))

    assert (ask.fields["order"], ask.fields["client"]) == ("00ff", "")
    assert page.fields["client"] == ""
    with pytest.raises(ProblemError):
        calls.order(Call(trader("main"), {"name": "00ff"}, query=OrderQuery(client="")))


def test_a_basket_is_cancelled_within_the_accounts_of_the_key():
    call = Call(trader("main"), {"name": "pair"}, body=CancelOrder(request="c-1"))

    assert calls.cancel_basket(call).fields["accounts"] == ["main"]
