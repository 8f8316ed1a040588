"""Nodes that are not the ones that were meant, or start over."""

import asyncio
import socket

import pytest

from router.domain.error import ConfigError
from router.domain.market import StreamLost
from tests.contract.relay import Relay
from tests.integration.chain_venue.scene import (
    V3,
    setup_of,
    started,
    states,
    streaming,
)
from venues.sandbox.chain import start

NOBODY = "0x" + "12" * 20


def test_a_node_that_is_started_anew_is_followed_again():
    with start(families=True) as first:
        port = int(first.manifest.ws_url.rsplit(":", 1)[1])

        async def scenario():
            async with started(first.manifest) as setup, streaming(setup) as recorder:
                first.client.mine(3)
                await recorder.until_block(first.client.block_number())
                mark = len(recorder.events)
                first.stop()
                with start(families=True, port=port, seed=8) as second:
                    await recorder.until(
                        lambda: any(isinstance(e, StreamLost) for e in recorder.events[mark:])
                    )
                    await recorder.until_block(second.client.block_number())
                    told = states(recorder.view)
                    entry = second.manifest.pool("WETH", "USDC", 500)
                    return told[V3], second.client.pool_state(entry)

        pool, state = asyncio.run(scenario())

    told = (pool.sqrt_price_x96, pool.tick, pool.liquidity)
    assert told == (state.sqrt_price_x96, state.tick, state.liquidity)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chain_id": 1}, "is of chain 31337, chain_id says 1"),
        (
            {"routers": {"universal_router": NOBODY}},
            "routers.universal_router: there is no contract at 0x1212",
        ),
        ({"permit2": NOBODY}, "permit2: there is no contract at 0x1212"),
        ({"multicall": NOBODY}, "multicall: there is no contract at 0x1212"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_chain_or_address_is_named(scene, change, message):
    async def scenario():
        async with started(scene.manifest, **change):
            pass

    with pytest.raises(ConfigError, match=message) as caught:
        asyncio.run(scenario())

    assert "\n" not in str(caught.value)


def test_a_token_that_is_no_contract_is_named(scene):
    tokens = {
        each: scene.manifest.token(s).address for each, s in (("ETH", "WETH"), ("BTC", "WBTC"))
    }
    tokens |= {"USDC": scene.manifest.token("USDC").address, "USDT": NOBODY}

    async def scenario():
        async with started(scene.manifest, tokens=tokens):
            pass

    with pytest.raises(ConfigError, match=r"tokens.USDT: there is no contract at 0x1212"):
        asyncio.run(scenario())


def test_nodes_that_do_not_answer_are_one_line_that_names_them(scene):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}"

    async def scenario():
        async with started(scene.manifest, ws_urls=[url]):
            pass

    with pytest.raises(ConfigError, match="ws_urls: none of them serves this chain") as caught:
        asyncio.run(scenario())

    assert url.removeprefix("ws://") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_of_another_account_is_named_and_not_shown(scene):
    other = scene.manifest.account("other").private_key

    with pytest.raises(ConfigError, match="signing_key_env: is of 0x") as caught:
        setup_of(scene.manifest, key=other)

    assert other.removeprefix("0x") not in str(caught.value)


def test_a_node_that_answers_and_sends_no_heads_is_left_for_another(scene):
    async def scenario():
        silent, other = Relay(scene.manifest.ws_url), Relay(scene.manifest.ws_url)
        await silent.start()
        await other.start()
        changes = {"ws_urls": [silent.url, other.url], "silence_max_ms": 700}
        try:
            async with started(scene.manifest, **changes) as setup, streaming(setup) as recorder:
                silent.keeps_notices_back = True
                scene.client.mine(1)
                await recorder.until(
                    lambda: any(isinstance(e, StreamLost) for e in recorder.events)
                )
                wanted = scene.client.block_number() + 1
                scene.client.mine(1)
                await recorder.until_block(wanted)
        finally:
            await silent.stop()
            await other.stop()

    asyncio.run(scenario())
