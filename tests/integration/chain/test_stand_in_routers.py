"""The routers of PancakeSwap V3 and Slipstream: ours, with the words and refusals of theirs."""

import eth_abi
import pytest
from eth_utils import keccak

from venues.sandbox.chain import ChainError, abi
from venues.sandbox.chain.sender import wait_for_receipt

KEYS = {"pancakeswap_v3": "uint24", "slipstream": "int24"}
ROUTERS = {"pancakeswap_v3": "pancake_router", "slipstream": "slipstream_router"}
SELECTORS = {
    "pancakeswap_v3": ("414bf389", "db3e2198"),
    "slipstream": ("a026383e", "c714e838"),
}
FAR = (1 << 48) - 1
DOLLARS = 30_000 * 10**6
UNLIMITED = (1 << 256) - 1


@pytest.fixture(params=sorted(KEYS))
def routed(request, family_snapshot):
    """Let the router of a family take what `other` has, and give its name."""
    manifest, client = family_snapshot.manifest, family_snapshot.client
    router = manifest.contracts[ROUTERS[request.param]]
    for symbol in ("USDC", "WETH"):
        data = abi.call("approve(address,uint256)", router, UNLIMITED)
        token = manifest.token(symbol).address
        wait_for_receipt(client.rpc, client.submit(manifest.account("other"), token, data))
    return request.param, family_snapshot


def order(routed, verb, *, exact, bound, deadline=FAR):
    """Return a call that pays USDC for WETH."""
    family, chain = routed
    manifest = chain.manifest
    pool = manifest.pool("WETH", "USDC", 500, family=family)
    key = pool.fee_pips if family == "pancakeswap_v3" else pool.tick_spacing
    usdc, weth = (manifest.token(symbol).address for symbol in ("USDC", "WETH"))
    fields = f"(address,address,{KEYS[family]},address,uint256,uint256,uint256,uint160)"
    holder = manifest.account("other").address
    values = (usdc, weth, key, holder, deadline, exact, bound, 0)
    selector = keccak(text=f"{verb}({fields})")[:4]
    assert selector.hex() in SELECTORS[family]
    return selector + eth_abi.encode([fields], [values])


def gains(routed, data):
    family, chain = routed
    manifest, client = chain.manifest, chain.client
    holder = manifest.account("other")
    before = [client.balance_of(symbol, holder.address) for symbol in ("USDC", "WETH")]
    sent = client.submit(holder, manifest.contracts[ROUTERS[family]], data)
    wait_for_receipt(client.rpc, sent)
    after = [client.balance_of(symbol, holder.address) for symbol in ("USDC", "WETH")]
    return [b - a for a, b in zip(before, after, strict=True)]


def refusal(routed, data):
    family, chain = routed
    request = {
        "from": chain.manifest.account("other").address,
        "to": chain.manifest.contracts[ROUTERS[family]],
        "data": abi.to_hex(data),
    }
    with pytest.raises(ChainError) as raised:
        chain.client.rpc.request("eth_call", request, "latest")
    return eth_abi.decode(["string"], bytes.fromhex(raised.value.data[10:]))[0]


def in_the_pool(routed, amount):
    """Return what the pool itself gives or takes, at this state."""
    family, chain = routed
    pool = chain.manifest.pool("WETH", "USDC", 500, family=family)
    is_usdc0 = pool.token0 == chain.manifest.token("USDC").address
    before = chain.snapshot()
    errand = chain.client.other.swap(pool, zero_for_one=is_usdc0, amount_specified=amount)
    (log,) = [
        log
        for log in chain.client.run_as_other(errand)["logs"]
        if log["address"] == pool.address.lower()
    ]
    chain.revert(before)
    amounts = eth_abi.decode(["int256", "int256"], bytes.fromhex(log["data"][2:])[:64])
    return amounts if is_usdc0 else amounts[::-1]


def test_an_exact_input_pays_what_the_pool_gives(routed):
    usdc, weth = in_the_pool(routed, DOLLARS)

    gained = gains(routed, order(routed, "exactInputSingle", exact=DOLLARS, bound=-weth))

    assert gained == [-DOLLARS, -weth]
    assert usdc == DOLLARS


def test_an_exact_output_costs_what_the_pool_asks(routed):
    usdc, _ = in_the_pool(routed, -(10**18))

    gained = gains(routed, order(routed, "exactOutputSingle", exact=10**18, bound=usdc))

    assert gained == [-usdc, 10**18]


def test_several_go_together_or_not_at_all(routed):
    one = order(routed, "exactInputSingle", exact=DOLLARS, bound=0)
    dear = order(routed, "exactInputSingle", exact=DOLLARS, bound=10**24)
    multicall = keccak(text="multicall(bytes[])")[:4]

    gained = gains(routed, multicall + eth_abi.encode(["bytes[]"], [[one, one]]))

    assert gained[0] == -2 * DOLLARS
    both = multicall + eth_abi.encode(["bytes[]"], [[one, dear]])
    assert refusal(routed, both) == "Too little received"


@pytest.mark.parametrize(
    ("verb", "bounds", "sentence"),
    [
        ("exactInputSingle", {"exact": DOLLARS, "bound": 10**24}, "Too little received"),
        ("exactOutputSingle", {"exact": 10**18, "bound": 1}, "Too much requested"),
        (
            "exactInputSingle",
            {"exact": DOLLARS, "bound": 0, "deadline": 1},
            "Transaction too old",
        ),
    ],
)
def test_what_is_too_dear_or_too_late_is_refused(routed, verb, bounds, sentence):
    assert refusal(routed, order(routed, verb, **bounds)) == sentence
