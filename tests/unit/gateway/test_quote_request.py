"""A request to execute a quote: bound to it, and to nothing else."""

from dataclasses import replace

import orjson
import pytest

from router.domain.error import OrderError
from router.domain.units import Pips, QuoteId, Side, TimestampNs
from router.gateway.quote_request import ShownQuote, parse_quoted
from tests.unit.engine.scene import LIMITS, POOL, T0, Driver, order, plan
from tests.unit.gateway.test_order_request import CONTEXT

ASKED = {"side": "buy", "quantity": "10", "base": "ETH", "quote": "USDC", "venues": "uniswap_v3"}
OWN = {"quote_id": "q-1", "client_order_id": "one"}


@pytest.fixture(scope="module")
def shown():
    desk = Driver()
    desk.start()
    desk.submit(order())
    problem = desk.observe(order())
    return ShownQuote(
        QuoteId("q-1"), ASKED, plan(problem, (POOL, 10)), "digest", TimestampNs(T0 + 60)
    )


def test_the_order_is_the_quotes_and_bound_to_it(shown):
    made = parse_quoted({**OWN, "by": "anna"}, shown, CONTEXT)

    assert (made.side, made.base, made.venues) == (Side.BUY, "ETH", ("uniswap_v3",))
    assert made.by == "anna"
    assert made.as_quoted.plan == shown.plan
    assert made.as_quoted.expires_at == shown.expires_at
    assert made.as_quoted.drift_max_pips == LIMITS.slippage_tolerance_pips


def test_the_drift_is_given_in_basis_points(shown):
    made = parse_quoted({**OWN, "drift_max_bps": "2.5"}, shown, CONTEXT)

    assert made.as_quoted.drift_max_pips == Pips(250)


@pytest.mark.parametrize("name", ["side", "quantity", "base", "venues", "limit_price", "speling"])
def test_what_the_quote_says_itself_may_not_be_said_again(shown, name):
    with pytest.raises(OrderError, match=f"{name}: is what the quote says"):
        parse_quoted({**OWN, name: "1"}, shown, CONTEXT)


SAME = {"side": "buy", "base": "ETH", "quote": "USDC"}


@pytest.mark.parametrize(
    "repeats",
    [
        {},
        SAME,
        {**SAME, "quantity": "10.0", "quantity_asset": "ETH"},
        {**SAME, "quantity": "31000", "quantity_asset": "USDC"},
    ],
)
def test_what_is_repeated_of_the_quote_as_it_was_changes_nothing(shown, repeats):
    made = parse_quoted({**OWN, "repeats": orjson.dumps(repeats).decode()}, shown, CONTEXT)

    assert made == parse_quoted(OWN, shown, CONTEXT)


@pytest.mark.parametrize(
    ("field", "repeats"),
    [
        ("side", {**SAME, "side": "sell"}),
        ("base", {**SAME, "base": "USDC", "quote": "ETH"}),
        ("quantity", {**SAME, "quantity": "11", "quantity_asset": "ETH"}),
        ("repeats", {"venues": "uniswap_v3"}),
        ("repeats", {"side": 1}),
        ("repeats", []),
    ],
)
def test_what_is_repeated_of_a_quote_and_is_another_thing_is_refused(shown, field, repeats):
    with pytest.raises(OrderError, match=f"^{field}: "):
        parse_quoted({**OWN, "repeats": orjson.dumps(repeats).decode()}, shown, CONTEXT)


@pytest.mark.parametrize("text", ["-1", "0.001", "much", "10001"])
def test_a_drift_that_is_none_is_refused_by_name(shown, text):
    with pytest.raises(OrderError, match="drift_max_bps"):
        parse_quoted({**OWN, "drift_max_bps": text}, shown, CONTEXT)


def test_limits_of_now_hold_and_not_those_of_the_quote(shown):
    tighter = replace(CONTEXT, limits=replace(LIMITS, slippage_max_pips=Pips(100)))

    assert parse_quoted(OWN, shown, tighter).slippage_max_pips == Pips(100)


@pytest.mark.parametrize(("shown_to", "asks"), [("acme", "other"), ("acme", ""), ("", "other")])
def test_a_quote_is_executed_by_nobody_but_who_asked_for_it(shown, shown_to, asks):
    asked = {**ASKED, "client": shown_to} if shown_to else ASKED
    request = {**OWN, "client": asks} if asks else OWN

    with pytest.raises(OrderError, match="quote_id: no quote q-1 was shown here"):
        parse_quoted(request, replace(shown, request=asked), CONTEXT)
