"""Configurations that look right, load, and would trade wrong: each must be refused when read."""

import re

import pytest
from eth_account import Account

from router.compose.assembly import assemble
from router.domain.error import ConfigError
from router.shell.clock import SystemClock
from tests.unit.compose.desk_file import ACCOUNT, DESK, ENVIRONMENT, POOL_HIGH, POOL_LOW, USDC, WETH
from venues.uniswap_v2 import family as uniswap_v2

CHAIN = re.search(r"\[chains\.local\].*?(?=\[venues\.hyperliquid\])", DESK, re.DOTALL)[0]


@pytest.fixture
def build(tmp_path):
    def build_text(text, environment=ENVIRONMENT):
        path = tmp_path / "desk.toml"
        path.write_text(text, encoding="utf-8")
        return assemble(path, environment, SystemClock())

    return build_text


def refused(build, text, environment=ENVIRONMENT):
    with pytest.raises(ConfigError) as error:
        build(text, environment)
    message = str(error.value)
    assert "\n" not in message
    return message.split("desk.toml: ", 1)[1]


# Two tables of one chain and one key: their instruments share the account, so their legs become one
# child, which goes to the first leg's venue; it does not know the other's pools and refuses it in
# every round. Balances are read through one of the two only, and each executor follows nonces
# alone.
def test_two_tables_of_one_chain_and_account_are_refused(build):
    twin = CHAIN.replace("chains.local", "chains.twin")
    pools = {POOL_LOW: "0x" + "03" * 20, POOL_HIGH: "0x" + "04" * 20}
    for old, new in pools.items():
        twin = twin.replace(old, new)

    message = refused(build, DESK + twin)

    assert message == (
        "chains.twin: has the chain_id and account of chains.local; move its pools there and remove"
        " it"
    )


def test_accounts_apart_on_one_chain_must_not_have_a_pool_in_common(build):
    key = "0x" + "5a" * 32
    twin = CHAIN.replace("chains.local", "chains.twin").replace("CHAIN_KEY", "TWIN_KEY")
    twin = twin.replace(ACCOUNT, Account.from_key(key).address)
    environment = ENVIRONMENT | {"TWIN_KEY": key}

    message = refused(build, DESK + twin.replace(POOL_LOW, "0x" + "03" * 20), environment)

    assert message == (
        f"chains.twin: pool {POOL_HIGH} is in chains.local, too; remove one of the two"
    )
    apart = twin.replace(POOL_LOW, "0x" + "03" * 20).replace(POOL_HIGH, "0x" + "04" * 20)
    assert len(build(DESK + apart, environment).instruments) == 5


# The same pool twice is the same liquidity twice: each quote holds alone and not beside the other.
# Within one family it is refused; through two tables it is not.
def test_one_pool_in_the_tables_of_two_families_is_refused(build):
    text = DESK.replace(
        "routers = { universal_router =",
        f'routers = {{ pancakeswap_v3 = "0x{"12" * 20}", universal_router =',
    ).replace(
        "[venues.hyperliquid]\n",
        f"""[chains.local.pancakeswap_v3]
factory = "0x{"44" * 20}"
pool_deployer = "0x{"44" * 20}"

[[chains.local.pancakeswap_v3.pools]]
address = "{POOL_LOW}"
base = "ETH"
quote = "USDC"
fee_pips = 500

[venues.hyperliquid]
""",
        1,
    )

    message = refused(build, text)

    assert message == (
        f"chains.local.pancakeswap_v3.pools: {POOL_LOW} is in the pools of uniswap_v3, too; remove"
        " it where it does not belong"
    )


# With a chain called like a family, `venues = uniswap_v3` of an order allows all
# pools of that chain, also those of families the client meant to keep out.
@pytest.mark.parametrize("name", ["uniswap_v3", "slipstream", "hyperliquid"])
def test_a_chain_must_not_have_the_name_of_a_family_or_a_venue(build, name):
    text = DESK.split("[venues.hyperliquid]")[0].replace("chains.local", f"chains.{name}")

    message = refused(build, text)

    assert message.startswith(f"chains.{name}: is the name of a pool family or a venue")
    assert message.endswith("choose another")


