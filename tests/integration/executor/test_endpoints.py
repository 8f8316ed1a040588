"""Which node is asked: wrong chains, laggards, broken connections, contradictions."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.integration.executor.node import PASS, Node, RpcFault
from tests.integration.executor.scene import S, SystemClock, config
from venues.evm.nodes.endpoints import Endpoints
from venues.sandbox.chain import start
from venues.transport.error import NotDeliveredError, TransportError

HURRY = 100  # times faster than the clock that the endpoints think they have


class HastyClock(SystemClock):
    async def sleep(self, duration):
        await asyncio.sleep(duration / S / HURRY)


def run(chain, scenario, *, count=2, **changes):
    async def main():
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            nodes = [
                await stack.enter_async_context(Node(chain.manifest.http_url)) for _ in range(count)
            ]
            urls = tuple(node.ws_url for node in nodes)
            configured = config(chain.manifest, **({"ws_urls": urls} | changes))
            endpoints = Endpoints(configured, HastyClock())
            stack.push_async_callback(endpoints.close)
            return await scenario(endpoints, *nodes)

    return asyncio.run(main())


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells when an endpoint was looked at
            await asyncio.sleep(0.01)


def problems(endpoints):
    return [health.problem for health in endpoints.health()]


def used(nodes):
    """Return how often each node was asked."""
    return [len(node.calls("net_version")) for node in nodes]


async def ask(endpoints):
    await endpoints.ask(lambda chain: chain.request("net_version"))


def behind(chain, blocks):
    """Return a rule by which a node shows a head that is older than the chain's."""
    number = hex(chain.client.block_number() - blocks)

    def rule(tag, _bodies):
        if tag != "latest":
            return PASS
        return chain.client.header(number)

    return rule


def test_the_first_healthy_endpoint_is_asked_and_stays(chain):
    async def scenario(endpoints, *nodes):
        for _ in range(3):
            await ask(endpoints)
        assert used(nodes) == [3, 0]
        assert problems(endpoints) == ["", ""]
        assert all(health.latency > 0 for health in endpoints.health())

    run(chain, scenario)


def test_an_endpoint_of_another_chain_is_never_asked_anything(chain):
    async def scenario(endpoints, wrong, right):
        wrong.rules["eth_chainId"] = lambda: hex(5)
        await ask(endpoints)
        wrong.rules.clear()
        for _ in range(3):
            await ask(endpoints)
        await asyncio.wait_for(endpoints.everyone(), 1)
        assert used((wrong, right)) == [0, 4]
        assert problems(endpoints)[0] == "is of chain 5, chain_id says 31337"

    run(chain, scenario)


def test_an_endpoint_that_comes_back_as_another_chain_is_banned(chain):
    async def scenario(endpoints, first, second):
        await ask(endpoints)
        first.rules["eth_chainId"] = lambda: hex(5)
        first.cut()
        await until(lambda: endpoints.health()[0].problem)
        await ask(endpoints)
        await until(lambda: "is of chain 5" in problems(endpoints)[0])
        assert used((first, second)) == [1, 1]

    run(chain, scenario)


def test_where_no_endpoint_can_be_used_each_says_why(chain):
    async def scenario(endpoints, wrong):
        wrong.rules["eth_chainId"] = lambda: hex(5)
        with pytest.raises(NotDeliveredError, match=r"is of chain 5.*cannot connect"):
            await endpoints.connected()
        with pytest.raises(NotDeliveredError):
            await endpoints.open()

    async def main():
        async with Node(chain.manifest.http_url) as wrong:
            configured = config(chain.manifest, ws_urls=(wrong.ws_url, "ws://127.0.0.1:1/"))
            endpoints = Endpoints(configured, HastyClock())
            try:
                await scenario(endpoints, wrong)
            finally:
                await endpoints.close()

    asyncio.run(main())


def test_a_laggard_is_passed_over_from_the_start(chain):
    chain.client.mine(10)

    async def scenario(endpoints, slow, fast):
        slow.rules["eth_getBlockByNumber"] = behind(chain, 4)
        await ask(endpoints)
        assert used((slow, fast)) == [0, 1]
        assert "too far behind" in problems(endpoints)[0]

    run(chain, scenario, head_lag_max=3)


def test_a_node_may_be_a_little_behind(chain):
    chain.client.mine(10)

    async def scenario(endpoints, slow, fast):
        slow.rules["eth_getBlockByNumber"] = behind(chain, 3)
        await ask(endpoints)
        assert used((slow, fast)) == [1, 0]

    run(chain, scenario, head_lag_max=3)


