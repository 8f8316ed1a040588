"""Messages with fields left out, mixed up and made up: each is answered, none breaks anything."""

import random

import pytest

from router.domain.units import TimestampNs
from router.gateway.fix import inbound
from router.gateway.fix.dialect import FIX42, FIX44, FIX50SP2
from router.gateway.fix.message import Message, MessageError, body, framed, parse, written
from router.gateway.fix.peer import Peer
from tests.unit.gateway.fix_messages import answers
from tests.unit.gateway.fix_messages.daemon import Daemon, order_of, request_of
from tests.unit.gateway.fix_messages.test_questions import data_of, entry_of, list_of, quote_of

WELL_FORMED = (
    ("D", order_of()),
    ("D", order_of(_40="2", _44="3000", _59="6", _126="20231201-00:00:00")),
    ("D", (*order_of(_847="1001"), (957, (body((958, "DurationSec"), (960, "60")),)))),
    ("D", order_of(_40="D", _117="q-77")),
    ("F", request_of("Y")),
    ("G", request_of("Y", _38="12")),
    ("H", ((11, "X"), (55, "ETH/USDC"), (54, "1"))),
    ("AF", ((584, "s"), (585, "7"))),
    ("q", ((11, "M"), (530, "7"))),
    ("E", list_of(entry_of(1), entry_of(2))),
    ("K", ((66, "L"), (60, "20260101-00:00:00"))),
    ("R", quote_of()),
    ("V", data_of("1")),
    ("AN", ((710, "p"), (724, "0"))),
    ("x", ((320, "s"), (559, "4"))),
)
VALUES = ("", "X", "Y", "0", "-1", "1e9", "9" * 70, "ETH/USDC", "6", "é\x00", "20260101", "D", "*")
DIALECTS = (FIX42, FIX44, FIX50SP2)
KINDS = ("order-entry", "order-entry", "order-entry", "drop-copy", "quotes")


class Desk(Daemon):
    """Answers to all that is asked, where the engine does not by what is written down."""

    def _quote(self, _fields):
        return answers.QUOTE

    def _book(self, _fields):
        return answers.BOOK

    def _positions(self, _fields):
        return answers.POSITIONS

    def _instruments(self, _fields):
        return answers.INSTRUMENTS

    def _basket(self, _fields):
        return answers.BASKET

    def _order(self, fields):
        return self._data(self.name_of(fields["order"]))

    def _cancel_basket(self, _fields):
        return {"affected": [], "refused": []}


def changed(luck, pairs):
    """Return fields with some of them left out, changed, moved or made up."""
    pairs = list(pairs)
    for _ in range(luck.choice((0, 1, 1, 2, 4))):
        place = luck.randrange(len(pairs)) if pairs else 0
        act = luck.randrange(4)
        if act == 0 and pairs:
            pairs.pop(place)
        elif act == 1 and pairs:
            pairs[place] = (pairs[place][0], luck.choice(VALUES))
        elif act == 2 and pairs:
            pairs.append(pairs.pop(place))
        else:
            pairs.insert(place, (luck.choice((1, 15, 38, 44, 59, 453, 957, 20007)), "1"))
    return pairs


def read(text):
    try:
        return parse(text)
    except MessageError:
        return None


def run(count, seed):
    luck = random.Random(seed)
    desk = Desk()
    desk.start()
    answered = 0
    for _ in range(count):
        kind, items = luck.choice(WELL_FORMED)
        fields = written(Message(kind, body(*items))).split("\x01")[1:-1]
        pairs = changed(luck, [(int(tag), v) for tag, _, v in (f.partition("=") for f in fields)])
        text = "".join(f"{tag}={value}\x01" for tag, value in [(35, kind), *pairs])
        message = read(text)
        if message is None:
            continue
        dialect = luck.choice(DIALECTS)
        peer = Peer("ems", luck.choice(KINDS), dialect, "acme", ("main",), "ems-one")
        told = desk.run(inbound.conversation(message, peer, TimestampNs(desk.now)))
        for each in told:
            if isinstance(each, Message):
                whole = parse(framed(each, dialect.begin_string))
                assert written(Message(whole.kind, whole.body)) == written(each)
        answered += bool(told)
    return answered


def test_whatever_is_said_is_understood_or_refused():
    assert run(3_000, seed=1) > 1_500


@pytest.mark.soak
def test_much_of_whatever_is_said_is_understood_or_refused():
    assert run(100_000, seed=2) > 50_000
