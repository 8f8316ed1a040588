"""A pool whose fee may be another in every block: what its fee is said to be, and when."""

import orjson
import pytest

from venues.sandbox.chain import abi
from venues.sandbox.chain.sender import wait_for_receipt

POOL, OTHER_FEE_PIPS = ("WETH", "USDC", 500), 1_234
ALLOWANCE_ATOMS = 10**12


@pytest.fixture
def slipstream(desk):
    """Add a Slipstream pool to the desk, with its router allowed to take dollars."""
    chain = desk.running.chain
    contracts = chain.manifest.contracts
    entry = chain.manifest.pool(*POOL, family="slipstream")
    router = contracts["slipstream_router"]
    desk.with_text(r"^routers = \{ ", f'routers = {{ slipstream = "{router}", ')
    tables = f"""
[chains.local.slipstream]
factory = "{contracts["slipstream_factory"]}"

[[chains.local.slipstream.pools]]
address = "{entry.address}"
base = "ETH"
quote = "USDC"
tick_spacing = {entry.tick_spacing}
"""
    desk.config.write_text(desk.config.read_text() + tables)
    allow(chain, router, ALLOWANCE_ATOMS)
    yield desk, entry
    chain.client.set_fee(entry, entry.fee_pips)
    allow(chain, router, 0)


def allow(chain, router, atoms):
    data = abi.call("approve(address,uint256)", router, atoms)
    trader = chain.manifest.account("trader")
    sent = chain.client.submit(trader, chain.manifest.token("USDC").address, data)
    wait_for_receipt(chain.client.rpc, sent)


def quoted_fee(desk):
    ended = desk.headrace("quote", "buy", "1", "ETH", "--venues", "slipstream", "--json")
    assert ended.exit_code == 0, ended.stderr
    (leg,) = orjson.loads(ended.stdout)["plan"]["legs"]
    assert [hop["fee_pips"] for hop in leg["hops"]] == [leg["fee_pips"]]
    return leg["fee_pips"]


def test_a_quote_tells_the_fee_that_was_observed(slipstream):
    desk, entry = slipstream
    assert quoted_fee(desk) == entry.fee_pips

    desk.running.chain.client.set_fee(entry, OTHER_FEE_PIPS)

    assert quoted_fee(desk) == OTHER_FEE_PIPS


def test_a_configuration_tells_that_the_fee_changes_and_no_number(slipstream):
    desk, _ = slipstream

    told = orjson.loads(desk.headrace("check-config", "--offline", "--json").stdout)
    shown = desk.headrace("check-config", "--offline").stdout

    fees = {each["instrument"]: each["fee_bps"] for each in told["instruments"]}
    assert [fee for name, fee in fees.items() if name.startswith("slipstream:")] == [None]
    assert fees["uniswap_v3:ETH/USDC:500@local"] == 5
    (row,) = [line for line in shown.splitlines() if "slipstream:" in line]
    assert "changes" in row
    assert shown.count("changes") == 1
