"""What a client is told of a fault of ours: that it was one, and nothing of how."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest

from router.gateway.access import Principal
from router.gateway.config import HttpSettings
from router.gateway.http.doing import who_is
from router.gateway.http.doorman import Doorman
from router.gateway.http.server import Door, server_of
from router.gateway.rates import Rates
from tests.integration.http.door import Client


class Broken:
    async def do(self, _route, _call, *, source, request):
        raise RuntimeError(f"a secret of {source} {request}")


@asynccontextmanager
async def served(doing, alarms, **limits):
    """Serve a door alone, and yield its port."""

    async def nothing(*_):
        return None

    doorman = Doorman(None, Rates(HttpSettings(without_keys=True)), now=lambda: 10**18)
    door = Door(doorman, doing, ready=nothing, upgrade=nothing, run="r", body_bytes_max=1_024)
    server = server_of(door, body_bytes_max=1_024, alarm=alarms.append, **limits)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    listener.close()
    await server.shutdown(1)


def test_a_fault_is_told_without_a_trace_and_somebody_is_called():
    alarms = []

    async def story():
        async with served(Broken(), alarms) as port, aiohttp.ClientSession() as session:
            status, head, problem = await Client(session, port).ask("GET", "/v1/venues")

        assert (status, problem["code"]) == (500, "internal")
        assert head["Content-Type"] == "application/problem+json"
        assert "secret" not in str(problem)
        assert alarms == ["http gateway: RuntimeError while answering"]

    asyncio.run(story())


@pytest.mark.parametrize("limit", ["connections_max", "of_address_max"])
def test_a_connection_too_many_is_hung_up_on_and_the_others_are_served(limit):
    async def story():
        async with served(Broken(), [], **{limit: 2}) as port:
            connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            async with asyncio.timeout(5):
                assert await connections[2][0].read() == b""
            reader, writer = connections[0]
            writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await reader.readline()).split()[1] == b"200"
            for _, each in connections:
                each.close()
                await each.wait_closed()

    asyncio.run(story())


def test_a_session_lists_what_the_key_really_may():
    principal = Principal("k", "desk", ("viewer",), frozenset({"quote", "margin_read"}), ("main",))

    assert who_is(principal)["permissions"] == ["quote"]
