"""Nodes that go away, come back, or are not the ones that were meant."""

import asyncio
import socket
from dataclasses import replace

import pytest

from router.domain.error import ConfigError
from router.domain.market import StreamLost
from tests.integration.uniswap_v3 import scene
from venues.sandbox.chain import SwapPath, start

ETHER_FOR_USDC = SwapPath(("WETH", "USDC"), (500,))


async def lost_and_found(recorder, begin, chain):
    await recorder.until(lambda events: any(isinstance(e, StreamLost) for e in events[begin:]))
    await recorder.until_block(chain.client.block_number())


def test_a_cut_connection_is_made_again_and_nothing_in_between_is_missed(chain_snapshot):
    chain = chain_snapshot

    async def scenario():
        async with (
            scene.proxied(chain.manifest.ws_url) as proxy,
            scene.started(chain.manifest, ws_url=proxy.url) as venue,
            scene.streaming(venue) as recorder,
        ):
            chain.client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=10**18)
            await recorder.until_block(chain.client.block_number())
            begin = len(recorder.events)
            proxy.cut()
            chain.client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=10**18)
            await lost_and_found(recorder, begin, chain)
            return recorder.events, await scene.present(venue)

    events, fresh = asyncio.run(scenario())

    assert scene.folded(events) == fresh


def test_silence_loses_the_stream(chain):
    async def scenario():
        async with (
            scene.proxied(chain.manifest.ws_url) as proxy,
            scene.started(chain.manifest, ws_url=proxy.url, silence_max=scene.S // 3) as venue,
            scene.streaming(venue) as recorder,
        ):
            proxy.swallow_answers = True
            await recorder.until(lambda events: any(isinstance(e, StreamLost) for e in events))
            return [e for e in recorder.events if isinstance(e, StreamLost)]

    assert asyncio.run(scenario())[0].reason


def test_a_node_that_is_started_anew_is_followed_again():
    with start() as first:
        port = int(first.manifest.ws_url.rsplit(":", 1)[1])

        async def scenario():
            async with (
                scene.started(first.manifest) as venue,
                scene.streaming(venue) as recorder,
            ):
                first.client.swap_as_other(ETHER_FOR_USDC, amount_in_atoms=10**18)
                await recorder.until_block(first.client.block_number())
                begin = len(recorder.events)
                first.stop()
                with start(port=port) as second:
                    await lost_and_found(recorder, begin, second)
                    pool = second.manifest.pool("WETH", "USDC", 500)
                    state = second.client.pool_state(pool)
                return scene.folded(recorder.events[begin:]), state

        pools, state = asyncio.run(scenario())

    assert pools["uniswap_v3:WETH/USDC:500"].sqrt_price_x96 == state.sqrt_price_x96


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("chain_id", 1, "chain_id: must be the node's, which is 31337, was 1"),
        ("universal_router", "0x" + "12" * 20, "universal_router: there is no contract at 0x1212"),
        ("permit2", "0x" + "12" * 20, "permit2: there is no contract at 0x1212"),
    ],
)
def test_a_wrong_chain_or_address_is_named(chain, field, value, message):
    async def scenario():
        async with scene.started(chain.manifest, **{field: value}):
            pass

    with pytest.raises(ConfigError, match=message) as caught:
        asyncio.run(scenario())

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pool: replace(pool, fee_pips=3000), r"fee_pips: the pool's fee is 100, was 3000"),
        (
            lambda pool: replace(pool, base_is_token0=not pool.base_is_token0),
            "base_is_token0 say",
        ),
        (lambda pool: replace(pool, symbol="0x12"), "symbol: must be an address"),
        (lambda pool: replace(pool, account="evm:1:0x0"), "account: must be"),
    ],
)
def test_a_pool_that_is_not_the_instrument_is_named(chain, change, message):
    first, *rest = scene.instruments(chain.manifest)

    async def scenario():
        async with scene.started(chain.manifest, pools=(change(first), *rest)):
            pass

    with pytest.raises(ConfigError, match=message):
        asyncio.run(scenario())


def test_wrong_decimals_are_named(chain):
    tokens = scene.config(chain.manifest).tokens
    tokens["WBTC"] = replace(tokens["WBTC"], decimals=18)
    pools = tuple(p for p in scene.instruments(chain.manifest) if p.quote.id == "USDC")
    pools = tuple(p for p in pools if p.base.id == "WETH")

    async def scenario():
        async with scene.started(chain.manifest, tokens=tokens, pools=pools):
            pass

    with pytest.raises(ConfigError, match=r"tokens\.WBTC\.decimals: .* has 8 decimals, was 18"):
        asyncio.run(scenario())


def test_a_node_that_does_not_answer_is_one_line_about_the_url(chain):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}"

    async def scenario():
        async with scene.started(chain.manifest, ws_url=url):
            pass

    with pytest.raises(ConfigError, match=f"ws_url: {url} does not serve this venue") as caught:
        asyncio.run(scenario())

    assert "\n" not in str(caught.value)


def test_a_key_of_another_account_is_named_and_not_shown(chain):
    other = chain.manifest.account("other").private_key

    with pytest.raises(ConfigError, match="signing_key_env: is of 0x") as caught:
        scene.UniswapV3(scene.config(chain.manifest, signing_key=other), scene.SystemClock())

    assert other.removeprefix("0x") not in str(caught.value)
    assert other not in repr(scene.config(chain.manifest, signing_key=other))
