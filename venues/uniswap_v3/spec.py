"""What this family is, and what it refuses.

Sources
-------
@uniswap/v3-core 1.0.1 (UniswapV3Factory, UniswapV3Pool: slot0, liquidity, ticks, tickBitmap, fee,
events), read November 2026. The hash of the pool's creation code was computed from its bytecode.

Capabilities: state to the tick and the atom, swaps replayed exactly. The protocol's share comes out
of the fee, so that a trader does not feel it and SetFeeProtocol changes nothing here. Unsupported:
tokens that take a fee on transfer (the router's bounds would hold, the plan's amounts would not),
and chains that compute the addresses of contracts otherwise than EIP-1014 says.
"""

from typing import Final

NAME: Final = "uniswap_v3"
# Of the fees that the factory's constructor enables, and of 100 pips, enabled in November 2021.
TICK_SPACINGS: Final = {100: 1, 500: 10, 3000: 60, 10_000: 200}
INIT_CODE_HASH: Final = "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
