"""The pool contract's words: selectors, topics, and what stands where in its answers.

From IUniswapV3Pool (@uniswap/v3-core 1.0.1) and ERC-20; the tests compute selectors and topics
again.
"""

from dataclasses import dataclass
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm import abi
from venues.evm.multicall import ContractCall
from venues.evm.node import Log

SWAP: Final = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
MINT: Final = "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde"
BURN: Final = "0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c"

TOKEN0: Final = bytes.fromhex("0dfe1681")
TOKEN1: Final = bytes.fromhex("d21220a7")
FEE: Final = bytes.fromhex("ddca3f43")
TICK_SPACING: Final = bytes.fromhex("d0c93a7c")
SLOT0: Final = bytes.fromhex("3850c7bd")
LIQUIDITY: Final = bytes.fromhex("1a686502")
TICKS: Final = bytes.fromhex("f30dba93")
TICK_BITMAP: Final = bytes.fromhex("5339c296")
DECIMALS: Final = bytes.fromhex("313ce567")
BALANCE_OF: Final = bytes.fromhex("70a08231")
ALLOWANCE: Final = bytes.fromhex("dd62ed3e")

_TOPIC_COUNT: Final = {SWAP: 3, MINT: 4, BURN: 4}
_INT24_BITS: Final = 24


@dataclass(frozen=True, slots=True)
class SwapLog:
    """The Swap event: who called, who received, what moved, and the state after it."""

    sender: str
    recipient: str
    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int


@dataclass(frozen=True, slots=True)
class PositionLog:
    """A Mint or Burn event; the delta of a Burn is negative, or zero where it only collects."""

    tick_lower: int
    tick_upper: int
    liquidity_delta: int


@dataclass(frozen=True, slots=True)
class PoolIdentity:
    """What a pool was made for, and whether it was given a price."""

    token0: str
    token1: str
    fee_pips: int
    tick_spacing: int
    sqrt_price_x96: int


def read_log(log: Log) -> SwapLog | PositionLog | None:
    """Decode a pool's log; None for events that change neither price nor liquidity.

    Raises
    ------
    MalformedDataError
        If it does not have the event's form.
    """
    topic = log.topics[0] if log.topics else ""
    if topic not in _TOPIC_COUNT:
        return None
    if len(log.topics) != _TOPIC_COUNT[topic]:
        raise MalformedDataError(f"log {log.index} of {log.address}: {len(log.topics)} topics")
    if topic == SWAP:
        return _swap(log)
    lower, upper = (abi.read_int(_topic(log, at), 0, bits=_INT24_BITS) for at in (2, 3))
    if topic == MINT:  # the data begins with the sender
        return PositionLog(lower, upper, abi.read_uint(log.data, 1, bits=128))
    return PositionLog(lower, upper, -abi.read_uint(log.data, 0, bits=128))


def identity_calls(pool: str) -> list[ContractCall]:
    """Return the reads that `read_identity` takes."""
    return [ContractCall(pool, data) for data in (TOKEN0, TOKEN1, FEE, TICK_SPACING, SLOT0)]


def read_identity(answers: tuple[bytes, ...]) -> PoolIdentity:
    """Decode the answers to `identity_calls`."""
    token0, token1, fee, spacing, slot0 = answers
    return PoolIdentity(
        token0=abi.read_address(token0, 0),
        token1=abi.read_address(token1, 0),
        fee_pips=abi.read_uint(fee, 0, bits=24),
        tick_spacing=abi.read_int(spacing, 0, bits=_INT24_BITS),
        sqrt_price_x96=abi.read_uint(slot0, 0, bits=160),
    )


def read_slot0(data: bytes) -> tuple[int, int]:
    """Return the square-root price and the tick."""
    return abi.read_uint(data, 0, bits=160), abi.read_int(data, 1, bits=_INT24_BITS)


def bitmap_call(pool: str, index: int) -> ContractCall:
    """Ask which ticks of one word of 256 are initialised."""
    return ContractCall(pool, TICK_BITMAP + abi.word(index))


def tick_call(pool: str, tick: int) -> ContractCall:
    """Ask for the liquidity at a tick."""
    return ContractCall(pool, TICKS + abi.word(tick))


def read_tick(data: bytes) -> tuple[int, int]:
    """Return gross and net liquidity."""
    return abi.read_uint(data, 0, bits=128), abi.read_int(data, 1, bits=128)


def decimals_call(token: str) -> ContractCall:
    """Ask for a token's decimals."""
    return ContractCall(token, DECIMALS)


def balance_call(token: str, owner: str) -> ContractCall:
    """Ask for a token balance."""
    return ContractCall(token, BALANCE_OF + abi.address(owner))


def allowance_call(token: str, *, owner: str, spender: str) -> ContractCall:
    """Ask how much of a token a contract may take."""
    return ContractCall(token, ALLOWANCE + abi.address(owner) + abi.address(spender))


def _swap(log: Log) -> SwapLog:
    return SwapLog(
        sender=abi.read_address(_topic(log, 1), 0),
        recipient=abi.read_address(_topic(log, 2), 0),
        amount0=abi.read_int(log.data, 0),
        amount1=abi.read_int(log.data, 1),
        sqrt_price_x96=abi.read_uint(log.data, 2, bits=160),
        liquidity=abi.read_uint(log.data, 3, bits=128),
        tick=abi.read_int(log.data, 4, bits=_INT24_BITS),
    )


def _topic(log: Log, index: int) -> bytes:
    return abi.hex_bytes(log.topics[index])
