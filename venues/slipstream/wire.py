"""What sets Slipstream's pool and factory apart; the tests compute selector and topics again."""

from typing import Final

from venues.evm.pools.concentrated_pool import Contract
from venues.evm.words import abi
from venues.evm.words.log_form import check_form, malformed, naming, signed_topic
from venues.evm.words.node import Log

SWAP: Final = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
POOL_CREATED: Final = "0xab0d57f0df537bb25e80245ef7748fa62353808c54d6e528a9dd20887aed9ac2"

CONTRACT: Final = Contract(
    swap_topic=SWAP,
    swap_words=5,
    slot0_words=6,
    get_pool=bytes.fromhex("28af8d0b"),  # getPool(address,address,int24)
    is_keyed_by_fee=False,
)

_CREATED_TOPICS: Final = 4
_TICK_SPACING_MAX: Final = 16_383  # the factory's own bound


def read_pool_created(log: Log) -> tuple[str, str, int, str]:
    """Decode a PoolCreated: both tokens, the tick spacing, and the pool.

    Raises
    ------
    MalformedDataError
        If it is none.
    """
    check_form(log, topics=_CREATED_TOPICS, size=abi.WORD)
    spacing = signed_topic(log.topics[3])
    if not 0 < spacing <= _TICK_SPACING_MAX:
        raise malformed(log, f"there is no tick spacing {spacing}")
    with naming(log):
        token0, token1 = (abi.read_address(abi.hex_bytes(topic), 0) for topic in log.topics[1:3])
        return token0, token1, spacing, abi.read_address(log.data, 0)
