"""Who may do what, by every way in: the table is written by hand, and so is each row's meaning.

A row names the roles that may (V viewer, T trader, R risk, K kill, O ops, A admin), and what comes
of a key with such a role, but not for the account: 403 where the request names the account, 404
where it names somebody else's order. DESK: only for keys of the whole desk. ANYONE: it concerns no
account.
"""

import asyncio
from typing import get_args

import orjson
import pytest

from router.gateway.http.routes import ROUTES
from router.gateway.http.stream_messages import Subscribe
from tests.integration.http.door import opened
from tests.integration.http.keyring import OWNERS, ROLES, Watched, config, signed

DESK, ANYONE = "desk", "anyone"
TABLE = {
    "POST /orders": ("T", 403),
    "GET /orders": ("VTR", 403),
    "GET /orders/{name}": ("VTR", 404),
    "GET /orders/{name}/report": ("VTR", 404),
    "GET /orders/{name}/plans/{number}": ("VTR", 404),
    "POST /orders/{name}/cancel": ("TRK", 404),
    "POST /orders/{name}/amend": ("T", 404),
    "POST /orders/cancel": ("TRK", 403),
    "POST /baskets": ("T", 403),
    "POST /baskets/{name}/cancel": ("TRK", 404),
    "POST /quotes": ("VTR", 403),
    "POST /quotes/{quote}/orders": ("T", 403),
    "GET /positions": ("VTR", 403),
    "GET /accounts": ("VTR", DESK),
    "GET /margin": ("VTR", DESK),
    "GET /stress": ("VTR", DESK),
    "GET /funding": ("VTR", DESK),
    "GET /status": ("VTRKOA", ANYONE),
    "GET /venues": ("VTRKOA", ANYONE),
    "GET /instruments": ("VTRKOA", ANYONE),
    "GET /algos": ("VTRKOA", ANYONE),
    "GET /book": ("VTRKOA", ANYONE),
    "GET /journal": ("VTROA", DESK),
    "GET /switches": ("VTRKOA", ANYONE),
    "POST /switches": ("R", DESK),
    "POST /halt": ("RK", DESK),
    "POST /reload": ("RO", DESK),
    "POST /reconcile": ("RO", DESK),
    "POST /accept": ("R", DESK),
    "POST /bust": ("R", DESK),
    "GET /audit": ("A", DESK),
    "GET /session": ("VTRKOA", ANYONE),
}
CHANNELS = {
    "reports": ("VTR", 403),
    "risk": ("VTR", DESK),
    "book": ("VTRKOA", ANYONE),
    "status": ("VTRKOA", ANYONE),
}
MESSAGES = {
    "submit": ("POST /orders", "T", 403),
    "cancel": ("POST /orders/{name}/cancel", "TRK", 404),
    "amend": ("POST /orders/{name}/amend", "T", 404),
    "quote": ("POST /quotes", "VTR", 403),
}
QUERIES = {"GET /book": "base=ETH&quote=USDC"}


def request_of(route, whose, *, is_desk):
    """Return method, target and body of a request for somebody's account."""
    name = f"{route.method} {route.path}"
    client, account = OWNERS[whose]
    path = "/v1" + route.path.format(name=whose, number="0", quote="q-" + "0" * 16)
    query, body = [QUERIES[name]] if name in QUERIES else [], dict(route.example)
    meaning = TABLE[name][1]
    if meaning == 404 and is_desk and route.concerns == "order":
        query.append(f"client={client}")
    if meaning == 403 and route.method == "GET":
        query.append(f"account={account}")
    if meaning == 403 and route.method == "POST":
        body["account"] = account
    target = path + ("?" + "&".join(query) if query else "")
    return route.method, target, orjson.dumps(body) if body or route.body else b""


def expected(meaning, *, may, is_desk, whose):
    """Return what a row says: None for being let through, or the status of the refusal."""
    if not may or (meaning == DESK and not is_desk):
        return 403
    if meaning in {DESK, ANYONE} or is_desk or whose == "own":
        return None
    return meaning


def cases():
    for letter, role in ROLES.items():
        for whose in OWNERS:
            yield letter, f"{role}-scoped", whose, False
            yield letter, f"{role}-desk", whose, True


def run(tmp_path, work):
    async def within():
        desk = Watched()
        async with asyncio.timeout(60), opened(tmp_path, config(), desk) as client:
            await work(client, desk)

    asyncio.run(within())


def test_every_route_has_its_row():
    assert {f"{route.method} {route.path}" for route in ROUTES} == TABLE.keys()


