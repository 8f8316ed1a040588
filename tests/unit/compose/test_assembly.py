import re

import pytest

from router.compose.assembly import assemble
from router.compose.dry_run.planning import order_context
from router.domain.error import ConfigError
from router.domain.instrument import InstrumentKind
from router.shell.clock import SystemClock
from tests.unit.compose.desk_file import (
    ACCOUNT,
    DESK,
    ENVIRONMENT,
    POOL_HIGH,
    POOL_LOW,
    USDC,
    WETH,
)


@pytest.fixture
def build(tmp_path):
    def build_text(text, environment=ENVIRONMENT):
        path = tmp_path / "desk.toml"
        path.write_text(text, encoding="utf-8")
        return assemble(path, environment, SystemClock())

    return build_text


def fault(build, text, **changes):
    with pytest.raises(ConfigError) as refused:
        build(text, **changes)
    message = str(refused.value)
    assert "\n" not in message
    assert not any(key in message for key in ENVIRONMENT.values()), "a key is never shown"
    assert "desk.toml: " in message
    return message.split("desk.toml: ", 1)[1]


def replaced(old, new):
    assert DESK.count(old) == 1, f"{old!r} is in the file once"
    return DESK.replace(old, new)


def test_a_good_file_makes_every_instrument_of_every_venue(build):
    assembly = build(DESK)

    low, high, perp = assembly.instruments
    assert set(assembly.venues) == {"local", "hyperliquid"}
    assert (low.symbol, low.fee_pips, low.kind) == (POOL_LOW, 500, InstrumentKind.SPOT_POOL)
    assert (high.symbol, high.fee_pips) == (POOL_HIGH, 3_000)
    assert low.account == f"evm:31337:{ACCOUNT.lower()}"
    assert not low.base_is_token0, "the dollar's address is below the ether's"
    assert perp.account == f"hyperliquid:0x{'cd' * 20}"
    assert perp.lot_atoms == 10**14
    assert perp.notional_min_atoms == 10 * 10**6
    assert perp.tick_decimals == 2
    assert len({i.id for i in assembly.instruments}) == 3


def test_orders_are_checked_against_what_the_file_names(build):
    assembly = build(DESK)

    context = order_context(assembly, "journal")

    assert set(context.assets) == {"ETH", "USDC"}
    assert set(context.venues) == {"local", "uniswap_v3", "hyperliquid"}
    assert context.limits == assembly.config.limits


def test_play_money_needs_no_permission(build):
    build(DESK).require_permission(live=False)


@pytest.mark.parametrize(
    ("old", "new", "venue"),
    [
        ('network = "testnet"', 'network = "mainnet"', "hyperliquid"),
        ("chain_id = 31337", "chain_id = 1", "local"),
        ("chain_id = 31337", "chain_id = 42161", "local"),
    ],
)
def test_real_money_needs_permission_and_the_venue_is_named(build, old, new, venue):
    assembly = build(replaced(old, new))

    with pytest.raises(ConfigError, match=f"{venue} trade real money; pass --live") as refused:
        assembly.require_permission(live=False)

    assert "desk.toml" in str(refused.value)
    assembly.require_permission(live=True)


def test_an_unknown_venue_is_named_with_those_that_are_known(build):
    assert fault(build, DESK + "\n[venues.binance]\nkey = 1\n") == (
        "venues.binance: unknown venue; use one of hyperliquid"
    )


@pytest.mark.parametrize("name", ["chains.local", "chains.local.uniswap_v3", "venues.hyperliquid"])
def test_an_unknown_key_in_a_table_is_named(build, name):
    text = DESK.replace(f"[{name}]\n", f"[{name}]\nspeling = 1\n")

    assert fault(build, text) == f"{name}.speling: unknown key; remove it or correct its spelling"


def test_a_family_nobody_knows_is_an_unknown_key_of_its_chain(build):
    text = DESK + "\n[chains.local.sushi]\npools = []\n"

    assert fault(build, text).startswith("chains.local.sushi: unknown key")


def test_a_file_without_any_venue_is_refused(build):
    assert fault(build, DESK.split("[chains.local]")[0]) == (
        "chains: missing; add a table of a chain or of a venue"
    )


def test_a_chain_must_not_have_the_name_of_a_venue(build):
    text = DESK.replace("chains.local", "chains.hyperliquid")

    assert fault(build, text).startswith("chains.hyperliquid: is a venue's name")


def test_an_unknown_key_in_one_of_several_pools_is_named_with_its_place(build):
    text = replaced("fee_pips = 3000", "fee_pips = 3000\ntick = 60")

    assert fault(build, text).startswith("chains.local.uniswap_v3.pools.1.tick: unknown key")


LINES = re.findall(r"^\w+ = .*$", DESK.split("[chains.local]")[1], flags=re.MULTILINE)
PLAIN = [
    line
    for line in LINES
    if DESK.count(f"\n{line}\n") == 1 and line.split()[0] not in {"ETH", "USDC", "address"}
]


