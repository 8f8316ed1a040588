"""What this family is, and what it refuses.

Sources
-------
@uniswap/v2-core 1.0.1 (UniswapV2Factory, UniswapV2Pair), read November 2026.

Capabilities: reserves to the atom. Where the router was deployed with another factory than
Uniswap's, that factory's creation code is in `init_code_hash`. Unsupported: pairs with another fee
than 3000 pips, since the Universal Router reckons with that one and a pair does not tell its own;
pairs of other curves (Solidly's stable ones), and tokens that take a fee on transfer: reserves
would be right, amounts received would not.
"""

from typing import Final

NAME: Final = "uniswap_v2"
FEE_PIPS: Final = 3000
INIT_CODE_HASH: Final = "0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f"