def test_every_channel_has_its_row():
    assert set(get_args(Subscribe.model_fields["channel"].annotation)) == CHANNELS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_role_does_what_its_row_says_and_nothing_else(tmp_path, route):
    roles, meaning = TABLE[f"{route.method} {route.path}"]

    async def work(client, desk):
        for letter, key, whose, is_desk in cases():
            desk.done.clear()
            method, target, body = request_of(route, whose, is_desk=is_desk)
            head = signed(key, method, target, body)
            status, _, said = await client.ask(method, target, body or None, headers=head)
            refusal = expected(meaning, may=letter in roles, is_desk=is_desk, whose=whose)
            case = f"{key} for {whose}: {status} {said}"
            if refusal is None:
                assert 200 <= status < 300, case
            else:
                assert status == refusal, case
                assert not desk.done, case

    run(tmp_path, work)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_nobody_does_anything_without_a_signature_of_exactly_that_now(tmp_path, route):
    async def work(client, desk):
        method, target, body = request_of(route, "own", is_desk=True)
        good = signed("all-desk", method, target, body)
        other = signed("viewer-desk", method, target, body)
        elsewhere = signed("all-desk", method, target + "x", body)
        late = signed("all-desk", method, target, body, late_ms=6_000)
        early = signed("all-desk", method, target, body, late_ms=-2_500)
        unknown = "the key is not known, or the signature is not its own"
        faults = (
            ({}, "Headrace-Key: missing"),
            (good | {"Headrace-Signature": other["Headrace-Signature"]}, unknown),
            (good | {"Headrace-Key": "viewer-desk"}, unknown),
            (good | {"Headrace-Key": "nobody"}, unknown),
            (elsewhere, unknown),
            (late, "ms behind ours"),
            (early, "ms ahead of ours"),
            (good | {"Headrace-Nonce": "short"}, "Headrace-Nonce: must have"),
        )
        for head, detail in faults:
            status, _, said = await client.ask(method, target, body or None, headers=head)
            assert (status, said["code"]) == (401, "unauthenticated"), said
            assert detail in said["detail"]
        assert not desk.done

        status, _, said = await client.ask(method, target, body or None, headers=good)
        assert 200 <= status < 300, said
        done = len(desk.done)
        status, _, said = await client.ask(method, target, body or None, headers=good)
        assert (status, said["code"]) == (401, "unauthenticated")
        assert "was used already" in said["detail"]
        assert len(desk.done) == done

    run(tmp_path, work)


def test_a_halt_is_the_pagers_and_any_other_switch_is_not(tmp_path):
    async def work(client, desk):
        for state in ("active", "reduce_only", "cancel_only", "halted"):
            for letter, role in ROLES.items():
                desk.done.clear()
                body = orjson.dumps({"scope": "firm", "state": state, "reason": "a test"})
                head = signed(f"{role}-desk", "POST", "/v1/switches", body)
                status, _, _ = await client.ask("POST", "/v1/switches", body, headers=head)
                may = letter in ("RK" if state == "halted" else "R")
                assert (status, len(desk.done)) == ((200, 1) if may else (403, 0)), (state, role)

    run(tmp_path, work)


@pytest.mark.parametrize(
    ("target", "do"), [("/v1/orders", "orders"), ("/v1/positions", "positions")]
)
def test_a_list_is_cut_to_the_keys_accounts(tmp_path, target, do):
    async def work(client, desk):
        await client.ask("GET", target, headers=signed("viewer-scoped", "GET", target))
        await client.ask("GET", target, headers=signed("viewer-desk", "GET", target))

        (first, narrow), (second, wide) = desk.done
        assert (first, second) == (do, do)
        assert (narrow["client"], narrow["accounts"]) == ("alpha", ["a1"])
        assert not {"client", "accounts"} & wide.keys()

    run(tmp_path, work)


@pytest.mark.parametrize("way", ["rest", "stream"])
def test_a_quote_tells_of_the_desks_margin_to_those_alone_who_may_read_it(tmp_path, way):
    route = next(route for route in ROUTES if route.operation == "quote")
    (roles, at), (margin_roles, meaning) = TABLE["POST /quotes"], TABLE["GET /margin"]
    assert meaning == DESK

    async def work(client, desk):
        for letter, key, whose, is_desk in cases():
            desk.done.clear()
            body = {**route.example, "account": OWNERS[whose][1]}
            if way == "rest":
                sent = orjson.dumps(body)
                head = signed(key, "POST", "/v1/quotes", sent)
                await client.ask("POST", "/v1/quotes", sent, headers=head)
            else:
                frame = {"op": "quote", "id": "1", "body": body}
                async with client.stream(headers=signed(key, "GET", "/v1/stream")) as socket:
                    await socket.send_str(orjson.dumps(frame).decode())
                    await told(socket, "1")
            refusal = expected(at, may=letter in roles, is_desk=is_desk, whose=whose)
            sees = [] if refusal else [is_desk and letter in margin_roles]
            assert [fields["margin"] for _, fields in desk.done] == sees, (key, whose)

    run(tmp_path, work)