def test_an_endpoint_that_falls_behind_is_left_and_taken_again_when_the_other_breaks(chain):
    async def scenario(endpoints, first, second):
        await ask(endpoints)
        first.rules["eth_getBlockByNumber"] = behind(chain, 0)
        chain.client.mine(10)
        await until(lambda: "too far behind" in problems(endpoints)[0])
        await ask(endpoints)
        assert used((first, second)) == [1, 1]
        first.rules.clear()
        await until(lambda: problems(endpoints)[0] == "")
        await ask(endpoints)
        assert used((first, second)) == [1, 2]  # no hurry to go back
        second.cut()
        await ask(endpoints)
        assert used((first, second)) == [2, 2]

    run(chain, scenario)


def test_a_question_whose_connection_is_cut_is_put_to_the_other(chain):
    async def scenario(endpoints, first, second):
        await ask(endpoints)

        async def cut():
            first.cut()
            return "never told"

        first.rules["net_version"] = cut
        await ask(endpoints)
        assert used((first, second)) == [2, 1]
        assert endpoints.health()[0].failures_count == 1

    run(chain, scenario)


def test_a_question_that_is_not_answered_in_time_is_put_to_the_other(chain):
    async def scenario(endpoints, first, second):
        await ask(endpoints)
        first.is_muted = True
        await ask(endpoints)
        assert used((first, second)) == [2, 1]
        await asyncio.wait_for(ask(endpoints), 0.3)  # and does not wait for it again
        assert used((first, second)) == [2, 2]

    run(chain, scenario, request_timeout=S // 2)


def test_a_refusal_of_the_question_is_not_the_fault_of_the_endpoint(chain):
    async def scenario(endpoints, first, second):
        def refuse():
            raise RpcFault("no such method")

        first.rules["net_version"] = refuse
        with pytest.raises(Exception, match="no such method"):
            await ask(endpoints)
        assert used((first, second)) == [1, 0]
        assert problems(endpoints)[0] == ""

    run(chain, scenario)


def test_when_none_answers_that_is_told(chain):
    async def scenario(endpoints, first, second):
        await ask(endpoints)
        first.is_muted = second.is_muted = True
        with pytest.raises(TransportError):
            await ask(endpoints)
        first.is_muted = second.is_muted = False
        await ask(endpoints)

    run(chain, scenario, request_timeout=S // 2)


def test_a_single_endpoint_is_connected_again(chain):
    async def scenario(endpoints, node):
        await ask(endpoints)
        node.cut()
        await ask(endpoints)
        await ask(endpoints)
        assert used((node,)) == [3]

    run(chain, scenario, count=1)


def test_a_stream_gets_a_connection_of_its_own_at_a_healthy_endpoint(chain):
    async def scenario(endpoints, first, second):
        first.rules["eth_chainId"] = lambda: hex(5)
        stream = await endpoints.open()
        try:
            assert await stream.chain_id() == 31337
            assert stream is not await endpoints.connected()
            await endpoints.close()
            assert await stream.chain_id() == 31337
        finally:
            await stream.aclose()
        assert second.calls("eth_chainId")

    run(chain, scenario)


def test_after_closing_nobody_is_connected(chain):
    async def scenario(endpoints, *_nodes):
        await endpoints.close()
        with pytest.raises(NotDeliveredError, match="closed"):
            await endpoints.connected()

    run(chain, scenario)


def test_nodes_that_contradict_each_other_stop_everything_until_they_agree(chain):
    with start(seed=8) as other:
        for each in (chain, other):
            each.client.mine(40 - each.client.block_number())

        async def scenario(endpoints, _first, _second):
            with pytest.raises(NotDeliveredError, match="contradict each other: block"):
                await endpoints.connected()
            with pytest.raises(NotDeliveredError, match="contradict"):
                await endpoints.open()

        async def main():
            async with Node(chain.manifest.http_url) as one, Node(other.manifest.http_url) as two:
                configured = config(chain.manifest, ws_urls=(one.ws_url, two.ws_url))
                endpoints = Endpoints(configured, HastyClock())
                try:
                    await scenario(endpoints, one, two)
                    two.rules["eth_getBlockByNumber"] = lambda *params: one.call(
                        "eth_getBlockByNumber", *params
                    )
                    await endpoints.connected()
                finally:
                    await endpoints.close()

        asyncio.run(main())


def test_nodes_may_differ_about_the_newest_blocks(chain):
    chain.client.mine(30)

    async def scenario(endpoints, _first, second):
        fork = {**chain.client.header("latest"), "hash": "0x" + "f0" * 32}
        second.rules["eth_getBlockByNumber"] = lambda tag, _: fork if tag == "latest" else PASS
        await ask(endpoints)
        assert problems(endpoints) == ["", ""]

    run(chain, scenario)
