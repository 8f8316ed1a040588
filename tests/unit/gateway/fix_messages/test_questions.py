"""Quotes, market data, positions, securities and lists: what is asked, and what is told of it."""

from dataclasses import replace

import orjson
import pytest

from router.gateway.fix.asks import Follow, Unfollow
from router.gateway.fix.message import body
from router.gateway.link import Code, LinkError
from tests.unit.gateway.fix_messages import answers
from tests.unit.gateway.fix_messages.asking import NOW, held
from tests.unit.gateway.fix_messages.told import PEER

BUY = ((55, "ETH/USDC"), (54, "1"), (38, "10"))


def quote_of(*items):
    return ((131, "r"), (146, (body(*(items or BUY)),)))


def data_of(kind="0", *symbols, **changes):
    symbols = symbols or ("ETH/USDC",)
    plain = {262: "m", 263: kind, 264: "0", 267: tuple(body((269, side)) for side in "01")}
    changed = {int(name[1:]): value for name, value in changes.items()}
    names = (146, tuple(body((55, symbol)) for symbol in symbols))
    return (*{**plain, **changed}.items(), names)


def found(message, *tags):
    return tuple(message.body.get(tag) for tag in tags)


def test_a_quote_tells_price_size_and_costs():
    (ask,), (told,) = held("R", quote_of(), answers.QUOTE)

    assert ask.do == "quote"
    assert "margin" not in ask.fields  # of the whole desk: no session may read it
    assert ask.fields["order"] == {
        "base": "ETH",
        "quote": "USDC",
        "side": "buy",
        "quantity": "10",
        "quantity_asset": "ETH",
        "client": "acme",
        "account": "main",
        "by": "fix.ems",
    }
    assert found(told, 131, 117, 537, 55, 54) == ("r", "q-77", "1", "ETH/USDC", "1")
    assert found(told, 133, 135, 132, 134) == ("3000.43", "10", None, None)
    assert told.body.get(62) == "20260101-00:00:02.500000"
    assert found(told, 20201, 20205) == ("1.2346", "0.0000")
    assert found(told, 20211) == ("margin: 1000 USDC saves 0.80 bps",)
    assert [leg.get(20222) for leg in told.body.entries(20220)] == ["7.5", "2.5"]


def test_a_quote_to_sell_is_a_bid_and_one_that_is_not_kept_is_indicative():
    document = {**answers.QUOTE, "quote_id": None, "expires_at": None}
    document["order"] = {**document["order"], "side": "sell"}

    _, (told,) = held("R", quote_of((55, "ETH/USDC"), (54, "2"), (38, "10")), document)

    assert found(told, 132, 134, 133, 537, 62) == ("3000.43", "10", None, "0", None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answers.NO_QUOTE, "8"),
        (LinkError("no plan", code=Code.NO_ROUTE), "8"),
        (LinkError("too much", code=Code.REFUSED), "3"),
        (LinkError("base: unknown", code=Code.INVALID, field="base"), "1"),
        (LinkError("busy", code=Code.BUSY), "99"),
    ],
)
def test_where_there_is_no_quote_the_reason_is_told(answer, reason):
    _, (told,) = held("R", quote_of(), answer)

    assert (told.kind, *found(told, 131, 658)) == ("AG", "r", reason)
    assert told.body.entries(146)[0].get(55) == "ETH/USDC"


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (((131, "r"), (146, ())), "99"),
        (quote_of((55, "ETH"), (54, "1"), (38, "1")), "1"),
        (quote_of((55, "ETH/USDC"), (54, "1"), (38, "1"), (1, "theirs")), "6"),
        (quote_of((55, "ETH/USDC"), (38, "1")), "99"),
    ],
)
def test_a_question_that_means_nothing_is_not_asked(items, reason):
    asked, (told,) = held("R", items)

    assert not asked
    assert (told.kind, told.body.get(658)) == ("AG", reason)


def test_a_quote_is_executed_by_its_name():
    items = ((11, "X"), (55, "ETH/USDC"), (54, "1"), (38, "10"), (40, "D"), (117, "q-77"))
    stale = LinkError("quote_id: has expired", code=Code.INVALID, field="quote_id")

    (ask,), (told,) = held("D", (*items, (59, "4"), (20006, "1.5")), stale)

    repeats = orjson.loads(ask.fields["order"].pop("repeats"))
    assert repeats == {
        "base": "ETH",
        "quote": "USDC",
        "side": "buy",
        "quantity": "10",
        "quantity_asset": "ETH",
    }
    assert ask.fields["order"] == {
        "client_order_id": "X",
        "client": "acme",
        "account": "main",
        "by": "fix.ems",
        "quote_id": "q-77",
        "drift_max_bps": "1.5",
    }
    assert found(told, 150, 103) == ("8", "8")


