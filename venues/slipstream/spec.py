"""What this family is, and what it refuses.

Sources
-------
velodrome-finance/slipstream, contracts/core: CLFactory, CLPool, ICLPoolState, ICLPoolEvents and
fees/DynamicSwapFeeModule, read November 2026. The contracts are not published as a package, so
the layouts below were read and not rehearsed; addresses of real pools are computed in the tests.

The swap's mathematics and events are Uniswap V3's. What differs:

* a factory's key is the tick spacing: `getPool(address,address,int24)`;
* `fee()` asks the factory's module, and may answer otherwise in every block, without a log. It is
  read with each snapshot and after each block. Swaps of one block may have paid different fees, and
  a module may grant `tx.origin` a discount that no read shows: a trade comes out better then;
* `slot0` has six words, without feeProtocol: price, tick, observation index, cardinality, next
  cardinality, unlocked;
* `ticks` has ten words: gross liquidity, net liquidity, staked net liquidity, two of fee growth,
  reward growth, cumulative tick, seconds per liquidity, seconds, initialised. Net liquidity has
  in it what is staked, and staking changes neither it nor the price, so it is not followed;
* pools are minimal proxies (EIP-1167) of one implementation, by CREATE2 from the factory.

Capabilities: state to the tick and the atom, quotes with the fee of the newest block. Traded
through Slipstream's own router. Unsupported: tokens that take a fee on transfer; volatile and
stable pools of the same exchanges, which are other contracts.
"""

from typing import Final

NAME: Final = "slipstream"
ROUTER: Final = "slipstream"
