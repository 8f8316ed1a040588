"""The dry run against the chain's quoters on the same block, and the main job end to end."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from router.compose.sandbox import sandboxes
from tests.integration.main_job.chain_quotes import counterpart

REPOSITORY = Path(__file__).parents[3]
DECIMALS = {"ETH": 18, "BTC": 8, "USDC": 6}


def headrace(*arguments, environment=None):
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "router.cli.main", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    directory = tmp_path_factory.mktemp("quote")
    with sandboxes(directory / "sandboxes", seed=7, block_time_s=1.0) as running:
        config = directory / "headrace.toml"
        template = (REPOSITORY / "configs" / "demo.toml").read_text()
        config.write_text(template + running.tables())
        yield running, config


ORDERS = {
    "buy exact output": ("buy", "250", "ETH"),
    "sell exact input": ("sell", "120.5", "ETH"),
    "buy for exact cash": ("buy", "600000", "ETH", "--cash"),
    "sell for exact cash": ("sell", "250000", "ETH", "--cash"),
    "pools only": ("buy", "100.000000000000000007", "ETH", "--venues", "uniswap_v3"),
    "bitcoin for ether": ("buy", "1.5", "BTC", "--quote", "ETH"),
    "sell bitcoin": ("sell", "0.75000001", "BTC"),
}


@pytest.fixture(scope="module", params=ORDERS)
def dry_run(request, floor):
    """One dry run of each kind, as the command prints it."""
    _, config = floor
    words = ORDERS[request.param]
    result = headrace("quote", str(config), *words, "--json", environment=floor[0].environment)
    assert result.returncode == 0, result.stderr.decode()
    return words, orjson.loads(result.stdout)["plan"]


def test_each_pool_leg_of_a_dry_run_is_what_the_quoter_says_on_that_block(floor, dry_run):
    _, plan = dry_run
    block = hex(plan["block"]["number"])
    on_chain = [leg for leg in plan["legs"] if leg["hops"]]

    assert on_chain
    for leg in on_chain:
        exact_input = leg["exact"] == "input"
        for hop in leg["hops"]:
            other = hop["amount_out_atoms" if exact_input else "amount_in_atoms"]
            told = counterpart(floor[0].chain, hop, exact_input=exact_input, block=block)
            assert told == int(other), hop["instrument"]


def test_what_the_first_hops_of_a_route_give_is_what_the_second_hops_take(dry_run):
    _, plan = dry_run

    for leg in plan["legs"]:
        flows = {leg["asset_in"]: -int(leg["amount_in_atoms"])} if leg["hops"] else {}
        for hop in leg["hops"]:
            flows[hop["asset_in"]] = flows.get(hop["asset_in"], 0) + int(hop["amount_in_atoms"])
            out = flows.get(hop["asset_out"], 0) - int(hop["amount_out_atoms"])
            flows[hop["asset_out"]] = out
        if leg["hops"]:
            assert flows.pop(leg["asset_out"]) == -int(leg["amount_out_atoms"])
        assert set(flows.values()) <= {0}


def test_the_legs_of_a_dry_run_add_up_to_the_order_exactly(dry_run):
    (side, quantity, base, *rest), plan = dry_run
    quote = rest[rest.index("--quote") + 1] if "--quote" in rest else "USDC"
    exact = quote if "--cash" in rest else base
    whole, _, fraction = quantity.partition(".")
    ordered = int(whole + fraction.ljust(DECIMALS[exact], "0"))
    key = "in" if (side == "buy") == (exact == quote) else "out"

    assert sum(int(leg[f"amount_{key}_atoms"]) for leg in plan["legs"]) == ordered
    assert plan["unfilled_atoms"] == "0"


def test_the_main_job_fills_reconciles_and_pays_what_was_predicted(tmp_path):
    result = headrace("demo", "--state-dir", str(tmp_path), "--json")
    assert result.returncode == 0, result.stderr.decode()
    report = orjson.loads(result.stdout)

    assert report["status"] == "filled"
    assert int(report["filled_quantity"]["atoms"]) == 250 * 10**18
    assert report["differences"] == []
    assert {leg["venue"] for leg in report["legs"]} == {"local", "hyperliquid"}
    told = " ".join(leg["instrument"] for leg in report["legs"])
    assert all(name in told for name in ("uniswap_v3:", "uniswap_v4:", "via-USDT"))
    assert all(leg["exact"] for leg in report["legs"])
    replayed = headrace("replay", str(tmp_path / "headrace.journal"), "--json")
    assert replayed.returncode == 0
    assert orjson.loads(replayed.stdout)["intact"] is True
