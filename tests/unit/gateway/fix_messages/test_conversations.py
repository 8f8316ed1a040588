"""Messages in, messages out, on the engine: names, duplicates, statuses, refusals."""

from dataclasses import replace

import pytest

from router.gateway.discretion import KEPT_BACK
from router.gateway.fix.dialect import FIX42
from router.gateway.fix.message import body
from router.gateway.link import Code, LinkError
from tests.unit.engine.scene import PERP
from tests.unit.gateway.fix_messages.daemon import order_of, request_of, started
from tests.unit.gateway.fix_messages.told import PEER, row, rows

ACCEPTED = "8 150=A 39=A 11=X 38=10 14=0 151=10"
TAKEN = "8 150=0 39=0 11=X 38=10 14=0 151=10"


def out(desk, kind, *items, **kwargs):
    return [row(message) for message in desk.say(kind, *items, **kwargs)]


def working(desk):
    """Have X at work, with a child that waits at the perp book."""
    assert out(desk, "D", *order_of()) == []
    parent = desk.name_of("X").order
    (child,) = desk.solve(desk.observe(parent), (PERP, 10))
    desk.sign(child)
    desk.acknowledge(child)
    return child


def test_an_order_is_answered_by_its_reports():
    desk = started()
    child = working(desk)
    desk.trade(child, 10, name="a")

    assert rows(desk) == [ACCEPTED, TAKEN, "8 150=F 39=2 11=X 38=10 14=10 151=0"]


def test_who_sends_it_and_for_which_account_goes_on_record():
    desk = started()
    parties = (body((448, "ann"), (447, "D"), (452, "11")),)
    desk.say("D", *order_of(), (1, "main"), (453, parties))

    order = desk.name_of("X").order
    assert (order.client, order.account, order.by) == ("acme", "main", "fix.ems.ann")
    (sender,) = desk.messages()[0].body.entries(453)
    assert sender.get(448) == "ann"


def test_18_a_duplicate_is_refused_and_the_first_order_is_not_touched():
    desk = started()
    working(desk)
    before = desk.world

    assert out(desk, "D", *order_of(_38="3")) == ["8 150=8 39=8 11=X 38=3 14=0 151=0 103=6"]
    assert desk.world is before


def test_18_the_name_of_a_cancel_is_not_an_orders():
    desk = started()
    working(desk)
    desk.say("F", *request_of("Y"))

    assert out(desk, "D", *order_of(_11="Y")) == ["8 150=8 39=8 11=Y 38=10 14=0 151=0 103=6"]


def test_19_the_same_order_sent_again_is_told_where_it_stands():
    desk = started()
    child = working(desk)
    desk.trade(child, 4, name="a")

    (told,) = desk.say("D", *order_of(), again=True)

    assert row(told) == "8 150=I 39=1 11=X 38=10 14=4 151=6"
    assert told.body.get(17) == "0"


def test_19_what_may_have_been_lost_is_taken_when_it_is_sent_again():
    desk = started()

    assert desk.say("D", *order_of(), again=True) == ()
    assert rows(desk) == [ACCEPTED]


def test_19_another_order_of_the_same_name_is_refused():
    desk = started()
    working(desk)

    told = out(desk, "D", *order_of(_38="3"), again=True)

    assert told == ["8 150=8 39=8 11=X 38=3 14=0 151=0 103=6"]


def test_20_the_status_of_an_order_by_any_of_its_names():
    desk = started()
    child = working(desk)
    desk.trade(child, 4, name="a")
    desk.say("F", *request_of("Y"))

    for name in ("X", "Y"):
        (told,) = desk.say("H", (11, name), (55, "ETH/USDC"), (54, "1"), (790, "q"))
        assert row(told) == "8 150=I 39=6 11=X 38=10 14=4 151=6"
        assert told.body.get(790) == "q"


def test_20_the_status_of_an_order_that_there_is_not():
    desk = started()

    (told,) = desk.say("H", (11, "Q"), (55, "ETH/USDC"), (54, "1"))

    assert row(told) == "8 150=I 39=8 11=Q 14=0 151=0 103=5"
    assert (told.body.get(37), told.body.get(17)) == ("NONE", "0")


def test_an_order_of_another_account_is_not_there():
    desk = started()
    working(desk)
    other = replace(PEER, accounts=("other",))

    (told,) = desk.say("H", (11, "X"), (55, "ETH/USDC"), (54, "1"), peer=other)
    (refused,) = desk.say("F", *request_of("Y"), peer=other)

    assert told.body.get(37) == "NONE"
    assert row(refused) == "9 39=8 11=Y 41=X 102=1 434=1"


