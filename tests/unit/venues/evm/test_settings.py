"""The table of a chain, read strictly; what it makes connects to nothing."""

import asyncio
import re
import socket
from dataclasses import replace

import pytest
from pydantic import ValidationError

from router.domain.error import ConfigError, VenueError
from router.domain.instrument import Asset
from router.domain.units import Amount
from tests.unit.venues.evm.pools_world import KEY, OWNER, V2, V3, V4
from venues import registry
from venues.evm import settings

FAMILIES = {name: registry.family(name) for name in registry.FAMILIES}
ASSETS = {"ETH": Asset("ETH", 18), "USDC": Asset("USDC", 6)}
MIXED_CASE = "0xAbCdEf" + "12" * 17
TABLE = {
    "chain_id": 31337,
    "ws_urls": ["wss://one", "wss://two"],
    "account": OWNER.upper().replace("0X", "0x"),
    "signing_key_env": "CHAIN_KEY",
    "routers": {"universal_router": MIXED_CASE},
    "router_version": "2.1.1",
    "permit2": MIXED_CASE,
    "multicall": "0x" + "c1" * 20,
    "native_asset": "ETH",
    "fee_cap_gwei": 3,
    "confirmations": 2,
    "replace_after_blocks": 4,
    "replacements_max": 0,
    "in_flight_max": 16,
    "data_fee": "op_stack",
    "request_timeout_ms": 1,
    "receipt_timeout_ms": 20,
    "silence_max_ms": 300,
    "head_lag_max": 0,
    "tokens": {"ETH": "0x" + "11" * 20, "USDC": MIXED_CASE},
}


class Clock:
    def now(self):
        return 0

    async def sleep(self, _duration):
        raise AssertionError("nothing waits here")


def read(**changes):
    table = {key: value for key, value in (TABLE | changes).items() if value is not None}
    return settings.read_table("base", table, assets=ASSETS)


def built(*pools, environment=None, **changes):
    environment = {"CHAIN_KEY": KEY} if environment is None else environment
    return settings.build(
        read(**changes), pools, families=FAMILIES, environment=environment, clock=Clock()
    )


def test_what_families_may_refer_to_is_in_lower_case_and_bears_the_chains_name():
    facts = read().facts

    assert facts.venue == "base"
    assert facts.account == f"evm:31337:{OWNER}"
    assert facts.routers == {"universal_router": MIXED_CASE.lower()}
    assert {asset: (t.address, t.decimals) for asset, t in facts.tokens.items()} == {
        "ETH": ("0x" + "11" * 20, 18),
        "USDC": (MIXED_CASE.lower(), 6),
    }
    assert facts.native == "ETH"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"native_asset": "DOGE"}, "native_asset: 'DOGE' is not in [assets]; add it there or"),
        (
            {"tokens": {"USDC": MIXED_CASE, "DOGE": MIXED_CASE}},
            "native_asset: 'ETH' has no address in tokens; add the token that wraps the coin",
        ),
        (
            {"tokens": {"ETH": MIXED_CASE, "DOGE": MIXED_CASE}},
            "tokens: 'DOGE' is not in [assets]; add it there or correct it",
        ),
    ],
)
def test_a_name_that_is_configured_nowhere_is_named(changes, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        read(**changes)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, None) for key in TABLE if key != "account"),
        ("speling", 1),
        ("chain_id", 0),
        ("chain_id", "1"),
        ("ws_urls", []),
        ("ws_urls", [""]),
        ("account", OWNER[:-1]),
        ("signing_key_env", KEY),  # the key itself, where its variable should be named
        ("routers", {}),
        ("routers", {"universal_router": "0x12"}),
        ("router_version", "2.1"),
        ("permit2", "permit2"),
        ("fee_cap_gwei", 0),
        ("confirmations", 0),
        ("confirmations", 65),
        ("replace_after_blocks", 0),
        ("replacements_max", -1),
        ("in_flight_max", 0),
        ("in_flight_max", 17),
        ("data_fee", "some"),
        ("request_timeout_ms", 0),
        ("receipt_timeout_ms", 1.5),
        ("silence_max_ms", True),
        ("head_lag_max", -1),
        ("tokens", {"ETH": MIXED_CASE}),
    ],
)
def test_a_key_that_is_missing_unknown_or_out_of_range_is_refused_by_name(key, value):
    with pytest.raises(ValidationError) as caught:
        read(**{key: value})

    assert {error["loc"][0] for error in caught.value.errors()} == {key}


def test_relays_are_what_may_be_left_out():
    assert read().settings.relay_urls == []
    assert read(relay_urls=["https://relay"]).settings.relay_urls == ["https://relay"]


@pytest.mark.parametrize("environment", [{}, {"CHAIN_KEY": ""}, {"OTHER_KEY": KEY}])
def test_a_key_that_is_not_set_is_named_by_its_variable(environment):
    with pytest.raises(
        ConfigError, match=r"^signing_key_env: environment variable CHAIN_KEY is not"
    ):
        built(environment=environment)


def test_an_account_that_is_missing_is_named_unless_it_is_only_watched():
    with pytest.raises(ConfigError, match=r"^account: missing; add it$"):
        built(account=None)

    table = read(account=None)
    watched = settings.build(table, (), families=FAMILIES, environment=None, clock=Clock())
    assert not watched.has_account
    assert built().has_account


def test_the_key_of_another_account_is_refused_before_anything_is_connected_to():
    with pytest.raises(ConfigError, match=r"^signing_key_env: is of 0x"):
        built(account=MIXED_CASE)


def test_a_pool_whose_router_has_no_address_is_named():
    stranger = replace(V3, instrument=replace(V3.instrument, router="slipstream"))

    with pytest.raises(ConfigError) as caught:
        built(V2, stranger)

    assert str(caught.value) == f"routers: slipstream has no address, needed by {V3.instrument.id}"


def test_the_venue_has_the_chains_name_and_every_pool_in_order():
    setup = built(V4, V2, V3)

    assert (setup.venue.id, setup.venue.account) == ("base", f"evm:31337:{OWNER}")
    assert setup.instruments == (V4.instrument, V2.instrument, V3.instrument)
    assert setup.native == "ETH"


@pytest.mark.parametrize(
    ("chain_id", "is_real"), [(31337, False), (11155111, False), (1, True), (8453, True)]
)
def test_every_chain_that_is_not_for_play_is_real_money(chain_id, is_real):
    assert built(chain_id=chain_id).real_money is is_real


def test_only_configured_tokens_can_be_approved():
    with pytest.raises(ConfigError, match=r"^tokens: BTC has no address; use one of ETH, USDC$"):
        built().approve(Amount("BTC", 1))


def test_a_chain_that_cannot_be_reached_cannot_be_searched_and_says_so():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"ws://127.0.0.1:{closed.getsockname()[1]}"
    setup = built(ws_urls=[url], request_timeout_ms=1000)

    with pytest.raises(VenueError, match=r"^base: discover: ") as caught:
        asyncio.run(setup.discover(0))

    assert "\n" not in str(caught.value)
