"""What answers about a token are taken to mean; real ones are read in the integration tests."""

import pytest

from router.domain.error import MalformedDataError
from tests.unit.venues.pool_words import POOL, SENDER, USDC, words
from venues.evm.pools import tokens
from venues.evm.pools.family import TokenContract
from venues.evm.pools.tokens import TransferCheck
from venues.transport.json_rpc import JsonRpcError

TOKEN = TokenContract(USDC, 6)
TRIAL = tokens.Probe(asset="USDC", token=USDC, holder=POOL, receiver=SENDER, amount_atoms=10_000)
DONE = "0x" + words(["uint8"], 1).hex()
NOT_DONE = "0x" + words(["uint8"], 0).hex()


def balance(atoms):
    return {"status": "0x1", "returnData": "0x" + words(["uint256"], atoms).hex()}


def moved(returned=DONE, status="0x1"):
    return {"status": status, "returnData": returned}


def simulated(*, arrived=10_000, returned=10_000, there=None, back=None):
    calls = [balance(5), there or moved(), balance(5 + arrived)]
    calls += [balance(7), back or moved(), balance(7 + returned)]
    return [{"calls": calls}]


@pytest.mark.parametrize(
    ("balance_atoms", "amount"), [(9_999, None), (10_000, 10_000), (10**9, 10**7)]
)
def test_a_trial_is_large_enough_to_show_a_basis_point(balance_atoms, amount):
    answers = [words(["uint8"], 6), words(["uint256"], balance_atoms)]

    trial = tokens.probe("USDC", TOKEN, answers, holder=POOL, receiver=SENDER)

    assert (trial and trial.amount_atoms) == amount


def test_decimals_are_compared():
    assert tokens.check_token("USDC", TOKEN, [words(["uint8"], 6), words(["uint256"], 0)]) is None
    reason = tokens.check_token("USDC", TOKEN, [words(["uint8"], 8), words(["uint256"], 0)])
    assert "has 8 decimals" in reason
    with pytest.raises(MalformedDataError):
        tokens.check_token("USDC", TOKEN, [b"", words(["uint256"], 0)])


def test_what_arrives_whole_both_ways_is_verified():
    silent = simulated(there=moved("0x"), back=moved("0x"))  # as tokens of the first years do

    for answer in (simulated(), silent):
        assert tokens.read_simulation(TRIAL, answer) == TransferCheck(None, is_verified=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (simulated(arrived=9_999), f"out of {POOL}, 9999 arrive"),
        (simulated(arrived=10_001), f"out of {POOL}, 10001 arrive"),
        (simulated(returned=9_900), f"into {POOL}, 9900 arrive"),
        (simulated(there=moved(status="0x0")), f"out of {POOL} fails"),
        (simulated(there=moved(NOT_DONE)), f"out of {POOL} fails"),
        (simulated(back=moved(status="0x0")), f"into {POOL} fails"),
    ],
)
def test_what_does_not_arrive_whole_is_a_reason(answer, reason):
    check = tokens.read_simulation(TRIAL, answer)

    assert check.is_verified
    assert reason in check.reason


@pytest.mark.parametrize(
    "answer", [None, [], {}, [{}], [{"calls": []}], [{"calls": [moved()] * 5}], "0x"]
)
def test_an_answer_that_is_no_simulation_is_malformed(answer):
    with pytest.raises(MalformedDataError, match="must tell of 6 calls"):
        tokens.read_simulation(TRIAL, answer)


def test_a_node_without_simulations_is_asked_otherwise_and_proves_nothing():
    missing = JsonRpcError(-32601, "the method eth_simulateV1 does not exist", None)

    assert tokens.read_simulation(TRIAL, missing) is None
    assert tokens.read_fallback(TRIAL, DONE) == TransferCheck(None, is_verified=False)
    for answer in (JsonRpcError(3, "execution reverted", None), NOT_DONE):
        check = tokens.read_fallback(TRIAL, answer)
        assert not check.is_verified
        assert "fails" in check.reason
