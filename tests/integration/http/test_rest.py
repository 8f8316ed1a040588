"""Requests over HTTP, by a real gateway over a real link; behind it, a scripted daemon."""

import asyncio

import pytest

from tests.integration.http.door import ORDER, config_text, keyed, opened, signature
from tests.integration.http.scripted import ScriptedDesk

OWN = {**ORDER, "account": "main"}
TERMS = {name: text for name, text in ORDER.items() if name != "client_order_id"}


def story(tmp_path, tell, *, text=None, desk=None):
    async def run():
        scripted = desk or ScriptedDesk()
        async with opened(tmp_path, text or keyed(), scripted) as client:
            await tell(client, scripted)

    asyncio.run(run())


def test_an_order_is_taken_once_whatever_is_sent_again(tmp_path):
    async def tell(client, desk):
        first = await client.ask("POST", "/v1/orders", OWN, key="trader")
        again = await client.ask("POST", "/v1/orders", OWN, key="trader")
        other = await client.ask("POST", "/v1/orders", {**OWN, "quantity": "2"}, key="trader")

        assert (first[0], first[2]["is_new"]) == (201, True)
        assert (again[0], again[2]["is_new"]) == (200, False)
        assert (other[0], other[2]["code"]) == (409, "duplicate")
        assert len(desk.orders) == 1

    story(tmp_path, tell)