# One token under two names: its balance counts as spendable twice, a fill is booked under one name
# and changes both at the venue, so the desk halts after its first trade.
def test_one_token_under_two_assets_is_refused(build):
    text = DESK.replace("ETH = 18\n", "ETH = 18\nWETH = 18\n", 1)
    text = text.replace(
        f'ETH = "{WETH}"', f'ETH = "{WETH}"\nWETH = "{WETH.upper().replace("X", "x")}"'
    )

    message = refused(build, text)

    assert message.startswith("chains.local.tokens.WETH: 0x")
    assert message.endswith("is ETH's token, too; remove one of the two")


# Uniswap V4 writes the coin so; a plan would spend the coin and check the token's balance.
def test_the_coin_is_no_token(build):
    message = refused(build, DESK.replace(f'ETH = "{WETH}"', f'ETH = "0x{"00" * 20}"'))

    assert message.startswith("chains.local.tokens.ETH: the zero address is no token; give")


# `NATIVE` is what the ledger calls the coin that pays for gas. A token of that name shares its
# entry: gas is booked against the token's balance, and the account's snapshot has two of it.
def test_an_asset_must_not_have_the_coins_own_name(build):
    text = DESK.replace("ETH = 18\n", "ETH = 18\nNATIVE = 18\n", 1)
    text = text.replace(f'USDC = "{USDC}"', f'USDC = "{USDC}"\nNATIVE = "{POOL_LOW}"')

    message = refused(build, text)

    assert message.startswith("assets.NATIVE: is what the coin that pays for gas is called")
    assert message.endswith("choose another name")


# Ids are put together with these characters, and an order's venues with commas.
@pytest.mark.parametrize("name", ["ETH/USDC", "a@b", "a:b", "a,b", "", " ETH", "\u0415TH"])
@pytest.mark.parametrize("table", ["assets", "chains", "venues"])
def test_a_name_that_would_make_another_ambiguous_is_refused(build, table, name):
    added = f'[{table}."{name}"]\n' if table != "assets" else f'"{name}" = 6\n'
    text = DESK.replace("[assets]\n", f"[assets]\n{added}") if table == "assets" else DESK + added

    message = refused(build, text)

    assert message.startswith(f"{table}: {name!r} must be a name of letters, digits and . _ -")


# The Universal Router reckons with 3000 pips in every V2 pair. A fork's pair with another fee is
# accepted by the configuration, quoted, planned (cheaper than the others, too), and then refused
# with its whole transaction when it is to be signed: in every round, until the order is given back.
def test_a_v2_pair_with_a_fee_that_its_router_does_not_know_is_refused_when_configured(build):
    text = DESK.replace(
        "[venues.hyperliquid]\n",
        f"""[chains.local.uniswap_v2]
factory = "0x{"44" * 20}"

[[chains.local.uniswap_v2.pools]]
address = "0x{"05" * 20}"
base = "ETH"
quote = "USDC"
fee_pips = 2500

[venues.hyperliquid]
""",
        1,
    )
    assert uniswap_v2.FEE_PIPS == 3_000

    message = refused(build, text)

    assert message.startswith("chains.local.uniswap_v2.pools: fee_pips of ETH/USDC at 0x0505")
    assert "must be 3000, was 2500" in message
    assert message.endswith("remove it")


def test_only_a_configured_token_can_be_vouched_for(build):
    text = DESK.replace("chain_id = 31337", 'chain_id = 31337\nunverified_tokens = ["USDT"]')

    assert refused(build, text) == (
        "chains.local.unverified_tokens: 'USDT' has no address in tokens; add it there or correct"
        " it"
    )


# A pool whose hook changes amounts can be traded alone and directly only (`calldata` refuses all
# else), but it is offered as a hop of routes. A plan with such a hop is refused whole, each round.
def test_a_pool_whose_hook_changes_amounts_is_no_hop_of_a_route(build):
    hook = "0x" + "00" * 18 + "0044"
    text = DESK.replace(
        "[venues.hyperliquid]\n",
        f"""[chains.local.uniswap_v4]
pool_manager = "0x{"44" * 20}"
state_view = "0x{"45" * 20}"
quoter = "0x{"46" * 20}"
hooks_allowed = ["{hook}"]

[[chains.local.uniswap_v4.pools]]
base = "ETH"
quote = "USDC"
fee_pips = 3000
tick_spacing = 60
hooks = "{hook}"

[venues.hyperliquid]
""",
        1,
    )

    (hooked,) = [i for i in build(text).instruments if i.protocol == "uniswap_v4"]

    assert not hooked.is_hop
