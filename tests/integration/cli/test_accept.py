"""What nothing explains halts the desk, and somebody who answers for it ends the halt."""

import orjson

from router.cli import accept  # noqa: F401 - the verb under test, driven through the command


def pay_coin_in(desk, wei):
    """Send the chain's coin, of which no log tells."""
    client = desk.running.chain.client
    other, trader = (client.manifest.account(name) for name in ("other", "trader"))
    digest = client.submit(other, trader.address, b"", value_wei=wei)
    client.mine()
    assert client.rpc.request("eth_getTransactionReceipt", digest)["status"] == "0x1"


def test_coin_that_nobody_expected_halts_until_somebody_answers_for_it(desk):
    bought = ("buy", "3", "ETH", "--json", "--id")
    assert desk.headrace("order", *bought, "before").exit_code == 0

    pay_coin_in(desk, 10**15)
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
