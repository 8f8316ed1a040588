"""The words of pair and factory: selectors, topics, and what stands where.

The tests compute selectors and topics again, and check the decoders against a general one.
"""

from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.words import abi
from venues.evm.words.log_form import check_form, malformed, naming
from venues.evm.words.node import Log

SYNC: Final = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
SWAP: Final = "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"
PAIR_CREATED: Final = "0x0d3648bd0f6ba80134a33ba9275ac585d9d315f0ad8355cddefde31afa28d0e9"

GET_PAIR: Final = bytes.fromhex("e6a43905")
GET_RESERVES: Final = bytes.fromhex("0902f1ac")
TOKEN0: Final = bytes.fromhex("0dfe1681")
TOKEN1: Final = bytes.fromhex("d21220a7")
FACTORY: Final = bytes.fromhex("c45a0155")

_RESERVE_BITS: Final = 112
_SYNC_BYTES: Final = 2 * abi.WORD
_SWAP_BYTES: Final = 4 * abi.WORD
_CREATED_BYTES: Final = 2 * abi.WORD


def read_reserves(data: bytes) -> tuple[int, int]:
    """Decode the answer to `getReserves`, which ends with a time."""
    if len(data) != 3 * abi.WORD:
        raise MalformedDataError(f"getReserves must answer with 3 words, was {len(data)} bytes")
    reserves = _two_words(data)
    if max(reserves) >> _RESERVE_BITS:
        raise MalformedDataError(f"reserves {reserves} must fit {_RESERVE_BITS} bits")
    return reserves


def read_sync(log: Log) -> tuple[int, int]:
    """Decode a Sync.

    Raises
    ------
    MalformedDataError
        If it is none; also in the functions below.
    """
    check_form(log, topics=1, size=_SYNC_BYTES)
    reserves = _two_words(log.data)
    if max(reserves) >> _RESERVE_BITS:
        raise malformed(log, f"reserves {reserves} must fit {_RESERVE_BITS} bits")
    return reserves


def read_swap(log: Log) -> tuple[int, int, int, int]:
    """Decode a Swap: amounts in, then amounts out."""
    check_form(log, topics=3, size=_SWAP_BYTES)
    data = log.data
    return (
        int.from_bytes(data[0:32], "big"),
        int.from_bytes(data[32:64], "big"),
        int.from_bytes(data[64:96], "big"),
        int.from_bytes(data[96:128], "big"),
    )


def read_pair_created(log: Log) -> tuple[str, str, str]:
    """Decode a PairCreated: both tokens, and the pair."""
    check_form(log, topics=3, size=_CREATED_BYTES)
    with naming(log):
        token0, token1 = (abi.read_address(abi.hex_bytes(topic), 0) for topic in log.topics[1:])
        return token0, token1, abi.read_address(log.data, 0)


def _two_words(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[0:32], "big"), int.from_bytes(data[32:64], "big")
