"""What this family is, and what it refuses.

Sources
-------
@uniswap/v4-core 1.0.2 (IPoolManager, Hooks, LPFeeLibrary, ProtocolFeeLibrary) and
@uniswap/v4-periphery 1.0.3 (StateView, V4Quoter), read November 2026.

A pool is an entry of the PoolManager under the hash of its key: two currencies, fee, tick spacing,
hooks. The chain's own coin is currency zero at the zero address, and stands here for the chain's
native asset. A trader pays the pool's fee and, on top, the protocol's of his direction; both are
read from the pool, and the Swap event tells what was charged in all.

Capabilities: state to the tick and the atom; swaps replayed exactly, dynamic fees included, because
the event carries the fee. Unsupported without leave: pools whose hook runs in a swap (permission
bits 7 and 6), may change its amounts (3 and 2), or sets the fee. `hooks_allowed` gives leave for a
hook by its address. Where bits 3 or 2 are set the amounts are the hook's: such a pool is marked as
not replayable, is quoted by the V4Quoter after every block, is never a hop of a route, and there is
one of a pair at most. Elsewhere the fee is read after each block. A hook that sets another fee
inside a block, or treats the router otherwise than the quoter, makes a quote wrong, which the bound
of the order catches.
"""

from typing import Final

NAME: Final = "uniswap_v4"
DYNAMIC_FEE: Final = 0x800000  # in place of the fee of a key

# Permissions are the low bits of a hook's address. These run in a swap, or change its amounts.
SWAP_PERMISSIONS: Final = {
    7: "beforeSwap",
    6: "afterSwap",
    3: "beforeSwapReturnsDelta",
    2: "afterSwapReturnsDelta",
}
AMOUNT_PERMISSIONS: Final = frozenset((3, 2))


def swap_permissions(hooks: str) -> tuple[int, ...]:
    """Return the bits of a hook's address that concern swaps, highest first."""
    return tuple(bit for bit in SWAP_PERMISSIONS if int(hooks, 16) >> bit & 1)
