"""The gateway before a real daemon on both sandboxes: from an order to its fills, and all else."""

import asyncio
import re
from contextlib import asynccontextmanager

import aiohttp
import jsonschema_rs
import orjson
import pytest

from router.gateway.http.openapi import document
from router.gateway.http.routes import PREFIX, ROUTES
from tests.integration.cli.conftest import furnished
from tests.integration.http.door import Client

DOCUMENT = document()
DOOR = "[gateway.http]\nwithout_keys = true\n\n"
BUY = {"side": "buy", "base": "ETH", "quote": "USDC", "quantity": "1", "slippage_max_bps": "100"}


@pytest.fixture(scope="module")
def port(counterparties, tmp_path_factory):
    made = furnished(counterparties, tmp_path_factory.mktemp("whole"))
    made.with_text(r"^\[assets\]$", DOOR + "[assets]")
    with made.daemon() as (_, ready):
        yield ready["port"]


@pytest.fixture(scope="module")
def filled(port):
    """Return the reports of an order that was bought by a stream, to its end."""

    async def tell():
        async with opened(port) as client, client.stream() as stream:
            await stream.send_json({"op": "subscribe", "id": "r", "channel": "reports"})
            await heard(stream, "subscribed")
            body = {**BUY, "client_order_id": "w-1"}
            await stream.send_json({"op": "submit", "id": "1", "body": body})
            told = []
            while not told or told[-1]["status"] not in {"filled", "canceled", "rejected"}:
                told += (await heard(stream, "events"))["events"]
            return told

    return asyncio.run(tell())


@asynccontextmanager
async def opened(port):
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        yield Client(session, port)


async def heard(stream, op):
    while True:
        said = await stream.receive_json()
        assert said["op"] != "error", said
        if said["op"] == op:
            return said


def asked(port, method, target, body=None):
    async def tell():
        async with opened(port) as client:
            status, _, answer = await client.ask(method, target, body)
            return status, answer

    return asyncio.run(tell())


def checked(route, status, answer):
    """Hold an answer against what the document promises."""
    operation = DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]
    (content,) = operation["responses"][str(status)]["content"].values()
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(schema).validate(answer)


def test_an_order_is_followed_from_its_name_to_its_last_fill(filled):
    kinds = [report["kind"] for report in filled]
    fills = [report["fill"] for report in filled if report["kind"] == "trade"]

    assert kinds[0] in {"pending_new", "new"}
    assert kinds[-1] == "trade"
    assert float(filled[-1]["leaves"]) == 0.0
    assert sum(float(fill["quantity"]) for fill in fills) == pytest.approx(1.0, abs=1e-9)
    places = [tuple(report["place"]) for report in filled]
    assert places == sorted(set(places))


def test_the_same_name_by_another_way_is_the_same_order(port, filled):
    body = {**BUY, "client_order_id": "w-1"}

    status, answer = asked(port, "POST", "/v1/orders", body)
    other, refused = asked(port, "POST", "/v1/orders", {**body, "quantity": "2"})

    assert (status, answer["is_new"], answer["order"]) == (200, False, filled[0]["order"])
    assert (other, refused["code"]) == (409, "duplicate")


GETS = [route for route in ROUTES if route.method == "GET"]


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.operation)
def test_what_is_read_is_what_the_document_promises(port, filled, route):
    target = PREFIX + route.path.format(name="w-1", number=0)
    query = {"/book": "?base=ETH&quote=USDC&depth=3", "/orders": "?ended=true&limit=5"}

    status, answer = asked(port, "GET", target + query.get(route.path, ""))

    assert filled
    assert status == 200, answer
    checked(route, status, answer)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/quotes", {**BUY, "compare": True}, 200),
        ("/orders/cancel", {"request": "all-1"}, 200),
        ("/orders/w-1/cancel", {"request": "late-1"}, 409),
        ("/orders/w-1/amend", {"request": "late-2", "quantity": "3"}, 409),
        ("/switches", {"state": "active", "reason": "all is well"}, 200),
        ("/reload", {}, 200),
        ("/reconcile", {}, 200),
        ("/accept", {"reason": "as it is"}, 200),
        ("/bust", {"child": "c", "fill": "f", "reason": "x"}, 404),
        ("/baskets/none/cancel", {"request": "b-1"}, 404),
        ("/orders", {**BUY, "client_order_id": "w-2", "base": "NONE"}, 422),
    ],
)
def test_what_is_asked_is_answered_as_the_document_promises(port, filled, path, body, status):
    found, answer = asked(port, "POST", PREFIX + path, body)

    assert filled
    assert found == status, answer
    pattern = re.sub(r"/(w-1|none)/", "/{name}/", path)
    (route,) = [each for each in ROUTES if (each.method, each.path) == ("POST", pattern)]
    checked(route, found, answer)


def test_who_resumes_from_the_beginning_hears_all_of_it_once(port, filled):
    async def tell():
        async with opened(port) as client, client.stream() as stream:
            said = {"op": "subscribe", "id": "r", "channel": "reports", "after": [0, 0]}
            await stream.send_json(said)
            told = []
            while not told or told[-1]["place"] < filled[-1]["place"]:
                told += (await heard(stream, "events"))["events"]
            return told

    told = [report for report in asyncio.run(tell()) if report["order"] == filled[0]["order"]]

    assert told[: len(filled)] == filled


def test_the_desk_is_ready_and_its_liquidity_is_told(port):
    async def tell():
        async with opened(port) as client, client.stream() as stream:
            ready = await client.ask("GET", "/ready")
            said = {"op": "subscribe", "id": "b", "channel": "book", "base": "ETH", "quote": "USDC"}
            await stream.send_json(said)
            await stream.send_json({"op": "subscribe", "id": "s", "channel": "status"})
            seen = {}
            while len(seen) < 2:
                events = await heard(stream, "events")
                seen[events["id"]] = events["events"][-1]
            return ready[0], seen

    status, seen = asyncio.run(tell())

    assert status == 200
    assert seen["b"]["base"] == "ETH"
    assert seen["s"]["is_ready"] is True
    assert orjson.dumps(seen)