def test_many_orders_at_once_are_cancelled_within_the_keys_accounts(tmp_path):
    async def work(client, desk):
        body = b'{"request":"all-1"}'
        head = signed("trader-scoped", "POST", "/v1/orders/cancel", body)
        await client.ask("POST", "/v1/orders/cancel", body, headers=head)

        ((do, fields),) = desk.done
        assert (do, fields["client"], fields["accounts"]) == ("mass_cancel", "alpha", ["a1"])

    run(tmp_path, work)


@pytest.mark.parametrize("said", ["client", "by"])
def test_nobody_says_who_they_are_in_a_body(tmp_path, said):
    async def work(client, desk):
        order = next(route for route in ROUTES if route.operation == "submitOrder").example
        body = orjson.dumps({**order, "account": "a1", said: "beta"})
        head = signed("trader-scoped", "POST", "/v1/orders", body)
        status, _, _ = await client.ask("POST", "/v1/orders", body, headers=head)

        assert status == 422
        assert not desk.done

    run(tmp_path, work)


def test_an_order_is_its_keys_clients_and_says_by_whom(tmp_path):
    async def work(client, desk):
        order = next(route for route in ROUTES if route.operation == "submitOrder").example
        body = orjson.dumps({k: v for k, v in order.items() if k != "account"})
        head = signed("trader-scoped", "POST", "/v1/orders", body)
        await client.ask("POST", "/v1/orders", body, headers=head)

        ((_, fields),) = desk.done
        who = {name: fields["order"][name] for name in ("client", "account", "by")}
        assert who == {"client": "alpha", "account": "a1", "by": "trader-scoped"}

    run(tmp_path, work)


async def told(socket, name):
    """Return the next message to a subscription or request of a stream."""
    while True:
        message = orjson.loads((await socket.receive()).data)
        if message.get("id") == name:
            return message


def test_a_stream_tells_each_role_what_its_row_says(tmp_path):
    async def work(client, _desk):
        for letter, key, whose, is_desk in cases():
            head = signed(key, "GET", "/v1/stream")
            async with client.stream(headers=head) as socket:
                for channel, (roles, meaning) in CHANNELS.items():
                    frame = {"op": "subscribe", "id": channel, "channel": channel}
                    frame |= {"base": "ETH", "quote": "USDC"} if channel == "book" else {}
                    frame |= {"account": OWNERS[whose][1]} if channel == "reports" else {}
                    await socket.send_str(orjson.dumps(frame).decode())
                    said = await told(socket, channel)
                    refusal = expected(meaning, may=letter in roles, is_desk=is_desk, whose=whose)
                    found = said["problem"]["status"] if said["op"] == "error" else None
                    assert found == refusal, (key, whose, said)

    run(tmp_path, work)


@pytest.mark.parametrize("op", list(MESSAGES))
def test_a_message_of_a_stream_needs_what_its_request_needs(tmp_path, op):
    name, roles, meaning = MESSAGES[op]
    route = next(route for route in ROUTES if f"{route.method} {route.path}" == name)
    assert TABLE[name] == (roles, meaning)

    async def work(client, desk):
        for letter, key, whose, is_desk in cases():
            desk.done.clear()
            body = dict(route.example)
            frame = {"op": op, "id": "1", "body": body}
            if meaning == 403:
                body["account"] = OWNERS[whose][1]
            else:
                frame["order"] = whose
                frame |= {"client": OWNERS[whose][0]} if is_desk else {}
            async with client.stream(headers=signed(key, "GET", "/v1/stream")) as socket:
                await socket.send_str(orjson.dumps(frame).decode())
                said = await told(socket, "1")
            refusal = expected(meaning, may=letter in roles, is_desk=is_desk, whose=whose)
            found = said["problem"]["status"] if said["op"] == "error" else None
            assert found == refusal, (key, whose, said)
            assert bool(desk.done) is (refusal is None), (key, whose, desk.done)

    run(tmp_path, work)


@pytest.mark.parametrize(
    "fault", ["none", "wrong", "replayed", "late"], ids=lambda fault: f"signature: {fault}"
)
def test_a_stream_tells_nobody_anything_without_a_signature(tmp_path, fault):
    async def work(client, desk):
        head = signed("all-desk", "GET", "/v1/stream", late_ms=6_000 if fault == "late" else 0)
        if fault == "wrong":
            head = signed("all-desk", "GET", "/v1/orders")
        if fault == "replayed":
            async with client.stream(headers=head):
                pass
        async with client.stream() as socket:
            if fault == "none":
                frame = {"op": "subscribe", "id": "1", "channel": "status"}
            else:
                frame = {"op": "authenticate", "id": "1", "headers": head}
            await socket.send_str(orjson.dumps(frame).decode())
            heard = [message.data async for message in socket]

        assert socket.close_code == 4001
        assert not any("subscribed" in str(each) for each in heard)
        assert not desk.done

    run(tmp_path, work)
