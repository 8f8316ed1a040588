"""What sets Uniswap V3's pool contract apart; the tests compute selector and topic again."""

from typing import Final

from venues.evm.pools.concentrated_pool import Contract

SWAP: Final = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"

CONTRACT: Final = Contract(
    swap_topic=SWAP,
    swap_words=5,
    slot0_words=7,
    get_pool=bytes.fromhex("1698ee82"),  # getPool(address,address,uint24)
    is_keyed_by_fee=True,
)
