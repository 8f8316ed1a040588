"""A deposit halts the desk, and somebody who answers for it ends the halt."""

import orjson

from router.cli import accept  # noqa: F401 - the verb under test, driven through the command


def deposit(desk, atoms):
    client = desk.running.chain.client
    other, trader = (client.manifest.account(name) for name in ("other", "trader"))
    transfer = bytes.fromhex("a9059cbb")  # transfer(address,uint256)
    data = transfer + int(trader.address, 16).to_bytes(32) + atoms.to_bytes(32)
    digest = client.submit(other, client.manifest.token("USDC").address, data)
    client.mine()
    assert client.rpc.request("eth_getTransactionReceipt", digest)["status"] == "0x1"


def test_a_deposit_halts_until_somebody_answers_for_it(desk):
    bought = ("buy", "3", "ETH", "--json", "--id")
    assert desk.headrace("order", *bought, "before").exit_code == 0

    deposit(desk, 5_000_000)
    halted = desk.headrace("order", *bought, "halted")
    accepted = desk.headrace("accept", "--reason", "a deposit", "--json")
    after = desk.headrace("order", *bought, "after")

    assert halted.exit_code == 1
    assert "headrace accept" in orjson.loads(halted.stdout)["reason"]
    assert accepted.exit_code == 0, accepted.output
    assert orjson.loads(accepted.stdout)["accepted"] is True
    assert after.exit_code == 0, after.output


def test_a_halt_is_not_ended_without_a_reason(desk):
    refused = desk.headrace("accept", "--reason", " ")

    assert refused.exit_code == 2
    assert "reason: must say why" in refused.stderr