def test_the_daemon_is_told_who_asks_and_never_by_the_body(tmp_path):
    async def tell(client, desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        forged = await client.ask("POST", "/v1/orders", {**OWN, "by": "boss"}, key="trader")

        (order,) = [fields["order"] for do, fields in desk.asked if do == "submit"]
        assert (order["client"], order["account"], order["by"]) == ("desk", "main", "trader")
        assert (forged[0], forged[2]["field"]) == (422, "by")

    story(tmp_path, tell)


def test_pages_hold_every_order_once(tmp_path):
    async def tell(client, _desk):
        for number in range(23):
            body = {**OWN, "client_order_id": f"o-{number}"}
            await client.ask("POST", "/v1/orders", body, key="trader")
        seen, after = [], ""
        while after is not None:
            target = f"/v1/orders?limit=5{f'&after={after}' if after else ''}"
            status, _, page = await client.ask("GET", target, key="trader")
            assert status == 200
            assert len(page["orders"]) <= 5
            seen.extend(order["client_order_id"] for order in page["orders"])
            after = page["next"]

        assert seen == [f"o-{number}" for number in range(23)]

    story(tmp_path, tell)


def test_somebody_elses_order_is_no_order(tmp_path):
    async def tell(client, desk):
        await client.ask("POST", "/v1/orders", {**OWN, "account": "side"}, key="trader")

        unseen = await client.ask("GET", "/v1/orders/o-1", key="viewer")  # of account main only
        missing = await client.ask("GET", "/v1/orders/o-9", key="viewer")
        cancel = await client.ask("POST", "/v1/orders/o-1/cancel", {"request": "c"}, key="other")

        assert unseen[0] == missing[0] == cancel[0] == 404
        assert unseen[2]["detail"].replace("o-1", "o-9") == "order: 'o-9' is not known"
        assert desk.count("cancel") == 0

    story(tmp_path, tell)


def test_a_cancel_is_named_by_the_header_too(tmp_path):
    async def tell(client, _desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        done = await client.ask(
            "POST", "/v1/orders/o-1/cancel", key="trader", headers={"Idempotency-Key": "c-1"}
        )
        late = await client.ask("POST", "/v1/orders/o-1/cancel", {"request": "c-2"}, key="trader")
        unnamed = await client.ask("POST", "/v1/orders/o-1/cancel", {}, key="trader")

        assert (done[0], done[2]["request"]) == (200, "c-1")
        assert (late[0], late[2]["code"]) == (409, "too_late")
        assert (unnamed[0], unnamed[2]["field"]) == (422, "request")

    story(tmp_path, tell)


def test_what_is_under_way_is_accepted_and_not_yet_done(tmp_path):
    async def tell(client, _desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        status, _, answer = await client.ask(
            "POST", "/v1/orders/o-1/amend", {"request": "a-1", "quantity": "2"}, key="trader"
        )

        assert (status, answer["result"]) == (202, "pending")

    story(tmp_path, tell)


def test_a_switch_is_set_once_for_one_key_and_another_body_is_refused(tmp_path):
    async def tell(client, desk):
        named = {"Idempotency-Key": "halt-1"}
        body = {"reason": "prices look wrong"}
        first = await client.ask("POST", "/v1/halt", body, key="kill", headers=named)
        again = await client.ask("POST", "/v1/halt", body, key="kill", headers=named)
        other = await client.ask("POST", "/v1/halt", {"reason": "x"}, key="kill", headers=named)

        assert first[0] == again[0] == 200
        assert first[2] == again[2]
        assert (other[0], other[2]["code"]) == (409, "duplicate")
        assert desk.count("switch") == 1

    story(tmp_path, tell)


def test_the_pager_stops_the_desk_and_does_not_start_it(tmp_path):
    async def tell(client, desk):
        stop = {"state": "halted", "reason": "x"}
        start = {"state": "active", "reason": "x"}
        halted = await client.ask("POST", "/v1/switches", stop, key="kill")
        resumed = await client.ask("POST", "/v1/switches", start, key="kill")
        by_risk = await client.ask("POST", "/v1/switches", start, key="boss")

        assert (halted[0], resumed[0], by_risk[0]) == (200, 403, 200)
        assert [f["by"] for do, f in desk.asked if do == "switch"] == ["kill", "boss"]

    story(tmp_path, tell)


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "code"),
    [
        ("POST", "/v1/orders", b"{", {}, 400, "malformed"),
        ("POST", "/v1/orders", b"\xff\xfe", {}, 400, "malformed"),
        ("POST", "/v1/orders", b"[]", {}, 422, "invalid"),
        ("POST", "/v1/orders", b"null", {}, 422, "invalid"),
        ("POST", "/v1/orders", b'{"a":' + b"[" * 5_000, {}, 400, "malformed"),
        ("POST", "/v1/orders", b"x" * 300_000, {}, 413, "too_large"),
        ("POST", "/v1/orders", b"a=1", {"Content-Type": "text/plain"}, 415, "unsupported_media"),
        ("POST", "/v1/orders", b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_media"),
        ("POST", "/v1/halt", {"reason": "x"}, {"Idempotency-Key": "a b"}, 422, "invalid"),
        ("POST", "/v1/halt", {"reason": "a\u0000b"}, {}, 422, "invalid"),
        ("GET", "/v1/orders?limit=0", None, {}, 422, "invalid"),
        ("GET", "/v1/orders?nonsense=1", None, {}, 422, "invalid"),
        ("GET", "/v1/orders?limit=1&limit=2", None, {}, 422, "invalid"),
        ("GET", "/v1/venues?x=1", None, {}, 422, "invalid"),
        ("GET", "/v1/orders/%2e%2e", None, {}, 404, None),
        ("GET", "/v1/orders/%00", None, {}, 404, "not_found"),
        ("GET", "/v1/orders/%ff", None, {}, 404, "not_found"),
        ("GET", "/v1/nothing", None, {}, 404, "not_found"),
        ("PUT", "/v1/orders", b"{}", {}, 405, "method_not_allowed"),
        ("OPTIONS", "/v1/orders", None, {}, 405, "method_not_allowed"),
        ("GET", "/v1/stream", None, {}, 400, "malformed"),
        ("GET", "/v1/session", None, {"Origin": "https://evil.example"}, 403, "forbidden"),
        ("GET", "/v1/session", None, {"Host": "evil.example"}, 403, "forbidden"),
        ("GET", "/v1/venues", None, {}, 422, "invalid"),  # the script does not do that
    ],
)
def test_whatever_is_sent_is_answered_with_a_problem(
    tmp_path, method, target, body, headers, status, code
):
    async def tell(client, _desk):
        found, head, problem = await client.ask(method, target, body, headers=headers)

        assert found == status
        assert head["Content-Type"] == "application/problem+json"
        assert problem["status"] == status
        assert code in {None, problem["code"]}
        assert problem["instance"] == head["X-Request-Id"]
        assert "Access-Control-Allow-Origin" not in head

    story(tmp_path, tell, text=config_text())


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /live HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(100)) + b"\r\n",
        b"GET /live HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/venues?\xff=1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/venues?%ff=%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \xff\r\n\r\n",
        b"GET /v1/orders HTTP/1.1\r\nHost: \xff\r\nOrigin: \xff\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_not_http_is_the_clients_fault_and_others_are_served(tmp_path, raw):
    async def tell(client, _desk):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(raw)
        writer.write_eof()
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        assert not answer or answer.split()[1][:1] in {b"2", b"4"}, answer
        assert (await client.ask("GET", "/live"))[0] == 200

    story(tmp_path, tell, text=config_text())


def test_what_signs_in_with_nonsense_is_turned_away(tmp_path):
    async def tell(client, _desk):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        names = ("Key", "Timestamp", "Nonce", "Signature")
        head = b"".join(b"Headrace-%b: \xff\r\n" % name.encode() for name in names)
        writer.write(b"GET /v1/session HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
        async with asyncio.timeout(5):
            line = await reader.readline()
        writer.close()
        await writer.wait_closed()

        assert line.split()[1] == b"401"
        assert (await client.ask("GET", "/v1/session", key="boss"))[0] == 200

    story(tmp_path, tell)


def test_a_signed_request_is_taken_once(tmp_path):
    async def tell(client, desk):
        head = signature("boss", "POST", "/v1/reconcile")
        first = await client.ask("POST", "/v1/reconcile", headers=head)
        replayed = await client.ask("POST", "/v1/reconcile", headers=head)

        assert (first[0], replayed[0]) == (200, 401)
        assert replayed[1]["WWW-Authenticate"]
        assert desk.count("reconcile") == 1

    story(tmp_path, tell)


def test_a_signature_is_of_the_whole_request(tmp_path):
    async def tell(client, _desk):
        head = signature("trader", "GET", "/v1/orders?limit=5")

        assert (await client.ask("GET", "/v1/orders?limit=6", headers=head))[0] == 401

    story(tmp_path, tell)


def test_who_asks_too_often_is_held_back_and_may_still_cancel(tmp_path):
    async def tell(client, _desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        statuses = [(await client.ask("GET", "/v1/session", key="trader"))[0] for _ in range(5)]
        held = await client.ask("GET", "/v1/session", key="trader")
        cancel = await client.ask("POST", "/v1/orders/o-1/cancel", {"request": "c"}, key="trader")

        assert 429 in statuses
        assert (held[0], held[2]["code"]) == (429, "throttled")
        assert int(held[1]["Retry-After"]) >= 1
        assert cancel[0] == 200

    story(tmp_path, tell, text=keyed("requests_per_s = 1\nrequests_burst = 3"))


def test_without_the_daemon_nothing_is_sent_and_it_is_said(tmp_path):
    async def run():
        async with opened(tmp_path, config_text()) as client:
            live = await client.ask("GET", "/live")
            ready = await client.ask("GET", "/ready")
            order = await client.ask("POST", "/v1/orders", ORDER)

            assert live[0] == 200
            assert (ready[0], ready[2]["code"]) == (503, "not_ready")
            assert (order[0], order[2]["code"]) == (503, "degraded")

    asyncio.run(run())


def test_what_a_lost_daemon_may_have_done_is_not_known(tmp_path):
    desk = ScriptedDesk()

    async def tell(client, _desk):
        desk.gate.clear()
        asked = asyncio.create_task(client.ask("POST", "/v1/quotes", TERMS))
        await desk.asked_for("quote")
        await client.daemon.hang_up()
        status, _, problem = await asked

        assert (status, problem["code"]) == (504, "away")

    story(tmp_path, tell, text=config_text(), desk=desk)


def test_the_record_tells_who_did_what_and_who_was_turned_away(tmp_path):
    async def tell(client, _desk):
        await client.ask("POST", "/v1/orders", OWN, key="trader")
        await client.ask("POST", "/v1/halt", {"reason": "x"}, key="trader")
        await client.ask("GET", "/v1/session", headers=signature("trader", "GET", "/v1/other"))
        denied = await client.ask("GET", "/v1/audit", key="trader")
        wanted = {
            ("submitOrder", "allowed"),
            ("halt", "forbidden"),
            ("authenticate", "unauthenticated"),
        }
        told = set()
        async with asyncio.timeout(10):  # nobody who is turned away waits for the file
            while not told >= wanted:
                status, _, page = await client.ask("GET", "/v1/audit?limit=100", key="boss")
                told = {(row["action"], row.get("decision")) for row in page["records"]}

        assert (status, denied[0]) == (200, 403)
        (order,) = [row for row in page["records"] if row["action"] == "submitOrder"]
        assert (order["key"], order["account"], order["details"]["client_order_id"]) == (
            "trader",
            "main",
            "o-1",
        )

    story(tmp_path, tell)


def test_the_document_and_the_page_are_open_to_all(tmp_path):
    async def tell(client, _desk):
        status, _, document = await client.ask("GET", "/openapi.json")
        page = await client.ask("GET", "/docs")

        assert (status, document["openapi"]) == (200, "3.1.0")
        assert page[1]["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in page[1]["Content-Security-Policy"]

    story(tmp_path, tell)


def test_a_key_of_one_order_is_not_another_orders(tmp_path):
    async def tell(client, desk):
        keyed_once = {"Idempotency-Key": "k-1"}
        wrong = {**OWN, "side": "up"}
        other = {**OWN, "client_order_id": "o-2"}
        told = [
            await client.ask("POST", "/v1/orders", body, key="trader", headers=keyed_once)
            for body in (wrong, OWN, OWN, other)
        ]

        assert [status for status, _, _ in told] == [422, 201, 200, 409]
        assert list(desk.orders) == [("desk", "o-1")]

    story(tmp_path, tell)
