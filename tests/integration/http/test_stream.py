"""Streams, by a real gateway over a real link; behind it, a scripted daemon."""

from contextlib import AsyncExitStack

import aiohttp
import orjson
import pytest

from router.gateway.http.stream import STRANGERS_MAX, UNAUTHENTICATED
from tests.integration.http.door import ORDER, config_text, signature
from tests.integration.http.scripted import ScriptedDesk
from tests.integration.http.streaming import heard, places, story, subscribed

OWN = {**ORDER, "account": "main"}


def test_reports_come_in_order_and_only_to_whom_they_concern(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="viewer") as main, client.stream(key="trader") as both:
            await subscribed(main)
            await subscribed(both)
            for account in ("main", "side", "main"):
                await desk.tell(account=account)
            await desk.tell(client="fund", account="theirs")
            await desk.tell()

            assert await places(main, 3) == [[1, 0], [3, 0], [5, 0]]
            assert await places(both, 4) == [[1, 0], [2, 0], [3, 0], [5, 0]]

    story(tmp_path, tell)


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(tmp_path):
    async def tell(client, desk):
        seen = []
        async with client.stream(key="trader") as stream:
            begun = await subscribed(stream)
            for _ in range(5):
                await desk.tell()
            seen += await places(stream, 5)
        for _ in range(7):
            await desk.tell()
        async with client.stream(key="trader") as stream:
            await subscribed(stream, after=seen[-1], journal=begun["journal"])
            seen += await places(stream, 7)
            await desk.tell()
            seen += await places(stream, 1)

        assert seen == [[number, 0] for number in range(1, 14)]

    story(tmp_path, tell)


def test_a_stream_that_heard_nothing_yet_has_a_place_too(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="trader") as stream:
            begun = await subscribed(stream)
        for _ in range(3):
            await desk.tell()
        async with client.stream(key="trader") as stream:
            await subscribed(stream, after=begun["place"])

            assert await places(stream, 3) == [[1, 0], [2, 0], [3, 0]]

    story(tmp_path, tell)


def test_what_this_process_never_heard_is_asked_of_the_daemon(tmp_path):
    desk = ScriptedDesk()
    for _ in range(50):
        desk.put()

    async def tell(client, _desk):
        async with client.stream(key="trader") as stream:
            begun = await subscribed(stream, after=[10, 0])
            old = await places(stream, 40)
            await desk.tell()
            new = await places(stream, 1)

            assert begun["place"] == [10, 0]
            assert old + new == [[number, 0] for number in range(11, 52)]

    story(tmp_path, tell, desk=desk)


def test_a_place_of_another_journal_is_lost(tmp_path):
    async def tell(client, _desk):
        async with client.stream(key="trader") as stream:
            for wrong in ({"after": [9, 0]}, {"after": [0, -1], "journal": "another"}):
                await stream.send_json(
                    {"op": "subscribe", "id": "r", "channel": "reports", **wrong}
                )
                assert (await heard(stream, "error"))["problem"]["code"] == "lost"

    story(tmp_path, tell)


def test_the_daemon_may_go_and_come_back_and_nothing_is_missed(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="trader") as stream:
            await subscribed(stream)
            await desk.tell()
            seen = await places(stream, 1)
            await client.daemon.hang_up()
            desk.put()  # while nobody listens
            await client.daemon.come_back()
            await desk.tell()
            seen += await places(stream, 2)

            assert seen == [[1, 0], [2, 0], [3, 0]]

    story(tmp_path, tell)


