"""Configured and discovered pools of factories that key a pool by its tokens and its fee.

Each fee has a tick spacing, which the factory's owner chose; the usual ones need not be written
down. Connects to nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from router.domain.error import ConfigError
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, Dialect, PoolSetup
from venues.evm.pools.pool_setup import (
    COMPUTED,
    POOL_FACTORY,
    STRICT,
    Address,
    FeePips,
    Market,
    Pair,
    TickSpacing,
    configured_pair,
    distinct,
)
from venues.evm.words import abi
from venues.evm.words.hashing import create2_address, keccak256
from venues.evm.words.log_form import check_form, naming
from venues.evm.words.node import Log

POOL_CREATED: Final = "0x783cca1c0412dd0d695e784568c96da2e9c22ff989357a2e8b1d9b2b4e6b7118"

_CREATED_TOPICS: Final = 4
_CREATED_BYTES: Final = 2 * abi.WORD


class PoolSettings(BaseModel):
    """One pool, seen from the pair that is traded.

    `tick_spacing` is needed only where the fee is not one of the family's usual ones.
    """

    model_config = STRICT

    address: Address
    base: str
    quote: str
    fee_pips: FeePips
    tick_spacing: TickSpacing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTierFactory:
    """A configured factory.

    Attributes
    ----------
    tick_spacings : Mapping[int, int]
        By fee, as the factory had them from the beginning.
    deployer : str | None
        The contract that makes the pools by CREATE2; None if unknown, then no address is computed.
    init_code_hash : str
        Of what it deploys.
    """

    market: Market
    factory: str
    tick_spacings: Mapping[int, int]
    deployer: str | None
    init_code_hash: str

    def setups(self, pools: Sequence[PoolSettings], facts: ChainFacts) -> tuple[PoolSetup, ...]:
        """Return the configured pools.

        Raises
        ------
        ConfigError
            If one names what is not configured, or is there twice.
        """
        return distinct(self._setup(pool, facts) for pool in pools)

    def _setup(self, pool: PoolSettings, facts: ChainFacts) -> PoolSetup:
        pair = self.market.pair(pool.base, pool.quote, facts=facts)
        spacing = pool.tick_spacing or self.tick_spacings.get(pool.fee_pips)
        if spacing is None:
            usual = ", ".join(map(str, self.tick_spacings))
            raise ConfigError(
                f"{self.market.family}.pools: {pool.base}/{pool.quote} needs tick_spacing, because "
                f"fee_pips {pool.fee_pips} is none of {usual}"
            )
        return PoolSetup(
            instrument=self.market.instrument(
                pair,
                key=str(pool.fee_pips),
                symbol=pool.address,
                fee_pips=pool.fee_pips,
                facts=facts,
            ),
            dialect=Dialect.V3,
            emitter=pool.address.lower(),
            topic=None,
            token0=pair.token0,
            token1=pair.token1,
            fee_pips=pool.fee_pips,
            tick_spacing=spacing,
            hooks=NATIVE_COIN,
            contracts=self._contracts(pair, pool.fee_pips),
        )

    def _contracts(self, pair: Pair, fee_pips: int) -> dict[str, str]:
        contracts = {POOL_FACTORY: self.factory.lower()}
        if self.deployer is not None:
            contracts[COMPUTED] = create2_address(
                self.deployer,
                salt=pool_salt(pair.token0, pair.token1, fee_pips),
                init_code_hash=self.init_code_hash,
            )
        return contracts


def pool_salt(token0: str, token1: str, key: int) -> bytes:
    """Return what tells a factory's pools apart when their addresses are computed."""
    return keccak256(abi.address(token0) + abi.address(token1) + abi.word(key))


def discovered(log: Log, facts: ChainFacts) -> Mapping[str, object] | None:
    """Return a pool's configuration table from the factory's log, as `Family` says."""
    if log.topics[:1] != (POOL_CREATED,):
        return None
    check_form(log, topics=_CREATED_TOPICS, size=_CREATED_BYTES)
    with naming(log):
        token0, token1, fee = (abi.hex_bytes(topic) for topic in log.topics[1:])
        assets = configured_pair(abi.read_address(token0, 0), abi.read_address(token1, 0), facts)
        if assets is None:
            return None
        return {
            "address": abi.read_address(log.data, 1),
            "base": assets[0],
            "quote": assets[1],
            "fee_pips": abi.read_uint(fee, 0, bits=24),
            "tick_spacing": abi.read_int(log.data, 0, bits=24),
        }
