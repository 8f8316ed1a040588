"""Keys that belong to accounts, and addresses where there should be contracts."""

from dataclasses import replace

import pytest
from eth_utils import keccak

from router.domain.error import ConfigError
from tests.unit.venues.evm.pools_world import (
    CAKE,
    OWNER,
    PANCAKE,
    PERMIT2,
    ROUTER,
    TOKENS,
    V3,
    config,
)
from venues.evm.identity import (
    check_factories,
    check_present,
    contracts,
    factory_calls,
    signing_key,
)
from venues.evm.pools.family import TokenContract
from venues.evm.pools.pool_setup import POOL_FACTORY
from venues.evm.words.multicall import FAILED

STRANGER = "0x" + "77" * 20


@pytest.mark.parametrize("address", [OWNER, OWNER.upper().replace("0X", "0x")])
def test_the_key_of_the_account_is_its_key_however_the_address_is_written(address):
    assert signing_key(config(address=address)).address == OWNER


def test_a_key_of_another_account_is_refused_and_both_accounts_are_named():
    with pytest.raises(ConfigError) as caught:
        signing_key(config(address=STRANGER))

    assert str(caught.value) == f"signing_key_env: is of {OWNER}, but account is {STRANGER}"


@pytest.mark.parametrize("key", ["0x12", "secret words", "0x" + "00" * 32, "0x" + "ff" * 32])
def test_what_is_no_key_is_refused_and_not_shown(key):
    with pytest.raises(ConfigError, match=r"^signing_key_env: ") as caught:
        signing_key(config(signing_key=key))

    assert key not in str(caught.value)
    assert key not in repr(config(signing_key=key))
    assert caught.value.__cause__ is None, "a cause would be shown with what it holds"


def test_every_contract_that_is_called_is_named_by_its_key():
    named = contracts(config())

    assert named["permit2"] == PERMIT2
    assert named["routers.universal_router"] == ROUTER
    assert named["tokens.ETH"] == TOKENS["ETH"].address
    assert set(named) == {
        *("permit2", "multicall"),
        *(f"routers.{name}" for name in ("universal_router", "pancakeswap_v3", "slipstream")),
        *(f"tokens.{name}" for name in TOKENS),
    }


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"permit2": "0x12"}, "permit2"),
        ({"multicall": ""}, "multicall"),
        ({"routers": {"universal_router": "0x" + "zz" * 20}}, "routers.universal_router"),
        ({"tokens": {"ETH": TokenContract("11" * 20, 18)}}, "tokens.ETH"),
        ({"address": OWNER + "00"}, "address"),
    ],
)
def test_what_is_no_address_is_named_by_its_key(changes, name):
    with pytest.raises(ConfigError, match=f"^{name}: must be an address: "):
        contracts(config(**changes))


def test_an_address_without_code_is_named_and_others_pass():
    present = dict.fromkeys(contracts(config()).items(), True)
    check_present(present)

    with pytest.raises(ConfigError) as caught:
        check_present(present | {("tokens.USDC", STRANGER): False})

    assert str(caught.value) == (f"tokens.USDC: there is no contract at {STRANGER} on this chain")


FACTORY, OTHER = "0x" + "fa" * 20, "0x" + "0f" * 20


def with_cake(factory=FACTORY):
    return config(pools=(V3, replace(CAKE, contracts={POOL_FACTORY: factory})))


def word_of(address):
    return bytes(12) + bytes.fromhex(address[2:])


def test_swap_routers_are_asked_for_their_factory_and_the_universal_router_is_not():
    (call,) = factory_calls(with_cake())

    assert (call.target, call.data) == (PANCAKE, keccak(text="factory()")[:4])
    check_factories(with_cake(), (word_of(FACTORY),))


def test_a_router_of_another_factory_is_named():
    with pytest.raises(ConfigError) as caught:
        check_factories(with_cake(), (word_of(OTHER),))

    assert str(caught.value) == (
        f"routers.pancakeswap_v3: {PANCAKE} trades in pools of the factory {OTHER}, the configured "
        f"ones are of {FACTORY}; correct the router, or the factory and its pools"
    )


def test_a_router_that_tells_no_factory_is_named():
    with pytest.raises(ConfigError, match=r"^routers\.pancakeswap_v3: .* tells no factory"):
        check_factories(with_cake(), (FAILED,))
