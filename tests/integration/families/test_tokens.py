"""Tokens that arrive whole and one that does not, out of pools of every family."""

import pytest

from tests.integration.families import scene
from venues.evm.pools import tokens
from venues.sandbox.chain.rpc import ChainError
from venues.transport.json_rpc import JsonRpcError


def token_of(manifest, symbol):
    return scene.facts(manifest).tokens[symbol]


def trial_of(chain, symbol, holder):
    token = token_of(chain.manifest, symbol)
    answers = scene.read(chain, tokens.token_calls(token, holder=holder))
    assert tokens.check_token(symbol, token, answers) is None
    receiver = chain.manifest.account("trader").address
    return tokens.probe(symbol, token, answers, holder=holder, receiver=receiver)


def asked(chain, call):
    method, parameters = call
    try:
        return chain.client.rpc.request(method, *parameters)
    except ChainError as error:
        return JsonRpcError(-32000, str(error), None)


def holder_of(chain, family, symbol):
    address = chain.manifest.token(symbol).address
    return next(
        entry.address
        for entry in scene.entries(chain.manifest, family)
        if address in {entry.token0, entry.token1}
    )


@pytest.mark.parametrize("family", sorted(scene.FAMILIES))
@pytest.mark.parametrize("symbol", ["USDC", "WETH", "USDT"])
def test_a_plain_token_arrives_whole_from_a_pool_of_any_family(families_chain, family, symbol):
    holder = holder_of(families_chain, family, symbol)
    before = families_chain.client.balance_of(symbol, holder)
    trial = trial_of(families_chain, symbol, holder)

    answer = asked(families_chain, tokens.fee_on_transfer_request(trial, block="latest"))

    assert tokens.read_simulation(trial, answer) == tokens.TransferCheck(None, is_verified=True)
    assert families_chain.client.balance_of(symbol, holder) == before


def test_a_token_that_keeps_a_part_of_each_transfer_is_found(families_chain):
    trial = trial_of(families_chain, "DTT", holder_of(families_chain, "uniswap_v2", "DTT"))

    answer = asked(families_chain, tokens.fee_on_transfer_request(trial, block="latest"))

    check = tokens.read_simulation(trial, answer)
    assert check.is_verified
    kept = trial.amount_atoms // 100
    assert f"{trial.amount_atoms - kept} arrive" in check.reason


def test_without_a_simulation_nothing_is_called_verified(families_chain):
    trial = trial_of(families_chain, "DTT", holder_of(families_chain, "uniswap_v2", "DTT"))
    missing = asked(families_chain, ("eth_noSuchMethod", ()))

    answer = asked(families_chain, tokens.fallback_request(trial, block="latest"))

    assert tokens.read_simulation(trial, missing) is None
    assert tokens.read_fallback(trial, answer) == tokens.TransferCheck(None, is_verified=False)


def test_a_transfer_that_fails_is_a_reason_in_either_way_of_asking(families_chain):
    holder = holder_of(families_chain, "uniswap_v2", "USDC")
    trial = trial_of(families_chain, "USDC", holder)
    trial = tokens.Probe(
        asset="USDC",
        token=trial.token,
        holder=scene.ROUTER,  # which has none
        receiver=trial.receiver,
        amount_atoms=1,
    )

    simulated = asked(families_chain, tokens.fee_on_transfer_request(trial, block="latest"))
    called = asked(families_chain, tokens.fallback_request(trial, block="latest"))

    assert "fails" in tokens.read_simulation(trial, simulated).reason
    assert "fails" in tokens.read_fallback(trial, called).reason


def test_a_holder_with_too_little_to_show_a_fee_is_not_tried(families_chain):
    assert trial_of(families_chain, "USDC", scene.ROUTER) is None


def test_other_decimals_than_configured_are_a_reason(families_chain):
    token = token_of(families_chain.manifest, "USDT")
    answers = scene.read(families_chain, tokens.token_calls(token, holder=scene.ROUTER))
    wrong = type(token)(token.address, 18)

    reason = tokens.check_token("USDT", wrong, answers)

    assert "has 6 decimals" in reason
