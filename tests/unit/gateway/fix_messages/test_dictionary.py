"""Every message of ours is one by the session engine's own check, in every dialect."""

from dataclasses import replace

import pytest

from router.domain.event import FillVoided
from router.gateway.fix.business import session_reject
from router.gateway.fix.dialect import FIX42, FIX44, FIX50SP2, of
from router.gateway.fix.message import MessageError, body
from router.gateway.link import Code, LinkError
from tests.unit.engine.altered import S
from tests.unit.engine.scene import PERP
from tests.unit.gateway.fix_messages import answers, told
from tests.unit.gateway.fix_messages.asking import held
from tests.unit.gateway.fix_messages.daemon import order_of, request_of, started
from tests.unit.gateway.fix_messages.test_questions import data_of, entry_of, list_of, quote_of
from tests.unit.gateway.fix_messages.valid import fault_of

DIALECTS = (FIX42, FIX44, FIX50SP2)
LATER = (FIX44, FIX50SP2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("dictionaries")


def check(messages, dialect, folder):
    assert messages
    faults = [fault_of(message, dialect, folder) for message in messages]
    assert [fault for fault in faults if fault] == []


def story():
    """Tell of an order that is filled, amended, filled, corrected, busted and canceled."""
    desk = told.started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    desk.trade(child, 1, name="b")
    first, second = desk.world.children[child.id].fills
    right = replace(first, id="right")
    desk.feed(FillVoided(child.id, second.id, None, "a reorg", "ann", desk.tick()))
    desk.feed(FillVoided(child.id, first.id, right, "misread", "ann", desk.tick()))
    desk.amend("Y", ethers=12)
    desk.cancel("Z")
    desk.finish(child)
    desk.looked()
    rest = desk.resting_again(PERP, 2)
    desk.cancel("V")
    desk.finish(rest)
    desk.settled()
    return desk


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
@pytest.mark.parametrize("kind", ["order-entry", "drop-copy"])
def test_reports(dialect, kind, folder):
    desk = story()
    messages = desk.messages(replace(told.PEER, dialect=dialect, kind=kind))

    assert {m.kind for m in messages} == {"8", "9"}
    check(messages, dialect, folder)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_orders_of_cash_and_those_that_end_at_once(dialect, folder):
    desk = started()
    peer = replace(told.PEER, dialect=dialect)
    for name, terms in (
        ("C", {"_38": None, "_152": "3000"}),
        ("I", {"_59": "3", "_40": "2", "_44": "3100.5"}),
        ("F", {"_59": "4", "_100": "uniswap_v3"}),
        ("L", {"_40": "2", "_44": "2900", "_59": "1"}),
    ):
        items = [(tag, text) for tag, text in order_of(_11=name, **terms) if text is not None]
        assert desk.say("D", *items, peer=peer) == ()

    messages = desk.messages(peer)
    assert [m.body.get(59) for m in messages] == ["6", "3", "4", "6"]
    assert [m.body.get(152) for m in messages] == ["3000", None, None, None]
    check(messages, dialect, folder)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_refusals_and_statuses(dialect, folder):
    desk = started()
    peer = replace(told.PEER, dialect=dialect)
    desk.say("D", *order_of(), peer=peer)
    messages = [
        *desk.say("D", *order_of(), peer=peer),
        *desk.say("D", *order_of(), peer=peer, again=True),
        *desk.say("D", *order_of(_38="0"), peer=peer),
        *desk.say("F", *request_of("Y", "unknown"), peer=peer),
        *desk.say("G", *request_of("Y", _38="0"), peer=peer),
        *desk.say("H", (11, "X"), (790, "q"), peer=peer),
        *desk.say("H", (11, "unknown"), (55, "ETH/USDC"), (54, "1"), peer=peer),
        *desk.say("B", (148, "news"), peer=peer),
    ]

    assert [m.kind for m in messages] == ["8", "8", "8", "9", "9", "8", "8", "j"]
    check(messages, dialect, folder)


@pytest.mark.parametrize("dialect", LATER, ids=lambda d: d.name)
def test_what_is_of_many_orders(dialect, folder):
    desk = started()
    peer = replace(told.PEER, dialect=dialect)
    messages = list(desk.say("AF", (584, "s"), (585, "7"), peer=peer))
    desk.say("D", *order_of(), peer=peer)
    messages += [
        *desk.say("AF", (584, "s"), (585, "1"), (55, "ETH/USDC"), peer=peer),
        *desk.say("q", (11, "M"), (530, "9"), peer=peer),
        *desk.say("q", (11, "M"), (530, "7"), (54, "1"), peer=peer),
    ]

    assert [m.kind for m in messages] == ["8", "8", "r", "r"]
    check(messages, dialect, folder)


@pytest.mark.parametrize("dialect", LATER, ids=lambda d: d.name)
def test_answers_to_questions(dialect, folder):
    peer = replace(told.PEER, dialect=dialect)
    no = LinkError("not known", code=Code.UNKNOWN, field="base")
    asked = [
        ("R", quote_of(), answers.QUOTE),
        ("R", quote_of(), answers.NO_QUOTE),
        ("V", data_of(), answers.BOOK),
        ("V", data_of(), no),
        ("AN", ((710, "p"), (724, "0")), answers.POSITIONS),
        ("x", ((320, "s"), (559, "4")), answers.INSTRUMENTS),
        ("x", ((320, "s"), (559, "0"), (55, "A/B")), answers.INSTRUMENTS),
        ("E", list_of(entry_of(1), entry_of(2)), answers.BASKET),
        ("E", list_of(entry_of(1)), no),
    ]
    messages = [m for kind, items, answer in asked for m in held(kind, items, answer, peer=peer)[1]]

    kinds = ["S", "AG", "W", "Y", "AO", "AP", "AP", "y", "y", "N", "N"]
    assert [m.kind for m in messages] == kinds
    check(messages, dialect, folder)


def test_answers_to_questions_in_fix_4_2(folder):
    peer = replace(told.PEER, dialect=FIX42)
    no = LinkError("not known", code=Code.UNKNOWN, field="base")
    asked = [
        ("R", quote_of(), answers.QUOTE),
        ("R", quote_of(), answers.NO_QUOTE),
        ("V", data_of(), answers.BOOK),
        ("V", data_of(), no),
        ("E", list_of(entry_of(1)), answers.BASKET),
        ("E", list_of(entry_of(1)), no),
    ]
    messages = [m for kind, items, answer in asked for m in held(kind, items, answer, peer=peer)[1]]

    assert [m.kind for m in messages] == ["S", "j", "W", "Y", "N", "N"]
    check(messages, FIX42, folder)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_the_sessions_reject(dialect, folder):
    fault = MessageError("453: counts 2", tag=453, reason=16)

    check([session_reject(fault, dialect, sequence="7", kind="D")], dialect, folder)


def test_the_check_finds_what_is_wrong(folder):
    (report, *_) = story().messages()
    wrong = replace(report, body=body(*report.body.items, (434, "1")))

    assert "434" in fault_of(wrong, FIX44, folder)
    assert fault_of(replace(report, body=body(*report.body.items[:-3])), FIX42, folder)


def test_fix_4_2_says_it_with_transactions():
    peer = replace(told.PEER, dialect=FIX42)
    said = [
        tuple(m.body.get(tag) for tag in (20, 150, 39))
        for m in story().messages(peer)
        if m.kind == "8"
    ]

    assert said == [
        ("0", "A", "A"),
        ("0", "0", "0"),
        ("0", "1", "1"),
        ("0", "1", "1"),
        ("1", "1", "1"),
        ("2", "1", "1"),
        ("0", "E", "E"),
        ("0", "5", "1"),
        ("0", "6", "6"),
        ("0", "4", "4"),
    ]


def test_a_last_fill_is_a_fill_in_fix_4_2_whatever_is_under_way():
    desk = told.started()
    child = desk.working()
    desk.cancel("Y")
    desk.trade(child, 10, name="a")
    desk.finish(child, S.FILLED)
    fill = desk.messages(replace(told.PEER, dialect=FIX42))[-1]

    assert tuple(fill.body.get(tag) for tag in (20, 150, 39)) == ("0", "2", "6")


def test_reasons_that_fix_4_2_does_not_have_are_the_brokers_own():
    peer = replace(told.PEER, dialect=of("FIX.4.2"))
    desk = started()
    desk.say("D", *order_of())

    (symbol,) = desk.say("D", *order_of(_11="A", _55="x"), peer=peer)
    (quantity,) = desk.say("D", *order_of(_11="A", _38="0"), peer=peer)
    (used,) = desk.say("F", *request_of("X"), peer=peer)

    assert [m.body.get(103) for m in (symbol, quantity)] == ["1", "0"]
    assert used.body.get(102) == "2"
