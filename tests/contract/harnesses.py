"""Every harness, by the name the registry has for its venue or pool family."""

from collections.abc import Mapping
from typing import Final

from tests.contract import chain, hyperliquid
from tests.contract.harness import MakeHarness
from tests.contract.pool_families import FAMILIES

HARNESSES: Final[Mapping[str, MakeHarness]] = {
    "hyperliquid": hyperliquid.hyperliquid,
    **{name: chain.harness_of(name) for name in FAMILIES},
}
# Clauses that a venue cannot satisfy, or that cannot be tried here; with the reason.
UNSUPPORTED: Final[Mapping[str, Mapping[str, str]]] = {
    "hyperliquid": hyperliquid.UNSUPPORTED,
    **{name: family.unsupported for name, family in FAMILIES.items()},
}
