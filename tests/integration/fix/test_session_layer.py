"""The session layer, scenario by scenario: what a peer sends, and exactly what it is told.

Each scenario has a session of its own with its numbers at 1. Its lines: ``>`` is sent and ``<`` is
expected, a message type and then fields; ``x`` is the end of the line. A field before a bar belongs
to the header. No desk is there: what is asked of the application is refused, which is an answer.
"""

import asyncio

import pytest

from router.gateway.fix.dictionary import xml
from tests.integration.fix.gateway import (
    Gateway,
    connected,
    framed,
    order,
    running,
    session,
    stamp,
)

ORDER = order("a1")
CASES = {
    "a_logon_is_answered": ["> A", "< A 34=1 108=30"],
    "a_logon_that_is_too_high_is_answered_and_then_asked_for": [
        "> A number=5",
        "< A 34=1",
        "< 2 7=1 16=0",
    ],
    "a_logon_that_is_too_low_is_told_so": [
        "> A",
        "< A",
        "> 5",
        "< 5",
        "x",
        "connect",
        "> A number=1",
        "< 5 58=MsgSeqNum too low, expecting 3 but received 1",
        "x",
    ],
    "a_logon_long_past_is_refused": ["> A time=-121", "x"],
    "heartbeats_in_order_are_taken_quietly": ["> A", "< A", "> 0", "> 0", "> 1 112=q", "< 0 112=q"],
    "a_gap_is_asked_for_and_filled": [
        "> A",
        "< A",
        "> 0 number=4",
        "< 2 7=2 16=0",
        "> 4 number=2 more=43=Y|122=NOW| 123=Y|36=5|",
        "> 1 number=5 112=q",
        "< 0 112=q",
    ],
    "a_number_that_is_too_low_ends_it": [
        "> A",
        "< A",
        "> 0",
        "> 0 number=1",
        "< 5 58=MsgSeqNum too low, expecting 3 but received 1",
        "x",
    ],
    "a_garbled_message_is_not_counted": [
        "> A",
        "< A",
        "garbled 1 112=lost",
        "> 1 number=3 112=q",
        "< 2 7=2 16=0",
    ],
    "a_wrong_checksum_is_not_counted": [
        "> A",
        "< A",
        "checksum 1 112=lost",
        "> 1 number=2 112=q",
        "< 0 112=q",
    ],
    "what_was_seen_is_ignored_when_it_comes_again": [
        "> A",
        "< A",
        "> 1 112=one",
        "< 0 112=one",
        "> 1 number=2 more=43=Y|122=NOW| 112=one",
        "> 1 number=3 112=two",
        "< 0 112=two",
    ],
    "a_repetition_first_sent_after_it_was_sent_again_is_refused": [
        "> A",
        "< A",
        "> 0",
        "> 0 number=2 more=43=Y|122=LATER|",
        "< 3 373=10 45=2",
        "< 5",
        "x",
    ],
    "a_repetition_without_its_first_time_is_refused": [
        "> A",
        "< A",
        "> 0",
        "> 0 number=2 more=43=Y|",
        "< 3 373=1 371=122",
        "> 1 number=3 112=q",
        "< 0 112=q",
    ],
    "another_begin_string_ends_it": ["> A", "< A", "> 0 begin=FIX.4.2", "< 5", "> 5", "x"],
    "another_sender_ends_it": ["> A", "< A", "> 0 sender=WHO", "< 3 373=9", "< 5", "> 5", "x"],
    "another_target_ends_it": ["> A", "< A", "> 0 target=WHO", "< 3 373=9", "< 5", "> 5", "x"],
    "a_clock_two_minutes_slow_ends_it": [
        "> A",
        "< A",
        "> 0 time=-121",
        "< 3 373=10",
        "< 5",
        "> 5",
        "x",
    ],
    "a_clock_two_minutes_fast_ends_it": [
        "> A",
        "< A",
        "> 0 time=121",
        "< 3 373=10",
        "< 5",
        "> 5",
        "x",
    ],
    "a_type_that_is_none_is_refused": ["> A", "< A", "> *", "< 3 373=11 372=*"],
    "a_test_is_answered": ["> A", "< A", "> 1 112=hello", "< 0 112=hello"],
    "a_reject_is_taken_quietly": ["> A", "< A", "> 3 45=1|58=no|", "> 1 112=q", "< 0 112=q"],
    "a_gap_fill_is_obeyed": ["> A", "< A", "> 4 123=Y|36=20|", "> 1 number=20 112=q", "< 0 112=q"],
    "a_gap_fill_beyond_a_gap_is_asked_for": ["> A", "< A", "> 4 number=5 123=Y|36=20|", "< 2 7=2"],
    "a_reset_upwards_is_obeyed": ["> A", "< A", "> 4 36=20|", "> 1 number=20 112=q", "< 0 112=q"],
    "a_reset_downwards_is_refused": [
        "> A",
        "< A",
        "> 0",
        "> 4 number=9 36=1|",
        "< 3 373=5 45=9",
        "> 1 number=3 112=q",
        "< 0 112=q",
    ],
    "a_logout_is_answered": ["> A", "< A", "> 5", "< 5", "x"],
    "only_admin_messages_are_one_gap": [
        "> A",
        "< A",
        "> 1 112=q",
        "< 0 112=q",
        "> 2 7=1|16=0|",
        "< 4 34=1 43=Y 123=Y 36=3",
    ],
    "a_field_that_there_is_not_is_refused": ["> A", "< A", "> D ORDER999=1|", "< 3 373=0 371=999"],
    "a_user_defined_field_is_let_through": ["> A", "< A", "> D ORDER7001=x|", "< 8 150=8"],
    "a_missing_field_is_refused": ["> A", "< A", "> D 11=a|", "< 3 373=1"],
    "a_field_of_another_type_is_refused": ["> A", "< A", "> 0 41=x|", "< 3 373=2 371=41"],
    "an_empty_field_is_refused": ["> A", "< A", "> D ORDER15=|", "< 3 373=4 371=15"],
    "a_value_out_of_range_is_refused": ["> A", "< A", "> D SIDE54=Z|", "< 3 373=5 371=54"],
    "a_number_that_is_none_is_refused": ["> A", "< A", "> D SIZE38=+200.00|", "< 3 373=6 371=38"],
    "a_field_twice_is_refused": ["> A", "< A", "> D ORDER54=1|", "< 3 373=13 371=54"],
    "a_header_field_in_the_body_is_refused": ["> A", "< A", "> D ORDER50=me|", "< 3 373=14 371=50"],
    "a_group_that_counts_wrong_is_refused": [
        "> A",
        "< A",
        "> D ORDER453=3|448=a|447=D|452=3|",
        "< 3 373=16 371=453",
    ],
    "a_group_of_none_is_taken": ["> A", "< A", "> D ORDER453=0|", "< 8 150=8"],
    "routing_is_turned_round_in_a_reject": [
        "> A",
        "< A",
        "> 0 more=115=HUB|128=OUT| 41=x|",
        "< 3 128=HUB 115=OUT",
    ],
    "queued_messages_go_on_after_a_bad_one": [
        "> A",
        "< A",
        "> 1 number=3 112=q",
        "< 2 7=2",
        "> D number=2 more=43=Y|122=NOW| 11=a|",
        "< 3 45=2",
        "< 0 112=q",
    ],
    "both_sides_may_ask_at_once": [
        "> A",
        "< A",
        "> 1 number=3 112=q",
        "< 2 7=2",
        "> 2 number=4 7=1|16=0|",
        "< 4 34=1 36=3",
    ],
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    tables = [session(f"S{number}") for number in range(len(CASES))]
    tables += [session("RESET", allow_reset="true"), session("STERN"), session("QUIET")]
    with running(Gateway(tmp_path_factory.mktemp("fix"), "\n".join(tables))) as process:
        yield process


@pytest.mark.parametrize("name", CASES)
def test_of_the_session_layer(gateway, name):
    target = f"S{list(CASES).index(name)}"

    asyncio.run(_play(gateway, CASES[name], target))


def test_reports_that_are_asked_for_again_come_as_they_were(gateway):
    async def play():
        async with connected(gateway, target="STERN") as peer:
            await peer.logged_on()
            peer.send("1", "112=a|")
            await peer.expect("0", f34="2")
            peer.send("D", ORDER)
            first = await peer.expect("8", f34="3")
            peer.send("2", "7=1|16=0|")

            await peer.expect("4", f34="1", f36="3", f43="Y", f123="Y")
            again = await peer.expect("8", f34="3", f43="Y")

            assert again[122] == first[52]
            ours = {34, 43, 52, 122, 9, 10}
            assert [f for f in again.fields if f[0] not in ours] == [
                f for f in first.fields if f[0] not in ours
            ]

    asyncio.run(play())


def test_a_reset_within_a_session_is_obeyed_where_it_is_allowed(gateway):
    async def play():
        async with connected(gateway, target="RESET") as peer:
            await peer.logged_on()
            peer.send("0")
            await peer.logged_on(1, "141=Y|", f34="1", f141="Y")
            peer.send("1", "112=q|")
            await peer.expect("0", f34="2", f112="q")

    asyncio.run(play())


def test_a_reset_is_not_obeyed_where_it_is_not_allowed(gateway):
    async def play():
        async with connected(gateway, target="S0") as peer:
            await peer.log_on(1, "141=Y|")
            assert await peer.is_hung_up_on()
        async with connected(gateway, target="S0") as peer:
            await peer.logged_on(2, f34="2")
            await peer.log_on(1, "141=Y|")
            assert await peer.is_hung_up_on()
        async with connected(gateway, target="S0") as peer:
            await peer.logged_on(3, f34="3")

    asyncio.run(play())


def test_a_silent_line_is_kept_alive_then_asked_and_then_given_up(gateway):
    async def play():
        async with connected(gateway, target="QUIET") as peer:
            peer.send("A", "98=0|108=1|")
            await peer.expect("A", f108="1")
            told = []
            while (said := await peer.receive()).fields:
                told.append(said.kind)

        assert "0" in told
        assert told.count("1") == 1

    asyncio.run(play())


@pytest.mark.parametrize("dictionary", ["42", "44", "50", "fixt"])
def test_the_dictionary_says_each_field_once(dictionary):
    fields = [
        line.split('"')[1]
        for line in xml(dictionary).splitlines()
        if line.startswith("  <field number")
    ]

    assert len(fields) == len(set(fields)) > 0


async def _play(gateway, lines, target):
    peers = [connected(gateway, target=target)]
    peer = await peers[0].__aenter__()
    try:
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "x":
                assert await peer.is_hung_up_on(), line
            elif word == "connect":
                peers.append(connected(gateway, target=target))
                peer = await peers[-1].__aenter__()
            elif word == "<":
                kind, fields = _fields(rest)
                await peer.expect(kind, **{f"f{tag}": value for tag, value in fields})
            else:
                _send(peer, word, rest)
    finally:
        for each in peers:
            await each.__aexit__(None, None, None)


def _fields(text):
    kind, _, rest = text.partition(" ")
    if "58=" in rest:
        return kind, [("58", rest.partition("58=")[2])]
    return kind, [tuple(each.split("=", 1)) for each in rest.split()]


def _send(peer, word, rest):
    kind, *words = rest.split(" ")
    header, body = {}, ""
    for each in words:
        name, _, value = each.partition("=")
        if name in {"number", "time", "begin", "sender", "target", "more"}:
            header[name] = value
        else:
            body = each
    if "number" in header:
        peer.next_out = int(header.pop("number"))
    if "time" in header:
        header["time"] = stamp(int(header["time"]))
    if "more" in header:
        header["more"] = header["more"].replace("NOW", stamp()).replace("LATER", stamp(60))
    body = _body(kind, body)
    if word == ">":
        peer.send(kind, body, **header)
        return
    said = {"begin": peer.begin, "sender": peer.target, "target": "HEADRACE", "more": ""}
    whole = framed(kind, body, said | {"number": peer.next_out, "time": stamp()})
    if word == "garbled":
        peer.raw(whole.replace(b"\x0135=", b"\x0136=", 1))
        peer.next_out += 1
    else:
        peer.raw(whole[:-4] + b"%03d\x01" % ((int(whole[-4:-1]) + 1) % 256))


def _body(kind, text):
    if kind == "A":
        return f"98=0|108=30|{text}"
    if text.startswith("ORDER"):
        return ORDER + text.removeprefix("ORDER")
    if text.startswith("SIDE"):
        return ORDER.replace("54=1|", text.removeprefix("SIDE"))
    if text.startswith("SIZE"):
        return ORDER.replace("38=1.5|", text.removeprefix("SIZE"))
    return text if not text or text.endswith("|") else f"{text}|"