def test_a_book_is_told_once():
    (ask,), (told,) = held("V", data_of(), answers.BOOK)

    assert (ask.do, ask.fields) == ("book", {"base": "ETH", "quote": "USDC", "depth": 15})
    assert (told.kind, *found(told, 262, 55)) == ("W", "m", "ETH/USDC")
    entries = [(e.get(269), e.get(270), e.get(271), e.get(290)) for e in told.body.entries(268)]
    assert entries == [
        ("0", "2999.5", "3", "1"),
        ("0", "2999.2", "5.5", "2"),
        ("1", "3000.5", "4", "1"),
    ]


def test_a_book_is_told_again_and_again_until_it_is_no_longer_wanted():
    _, (follow,) = held("V", data_of("1", _267=(body((269, "1")),)), answers.BOOK)
    _, over = held("V", data_of("2"))

    assert isinstance(follow, Follow)
    assert (follow.do, follow.fields["base"]) == ("book", "ETH")
    (told,) = follow.tell(answers.BOOK)
    assert [e.get(269) for e in told.body.entries(268)] == ["1"]
    assert over == (Unfollow(follow.key),)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (data_of("7"), "4"),
        (data_of("0", _265="1"), "6"),
        (data_of("0", _267=(body((269, "2")),)), "8"),
        (data_of("0", "ETH"), "0"),
        (data_of("0", _264="-1"), "5"),
    ],
)
def test_market_data_that_cannot_be_told_is_refused(items, reason):
    asked, (told,) = held("V", items)

    assert not asked
    assert (told.kind, *found(told, 262, 281)) == ("Y", "m", reason)


def test_a_pair_that_nobody_trades_has_no_book():
    no = LinkError("base: no market", code=Code.INVALID, field="base")

    _, (told,) = held("V", data_of("1"), no)

    assert found(told, 262, 281) == ("m", "0")


def test_positions_are_told_one_by_one():
    (ask,), told = held("AN", ((710, "p"), (724, "0"), (60, "x")), answers.POSITIONS)

    assert ask.fields == {"client": "acme", "accounts": ["main"]}
    acknowledged, short, long = told
    assert (acknowledged.kind, *found(acknowledged, 710, 727, 728)) == ("AO", "p", "2", "0")
    assert [m.kind for m in (short, long)] == ["AP", "AP"]
    assert found(short, 1, 55, 730, 715) == ("main", "ETH/USDC", "3000", "20260101")
    assert [e.get(705) for e in short.body.entries(702)] == ["2.5"]
    assert [e.get(704) for e in long.body.entries(702)] == ["1"]
    assert long.body.entries(753)[0].get(708) == "-90000"


def test_a_mass_cancel_says_how_many_orders_go_on():
    asked, busy = ((11, "M"), (530, "7")), [{"order": "o-2", "message": "another is under way"}]
    _, (some,) = held("q", asked, {"affected": ["o-1"], "refused": busy})
    _, (all_of_them,) = held("q", asked, {"affected": ["o-1"], "refused": []})

    assert found(some, 531, 533) == found(all_of_them, 531, 533) == ("7", "1")
    assert some.body.get(58) == "1 not cancelled: a request is under way; ask again"
    assert all_of_them.body.get(58) is None


def test_no_positions_are_said_to_be_none():
    _, told = held("AN", ((710, "p"), (724, "0")), {"positions": [], "at": "0"})

    assert [(m.kind, m.body.get(728)) for m in told] == [("AO", "2")]


def test_positions_of_another_account_are_refused():
    asked, (told,) = held("AN", ((710, "p"), (724, "0"), (1, "theirs")))

    assert (asked, told.kind) == ([], "j")


def test_the_pairs_are_told_with_their_venues():
    _, (told,) = held("x", ((320, "s"), (559, "4")), answers.INSTRUMENTS)
    _, (one,) = held("x", ((320, "s"), (559, "0"), (55, "BTC/USDC")), answers.INSTRUMENTS)
    _, (none,) = held("x", ((320, "s"), (559, "0"), (55, "A/B")), answers.INSTRUMENTS)

    rows = [(e.get(55), e.get(20501)) for e in told.body.entries(146)]
    assert rows == [("ETH/USDC", "uniswap_v3 hyperliquid"), ("BTC/USDC", "hyperliquid")]
    assert [e.get(55) for e in one.body.entries(146)] == ["BTC/USDC"]
    assert found(none, 320, 560) == ("s", "2")


