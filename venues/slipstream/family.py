"""Slipstream as a family of pool contracts; satisfies `venues.evm.pools.family.Family`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from venues.evm.pools.concentrated_pool import ConcentratedPools
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, Dialect, PoolSetup
from venues.evm.pools.fee_tiers import pool_salt
from venues.evm.pools.pool_setup import (
    COMPUTED,
    POOL_FACTORY,
    STRICT,
    Address,
    Market,
    Pair,
    TickSpacing,
    configured_pair,
    distinct,
)
from venues.evm.words.hashing import clone_init_code_hash, create2_address
from venues.evm.words.node import Log
from venues.slipstream import wire
from venues.slipstream.spec import NAME, ROUTER

_MARKET = Market(family=NAME, router=ROUTER)
_POOLS = ConcentratedPools(wire.CONTRACT)


class PoolSettings(BaseModel):
    """One pool, seen from the pair that is traded."""

    model_config = STRICT

    address: Address
    base: str
    quote: str
    tick_spacing: TickSpacing


class Settings(BaseModel):
    """The table ``[chains.NAME.slipstream]``.

    With `pool_implementation`, whose proxies the pools are, their addresses are computed as well.
    """

    model_config = STRICT

    factory: Address
    pool_implementation: Address | None = None
    pools: Annotated[list[PoolSettings], Field(min_length=1)]


def configured(table: Mapping[str, object], facts: ChainFacts) -> tuple[PoolSetup, ...]:
    """Read the family's table."""
    settings = Settings.model_validate(dict(table))
    return distinct(_setup(pool, settings, facts) for pool in settings.pools)


def discovery_topic() -> str:
    """Return the first topic of the factory's PoolCreated."""
    return wire.POOL_CREATED


def discovered(log: Log, facts: ChainFacts) -> Mapping[str, object] | None:
    """Return a pool's configuration table from the log that made it."""
    if log.topics[:1] != (wire.POOL_CREATED,):
        return None
    token0, token1, spacing, pool = wire.read_pool_created(log)
    assets = configured_pair(token0, token1, facts)
    if assets is None:
        return None
    return {"address": pool, "base": assets[0], "quote": assets[1], "tick_spacing": spacing}


identity_calls = _POOLS.identity_calls
check_identity = _POOLS.check_identity
first_calls = _POOLS.first_calls
second_calls = _POOLS.second_calls
snapshot = _POOLS.snapshot
refresh_calls = _POOLS.refresh_calls
refreshed = _POOLS.refreshed
read_log = _POOLS.read_log
swap_seen = _POOLS.swap_seen
log_topics = _POOLS.log_topics


def _setup(pool: PoolSettings, settings: Settings, facts: ChainFacts) -> PoolSetup:
    pair = _MARKET.pair(pool.base, pool.quote, facts=facts)
    return PoolSetup(
        instrument=_MARKET.instrument(
            pair,
            key=f"ts{pool.tick_spacing}",
            symbol=pool.address,
            fee_pips=None,
            facts=facts,
        ),
        dialect=Dialect.V3,
        emitter=pool.address.lower(),
        topic=None,
        token0=pair.token0,
        token1=pair.token1,
        fee_pips=0,
        tick_spacing=pool.tick_spacing,
        hooks=NATIVE_COIN,
        contracts=_contracts(pair, pool.tick_spacing, settings),
    )


def _contracts(pair: Pair, tick_spacing: int, settings: Settings) -> dict[str, str]:
    contracts = {POOL_FACTORY: settings.factory.lower()}
    if settings.pool_implementation is not None:
        contracts[COMPUTED] = create2_address(
            settings.factory,
            salt=pool_salt(pair.token0, pair.token1, tick_spacing),
            init_code_hash=clone_init_code_hash(settings.pool_implementation),
        )
    return contracts