def test_a_snapshot_shows_the_orders_of_the_key_and_goes_on_from_its_place(tmp_path):
    async def tell(client, desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        side = {**OWN, "client_order_id": "o-2", "account": "side"}
        await client.ask("POST", "/v1/orders", side, key="trader")
        async with client.stream(key="viewer") as stream:
            begun = await subscribed(stream, snapshot=True)
            shown = await heard(stream, "snapshot")
            await desk.tell()

            assert begun["place"] == [0, -1]
            assert [each["client_order_id"] for each in shown["orders"]] == ["o-1"]
            assert await places(stream, 1) == [[1, 0]]

    story(tmp_path, tell)


def test_an_order_is_entered_by_a_stream_and_is_the_same_as_over_http(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="trader") as stream:
            await stream.send_json({"op": "submit", "id": "1", "body": OWN})
            first = await heard(stream, "answer")
            again = await client.ask("POST", "/v1/orders", OWN, key="trader")
            await stream.send_json(
                {"op": "cancel", "id": "2", "order": "o-1", "body": {"request": "c-1"}}
            )
            cancelled = await heard(stream, "answer")
            await stream.send_json({"op": "submit", "id": "3", "body": {**OWN, "side": "up"}})
            refused = await heard(stream, "error")

            assert (first["status"], first["body"]["is_new"]) == (201, True)
            assert (again[0], again[2]["is_new"]) == (200, False)
            assert cancelled["body"]["status"] == "canceled"
            assert (refused["id"], refused["problem"]["field"]) == ("3", "side")
            assert len(desk.orders) == 1

    story(tmp_path, tell)


def test_the_first_message_may_say_who_it_is(tmp_path):
    async def tell(client, _desk):
        async with client.stream() as stream:
            head = signature("viewer", "GET", "/v1/stream")
            await stream.send_json({"op": "authenticate", "id": "a", "headers": head})
            welcome = await heard(stream, "welcome")

            assert (welcome["key"], welcome["accounts"]) == ("viewer", ["main"])

    story(tmp_path, tell)


@pytest.mark.parametrize(
    "first",
    [
        "nonsense",
        "[" * 5_000,
        '{"op":"subscribe","id":"r","channel":"status"}',
        orjson.dumps(
            {
                "op": "authenticate",
                "id": "a",
                "headers": signature("viewer", "GET", "/v1/orders"),
            }
        ).decode(),
    ],
)
def test_who_does_not_show_who_it_is_is_shown_out(tmp_path, first):
    async def tell(client, _desk):
        async with client.stream() as stream:
            await stream.send_str(first)
            said = await stream.receive()

            assert said.type is aiohttp.WSMsgType.CLOSE
            assert stream.close_code == UNAUTHENTICATED

    story(tmp_path, tell)


def test_a_wrong_signature_is_refused_before_the_upgrade(tmp_path):
    async def tell(client, _desk):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.stream(headers=signature("viewer", "GET", "/v1/orders"))
        assert refused.value.status == 401

        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.stream(key="viewer", headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403

    story(tmp_path, tell)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", "malformed"),
        ("[]", "invalid"),
        ('{"op":7}', "invalid"),
        ('{"op":"nothing"}', "invalid"),
        ('{"op":"ping"}', "invalid"),
        ('{"op":"ping","id":"a","more":1}', "invalid"),
        ("[" * 100 + "]" * 100, "malformed"),
        ('{"op":"unsubscribe","id":"x"}', "unknown"),
        ('{"op":"subscribe","id":"b","channel":"book","base":"ETH"}', "invalid"),
        ('{"op":"subscribe","id":"b","channel":"reports","after":[1]}', "invalid"),
        ('{"op":"subscribe","id":"b","channel":"risk"}', "forbidden"),
        ('{"op":"subscribe","id":"b","channel":"reports","account":"theirs"}', "forbidden"),
        ('{"op":"cancel","id":"b","body":{}}', "invalid"),
        ('{"op":"cancel","id":"b","order":"a b","body":{}}', "invalid"),
        ('{"op":"submit","id":"b","order":"o","body":{}}', "invalid"),
        ('{"op":"submit","id":"b","body":[]}', "invalid"),
        ('{"op":"authenticate","id":"a","headers":{}}', "duplicate"),
    ],
)
def test_whatever_is_said_is_answered_and_the_stream_stays_open(tmp_path, said, code):
    async def tell(client, _desk):
        async with client.stream(key="trader") as stream:
            await stream.send_str(said)
            problem = await heard(stream, "error")
            await stream.send_json({"op": "ping", "id": "p"})

            assert problem["problem"]["code"] == code
            assert (await heard(stream, "pong"))["id"] == "p"

    story(tmp_path, tell)


def test_a_message_that_is_too_large_closes_the_stream(tmp_path):
    async def tell(client, _desk):
        async with client.stream(key="trader") as stream:
            await heard(stream, "welcome")
            await stream.send_str("x" * 300_000)
            await stream.receive()

            assert stream.close_code == 1009
        assert (await client.ask("GET", "/live"))[0] == 200

    story(tmp_path, tell)


