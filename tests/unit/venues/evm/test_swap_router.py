"""Calldata of the swap routers with allowances of their own, against eth-abi."""

import pytest
from eth_abi import decode
from eth_utils import keccak

from tests.unit.venues.evm.pools_world import (
    BASE,
    CAKE,
    CAKE_DEAR,
    CASH,
    DEADLINE_S,
    ETH,
    KEY,
    OWNER,
    PANCAKE,
    SELL,
    SLIP,
    SLIPSTREAM,
    USDC,
    child,
    config,
    direct,
)
from venues.evm.routers import calldata
from venues.evm.routers.calldata import plan_execution
from venues.evm.words.key import SigningKey

SIGNER = SigningKey(KEY)
SINGLE = ["address", "address", "uint24", "address", *["uint256"] * 4]


@pytest.mark.parametrize(
    ("setup", "kind", "function", "key"),
    [
        (CAKE, BASE, "exactInputSingle((address,address,uint24,{}))", 500),
        (CAKE, CASH, "exactOutputSingle((address,address,uint24,{}))", 500),
        (SLIP, BASE, "exactInputSingle((address,address,int24,{}))", 100),
        (SLIP, CASH, "exactOutputSingle((address,address,int24,{}))", 100),
    ],
)
def test_a_swap_router_is_told_pool_recipient_deadline_and_bound(setup, kind, function, key):
    plan = plan_execution(child(direct(setup, SELL, kind)), config())
    execution = calldata.encode(plan, key=SIGNER, permit_nonce=None, config=config())

    rest = "address,uint256,uint256,uint256,uint160"
    exact = 100 if kind is BASE else 300_000
    assert execution.to == (PANCAKE if setup is CAKE else SLIPSTREAM)
    assert execution.data[:4] == keccak(text=function.format(rest))[:4]
    assert decode(SINGLE, execution.data[4:]) == (
        *(ETH, USDC, key, OWNER, DEADLINE_S),
        *(exact, 77, 0),
    )


def test_several_swaps_of_a_swap_router_are_one_multicall():
    both = child(direct(CAKE, SELL, BASE), direct(CAKE_DEAR, SELL, CASH))
    execution = calldata.encode(
        plan_execution(both, config()), key=SIGNER, permit_nonce=None, config=config()
    )

    assert execution.data[:4] == keccak(text="multicall(bytes[])")[:4]
    (calls,) = decode(["bytes[]"], execution.data[4:])
    assert [decode(SINGLE, call[4:])[2] for call in calls] == [500, 2500]
    assert calls[0][:4] != calls[1][:4]
