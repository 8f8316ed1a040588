"""Whether a chain's configuration and the chain speak of the same things.

A router trades in the pools of the factory it was made with. Swap routers tell which one that is;
the Universal Router does not: that its pools are the configured ones shows in a simulation only.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from router.domain.error import ConfigError, MalformedDataError
from venues.evm.pools.pool_setup import POOL_FACTORY, UNIVERSAL_ROUTER
from venues.evm.spec import ChainConfig
from venues.evm.words import abi
from venues.evm.words.key import SigningKey
from venues.evm.words.multicall import FAILED, ContractCall

_FACTORY: Final = bytes.fromhex("c45a0155")  # factory()


def signing_key(config: ChainConfig) -> SigningKey:
    """Return the account's key.

    Raises
    ------
    ConfigError
        If it is no key, or not the key of `address`.
    """
    try:
        key = SigningKey(config.signing_key)
    except ValueError as error:
        raise ConfigError(f"signing_key_env: {error}") from None
    if key.address != config.address.lower():
        raise ConfigError(f"signing_key_env: is of {key.address}, but account is {config.address}")
    return key


def contracts(config: ChainConfig) -> Mapping[str, str]:
    """Return every address that must hold code, by the name of its field.

    Raises
    ------
    ConfigError
        If one is not an address.
    """
    named = {"permit2": config.permit2, "multicall": config.multicall}
    named |= {f"routers.{name}": address for name, address in config.routers.items()}
    named |= {f"tokens.{asset}": token.address for asset, token in config.tokens.items()}
    for name, address in (("address", config.address), *named.items()):
        try:
            abi.address_bytes(address)
        except MalformedDataError as error:
            raise ConfigError(f"{name}: must be an address: {error}") from None
    return named


def check_present(present: Mapping[tuple[str, str], bool]) -> None:
    """Look for code at every contract, by name and address.

    Raises
    ------
    ConfigError
        If there is none.
    """
    for (name, address), is_contract in present.items():
        if not is_contract:
            raise ConfigError(f"{name}: there is no contract at {address} on this chain")


def factory_calls(config: ChainConfig) -> list[ContractCall]:
    """Return the reads that `check_factories` takes."""
    return [
        ContractCall(config.routers[name], _FACTORY, may_fail=True) for name in _factories(config)
    ]


def check_factories(config: ChainConfig, answers: Sequence[bytes]) -> None:
    """Compare the factory that each swap router trades with to that of its configured pools.

    Raises
    ------
    ConfigError
        If it is another one, or the router has none.
    """
    for (name, wanted), answer in zip(_factories(config).items(), answers, strict=True):
        address = config.routers[name]
        if answer == FAILED:
            raise ConfigError(f"routers.{name}: {address} tells no factory; it is no such router")
        found = abi.read_address(answer, 0)
        if found != wanted:
            raise ConfigError(
                f"routers.{name}: {address} trades in pools of the factory {found}, the configured "
                f"ones are of {wanted}; correct the router, or the factory and its pools"
            )


def _factories(config: ChainConfig) -> dict[str, str]:
    pools = [pool for pool in config.pools if pool.instrument.router != UNIVERSAL_ROUTER]
    return {
        pool.instrument.router: pool.contracts[POOL_FACTORY]
        for pool in pools
        if pool.instrument.router in config.routers
    }
