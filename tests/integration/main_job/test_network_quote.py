"""Orders that go through a network: the dry run against the chain's quoters, and the real one."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from router.compose.sandbox import sandboxes
from tests.integration.main_job.chain_quotes import counterpart

REPOSITORY = Path(__file__).parents[3]


def headrace(running, verb, path, *words):
    result = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "router.cli.main", verb, str(path), *words, "--json"],
        cwd=REPOSITORY,
        env={**os.environ, **running.environment},
        capture_output=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode() or result.stdout.decode()
    return orjson.loads(result.stdout)


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    directory = tmp_path_factory.mktemp("network")
    with sandboxes(directory / "sandboxes", seed=7, block_time_s=1.0) as running:
        config = directory / "headrace.toml"
        template = (REPOSITORY / "configs" / "demo.toml").read_text()
        config.write_text(template + running.tables())
        yield running, config


@pytest.mark.parametrize(
    "words",
    [("sell", "12", "BTC"), ("buy", "12", "BTC"), ("buy", "700000", "BTC", "--cash")],
    ids=["exact input", "exact output", "exact cash"],
)
def test_bitcoin_for_dollars_goes_over_ether_and_tether_as_the_quoters_say(floor, words):
    running, config = floor
    plan = headrace(running, "quote", config, *words)["plan"]

    (leg,) = (leg for leg in plan["legs"] if leg["instrument"].startswith("network:BTC/USDC@"))
    assert plan["unfilled_atoms"] == "0"
    passed = {(hop["asset_in"], hop["asset_out"]) for hop in leg["hops"]}
    assert {("ETH", "USDT"), ("USDT", "ETH")} & passed
    exact_input = leg["exact"] == "input"
    flows = {leg["asset_in"]: -int(leg["amount_in_atoms"])}
    for hop in leg["hops"]:
        other = hop["amount_out_atoms" if exact_input else "amount_in_atoms"]
        block = hex(plan["block"]["number"])
        told = counterpart(running.chain, hop, exact_input=exact_input, block=block)
        assert told == int(other), hop["instrument"]
        flows[hop["asset_in"]] = flows.get(hop["asset_in"], 0) + int(hop["amount_in_atoms"])
        out = flows.get(hop["asset_out"], 0) - int(hop["amount_out_atoms"])
        flows[hop["asset_out"]] = out
    assert flows.pop(leg["asset_out"]) == -int(leg["amount_out_atoms"])
    assert set(flows.values()) == {0}


def test_an_order_over_a_network_is_filled_reconciled_and_its_proof_holds(floor):
    running, config = floor

    report = headrace(running, "order", config, "buy", "8", "BTC", "--id", "network")

    assert (report["status"], report["differences"]) == ("filled", [])
    assert int(report["filled_quantity"]["atoms"]) == 8 * 10**8
    (leg,) = (leg for leg in report["legs"] if leg["instrument"].startswith("network:BTC/USDC@"))
    assert leg["exact"]
    journal = config.with_name("headrace.journal")
    assert headrace(running, "replay", journal)["intact"] is True
    (proof,) = headrace(running, "verify", journal)["plans"]
    assert proof["holds"]
