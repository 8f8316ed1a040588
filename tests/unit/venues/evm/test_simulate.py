"""What is concluded from a simulation, by the forms in which nodes answer."""

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError
from venues.evm.nodes.chain import Transaction
from venues.evm.pools.family import NATIVE_COIN
from venues.evm.transactions import simulate
from venues.evm.transactions.simulate import Simulated
from venues.evm.words.key import keccak256
from venues.transport.json_rpc import JsonRpcError

ME, OTHER, TOKEN = ("0x" + byte * 20 for byte in ("aa", "bb", "cc"))
COIN_LOGGER = "0x" + "ee" * 20
TRANSFER = "0x" + keccak256(b"Transfer(address,address,uint256)").hex()
TOO_LITTLE = keccak256(b"V3TooLittleReceived()")[:4]
UNKNOWN_METHOD = JsonRpcError(-32601, "Method not found", None)


def transfer(token, sender, recipient, atoms):
    parties = [f"0x{int(each, 16):064x}" for each in (sender, recipient)]
    return {
        "address": token,
        "topics": [TRANSFER, *parties],
        "data": f"0x{atoms:064x}",
        "blockNumber": "0x1",
        "blockHash": "0x" + "01" * 32,
        "logIndex": "0x0",
    }


def simulated(*logs, status="0x1", **fields):
    return [{"number": "0x1", "calls": [{"status": status, "logs": list(logs), **fields}]}]


def test_both_questions_are_put_to_the_pending_state():
    asked = simulate.calls(Transaction(ME, TOKEN, b"\1", 5))

    assert [method for method, _ in asked] == ["eth_estimateGas", "eth_simulateV1"]
    assert [params[1] for _, params in asked] == ["pending", "pending"]
    assert asked[0][1][0] == {"from": ME, "to": TOKEN, "data": "0x01", "value": "0x5"}


def logs_of(*transfers):
    return simulate.read(("0x5208", simulated(*transfers))).logs


def test_what_contracts_would_tell_is_kept():
    found = simulate.read(("0x5208", simulated(transfer(TOKEN, ME, OTHER, 100))))

    assert found.gas_estimate == 21_000
    assert [(log.address, log.data[-1]) for log in found.logs] == [(TOKEN, 100)]


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({TOKEN: 70, NATIVE_COIN: 9}, None),
        (
            {TOKEN: 69, NATIVE_COIN: 9},
            f"would take 70 atoms of {TOKEN} from the account, allowed are 69",
        ),
        ({TOKEN: 70}, "would take 9 wei from the account, allowed are 0"),
    ],
)
def test_more_than_the_limits_net_or_anything_without_one_is_excess(limits, problem):
    logs = logs_of(
        transfer(TOKEN, ME, OTHER, 100),
        transfer(TOKEN, OTHER, ME, 30),
        transfer(TOKEN, OTHER, OTHER, 7),
        transfer(COIN_LOGGER, ME, OTHER, 9),
    )

    assert simulate.excess(logs, limits, account=ME) == problem


def test_what_comes_in_needs_no_limit():
    assert simulate.excess(logs_of(transfer(TOKEN, OTHER, ME, 5)), {}, account=ME) is None


def test_where_a_node_cannot_simulate_the_estimate_stands_by_itself():
    assert simulate.read(("0x5208", UNKNOWN_METHOD)) == Simulated(21_000, None)


@pytest.mark.parametrize(
    "answers",
    [
        (JsonRpcError(3, "execution reverted", f"0x{TOO_LITTLE.hex()}"), UNKNOWN_METHOD),
        (
            "0x5208",
            simulated(status="0x0", returnData=f"0x{TOO_LITTLE.hex()}", error={"code": -3200}),
        ),
        (
            "0x5208",
            simulated(status="0x0", error={"code": 3, "data": f"0x{TOO_LITTLE.hex()}"}),
        ),
    ],
)
def test_a_revert_is_a_reason_not_to_sign_whichever_answer_tells_it(answers):
    reason = simulate.read(answers)

    assert reason.startswith("would revert: ")
    assert "V3TooLittleReceived" in reason


def test_text_reasons_are_read():
    data = keccak256(b"Error(string)")[:4] + encode(["string"], ["STF"])
    error = JsonRpcError(3, "execution reverted: STF", f"0x{data.hex()}")

    assert "refused the transfer" in simulate.read((error, UNKNOWN_METHOD))


def test_an_estimate_that_failed_for_another_reason_is_no_verdict():
    with pytest.raises(JsonRpcError, match="header not found"):
        simulate.read((JsonRpcError(-32000, "header not found", None), []))


@pytest.mark.parametrize(
    "answer",
    [None, [], [{}], [{"calls": []}], [{"calls": ["x"]}], "0x", [{"calls": [{"status": "0x1"}]}]],
)
def test_an_answer_of_another_form_is_malformed(answer):
    with pytest.raises(MalformedDataError):
        simulate.read(("0x5208", answer))