@pytest.mark.parametrize("kind", ["F", "G"])
def test_6_a_request_of_an_order_that_there_is_not(kind):
    desk = started()
    whose = {"F": "1", "G": "2"}[kind]

    (told,) = desk.say(kind, *request_of("Y"))

    assert row(told) == f"9 39=8 11=Y 41=X 102=1 434={whose}"
    assert told.body.get(37) == "NONE"


@pytest.mark.parametrize("wrong", [{"_54": "2"}, {"_55": "BTC/USDC"}, {"_1": "spare"}])
def test_6_a_request_that_is_not_the_orders(wrong):
    desk = started()
    working(desk)
    before = desk.world

    (told,) = desk.say("F", *request_of("Y", **wrong))

    assert row(told) == "9 39=0 11=Y 41=X 102=99 434=1"
    assert told.body.get(37) == desk.name_of("X").order.id
    assert desk.world is before


def test_3_a_cancel_is_told_by_reports_alone():
    desk = started()
    child = working(desk)
    assert out(desk, "F", *request_of("Y")) == []
    desk.finish(child)

    assert rows(desk)[2] == "8 150=6 39=6 11=Y 41=X 38=10 14=0 151=10"


def test_a_replacement_names_the_order_by_its_name_now():
    desk = started()
    child = working(desk)
    assert out(desk, "G", *request_of("Y", _38="12")) == []
    assert out(desk, "G", *request_of("Z", "Y", _38="8")) == ["9 39=E 11=Z 41=X 102=3 434=2"]
    desk.finish(child)

    assert out(desk, "G", *request_of("Z2", "X", _38="8")) == ["9 39=0 11=Z2 41=Y 102=1 434=2"]
    assert out(desk, "G", *request_of("Z3", "Y", _38="8")) == []
    assert rows(desk)[-1] == "8 150=5 39=0 11=Z3 41=Y 38=8 14=0 151=8"


def test_a_cancel_may_name_the_order_by_an_older_name():
    desk = started()
    child = working(desk)
    desk.say("G", *request_of("Y", _38="12"))
    desk.finish(child)

    assert out(desk, "F", *request_of("Z", "X")) == []
    desk.settled_of("X")

    assert rows(desk)[-1] == "8 150=4 39=4 11=Z 41=Y 38=12 14=0 151=0"


def test_a_request_of_a_used_name_is_refused():
    desk = started()
    working(desk)

    assert out(desk, "F", *request_of("X")) == ["9 39=0 11=X 41=X 102=6 434=1"]


def test_a_cancel_sent_again_is_told_where_the_order_stands():
    desk = started()
    working(desk)
    desk.say("F", *request_of("Y"))
    before = len(desk.reports)

    assert out(desk, "F", *request_of("Y"), again=True) == ["8 150=I 39=6 11=X 38=10 14=0 151=10"]
    assert len(desk.reports) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"_38": "0"},
        {"_38": "1e3"},
        {"_40": "2"},
        {"_152": "3"},
        {"_847": "1001", "_20007": "60"},
        {"_847": "1001"},
        {"_59": "3"},
        {"_99": "2000"},
        {"_110": "5"},
        {"_100": "uniswap_v3"},
    ],
)
def test_terms_that_cannot_be_are_refused_before_they_are_asked_for(wrong):
    desk = started()
    working(desk)

    (told,) = desk.say("G", *request_of("Y", **wrong))

    assert row(told) == "9 39=0 11=Y 41=X 102=99 434=2"
    assert "amend" not in [ask.do for ask in desk.asked]


def test_what_a_replacement_repeats_of_the_order_is_no_change():
    desk = started()
    working(desk)

    desk.say("G", *request_of("Y", _38="12", _59="0", _847="1000", _100="SOR"))

    assert desk.asked[-1].do == "amend"


def test_24_a_mass_cancel_counts_what_was_open_and_each_order_tells_its_own():
    desk = started()
    child = working(desk)
    desk.say("D", *order_of(_11="W", _54="2"))

    (told,) = desk.say("q", (11, "M"), (530, "7"), (60, "20260101-00:00:00"))
    desk.finish(child)

    values = {tag: told.body.get(tag) for tag in (11, 530, 531, 533)}
    assert (told.kind, values) == ("r", {11: "M", 530: "7", 531: "7", 533: "2"})
    assert "8 150=6 39=6 11=X 38=10 14=0 151=10" in rows(desk)
    assert "8 150=4 39=4 11=W 38=10 14=0 151=0" in rows(desk)


