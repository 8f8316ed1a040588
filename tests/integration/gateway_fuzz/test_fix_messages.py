"""Messages that are almost right, in the translation: refused for what they are, asked, or told."""

import random
from datetime import UTC, datetime

import orjson
import pytest

from router.domain.units import TimestampNs
from router.gateway.fix import dialect, inbound
from router.gateway.fix.message import Message, MessageError, framed, parse
from router.gateway.fix.peer import Peer
from router.gateway.link import Code, LinkError
from tests.integration.gateway_fuzz.memory import GROWTH_MIB_MAX, resident_mib, say
from tests.integration.gateway_fuzz.mutations import changed_bytes, fix_message
from tests.unit.gateway.fix_messages import answers

AT = datetime(2026, 1, 1, tzinfo=UTC)
NOW = TimestampNs(1_767_225_600 * 10**9)
KINDS = ("order-entry", "order-entry", "quotes", "drop-copy")
VERSIONS = ("FIX.4.4", "FIX.4.2", "FIXT.1.1")
CODES = tuple(code for name, code in vars(Code).items() if name.isupper())
QUESTIONS_MAX = 20
ANSWERS = {
    "quote": answers.QUOTE,
    "book": answers.BOOK,
    "positions": answers.POSITIONS,
    "instruments": answers.INSTRUMENTS,
    "basket": answers.BASKET,
    "find": {"order": None, "role": None, "outcome": None},
    "orders": {"orders": [], "next": None},
    "mass_cancel": {"affected": [], "refused": []},
}


def answered(chance, ask):
    """Answer a question, or say why not; what is asked must be what a link carries."""
    orjson.dumps(ask.fields)
    if ask.do in ANSWERS and chance.random() < 0.7:
        return ANSWERS[ask.do]
    return LinkError("quantity: must be positive, was 0", code=chance.choice(CODES), field=None)


def held(chance, conversation):
    """Run a conversation to its end, and return what is sent."""
    answer = None
    for _ in range(QUESTIONS_MAX):
        try:
            if isinstance(answer, LinkError):
                ask = conversation.throw(answer)
            else:
                ask = conversation.send(answer)
        except StopIteration as end:
            return end.value
        answer = answered(chance, ask)
    raise AssertionError("a conversation comes to an end")


def try_one(chance, number):
    """Take one message as the gateway does; return what came of it."""
    data = fix_message(chance, number, sender="FUZZ", target="HEADRACE", at=AT)
    if chance.random() < 0.3:
        data = changed_bytes(chance, data)
    try:
        message = parse(data.decode(errors="surrogateescape"))
    except MessageError:
        return "not read"
    begin = chance.choice(VERSIONS)
    accounts = chance.choice((("main",), ("main", "second")))
    peer = Peer("s", chance.choice(KINDS), dialect.of(begin), "desk", accounts, "FUZZ")
    sent = held(chance, inbound.conversation(message, peer, NOW))
    for each in sent:
        if isinstance(each, Message):
            assert parse(framed(each, begin)).kind == each.kind
    return "told" if sent else "asked"


def tried(seed, count):
    for number in range(count // 10):
        try_one(random.Random(number), number)
    before, found = resident_mib(), {}
    for number in range(count):
        try:
            what = try_one(random.Random(f"{seed}-{number}"), number)
        except Exception as error:
            raise AssertionError(f"message {number} of seed {seed}") from error
        found[what] = found.get(what, 0) + 1
    grown = resident_mib() - before
    say(f"{count:,} FIX messages in the translation, seed {seed}: {found}; {grown:+.1f} MiB")
    assert grown < GROWTH_MIB_MAX
    return found


def test_no_message_breaks_the_translation():
    found = tried(4_242, 3_000)

    assert min(found[what] for what in ("not read", "told")) > 100


@pytest.mark.soak
def test_a_hundred_thousand_messages_leave_nothing_behind_in_the_translation():
    found = tried(random.SystemRandom().randrange(2**32), 100_000)

    assert sum(found.values()) == 100_000
