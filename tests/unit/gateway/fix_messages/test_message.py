"""Messages as text: what is written is read again, and what is no message is named."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.fix.groups import groups_of
from router.gateway.fix.message import (
    Body,
    Message,
    MessageError,
    body,
    clean,
    framed,
    parse,
    written,
)

SOH = "\x01"
PLAIN = sorted({1, 11, 37, 38, 40, 44, 55, 58, 59, 60, 100, 126, 847, 20001})
TEXTS = st.text(alphabet=string.printable.replace("\x0b", "").replace("\x0c", ""), min_size=1)
PARTY = st.builds(
    lambda name, role: body((448, name), (447, "D"), (452, role)), TEXTS, st.sampled_from("136")
)


@st.composite
def orders(draw):
    tags = draw(st.lists(st.sampled_from(PLAIN), unique=True))
    items = [(tag, draw(TEXTS)) for tag in tags]
    parties = tuple(draw(st.lists(PARTY, max_size=3)))
    place = draw(st.integers(0, len(items)))
    return Message("D", Body((*items[:place], (453, parties), *items[place:])))


@given(orders())
def test_what_is_written_is_read_again(message):
    assert parse(written(message)) == message


@given(orders())
def test_length_and_checksum_are_those_of_the_text(message):
    whole = framed(message, "FIX.4.4")

    front, _, check = whole.rpartition("10=")
    assert int(check.removesuffix(SOH)) == sum(front.encode()) % 256
    begin, length, rest = front.split(SOH, 2)
    assert begin == "8=FIX.4.4"
    assert int(length.removeprefix("9=")) == len(rest.encode())
    assert parse(whole).body == message.body


def test_groups_inside_groups_are_read():
    entry = body((11, "L.1"), (67, "1"), (453, (body((448, "ann"), (452, "11")),)), (55, "A/B"))
    message = Message("E", body((66, "L"), (68, "1"), (73, (entry, body((11, "L.2"), (67, "2"))))))

    assert parse(written(message)) == message


def test_the_header_is_told_apart():
    message = parse(SOH.join(["8=FIX.4.4", "9=5", "35=D", "49=A", "34=7", "97=Y", "11=X", "10=1"]))

    assert message.header.get(34) == "7"
    assert message.body == body((11, "X"))


@pytest.mark.parametrize(
    ("fields", "tag", "reason"),
    [
        (["11=X"], 35, 1),
        (["35=D", "35=F"], 35, 13),
        (["35=D", "11=X", "11=Y"], 11, 13),
        (["35=D", "34=1", "34=2"], 34, 13),
        (["35=D", "11="], 11, 4),
        (["35=D", "x=1"], 0, 0),
        (["35=D", "0=1"], 0, 0),
        (["35=D", "+5=1"], 0, 0),
        (["35=D", "nothing"], 0, 0),
        (["35=D", "453=2", "448=a"], 453, 16),
        (["35=D", "453=1", "447=D", "448=a"], 453, 16),
        (["35=D", "453=-1"], 453, 6),
        (["35=D", "453=99999"], 453, 6),
        (["35=D", "453=1", "448=a", "452=1", "452=2"], 452, 13),
        (["35=D", *(f"{tag}=1" for tag in range(1_000, 10_000))], 0, 99),
        (["35=D", "58=" + "a" * 300_000], 0, 99),
    ],
)
def test_what_is_no_message_is_named(fields, tag, reason):
    with pytest.raises(MessageError) as fault:
        parse(SOH.join(fields))

    assert (fault.value.tag, fault.value.reason) == (tag, reason)


def fault_of(text):
    try:
        parse(text)
    except MessageError as error:
        return str(error)
    return None


def test_whatever_comes_there_is_one_fault():
    seeded = random.Random(7)
    alphabet = "0123456789=" + SOH + "DX|.é\x00"
    faults = []
    for _ in range(5_000):
        text = "".join(seeded.choices(alphabet, k=seeded.randrange(60)))
        head = seeded.choice(["", "35=D" + SOH, "35=V\x01267=2\x01269=0\x01"])
        faults.append(fault_of(head + text))

    assert {None} < set(faults)
    assert all(fault.isprintable() for fault in faults if fault is not None)


def test_a_text_in_a_field_ends_no_field():
    assert clean("a\x01b\nc é") == "a b c ?"


def test_a_group_begins_with_one_field_in_every_dialect():
    assert groups_of("D")[453].first == 448
    assert groups_of("D")[957].first == 958
    assert groups_of("R")[146].first == 55
    assert groups_of("W")[268].first == 269
    assert groups_of("zz") == {}
