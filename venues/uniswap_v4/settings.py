"""The configuration table of Uniswap V4, and the pools it makes. Connects to nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from pydantic import BaseModel, Field

from router.domain.error import ConfigError
from router.domain.units import AssetId
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, Dialect, PoolSetup
from venues.evm.pools.pool_setup import (
    STRICT,
    UNIVERSAL_ROUTER,
    Address,
    Market,
    TickSpacing,
    distinct,
)
from venues.uniswap_v4.spec import (
    AMOUNT_PERMISSIONS,
    DYNAMIC_FEE,
    NAME,
    SWAP_PERMISSIONS,
    swap_permissions,
)
from venues.uniswap_v4.wire import PoolKey

# Names in `PoolSetup.contracts`.
STATE_VIEW: Final = "state_view"
QUOTER: Final = "quoter"

_MARKET = Market(family=NAME, router=UNIVERSAL_ROUTER)
_HOOK_DIGITS: Final = 8  # at the end of its address, where its permissions are


class PoolSettings(BaseModel):
    """One pool, seen from the pair that is traded.

    `native` puts the chain's own coin in the place of the token that wraps it.
    """

    model_config = STRICT

    base: str
    quote: str
    fee_pips: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    dynamic_fee: bool = False
    tick_spacing: TickSpacing
    hooks: Address = NATIVE_COIN
    native: bool = False


class Settings(BaseModel):
    """The table ``[chains.NAME.uniswap_v4]``."""

    model_config = STRICT

    pool_manager: Address
    state_view: Address
    quoter: Address
    hooks_allowed: list[Address] = []
    pools: Annotated[list[PoolSettings], Field(min_length=1)]


def configured(table: Mapping[str, object], facts: ChainFacts) -> tuple[PoolSetup, ...]:
    """Read the family's table; errors as `venues.evm.pools.family.Family` says."""
    settings = Settings.model_validate(dict(table))
    pools = distinct(_setup(pool, settings, facts) for pool in settings.pools)
    _check_quoted(pools)
    return pools


def key_of(pool: PoolSetup) -> PoolKey:
    """Return what the PoolManager calls a pool by."""
    return PoolKey(pool.token0, pool.token1, pool.fee_pips, pool.tick_spacing, pool.hooks)


def refusal(hooks: str, *, has_dynamic_fee: bool) -> str | None:
    """Return why pools with a hook may not be traded without leave; None if they may."""
    bits = swap_permissions(hooks)
    if bits:
        named = ", ".join(f"{bit} ({SWAP_PERMISSIONS[bit]})" for bit in bits)
        return f"hook {hooks} has a hand in swaps by its permission bits {named}"
    if has_dynamic_fee:
        return f"hook {hooks} sets the fee"
    return None


def _setup(pool: PoolSettings, settings: Settings, facts: ChainFacts) -> PoolSetup:
    fee_pips, hooks = _fee(pool), pool.hooks.lower()
    _check_hooks(pool, hooks, settings)
    pair = _MARKET.pair(pool.base, pool.quote, facts=facts, is_native=pool.native)
    key = PoolKey(pair.token0, pair.token1, fee_pips, pool.tick_spacing, hooks)
    instrument = _MARKET.instrument(
        pair,
        key=_key(pool, hooks),
        symbol=key.pool_id,
        fee_pips=pool.fee_pips,
        facts=facts,
    )
    is_replayable = AMOUNT_PERMISSIONS.isdisjoint(swap_permissions(hooks))
    # What a hook made of one swap among several of a route could not be told from a receipt.
    is_hop = instrument.is_hop and is_replayable
    return PoolSetup(
        instrument=replace(instrument, is_hop=is_hop),
        dialect=Dialect.V4,
        emitter=settings.pool_manager.lower(),
        topic=key.pool_id,
        token0=pair.token0,
        token1=pair.token1,
        fee_pips=fee_pips,
        tick_spacing=pool.tick_spacing,
        hooks=hooks,
        contracts={STATE_VIEW: settings.state_view.lower(), QUOTER: settings.quoter.lower()},
        is_replayable=is_replayable,
    )


# What the hooks of two such pools made of their swaps could not be told apart in one transaction's
# receipt. Only pools of one pair can meet there, so a plan never has two.
def _check_quoted(pools: tuple[PoolSetup, ...]) -> None:
    found: dict[tuple[AssetId, AssetId], PoolSetup] = {}
    for pool in pools:
        pair = (pool.instrument.base.id, pool.instrument.quote.id)
        if pool.is_replayable:
            continue
        if pair in found:
            raise ConfigError(
                f"{NAME}.pools: {found[pair].instrument.id} and {pool.instrument.id}: of one pair "
                "there may be one pool whose hook changes amounts; remove one of the two"
            )
        found[pair] = pool


def _fee(pool: PoolSettings) -> int:
    if pool.dynamic_fee == (pool.fee_pips is not None):
        raise ConfigError(
            f"{NAME}.pools: {pool.base}/{pool.quote} must have either fee_pips or "
            "dynamic_fee = true; give one of them"
        )
    return DYNAMIC_FEE if pool.fee_pips is None else pool.fee_pips


def _check_hooks(pool: PoolSettings, hooks: str, settings: Settings) -> None:
    where = f"{NAME}.pools: {pool.base}/{pool.quote}"
    if pool.dynamic_fee and hooks == NATIVE_COIN:
        raise ConfigError(f"{where}: dynamic_fee = true needs hooks, the contract that sets it")
    if hooks in {each.lower() for each in settings.hooks_allowed}:
        return
    reason = refusal(hooks, has_dynamic_fee=pool.dynamic_fee)
    if reason is not None:
        raise ConfigError(f"{where}: {reason}; add it to hooks_allowed or remove the pool")


def _key(pool: PoolSettings, hooks: str) -> str:
    parts = ["dyn" if pool.dynamic_fee else str(pool.fee_pips), str(pool.tick_spacing)]
    if pool.native:
        parts.append("native")
    if hooks != NATIVE_COIN:
        parts.append(hooks[-_HOOK_DIGITS:])
    return "/".join(parts)
