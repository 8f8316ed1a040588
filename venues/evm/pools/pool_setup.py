"""What every family makes of a configured pool: its two tokens in order, and its instrument.

Connects to nothing; whether the chain agrees is for the family's `check_identity`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from router.domain.error import ConfigError, MalformedDataError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.units import AssetId, InstrumentId, Pips
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, PoolSetup

STRICT: Final = ConfigDict(extra="forbid", frozen=True, strict=True)
UNIVERSAL_ROUTER: Final = "universal_router"

# Names in `PoolSetup.contracts`.
POOL_FACTORY: Final = "factory"
COMPUTED: Final = "create2"  # where the factory's code must have put the pool, if that is known

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
FeePips = Annotated[int, Field(ge=0, lt=1_000_000)]
TickSpacing = Annotated[int, Field(gt=0, lt=32_768)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two configured assets and the addresses that stand for them, in the pool's order."""

    base: Asset
    quote: Asset
    token0: str
    token1: str
    base_is_token0: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """How a family writes its pools down.

    Attributes
    ----------
    family : str
        Its name: the first part of every instrument's id.
    router : str
        The name of the router that trades there.
    """

    family: str
    router: str

    def pair(self, base: str, quote: str, *, facts: ChainFacts, is_native: bool = False) -> Pair:
        """Look up the tokens of a pool; `is_native` puts the chain's coin for its wrapped token.

        Raises
        ------
        ConfigError
            If an asset is unknown or has no token, both are one, or neither is the coin.
        """
        where = f"{self.family}.pools"
        if base == quote:
            raise ConfigError(f"{where}: base and quote are both {base!r}; they must differ")
        if is_native and facts.native not in {base, quote}:
            raise ConfigError(
                f"{where}: native = true needs {facts.native!r} as base or quote, "
                f"was {base!r} and {quote!r}; set native = false"
            )
        assets = [_asset(name, where=where, facts=facts) for name in (base, quote)]
        first, second = (
            NATIVE_COIN
            if is_native and asset.id == facts.native
            else facts.tokens[asset.id].address
            for asset in assets
        )
        is_ordered = int(first, 16) < int(second, 16)
        low, high = (first, second) if is_ordered else (second, first)
        return Pair(
            base=assets[0],
            quote=assets[1],
            token0=low.lower(),
            token1=high.lower(),
            base_is_token0=is_ordered,
        )

    def instrument(
        self, pair: Pair, *, key: str, symbol: str, fee_pips: int | None, facts: ChainFacts
    ) -> Instrument:
        """Return the pool as an instrument; `key` tells it from others of the same pair.

        A fee of None is one that may change.

        Raises
        ------
        ConfigError
            If the account has no router for it.
        """
        if self.router not in facts.routers:
            raise ConfigError(
                f"routers.{self.router}: must be given, the {self.family} pools are traded there"
            )
        name = f"{self.family}:{pair.base.id}/{pair.quote.id}:{key}@{facts.venue}"
        return Instrument(
            id=InstrumentId(name),
            venue=facts.venue,
            symbol=symbol.lower(),
            kind=InstrumentKind.SPOT_POOL,
            base=pair.base,
            quote=pair.quote,
            account=facts.account,
            lot_atoms=1,
            notional_min_atoms=0,
            fee_pips=Pips(fee_pips or 0),
            base_is_token0=pair.base_is_token0,
            protocol=self.family,
            router=self.router,
            is_hop=self.router == UNIVERSAL_ROUTER,
            has_fixed_fee=fee_pips is not None,
        )


def distinct(pools: Iterable[PoolSetup]) -> tuple[PoolSetup, ...]:
    """Return the pools if each is there once.

    Raises
    ------
    ConfigError
        If two have one id, or one contract.
    """
    by_name: dict[str, PoolSetup] = {}
    symbols: set[str] = set()
    for pool in pools:
        instrument = pool.instrument
        if instrument.id in by_name or instrument.symbol in symbols:
            raise ConfigError(
                f"{instrument.protocol}.pools: {instrument.id} at {instrument.symbol} is there "
                "already; remove one of the two"
            )
        by_name[instrument.id] = pool
        symbols.add(instrument.symbol)
    return tuple(by_name.values())


def configured_pair(token0: str, token1: str, facts: ChainFacts) -> tuple[AssetId, AssetId] | None:
    """Return the assets of two tokens, the one that is configured first as the base.

    None where one of the tokens is not configured, or both stand for one asset.
    """
    wanted = [token0.lower(), token1.lower()]
    found = [asset for asset, token in facts.tokens.items() if token.address.lower() in wanted]
    if NATIVE_COIN in wanted and facts.native not in found:
        found = [asset for asset in facts.tokens if asset in found or asset == facts.native]
    elif NATIVE_COIN in wanted:
        return None  # the coin against the token that wraps it
    return (found[0], found[1]) if len(found) == len(wanted) else None


def exactly(count: int, answers: Sequence[bytes]) -> Sequence[bytes]:
    """Return the answers if there is one for each call.

    Raises
    ------
    MalformedDataError
        If there are more or fewer.
    """
    if len(answers) != count:
        raise MalformedDataError(f"must be {count} answers, were {len(answers)}")
    return answers


def _asset(name: str, *, where: str, facts: ChainFacts) -> Asset:
    if name not in facts.assets:
        raise ConfigError(f"{where}: {name!r} is not in [assets]; add it there or correct it")
    asset = facts.assets[name]
    if asset.id not in facts.tokens:
        raise ConfigError(f"{where}: {name!r} has no address in tokens; add it")
    return asset
