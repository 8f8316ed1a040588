"""What pays for a child: what is asked of the chain, and what is said when it is not enough."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from router.domain.error import MalformedDataError, NotSentError
from tests.unit.venues.evm.pools_world import (
    BASE,
    CAKE,
    ETH,
    OWNER,
    PANCAKE,
    PERMIT2,
    ROUTER,
    SELL,
    SLIPSTREAM,
    V3,
    child,
    config,
    direct,
)
from venues.evm.routers.calldata import check_funding, funding_calls, plan_execution, spenders


def test_allowances_go_to_permit2_or_to_the_router_itself():
    assert spenders(config()) == {
        "universal_router": PERMIT2,
        "pancakeswap_v3": PANCAKE,
        "slipstream": SLIPSTREAM,
    }


def words(*numbers):
    return [encode(["uint256"], [number]) for number in numbers]


def permit2_answer(nonce):
    return encode(["uint160", "uint48", "uint48"], [0, 0, nonce])


@pytest.mark.parametrize(("setup", "spender"), [(V3, PERMIT2), (CAKE, PANCAKE)])
def test_what_pays_is_asked_for(setup, spender):
    calls = funding_calls(plan_execution(child(direct(setup, SELL, BASE)), config()), config())

    balance, allowance, *permitted = calls
    assert balance.target == allowance.target == ETH
    assert balance.data == keccak(text="balanceOf(address)")[:4] + encode(["address"], [OWNER])
    arguments = encode(["address"] * 2, [OWNER, spender])
    assert allowance.data == keccak(text="allowance(address,address)")[:4] + arguments
    if setup is V3:
        three = encode(["address"] * 3, [OWNER, ETH, ROUTER])
        signature = keccak(text="allowance(address,address,address)")[:4]
        assert [(call.target, call.data) for call in permitted] == [(PERMIT2, signature + three)]
    else:
        assert permitted == []


def test_enough_of_both_gives_the_nonce_of_the_permit_to_be_signed():
    plan = plan_execution(child(direct(V3, SELL, BASE)), config())

    assert check_funding(plan, [*words(100, 100), permit2_answer(9)], config()) == 9


def test_enough_of_both_is_enough_where_there_is_no_permit():
    plan = plan_execution(child(direct(CAKE, SELL, BASE)), config())

    assert check_funding(plan, words(100, 100), config()) is None


@pytest.mark.parametrize(
    ("setup", "numbers", "message"),
    [
        (V3, (99, 100), "ETH: needs up to 100 atoms, the balance is 99; deposit more"),
        (V3, (100, 99), "what Permit2 may take is 99; run headrace approve"),
        (CAKE, (100, 0), "what pancakeswap_v3 may take is 0; run headrace approve"),
    ],
)
def test_what_is_short_is_named(setup, numbers, message):
    plan = plan_execution(child(direct(setup, SELL, BASE)), config())

    with pytest.raises(NotSentError, match=message):
        check_funding(plan, [*words(*numbers), permit2_answer(9)], config())


def test_answers_of_another_form_are_refused():
    plan = plan_execution(child(direct(V3, SELL, BASE)), config())

    with pytest.raises(MalformedDataError):
        check_funding(plan, [b"", b"", b""], config())
