"""The venue and chain tables of a configuration made into venues; every fault names its key."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

from pydantic import ValidationError

from router.domain.error import ConfigError
from router.port import Clock, VenueSetup
from router.shell.config import Config, faults
from venues import registry
from venues.evm import settings as chain_settings
from venues.evm.pools.family import Family, PoolSetup


@dataclass(frozen=True, slots=True)
class _Chain:
    """A chain's tables, read; `where` is the place of its own in the file."""

    name: str
    where: str
    table: chain_settings.ChainTable
    families: Mapping[str, Family]
    pools: tuple[PoolSetup, ...]


def setups(
    config: Config, environment: Mapping[str, str] | None, clock: Clock
) -> tuple[VenueSetup, ...]:
    """Return every venue and every chain that the configuration names, connected to nothing.

    Without an environment no key is asked for, and every one only watches.

    Raises
    ------
    ConfigError
        Naming the file, the key and the remedy.
    """
    chains = [_chain(config, name) for name in config.chains]
    for first, second in combinations(chains, 2):
        _check_apart(first, second)
    venues = [_venue(config, name, environment, clock=clock) for name in config.venues]
    return (*(_built(chain, environment, clock=clock) for chain in chains), *venues)


def _venue(
    config: Config, name: str, environment: Mapping[str, str] | None, *, clock: Clock
) -> VenueSetup:
    where = f"{config.path}: venues.{name}"
    if name not in registry.VENUES:
        known = ", ".join(sorted(registry.VENUES))
        raise ConfigError(f"{where}: unknown venue; use one of {known}")
    with _named(where):
        return registry.builder(name)(
            config.venues[name],
            assets=config.assets,
            environment=environment,
            clock=clock,
            state_dir=config.journal.parent,
        )


def _chain(config: Config, name: str) -> _Chain:
    where = f"{config.path}: chains.{name}"
    if name in registry.REGISTRY:
        raise ConfigError(
            f"{where}: is the name of a pool family or a venue, so orders that name it would mean"
            " both; choose another"
        )
    tables = registry.chain_tables(config.chains[name])
    if not tables.families:
        known = ", ".join(sorted(registry.FAMILIES))
        raise ConfigError(f"{where}: has no pools; add a table of one of {known}")
    with _named(where):
        table = chain_settings.read_table(name, tables.own, assets=config.assets)
    families = {each: registry.family(each) for each in tables.families}
    pools: list[PoolSetup] = []
    for each, own in tables.families.items():
        with _named(where, table=f".{each}"):
            pools += families[each].configured(own, table.facts)
    with _named(where):
        chain_settings.check_pools(pools)
    return _Chain(name, where, table, families, tuple(pools))


def _built(chain: _Chain, environment: Mapping[str, str] | None, *, clock: Clock) -> VenueSetup:
    with _named(chain.where):
        return chain_settings.build(
            chain.table,
            chain.pools,
            families=chain.families,
            environment=environment,
            clock=clock,
        )


# One account has one sequence of nonces and one balance of each token, and one pool can be traded
# against once: two tables that share either know nothing of each other.
def _check_apart(first: _Chain, second: _Chain) -> None:
    if first.table.facts.account == second.table.facts.account:
        raise ConfigError(
            f"{second.where}: has the chain_id and account of chains.{first.name}; move its pools"
            " there and remove it"
        )
    if first.table.settings.chain_id != second.table.settings.chain_id:
        return
    shared = _symbols(first.pools) & _symbols(second.pools)
    if shared:
        raise ConfigError(
            f"{second.where}: pool {min(shared)} is in chains.{first.name}, too; remove one of the"
            " two"
        )


def _symbols(pools: Sequence[PoolSetup]) -> set[str]:
    return {pool.instrument.symbol for pool in pools}


# What a model finds wrong is named within its own table, everything else from the chain's on.
@contextmanager
def _named(where: str, *, table: str = "") -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise faults(error, f"{where}{table}.") from error
    except ConfigError as error:
        raise ConfigError(f"{where}.{error}") from error
