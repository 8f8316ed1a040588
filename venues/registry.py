"""Which venues there are: name to the module that builds one, written out.

A venue's module is imported when a configuration names it, and not before.
"""

import importlib
from collections.abc import Mapping
from typing import Final, Protocol, cast

from router.domain.instrument import Asset
from router.port import Clock, VenueSetup

REGISTRY: Final[Mapping[str, str]] = {
    "hyperliquid": "venues.hyperliquid.settings",
    "uniswap_v3": "venues.uniswap_v3.settings",
}


class Build(Protocol):
    """What a venue's settings module offers as `build`."""

    def __call__(
        self,
        table: Mapping[str, object],
        *,
        assets: Mapping[str, Asset],
        environment: Mapping[str, str],
        clock: Clock,
    ) -> VenueSetup:
        """Make a venue of its configuration table; connects to nothing.

        Raises
        ------
        ConfigError
            If the table's values contradict each other or the assets.
        pydantic.ValidationError
            If the table has not the right keys and types.
        """
        ...


def builder(name: str) -> Build:
    """Return how to build the venue called `name`; it must be in the registry."""
    return cast("Build", importlib.import_module(REGISTRY[name]).build)
