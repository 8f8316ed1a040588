"""Uniswap V3 as a family of pool contracts; satisfies `venues.evm.pools.family.Family`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from venues.evm.pools import fee_tiers
from venues.evm.pools.concentrated_pool import ConcentratedPools
from venues.evm.pools.family import ChainFacts, PoolSetup
from venues.evm.pools.fee_tiers import FeeTierFactory, PoolSettings
from venues.evm.pools.pool_setup import STRICT, UNIVERSAL_ROUTER, Address, Hash, Market
from venues.uniswap_v3.spec import INIT_CODE_HASH, NAME, TICK_SPACINGS
from venues.uniswap_v3.wire import CONTRACT

_MARKET = Market(family=NAME, router=UNIVERSAL_ROUTER)
_POOLS = ConcentratedPools(CONTRACT)


class Settings(BaseModel):
    """The table ``[chains.NAME.uniswap_v3]``."""

    model_config = STRICT

    factory: Address
    init_code_hash: Hash = INIT_CODE_HASH
    pools: Annotated[list[PoolSettings], Field(min_length=1)]


def configured(table: Mapping[str, object], facts: ChainFacts) -> tuple[PoolSetup, ...]:
    """Read the family's table."""
    settings = Settings.model_validate(dict(table))
    factory = FeeTierFactory(
        market=_MARKET,
        factory=settings.factory,
        tick_spacings=TICK_SPACINGS,
        deployer=settings.factory,
        init_code_hash=settings.init_code_hash,
    )
    return factory.setups(settings.pools, facts)


def discovery_topic() -> str:
    """Return the first topic of the factory's PoolCreated."""
    return fee_tiers.POOL_CREATED


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
discovered = fee_tiers.discovered
