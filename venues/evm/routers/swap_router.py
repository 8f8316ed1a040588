"""Calldata of swap routers in the manner of Uniswap's first: PancakeSwap V3's and Slipstream's.

They are paid by an ERC-20 allowance of their own. Knows no routes: between two calls these routers
cannot pay with what they hold.

References
----------
@pancakeswap/v3-periphery 1.0.3, contracts/interfaces/ISwapRouter.sol; aerodrome-finance/slipstream,
contracts/periphery/interfaces/ISwapRouter.sol, where the tick spacing stands for the fee. Read
November 2026.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from venues.evm.pools.family import PoolSetup
from venues.evm.routers.pool_swap import PoolSwap, SwapLeg
from venues.evm.words import abi

MULTICALL: Final = bytes.fromhex("ac9650d8")  # multicall(bytes[])


@dataclass(frozen=True, slots=True)
class SwapRouter:
    """What tells one such router from another.

    Attributes
    ----------
    exact_input, exact_output : bytes
        Selectors of exactInputSingle and exactOutputSingle.
    key : Callable[[PoolSetup], int]
        What tells the router which pool of two tokens is meant.
    """

    exact_input: bytes
    exact_output: bytes
    key: Callable[[PoolSetup], int]


PANCAKESWAP_V3: Final = SwapRouter(
    exact_input=bytes.fromhex("414bf389"),
    exact_output=bytes.fromhex("db3e2198"),
    key=lambda pool: pool.fee_pips,
)
SLIPSTREAM: Final = SwapRouter(
    exact_input=bytes.fromhex("a026383e"),
    exact_output=bytes.fromhex("c714e838"),
    key=lambda pool: pool.tick_spacing,
)


def calldata(
    legs: Sequence[SwapLeg], router: SwapRouter, *, recipient: str, deadline_s: int
) -> bytes:
    """Return the call that does all legs, or none; reverts after the deadline."""
    assert not any(leg.first for leg in legs), "routes are refused when a child is planned"
    calls = [
        _swap(swap, router, recipient=recipient, deadline_s=deadline_s)
        for leg in legs
        for swap in leg.last
    ]
    if len(calls) == 1:
        return calls[0]
    return MULTICALL + abi.encode(abi.dynamic_array(*map(abi.dynamic_bytes, calls)))


def _swap(swap: PoolSwap, router: SwapRouter, *, recipient: str, deadline_s: int) -> bytes:
    return (router.exact_input if swap.is_exact_in else router.exact_output) + abi.encode(
        abi.address(swap.token_in),
        abi.address(swap.token_out),
        abi.word(router.key(swap.pool)),
        abi.address(recipient),
        abi.word(deadline_s),
        abi.word(swap.exact_atoms),
        abi.word(swap.bound_atoms),
        abi.word(0),  # no price limit: an exact output must come whole, an input has its least
    )
