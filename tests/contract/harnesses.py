"""Every venue's harness, by the name the registry has for it."""

from collections.abc import Mapping
from typing import Final

from tests.contract import hyperliquid, uniswap_v3
from tests.contract.harness import MakeHarness

HARNESSES: Final[Mapping[str, MakeHarness]] = {
    "hyperliquid": hyperliquid.hyperliquid,
    "uniswap_v3": uniswap_v3.uniswap_v3,
}
# Clauses a venue cannot satisfy, with the reason; its `spec.py` says the same in words.
UNSUPPORTED: Final[Mapping[str, Mapping[str, str]]] = {
    "hyperliquid": hyperliquid.UNSUPPORTED,
    "uniswap_v3": uniswap_v3.UNSUPPORTED,
}
