"""Which venues there are: name to the module that speaks for one, written out.

A pool family trades through an account on a chain, together with the other families of that chain;
every other venue stands for itself. A module is imported when a configuration names it, and not
before.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

from router.domain.instrument import Asset
from router.port import Clock, VenueSetup
from venues.evm.pools.family import Family

VENUES: Final[Mapping[str, str]] = {
    "hyperliquid": "venues.hyperliquid.settings",
}
FAMILIES: Final[Mapping[str, str]] = {
    "pancakeswap_v3": "venues.pancakeswap_v3.family",
    "slipstream": "venues.slipstream.family",
    "uniswap_v2": "venues.uniswap_v2.family",
    "uniswap_v3": "venues.uniswap_v3.family",
    "uniswap_v4": "venues.uniswap_v4.family",
}
REGISTRY: Final[Mapping[str, str]] = {**VENUES, **FAMILIES}


class Build(Protocol):
    """What a venue's settings module offers as `build`."""

    def __call__(
        self,
        table: Mapping[str, object],
        *,
        assets: Mapping[str, Asset],
        environment: Mapping[str, str] | None,
        clock: Clock,
        state_dir: Path,
    ) -> VenueSetup:
        """Make a venue of its configuration table; connects to nothing.

        What it has to remember over restarts it keeps in files of its own in `state_dir`. Without
        an environment there are no keys: the venue only watches, and changes nothing anywhere.

        Raises
        ------
        ConfigError
            If the table's values contradict each other or the assets.
        pydantic.ValidationError
            If the table has not the right keys and types.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChainTables:
    """A chain's table of the configuration, taken apart.

    Attributes
    ----------
    own : Mapping[str, object]
        What is not a family's.
    families : Mapping[str, Mapping[str, object]]
        The tables of its pool families.
    """

    own: Mapping[str, object]
    families: Mapping[str, Mapping[str, object]]


def builder(name: str) -> Build:
    """Return how to build the venue called `name`, one of `VENUES`."""
    return cast("Build", importlib.import_module(VENUES[name]).build)


def family(name: str) -> Family:
    """Return the pool family called `name`, one of `FAMILIES`."""
    return cast("Family", importlib.import_module(FAMILIES[name]))


def chain_tables(table: Mapping[str, object]) -> ChainTables:
    """Tell a chain's own keys from the tables of its families."""
    families = {
        name: cast("Mapping[str, object]", value)
        for name, value in table.items()
        if name in FAMILIES and isinstance(value, Mapping)
    }
    own = {name: value for name, value in table.items() if name not in families}
    return ChainTables(own, families)
