"""Routers that take more than they may or trade something else: found out before the signature."""

import asyncio

import pytest

from router.domain.error import ConfigError, NotSentError
from router.domain.plan import QuantityKind
from router.domain.units import Amount, Side
from tests.integration.chain_venue.scene import ETHER, started
from venues.evm.words.key import keccak256

SELL, BASE = Side.SELL, QuantityKind.BASE
CONTRACTS = {
    "pancakeswap_v3": {"factory": "pancake_factory", "pool_deployer": "pancake_deployer"},
    "slipstream": {"factory": "slipstream_factory"},
}
ROUTERS = {"pancakeswap_v3": "pancake_router", "slipstream": "slipstream_router"}
KEYS = {"pancakeswap_v3": "fee_pips", "slipstream": "tick_spacing"}


def tables(scene, family, *, router=None):
    """Return the configuration of a family's ether pools, and of its router."""
    contracts, key = scene.manifest.contracts, KEYS[family]
    weth, usdc = (scene.manifest.token(symbol).address for symbol in ("WETH", "USDC"))
    pools = [
        {"address": p.address, "base": "ETH", "quote": "USDC", key: getattr(p, key)}
        for p in scene.manifest.extra_pools
        if p.family == family and {p.token0, p.token1} == {weth, usdc}
    ]
    table = {name: contracts[where] for name, where in CONTRACTS[family].items()}
    routers = {
        "universal_router": contracts["universal_router"],
        family: contracts[router or ROUTERS[family]],
    }
    return {"routers": routers, family: table | {"pools": pools}}


def thief(token, atoms):
    """Return code that takes so much of a token from whoever calls it, whatever it is asked."""
    selector = keccak256(b"transferFrom(address,address,uint256)")[:4]
    return bytes.fromhex(
        f"63{selector.hex()}60e01b600052"  # the selector in front
        "33600452"  # from the caller
        "30602452"  # to this
        f"7f{atoms:064x}604452"
        "60006000606460006000"  # no answer is wanted, and no coin goes along
        f"73{token[2:]}5af100"
    )


def refusal(scene, family, steal):
    """Let a router be a thief once everything was checked, and return why nothing is signed."""

    async def scenario():
        async with scene.trading(**tables(scene, family)) as desk:
            for asset in ("ETH", "USDC"):
                await desk.setup.approve(Amount(asset, 10**24))
            name = next(i.id for i in desk.setup.instruments if i.protocol == family)
            child = await scene.child(desk.venue, desk.plan(name, SELL, BASE, ETHER))
            signed = await desk.venue.sign(child)
            assert signed.payload, "the real router is good enough"
            code = thief(*steal)
            router = scene.manifest.contracts[ROUTERS[family]]
            scene.client.rpc.request("anvil_setCode", router, f"0x{code.hex()}")
            with pytest.raises(NotSentError) as caught:
                await desk.venue.sign(child)
            return name, str(caught.value)

    return asyncio.run(scenario())


@pytest.mark.parametrize("family", sorted(ROUTERS))
@pytest.mark.parametrize(
    ("symbol", "atoms", "allowed"), [("WETH", ETHER + 1, ETHER), ("USDC", 1, 0)]
)
def test_a_router_that_takes_more_than_the_legs_pay_gets_no_signature(
    scene, family, symbol, atoms, allowed
):
    token = scene.manifest.token(symbol).address.lower()

    _, reason = refusal(scene, family, (token, atoms))

    assert f"would take {atoms} atoms of {token} from the account, allowed are {allowed}" in reason


@pytest.mark.parametrize("family", sorted(ROUTERS))
def test_a_router_that_takes_what_it_may_and_trades_nothing_gets_no_signature(scene, family):
    name, reason = refusal(scene, family, (scene.manifest.token("WETH").address, ETHER))

    assert f"would not trade what was planned: 0 swaps of ours in {name}, not 1" in reason


@pytest.mark.parametrize("family", sorted(ROUTERS))
def test_a_swap_router_of_another_factory_is_refused_at_the_start(scene, family):
    (other,) = (each for name, each in ROUTERS.items() if name != family)
    changes = tables(scene, family, router=other)

    async def scenario():
        async with started(scene.manifest, **changes):
            pass

    with pytest.raises(ConfigError, match=rf"^routers\.{family}: .* trades in pools of the fact"):
        asyncio.run(scenario())


def test_what_tells_no_factory_is_no_swap_router(scene):
    changes = tables(scene, "slipstream", router="universal_router")

    async def scenario():
        async with started(scene.manifest, **changes):
            pass

    with pytest.raises(ConfigError, match=r"^routers\.slipstream: .* tells no factory"):
        asyncio.run(scenario())
