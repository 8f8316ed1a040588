"""What a FIX session may ask for: by its kind, and only of its own accounts."""

from dataclasses import replace

import pytest

from router.gateway.fix import inbound
from router.gateway.fix.message import body
from router.gateway.link import Code, LinkError
from tests.unit.gateway.fix_messages.asking import held
from tests.unit.gateway.fix_messages.daemon import order_of, request_of, started
from tests.unit.gateway.fix_messages.told import PEER

# Which kinds of session may send what; written by hand.
ALLOWED = {
    "D": {"order-entry"},
    "F": {"order-entry"},
    "G": {"order-entry"},
    "q": {"order-entry"},
    "E": {"order-entry"},
    "K": {"order-entry"},
    "H": {"order-entry", "drop-copy"},
    "AF": {"order-entry", "drop-copy"},
    "AN": {"order-entry", "drop-copy"},
    "R": {"order-entry", "quotes"},
    "V": {"order-entry", "quotes"},
    "x": {"order-entry", "drop-copy", "quotes"},
}
KINDS = ("order-entry", "drop-copy", "quotes")
CHANGES = {"submit", "cancel", "amend", "basket", "cancel_basket", "mass_cancel"}
WIDE = replace(PEER, accounts=("main", "other"))
NARROW = replace(PEER, session="narrow", accounts=("main",))
STRANGER = replace(PEER, session="stranger", client="fund", accounts=("theirs",))
MASS = ((11, "M"), (530, "7"), (60, "20260101-00:00:00"))


def desk_with_orders():
    """Return a desk with an order X of account main, and S of account other."""
    desk = started()
    desk.say("D", *order_of(), (1, "main"), peer=WIDE)
    desk.say("D", *order_of(_11="S"), (1, "other"), peer=WIDE)
    desk.asked.clear()
    return desk


def changes(desk):
    return [ask for ask in desk.asked if ask.do in CHANGES]


def test_every_message_that_is_understood_has_its_row():
    assert vars(inbound)["_SPEAKERS"].keys() == ALLOWED.keys()


@pytest.mark.parametrize(
    ("message", "kind"),
    [(message, kind) for message in ALLOWED for kind in KINDS if kind not in ALLOWED[message]],
)
def test_a_session_asks_for_what_its_kind_is_for_and_nothing_else(message, kind):
    asked, (told,) = held(message, ((11, "Y"), (66, "L")), peer=replace(PEER, kind=kind))

    assert asked == []
    assert (told.kind, told.body.get(380)) == ("j", "6")  # not authorised


@pytest.mark.parametrize("account", ["other", "theirs", "*", "nobody"])
def test_an_order_for_an_account_that_is_not_the_sessions_is_refused(account):
    desk = started()

    (told,) = desk.say("D", *order_of(), (1, account), peer=NARROW)

    assert desk.asked == []
    assert (told.kind, told.body.get(150), told.body.get(103)) == ("8", "8", "15")


def test_an_order_that_names_no_account_is_for_the_sessions_only_one():
    desk = started()

    desk.say("D", *order_of(), peer=NARROW)

    (ask,) = desk.asked
    who = {name: ask.fields["order"][name] for name in ("client", "account", "by")}
    assert who == {"client": "acme", "account": "main", "by": "fix.narrow"}


@pytest.mark.parametrize("peer", [NARROW, STRANGER], ids=["same client", "other client"])
@pytest.mark.parametrize("kind", ["F", "G"])
def test_an_order_of_another_account_cannot_be_changed_and_is_as_unknown_as_any(kind, peer):
    desk = desk_with_orders()

    (told,) = desk.say(kind, *request_of("Y", "S"), peer=peer)
    (unknown,) = desk.say(kind, *request_of("Y", "nothing"), peer=peer)

    assert changes(desk) == []
    assert (told.kind, told.body.get(102)) == ("9", "1")  # unknown order
    told_tags, unknown_tags = ([tag for tag, _ in each.body.items] for each in (told, unknown))
    assert told_tags == unknown_tags
    assert told.body.get(58) == unknown.body.get(58)


@pytest.mark.parametrize("peer", [NARROW, STRANGER], ids=["same client", "other client"])
def test_an_order_of_another_account_cannot_be_looked_at(peer):
    desk = desk_with_orders()

    (told,) = desk.say("H", (11, "S"), (55, "ETH/USDC"), (54, "1"), peer=peer)

    assert (told.body.get(39), told.body.get(1)) == ("8", None)


def test_an_order_of_another_account_is_not_among_all_orders():
    desk = desk_with_orders()

    told = desk.say("AF", (584, "s"), (585, "7"), peer=NARROW)

    assert {each.body.get(11) for each in told} == {"X"}


def test_the_sessions_own_order_can_be_cancelled_and_says_for_whom():
    desk = desk_with_orders()

    desk.say("F", *request_of("Y"), peer=NARROW)

    (ask,) = changes(desk)
    assert (ask.do, ask.fields["client"]) == ("cancel", "acme")


@pytest.mark.parametrize("peer", [NARROW, STRANGER])
def test_many_orders_are_cancelled_within_the_sessions_accounts(peer):
    asked, _ = held("q", MASS, {"affected": [], "refused": []}, peer=peer)

    (ask,) = asked
    assert (ask.fields["client"], ask.fields["accounts"]) == (peer.client, list(peer.accounts))


@pytest.mark.parametrize("account", ["other", "theirs", "*"])
def test_many_orders_of_another_account_are_not_cancelled(account):
    asked, (told,) = held("q", (*MASS, (1, account)), peer=NARROW)

    assert asked == []
    assert (told.kind, told.body.get(531)) == ("r", "0")


@pytest.mark.parametrize("account", ["other", "theirs", "*"])
def test_positions_of_another_account_are_not_told(account):
    asked, _ = held("AN", ((710, "p"), (724, "0"), (1, account)), peer=NARROW)

    assert asked == []


def test_positions_are_those_of_the_sessions_accounts():
    positions = {"positions": [], "at": "0"}

    (ask,), _ = held("AN", ((710, "p"), (724, "0")), positions, peer=NARROW)

    assert (ask.fields["client"], ask.fields["accounts"]) == ("acme", ["main"])


@pytest.mark.parametrize("account", ["other", "theirs"])
def test_a_list_with_an_order_for_another_account_is_refused(account):
    own = body((11, "L.1"), (67, "1"), *order_of(_11="L.1"), (1, "main"))
    others = body((11, "L.2"), (67, "2"), *order_of(_11="L.2"), (1, account))

    asked, _ = held("E", ((66, "L"), (394, "3"), (68, "2"), (73, (own, others))), peer=NARROW)

    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [{"account": "other"}, LinkError("order: is not known", code=Code.UNKNOWN, field="order")],
    ids=["another account's", "nobody's"],
)
def test_a_list_of_another_account_is_not_cancelled(answer):
    asked, (told,) = held("K", ((66, "L"), (60, "20260101-00:00:00")), answer, peer=NARROW)

    assert [ask.do for ask in asked] == ["order"]
    assert asked[0].fields["client"] == "acme"
    assert told.kind != "N" or told.body.get(431) != "4"  # not told as being cancelled


def test_the_sessions_own_list_is_cancelled():
    answers = ({"account": "main"}, {"orders": []})

    asked, _ = held("K", ((66, "L"), (60, "20260101-00:00:00")), *answers, peer=NARROW)

    assert [ask.do for ask in asked] == ["order", "cancel_basket"]
    assert asked[1].fields["client"] == "acme"