@pytest.mark.parametrize("line", PLAIN)
def test_a_missing_key_of_a_venue_is_named(build, line):
    message = fault(build, DESK.replace(f"\n{line}\n", "\n"))

    key = line.split()[0]
    assert message.startswith(("venues.", "chains."))
    assert message.endswith(f"{key}: missing; add it")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("chain_id = 31337", 'chain_id = "31337"', "chains.local.chain_id"),
        ("chain_id = 31337", "chain_id = 0", "chains.local.chain_id"),
        ("chain_id = 31337", "chain_id = true", "chains.local.chain_id"),
        (f'account = "{ACCOUNT}"', 'account = "0xAB"', "chains.local.account"),
        (f'account = "{ACCOUNT}"', f'account = "{ACCOUNT[2:]}"', "chains.local.account"),
        (f'permit2 = "0x{"22" * 20}"', f'permit2 = "0x{"2g" * 20}"', "chains.local.permit2"),
        (f'ETH = "{WETH}"', 'ETH = "weth"', "chains.local.tokens.ETH"),
        (f'address = "{POOL_HIGH}"', 'address = "0x02"', "chains.local.uniswap_v3.pools.1.address"),
        ("fee_cap_gwei = 200", "fee_cap_gwei = 0", "chains.local.fee_cap_gwei"),
        ("fee_pips = 3000", "fee_pips = 1000000", "chains.local.uniswap_v3.pools.1.fee_pips"),
        ("silence_max_ms = 10000", "silence_max_ms = 0", "chains.local.silence_max_ms"),
        ('network = "testnet"', 'network = "devnet"', "venues.hyperliquid.network"),
        ("set_leverage = true", 'set_leverage = "yes"', "venues.hyperliquid.set_leverage"),
        ("leverage = 10", "leverage = 0", "venues.hyperliquid.markets.0.leverage"),
        ("size_decimals = 4", "size_decimals = 7", "venues.hyperliquid.markets.0.size_decimals"),
    ],
)
def test_a_bad_value_of_a_venue_is_named_with_its_place_and_shown(build, old, new, where):
    message = fault(build, replaced(f"\n{old}\n", f"\n{new}\n"))

    assert message.startswith(f"{where}: ")
    assert ", was " in message


@pytest.mark.parametrize(
    ("variable", "where"),
    [
        ("CHAIN_KEY", "chains.local.signing_key_env"),
        ("AGENT_KEY", "venues.hyperliquid.agent_key_env"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_key_that_is_not_in_the_environment_is_named_by_its_variable(
    build, variable, where, value
):
    environment = {**ENVIRONMENT, variable: value}
    if value is None:
        del environment[variable]

    message = fault(build, DESK, environment=environment)

    assert message.startswith(f"{where}: environment variable {variable} is not set; set it to ")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            f'USDC = "{USDC}"',
            f'USDC = "{USDC}"\nDAI = "{POOL_LOW}"',
            "chains.local.tokens: 'DAI' is not in [assets]; add it there or correct it",
        ),
        (
            'native_asset = "ETH"',
            'native_asset = "BNB"',
            "chains.local.native_asset: 'BNB' is not in [assets]",
        ),
        (
            f'address = "{POOL_HIGH}"\nbase = "ETH"',
            f'address = "{POOL_HIGH}"\nbase = "BTC"',
            "chains.local.uniswap_v3.pools: 'BTC' is not in [assets]",
        ),
        (
            'coin = "ETH"\nbase = "ETH"',
            'coin = "BTC"\nbase = "BTC"',
            "venues.hyperliquid.markets: 'BTC' is not in [assets]; add it there or correct it",
        ),
    ],
)
def test_an_asset_that_is_not_configured_is_named_where_it_is_used(build, old, new, words):
    assert fault(build, replaced(old, new)).startswith(words)


def test_lots_finer_than_the_asset_are_refused(build):
    text = replaced("ETH = 18\n", "ETH = 3\n")

    assert "size_decimals of ETH exceed those of ETH" in fault(build, text)


def test_the_same_pool_twice_is_refused_by_its_name(build):
    message = fault(build, replaced("fee_pips = 3000", "fee_pips = 500"))

    assert message.startswith("chains.local.uniswap_v3.pools: uniswap_v3:ETH/USDC:500@local at ")
    assert message.endswith("is there already; remove one of the two")


@pytest.mark.parametrize("key", ["not a key", "0x59", "0x" + "00" * 32, "0x" + "ff" * 32])
@pytest.mark.parametrize(
    ("variable", "where"),
    [
        ("CHAIN_KEY", "chains.local.signing_key"),
        ("AGENT_KEY", "venues.hyperliquid.agent_key"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_and_not_shown(build, variable, where, key):
    message = fault(build, DESK, environment={**ENVIRONMENT, variable: key})

    assert message.startswith(where)
    assert key not in message


def test_a_key_of_another_account_is_refused(build):
    other = "0x" + "5a" * 32

    message = fault(build, DESK, environment={**ENVIRONMENT, "CHAIN_KEY": other})

    assert message.startswith("chains.local.signing_key")
    assert ACCOUNT.lower() in message
    assert other not in message


def test_a_buffer_in_anything_but_the_collateral_is_refused_and_not_ignored(build):
    buffered = (
        DESK
        + """
[stress]
enabled = true
scenarios = [{ name = "gap", gap_pct = -30 }]

[stress.venues.hyperliquid]
buffer = { USDC = "100" }
"""
    )

    build(buffered)

    said = fault(build, buffered.replace('{ USDC = "100" }', '{ ETH = "1" }'))
    assert said == "stress.venues.hyperliquid.buffer.ETH: is not the collateral there; use USDC"
