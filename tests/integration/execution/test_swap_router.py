"""A swap router in the manner of PancakeSwap V3's: Uniswap's first one, whose words are the same.

PancakeSwap's own is not published with its bytecode.
"""

from dataclasses import replace

import pytest

from router.domain.error import NotSentError, OrderError
from router.domain.plan import QuantityKind
from router.domain.units import Side
from tests.integration.execution.pools import V3, V3_DEEP, V3_DOLLARS, V3_USDT
from tests.integration.execution.scene import wait_for_receipt
from venues.evm.words import revert
from venues.sandbox.chain import abi, artifacts

BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]
ETHER, DOLLAR = 10**18, 10**6
NAME = "pancakeswap_v3"
SWAP_ROUTER = "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json"


@pytest.fixture
def swap_scene(scene):
    """Put a swap router there and hand the V3 pools over to it."""
    contracts, rpc = scene.manifest.contracts, scene.client.rpc
    weth = scene.manifest.token("WETH").address
    code = artifacts.creation_code(SWAP_ROUTER) + abi.encode(contracts["v3_factory"], weth)
    deployer = scene.manifest.account("deployer").address
    request = {"from": deployer, "data": f"0x{code.hex()}", "gas": hex(8_000_000)}
    router = wait_for_receipt(rpc, rpc.request("eth_sendTransaction", request))["contractAddress"]
    moved = tuple(
        replace(pool, instrument=replace(pool.instrument, router=NAME))
        for pool in scene.config.pools
        if pool.instrument.protocol == "uniswap_v3"
    )
    routers = dict(scene.config.routers) | {NAME: router.lower()}
    scene.config = replace(scene.config, routers=routers, pools=moved)
    scene.setups = {pool.instrument.id: pool for pool in moved}
    return scene


def approve(scene):
    for symbol in ("WETH", "USDC"):
        data = abi.call("approve(address,uint256)", scene.config.routers[NAME], 1 << 255)
        trader = scene.manifest.account("trader")
        sent = scene.client.submit(trader, scene.manifest.token(symbol).address, data)
        assert scene.receipt(sent).succeeded


def legs(scene, side, kind, names=(V3, V3_DEEP)):
    unit = ETHER if kind is BASE else 3_000 * DOLLAR
    return [scene.direct(name, side, kind, 3 * unit) for name in names]


@pytest.mark.parametrize("names", [(V3,), (V3, V3_DEEP)])
@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_it_pays_exactly_what_was_quoted(swap_scene, side, kind, names):
    approve(swap_scene)
    wanted = legs(swap_scene, side, kind, names)
    before = swap_scene.balances()

    fills, receipt = swap_scene.done(swap_scene.child(*wanted))

    change = {asset: atoms - before[asset] for asset, atoms in swap_scene.balances().items()}
    sign = 1 if side is BUY else -1
    assert change["ETH"] == sign * sum(leg.quantity.atoms for leg in wanted)
    assert change["USDC"] == -sign * sum(leg.notional.atoms for leg in wanted)
    assert change["coin"] == -receipt.gas_paid.atoms
    assert [(f.quantity, f.notional) for f in fills] == [(x.quantity, x.notional) for x in wanted]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [(BASE, "would pay less than its minimum"), (CASH, "would cost more than its maximum")],
)
@pytest.mark.parametrize("names", [(V3,), (V3, V3_DEEP)])
def test_a_front_run_pool_reverts_everything(swap_scene, kind, sentence, names):
    approve(swap_scene)
    execution = swap_scene.execution(swap_scene.child(*legs(swap_scene, SELL, kind, names)))

    swap_scene.receipt(swap_scene.swap_as_other(names[-1], "ETH", ETHER))

    assert sentence in revert.explain(swap_scene.refusal(execution))


def test_after_its_deadline_it_reverts(swap_scene):
    approve(swap_scene)
    wanted = legs(swap_scene, SELL, BASE)
    execution = swap_scene.execution(swap_scene.child(*wanted, lifetime_s=30))
    swap_scene.client.rpc.request("evm_setNextBlockTimestamp", execution.deadline_s + 1)
    swap_scene.client.mine()

    reason = revert.explain(swap_scene.refusal(execution))

    assert reason == "the deadline has passed (Transaction too old)"


def test_what_it_may_take_is_asked_beforehand(swap_scene):
    with pytest.raises(NotSentError, match=f"what {NAME} may take is 0; run headrace approve"):
        swap_scene.execution(swap_scene.child(*legs(swap_scene, SELL, BASE)))


def test_a_route_is_refused(swap_scene):
    approve(swap_scene)
    stages = ({V3_USDT: 1}, {V3_DOLLARS: 1})
    pair = ("ETH", "USDC")
    route = swap_scene.route(pair, "USDT", stages, side=SELL, kind=BASE, exact=ETHER)
    route = replace(route, instrument=replace(route.instrument, router=NAME))

    with pytest.raises(OrderError, match="cannot be one transaction"):
        swap_scene.execution(swap_scene.child(route))
