"""Whether the configuration and the chain speak of the same things; a ConfigError says what not."""

from collections.abc import Mapping

from router.domain.error import ConfigError, MalformedDataError
from router.domain.instrument import Instrument, InstrumentKind
from venues.evm import abi
from venues.evm.key import SigningKey
from venues.uniswap_v3.spec import TokenContract, UniswapV3Config
from venues.uniswap_v3.wire import PoolIdentity


def signing_key(config: UniswapV3Config) -> SigningKey:
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


def contracts(config: UniswapV3Config) -> Mapping[str, str]:
    """Return every address that must hold code, by the name of its field.

    Raises
    ------
    ConfigError
        If one is not an address, or an instrument does not belong to this venue and account.
    """
    named = {
        "universal_router": config.universal_router,
        "permit2": config.permit2,
        "multicall": config.multicall,
    }
    named |= {f"tokens.{asset}": token.address for asset, token in config.tokens.items()}
    named |= {f"pools.{pool.id}.symbol": pool.symbol for pool in config.pools}
    for name, address in (("address", config.address), *named.items()):
        try:
            abi.address_bytes(address)
        except MalformedDataError as error:
            raise ConfigError(f"{name}: must be an address: {error}") from None
    for pool in config.pools:
        _check_instrument(pool, config)
    return named


def check_chain_id(found: int, config: UniswapV3Config) -> None:
    """Compare the configured chain with the node's.

    Raises
    ------
    ConfigError
        If they differ.
    """
    if found != config.chain_id:
        raise ConfigError(f"chain_id: must be the node's, which is {found}, was {config.chain_id}")


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


def check_pool(pool: Instrument, found: PoolIdentity, config: UniswapV3Config) -> None:
    """Compare an instrument with the pool at its address.

    Raises
    ------
    ConfigError
        If tokens, their order or the fee differ, or the pool has no price yet.
    """
    base, quote = (config.tokens[asset.id].address.lower() for asset in (pool.base, pool.quote))
    wanted = (base, quote) if pool.base_is_token0 else (quote, base)
    if (found.token0, found.token1) != wanted:
        where = "the pool's tokens are"
        raise ConfigError(
            f"pools.{pool.id}: {where} {found.token0}, {found.token1}; base, quote and "
            f"base_is_token0 say {wanted[0]}, {wanted[1]}"
        )
    if found.fee_pips != pool.fee_pips:
        raise ConfigError(
            f"pools.{pool.id}.fee_pips: the pool's fee is {found.fee_pips}, was {pool.fee_pips}"
        )
    if found.sqrt_price_x96 == 0:
        raise ConfigError(f"pools.{pool.id}.symbol: the pool was never given a price")


def check_decimals(asset: str, token: TokenContract, found: int) -> None:
    """Compare a token's decimals with those of its contract.

    Raises
    ------
    ConfigError
        If they differ.
    """
    if found != token.decimals:
        raise ConfigError(
            f"tokens.{asset}.decimals: the token has {found} decimals, was {token.decimals}"
        )


def _check_instrument(pool: Instrument, config: UniswapV3Config) -> None:
    name = f"pools.{pool.id}"
    if pool.kind is not InstrumentKind.SPOT_POOL:
        raise ConfigError(f"{name}.kind: must be a pool, was {pool.kind.value}")
    if pool.venue != config.venue:
        raise ConfigError(f"{name}.venue: must be {config.venue}, was {pool.venue}")
    if pool.account != config.account:
        raise ConfigError(f"{name}.account: must be {config.account}, was {pool.account}")
    for asset in (pool.base, pool.quote):
        token = config.tokens.get(asset.id)
        if token is None:
            raise ConfigError(f"tokens: must name a contract for {asset.id}, used by {pool.id}")
        if token.decimals != asset.decimals:
            raise ConfigError(
                f"{name}: {asset.id} has {asset.decimals} decimals, "
                f"but tokens.{asset.id}.decimals is {token.decimals}"
            )
