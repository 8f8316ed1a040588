"""Which pools of the prepared chain each family's harness configures, and what it cannot do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venues.sandbox.chain import PoolEntry
from venues.sandbox.chain.family_plan import V4_DYNAMIC, V4_NATIVE

SYMBOLS = {"ETH": "WETH", "BTC": "WBTC", "USDC": "USDC", "USDT": "USDT"}
COIN = "0x" + "00" * 20
UNIVERSAL_ROUTER = "universal_router"
_DYNAMIC = 0x800000
_RANK = ("BTC", "ETH", "USDT", "USDC")  # the earlier one is the base

_WHOLE = {
    "V-DATA-30": "a chain's stream goes on where it was: V-CHAIN-110 says how",
    "V-EXEC-110": "a transaction with bounds happens whole or not at all",
    "V-ACCT-30": "a spot account has neither positions nor margin",
    "V-ACCT-40": "a spot account pays and receives no funding",
    "V-ACCT-60": "no order waits, and fills are in the transactions of whoever sent them",
    **dict.fromkeys(
        (f"V-EXEC-{number}" for number in (150, 160, 170, 180, 200, 210)),
        "a transaction trades or does not: nothing waits at a book",
    ),
}
_CONSTANT_FEE = {"V-DATA-60": "the fee of a pool is a constant of its contract"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFamily:
    """A family on the prepared chain.

    Attributes
    ----------
    contracts : Mapping[str, str]
        The keys of its table beside the pools, and the manifest's names for what they are about.
    traded : tuple
        Pools of the traded pair, which carry every child: two symbols and the fee, or a label.
    watched : tuple
        Others; the last of them is the one that a mistaken configuration gets wrong.
    mistake : Mapping[str, Any]
        What it gets wrong.
    fee_changes_in : tuple | str | None
        A pool whose fee may be another in every block.
    router, router_contract : str
        The configuration's name of its router, and the manifest's.
    """

    name: str
    router: str
    router_contract: str
    contracts: Mapping[str, str]
    traded: tuple[Any, ...]
    watched: tuple[Any, ...]
    mistake: Mapping[str, Any]
    unsupported: Mapping[str, str]
    fee_changes_in: Any = None

    def entry(self, manifest, place) -> PoolEntry:
        """Return a pool by two symbols and its fee, or by its label."""
        if isinstance(place, str):
            return manifest.labelled(place)
        return manifest.pool(*place, family=self.name)

    def entries(self, manifest):
        """Return the configured pools, the traded ones first."""
        return [self.entry(manifest, place) for place in (*self.traded, *self.watched)]

    def table(self, manifest, *, is_mistaken=False):
        """Return the family's table of a configuration."""
        entries = self.entries(manifest)
        rows = [_row(manifest, entry) for entry in entries]
        if is_mistaken:
            rows[-1] = rows[-1] | self.mistake
        table = {key: manifest.contracts[name] for key, name in self.contracts.items()}
        allowed = [entry.hooks for entry in entries if _has_hooks(entry)]
        return table | ({"hooks_allowed": allowed} if allowed else {}) | {"pools": rows}

    def routers(self, manifest):
        """Return the router's address by its name in the configuration."""
        return {self.router: manifest.contracts[self.router_contract]}

    @property
    def needs_allowance(self):
        """Tell whether the router takes tokens by an allowance of its own."""
        return self.router != UNIVERSAL_ROUTER


def _row(manifest, entry):
    names = {manifest.token(symbol).address: name for name, symbol in SYMBOLS.items()}
    names[COIN] = "ETH"
    base, quote = sorted((names[entry.token0], names[entry.token1]), key=_RANK.index)
    row = {"base": base, "quote": quote}
    if entry.family == "slipstream":
        return row | {"address": entry.address, "tick_spacing": entry.tick_spacing}
    if entry.family != "uniswap_v4":
        return row | {"address": entry.address, "fee_pips": entry.fee_pips}
    is_dynamic = entry.key_fee == _DYNAMIC
    row |= {"tick_spacing": entry.tick_spacing, "native": entry.token0 == COIN}
    row |= {"hooks": entry.hooks} if _has_hooks(entry) else {}
    return row | ({"dynamic_fee": True} if is_dynamic else {"fee_pips": entry.key_fee})


def _has_hooks(entry):
    return entry.hooks is not None and int(entry.hooks, 16) != 0


FAMILIES = {
    family.name: family
    for family in (
        PoolFamily(
            name="pancakeswap_v3",
            router="pancakeswap_v3",
            router_contract="pancake_router",
            contracts={"factory": "pancake_factory", "pool_deployer": "pancake_deployer"},
            traded=(("WETH", "USDC", 500),),
            watched=(("WETH", "USDT", 2500),),
            mistake={"fee_pips": 500},
            unsupported=_WHOLE | _CONSTANT_FEE,
        ),
        PoolFamily(
            name="slipstream",
            router="slipstream",
            router_contract="slipstream_router",
            contracts={"factory": "slipstream_factory"},
            traded=(("WETH", "USDC", 500),),
            watched=(("USDC", "USDT", 100),),
            mistake={"tick_spacing": 50},
            fee_changes_in=("WETH", "USDC", 500),
            unsupported=_WHOLE,
        ),
        PoolFamily(
            name="uniswap_v2",
            router=UNIVERSAL_ROUTER,
            router_contract=UNIVERSAL_ROUTER,
            contracts={"factory": "v2_factory"},
            traded=(("WETH", "USDC", 3000),),
            watched=(("USDC", "USDT", 3000), ("WETH", "USDT", 3000)),
            mistake={"quote": "BTC"},
            unsupported=_WHOLE | _CONSTANT_FEE,
        ),
        PoolFamily(
            name="uniswap_v3",
            router=UNIVERSAL_ROUTER,
            router_contract=UNIVERSAL_ROUTER,
            contracts={"factory": "v3_factory"},
            traded=(("WETH", "USDC", 500), ("WETH", "USDC", 3000)),
            watched=(("WBTC", "USDC", 3000),),
            mistake={"fee_pips": 10_000},
            unsupported=_WHOLE | _CONSTANT_FEE,
        ),
        PoolFamily(
            name="uniswap_v4",
            router=UNIVERSAL_ROUTER,
            router_contract=UNIVERSAL_ROUTER,
            contracts={
                "pool_manager": "v4_pool_manager",
                "state_view": "v4_state_view",
                "quoter": "v4_quoter",
            },
            traded=(("WETH", "USDC", 500), V4_NATIVE),
            watched=(V4_DYNAMIC,),
            mistake={"tick_spacing": 10},
            fee_changes_in=V4_DYNAMIC,
            unsupported=_WHOLE,
        ),
    )
}