def entry_of(place, side="1", **changes):
    plain = {11: f"L.{place}", 67: str(place), 55: "ETH/USDC", 54: side, 38: "2", 40: "1"}
    changed = {int(name[1:]): value for name, value in changes.items()}
    return body(*{**plain, **changed}.items())


def list_of(*entries, count=None):
    return ((66, "L"), (394, "3"), (68, str(count or len(entries))), (73, entries))


def test_a_list_is_one_basket():
    items = list_of(entry_of(1), entry_of(2, "2", _55="BTC/USDC"))
    (ask,), (told,) = held("E", items, answers.BASKET)

    assert ask.do == "basket"
    assert (ask.fields["client"], ask.fields["account"]) == ("acme", "main")
    assert ask.fields["basket"]["client_order_id"] == "L"
    assert [row["base"] for row in orjson.loads(ask.fields["basket"]["orders"])] == ["ETH", "BTC"]
    assert (told.kind, *found(told, 66, 431, 68)) == ("N", "L", "3", "2")


@pytest.mark.parametrize(
    "items",
    [
        list_of(entry_of(1), entry_of(3)),
        list_of(entry_of(1, _11="other")),
        list_of(entry_of(1), count=2),
        list_of(entry_of(1, _1="theirs")),
        list_of(entry_of(1, _38="0")),
        list_of(entry_of(1, _99="2000")),
        list_of(entry_of(1, _111="1")),
        list_of(entry_of(1, _168="20260101-01:00:00")),
    ],
)
def test_a_list_that_cannot_be_is_rejected_as_a_whole(items):
    asked, (told,) = held("E", items)

    assert not asked
    assert (told.kind, told.body.get(431)) == ("N", "7")
    assert {e.get(39) for e in told.body.entries(73)} == {"8"}


def test_the_orders_of_a_list_end_when_they_say():
    dated = entry_of(2, _55="BTC/USDC", _59="6", _126="20260101-01:00:00")
    at_once = entry_of(3, _55="SOL/USDC", _59="3")
    (ask,), _ = held("E", list_of(entry_of(1), dated, at_once), answers.BASKET)

    rows = orjson.loads(ask.fields["basket"]["orders"])
    assert [row.get("deadline_s") for row in rows] == ["86400.000", "3600.000", None]
    assert [row.get("time_in_force") for row in rows] == [None, None, "ioc"]  # the daemon refuses


def test_a_list_is_cancelled_by_its_name():
    mine, done = {"account": "main"}, {"affected": [], "refused": []}
    (first, ask), (told,) = held("K", ((66, "L"), (60, "x")), mine, done)

    assert (first.do, first.fields["order"]) == ("order", "L.1")
    assert (ask.do, ask.fields["request"]) == ("cancel_basket", "L.cancel")
    assert found(told, 66, 431) == ("L", "4")
    unknown = LinkError("basket: unknown", code=Code.UNKNOWN, field="basket")
    _, (refused,) = held("K", ((66, "L"),), unknown)
    assert refused.body.get(431) == "7"


def test_a_list_of_another_account_is_not_there():
    (ask,), (refused,) = held("K", ((66, "L"),), {"account": "theirs"})

    assert (ask.do, found(refused, 431)) == ("order", ("7",))


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        ("R", quote_of()),
        ("V", data_of()),
        ("AN", ((710, "p"), (724, "0"))),
        ("x", ((320, "s"), (559, "4"))),
        ("H", ((11, "X"),)),
        ("AF", ((584, "s"), (585, "7"))),
        ("q", ((11, "M"), (530, "7"))),
        ("E", list_of(entry_of(1))),
        ("K", ((66, "L"),)),
    ],
)
def test_where_the_daemon_is_away_it_is_said_so(kind, items):
    _, (told,) = held(kind, items, LinkError("the daemon is away", code=Code.AWAY))

    assert (told.kind, *found(told, 372, 380)) == ("j", kind, "4")


def test_the_whole_desks_session_asks_of_everything():
    copy = replace(PEER, kind="drop-copy", accounts=("*",))

    (ask,), _ = held("AN", ((710, "p"), (724, "0")), answers.POSITIONS, peer=copy, now=NOW)

    assert ask.fields == {}