def test_a_mass_status_tells_every_open_order_and_which_is_the_last():
    desk = started()
    working(desk)
    desk.say("D", *order_of(_11="W", _54="2"))

    told = desk.say("AF", (584, "s"), (585, "7"))

    assert [m.body.get(11) for m in told] == ["X", "W"]
    assert [(m.body.get(911), m.body.get(912)) for m in told] == [("2", "N"), ("2", "Y")]
    assert {m.body.get(584) for m in told} == {"s"}


def test_a_mass_status_of_nothing_says_so():
    (told,) = started().say("AF", (584, "s"), (585, "7"))

    assert row(told) == "8 150=I 39=8 14=0 151=0 103=99"
    assert (told.body.get(911), told.body.get(912)) == ("0", "Y")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"_55": "ETHUSDC"}, "1"),
        ({"_55": "DOGE/USDC"}, "1"),
        ({"_38": "-1"}, "13"),
        ({"_38": "1E3"}, "13"),
        ({"_152": "5"}, "13"),
        ({"_1": "theirs"}, "15"),
        ({"_54": "5"}, "11"),
        ({"_40": "3"}, "11"),
        ({"_40": "2"}, "11"),
        ({"_44": "3000"}, "11"),
        ({"_59": "2"}, "11"),
        ({"_59": "4"}, "11"),
        ({"_59": "6"}, "4"),
        ({"_59": "6", "_126": "20010101-00:00:00"}, "4"),
        ({"_99": "1"}, "11"),
        ({"_847": "77"}, "11"),
        ({"_847": "1001"}, "11"),
        ({"_847": "1001", "_20011": "0.1", "_20007": "60"}, "11"),
        ({"_100": "nowhere"}, "11"),
        ({"_38": "0." + "1" * 19}, "13"),
    ],
)
def test_an_order_that_cannot_be_is_rejected_with_its_reason(changes, reason):
    desk = started()

    (told,) = desk.say("D", *order_of(**changes))

    assert (told.kind, told.body.get(150), told.body.get(39)) == ("8", "8", "8")
    assert told.body.get(103) == reason
    assert told.body.get(58)
    assert not desk.world.parents


def test_a_drop_copy_takes_no_orders():
    copy = replace(PEER, kind="drop-copy")

    for kind in ("D", "F", "G", "q", "E", "K"):
        (told,) = started().say(kind, *request_of("Y"), peer=copy)
        assert (told.kind, told.body.get(380), told.body.get(372)) == ("j", "6", kind)


@pytest.mark.parametrize(
    ("kind", "peer"), [("B", PEER), ("q", replace(PEER, dialect=FIX42)), ("zz", PEER)]
)
def test_what_a_dialect_does_not_have_is_said_to_be_unsupported(kind, peer):
    (told,) = started().say(kind, (11, "Y"), peer=peer)

    assert (told.kind, told.body.get(380), told.body.get(45)) == ("j", "3", "7")


@pytest.mark.parametrize(("kind", "items"), [("D", order_of()), ("F", request_of("Y"))])
def test_where_nobody_knows_whether_it_was_done_nothing_is_denied(kind, items):
    desk = started()
    working(desk)
    desk.refuses = LinkError("the daemon is away", code=Code.AWAY)

    (told,) = desk.say(kind, *items)

    assert (told.kind, told.body.get(380), told.body.get(372)) == ("j", "4", kind)
    assert told.body.get(379) == items[0][1]


@pytest.mark.parametrize(
    ("code", "reason"), [(Code.BUSY, "99"), (Code.DEGRADED, "99"), (Code.REFUSED, "3")]
)
def test_what_was_not_done_is_rejected(code, reason):
    desk = started()
    desk.refuses = LinkError("not now", code=code)

    (told,) = desk.say("D", *order_of())

    assert (told.body.get(103), told.body.get(58)) == (reason, f"{code.upper()}: not now")


@pytest.mark.parametrize(("kind", "items"), [("D", order_of()), ("F", request_of("Y"))])
def test_a_text_for_people_does_not_tell_what_the_accounts_hold(kind, items):
    desk = started()
    working(desk)
    desk.refuses = LinkError("initial margin would be 987 atoms, equity is 5", code=Code.REFUSED)

    (told,) = desk.say(kind, *items)

    assert told.body.get(58) == f"REFUSED: {KEPT_BACK}"


def test_a_text_for_people_holds_no_secret():
    desk = started()
    secret = "0x" + "5e" * 32
    desk.refuses = LinkError(f"the node says: private_key={secret}", code=Code.BUSY)

    (told,) = desk.say("D", *order_of())

    assert told.body.get(58).startswith("BUSY: the node says")
    assert "5e5e" not in told.body.get(58)
