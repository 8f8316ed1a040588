"""What this family is, and what it refuses.

Sources
-------
@pancakeswap/v3-core 1.0.2 (IPancakeV3Factory, IPancakeV3Pool and its events; the bytecode of pool
and factory), read November 2026. The hash of the pool's creation code was computed from it.

The swap's mathematics are Uniswap V3's. What differs: a tier of 2500 pips in place of 3000; a Swap
event with the protocol's share at its end, under another topic; `feeProtocol` in 32 bits, which a
trader does not feel; pools made by a deployer apart from the factory. A farm (`lmPool`) is called
inside swaps: it can cost gas and, broken, make a swap revert; it cannot change amounts.

Capabilities: state to the tick and the atom, swaps replayed exactly. Traded through PancakeSwap's
own router, not the Universal Router. Unsupported: tokens that take a fee on transfer.
"""

from typing import Final

NAME: Final = "pancakeswap_v3"
ROUTER: Final = "pancakeswap_v3"
TICK_SPACINGS: Final = {100: 1, 500: 10, 2500: 50, 10_000: 200}  # of the factory's constructor
INIT_CODE_HASH: Final = "0x6ce8eb472fa82df5469c6ab6d485f17c3ad13c8cd7af59b3d4a8026c5ce0f7e2"