def test_risk_begins_with_the_newest_states_and_goes_on_after_a_place(tmp_path):
    desk = ScriptedDesk()

    async def tell(client, _desk):
        for version in range(3):
            await desk.tell_risk_event("ProfitTold", {"version": version})
        async with client.stream() as stream:
            begun = await subscribed(stream, "k", "risk")
            shown = (await heard(stream, "events"))["events"]
        for number in range(4):
            await desk.tell_risk_event("FillTold", {"fill": number})
        async with client.stream() as stream:
            last = shown[-1]
            await subscribed(stream, "k", "risk", feed=last["feed"], after=[last["sequence"]])
            missed = []
            while len(missed) < 4:
                missed += (await heard(stream, "events"))["events"]

            assert begun["feed"] in {"", "feed-1"}
            assert shown[-1]["event"] == {"version": 2}
            assert [each["event"]["fill"] for each in missed] == [0, 1, 2, 3]

    story(tmp_path, tell, desk=desk, text=config_text())


def test_a_place_of_another_feed_is_lost(tmp_path):
    async def tell(client, _desk):
        async with client.stream() as stream:
            await stream.send_json(
                {"op": "subscribe", "id": "k", "channel": "risk", "feed": "old", "after": [3]}
            )

            assert (await heard(stream, "error"))["problem"]["code"] == "lost"

    story(tmp_path, tell, text=config_text())


def test_of_a_book_the_newest_counts_and_it_is_followed_once(tmp_path):
    async def tell(client, desk):
        async with client.stream() as one, client.stream() as two:
            for stream in (one, two):
                await subscribed(stream, "b", "book", base="ETH", quote="USDC")
            newest = 0
            while newest < 2_000:
                newest = (await heard(one, "events"))["events"][-1]["version"]
            while newest < 2_000:
                newest = (await heard(two, "events"))["events"][-1]["version"]

        assert [do for do, _ in desk.follows if do == "book"] == ["book"]

    story(tmp_path, tell, text=config_text())


def test_what_is_unsubscribed_comes_no_more(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="trader") as stream:
            await subscribed(stream, "a")
            await stream.send_json({"op": "unsubscribe", "id": "a"})
            await heard(stream, "unsubscribed")
            await subscribed(stream, "b")
            await desk.tell()

            assert (await heard(stream, "events"))["id"] == "b"

    story(tmp_path, tell)


def test_a_cancel_is_done_although_its_client_goes_at_once(tmp_path):
    async def tell(client, desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        stream = await client.stream(key="trader")
        body = {"request": "c-1"}
        await stream.send_json({"op": "cancel", "id": "c", "order": "o-1", "body": body})
        await stream.close()
        await desk.asked_for("cancel")

        assert desk.orders["desk", "o-1"]["status"] == "canceled"

    story(tmp_path, tell)


def test_nobody_names_a_client_for_an_order(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="boss") as stream:
            await stream.send_json({"op": "submit", "id": "s", "client": "fund", "body": OWN})
            said = await heard(stream, "error")

        assert said["problem"]["field"] == "client"
        assert not desk.orders

    story(tmp_path, tell)


def test_a_daemon_with_an_older_copy_of_its_journal_ends_what_is_followed(tmp_path):
    async def tell(client, desk):
        async with client.stream(key="trader") as stream:
            await subscribed(stream)
            for _ in range(5):
                await desk.tell()
            await places(stream, 5)
            await client.daemon.hang_up()
            del desk.reports[2:]
            await client.daemon.come_back()
            said = await heard(stream, "error")
            begun = await subscribed(stream)

        assert (said["id"], said["problem"]["code"]) == ("r", "lost")
        assert begun["place"] == [2, 0]

    story(tmp_path, tell)


def test_strangers_do_not_keep_those_with_keys_out(tmp_path):
    async def tell(client, _desk):
        async with AsyncExitStack() as strangers:
            for _ in range(STRANGERS_MAX):
                await strangers.enter_async_context(client.stream())
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.stream()
            async with client.stream(key="trader") as stream:
                assert (await heard(stream, "welcome"))["key"] == "trader"

        assert refused.value.status == 503

    story(tmp_path, tell)
