"""What sets PancakeSwap's pool contract apart; the tests compute selector and topic again."""

from typing import Final

from venues.evm.pools.concentrated_pool import Contract

SWAP: Final = "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"

CONTRACT: Final = Contract(
    swap_topic=SWAP,
    swap_words=7,  # the last two are the protocol's share
    slot0_words=7,
    get_pool=bytes.fromhex("1698ee82"),  # getPool(address,address,uint24)
    is_keyed_by_fee=True,
)
