"""The words of PoolManager, StateView and V4Quoter: selectors, topics, and what stands where.

The tests compute selectors and topics again, and check the decoders against a general one.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from router.liquidity.fixed_point import TICK_MAX
from venues.evm.words import abi
from venues.evm.words.hashing import keccak256
from venues.evm.words.log_form import check_form, malformed, naming
from venues.evm.words.node import Log

INITIALIZE: Final = "0xdd466e674ea557f56295e2d0218a125ea4b4f0f6f3307b95f85e6110838d6438"
SWAP: Final = "0x40e9cecb9f5f1f1c5b9c97dec2917b7ee92e57ba5563708daca94dd84ad7112f"
MODIFY_LIQUIDITY: Final = "0xf208f4912782fd25c7f114ca3723a2d5dd6f3bcc3ac8db5af63baa85f711d5ec"
PROTOCOL_FEE_UPDATED: Final = "0xe9c42593e71f84403b84352cd168d693e2c9fcd1fdbcc3feb21d92b43e6696f9"

POOL_MANAGER: Final = bytes.fromhex("dc4c90d3")
QUOTE_EXACT_INPUT_SINGLE: Final = bytes.fromhex("aa9d21cb")
GET_SLOT0: Final = bytes.fromhex("c815641c")
GET_LIQUIDITY: Final = bytes.fromhex("fa6793d5")
GET_TICK_BITMAP: Final = bytes.fromhex("1c7ccb4c")
GET_TICK_LIQUIDITY: Final = bytes.fromhex("caedab54")

_FEE_MAX: Final = 1_000_000  # V4 allows a fee of all that comes in
_INT24_BITS: Final = 24
_INT128_HALF: Final = 1 << 127
_HALF_BITS: Final = 12  # of each direction's protocol fee
_HALF_MASK: Final = (1 << _HALF_BITS) - 1
_INITIALIZE_BYTES: Final = 5 * abi.WORD
_SWAP_BYTES: Final = 6 * abi.WORD
_MODIFY_BYTES: Final = 4 * abi.WORD


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What a pool is called by; addresses in lower case."""

    currency0: str
    currency1: str
    fee: int
    tick_spacing: int
    hooks: str

    @property
    def pool_id(self) -> str:
        """The hash under which the PoolManager keeps it."""
        return f"0x{keccak256(self.encode()).hex()}"

    def encode(self) -> bytes:
        """Return the five words of the struct."""
        return b"".join(
            (
                abi.address(self.currency0),
                abi.address(self.currency1),
                abi.word(self.fee),
                abi.word(self.tick_spacing),
                abi.address(self.hooks),
            )
        )


@dataclass(frozen=True, slots=True)
class Slot0:
    """Price and fees; the protocol's are by direction, token0 for token1 first."""

    sqrt_price_x96: int
    tick: int
    protocol_fees_pips: tuple[int, int]
    fee_pips: int


class SwapLog(NamedTuple):
    """The Swap event; amounts are the pool's, so that what came in is positive."""

    amount0: int
    amount1: int
    sqrt_price_x96: int
    liquidity: int
    tick: int
    fee_pips: int


def quote_exact_input(key: PoolKey, amount: int, *, zero_for_one: bool) -> bytes:
    """Return the calldata that asks the quoter what an exact input buys, without hook data."""
    struct = abi.encode(
        key.encode(), abi.word(zero_for_one), abi.word(amount), abi.dynamic_bytes(b"")
    )
    return QUOTE_EXACT_INPUT_SINGLE + abi.encode(abi.Dynamic(struct))


def read_slot0(data: bytes) -> Slot0:
    """Decode the answer to `getSlot0`."""
    return Slot0(
        sqrt_price_x96=abi.read_uint(data, 0, bits=160),
        tick=abi.read_int(data, 1, bits=_INT24_BITS),
        protocol_fees_pips=protocol_fees(abi.read_uint(data, 2, bits=24)),
        fee_pips=abi.read_uint(data, 3, bits=24),
    )


def protocol_fees(packed: int) -> tuple[int, int]:
    """Take the protocol's fee apart: token0 for token1 is in the lower half."""
    return packed & _HALF_MASK, packed >> _HALF_BITS


def read_swap(log: Log) -> SwapLog:
    """Decode a Swap, which the contract writes from the swapper's side.

    Raises
    ------
    MalformedDataError
        If it is none; also in the functions below.
    """
    data = log.data
    check_form(log, topics=3, size=_SWAP_BYTES)
    # Called for every swap of every pool, so the words are read in place, without `abi`.
    amount0 = int.from_bytes(data[0:32], "big", signed=True)
    amount1 = int.from_bytes(data[32:64], "big", signed=True)
    price = int.from_bytes(data[64:96], "big")
    liquidity = int.from_bytes(data[96:128], "big")
    tick = int.from_bytes(data[128:160], "big", signed=True)
    fee = int.from_bytes(data[160:192], "big")
    if max(abs(amount0), abs(amount1)) > _INT128_HALF or fee > _FEE_MAX:
        raise malformed(log, f"amounts {amount0}, {amount1} or fee {fee} are none")
    if price >> 160 or liquidity >> 128 or not -TICK_MAX - 1 <= tick <= TICK_MAX:
        raise malformed(log, f"price {price}, liquidity {liquidity} or tick {tick} is none")
    return SwapLog(-amount0, -amount1, price, liquidity, tick, fee)


def read_position(log: Log) -> tuple[int, int, int]:
    """Decode a ModifyLiquidity: lower tick, upper tick, change of liquidity."""
    check_form(log, topics=3, size=_MODIFY_BYTES)
    with naming(log):
        lower, upper = (abi.read_int(log.data, at, bits=_INT24_BITS) for at in (0, 1))
        return lower, upper, abi.read_int(log.data, 2)


def read_protocol_fees(log: Log) -> tuple[int, int]:
    """Decode a ProtocolFeeUpdated."""
    check_form(log, topics=2, size=abi.WORD)
    with naming(log):
        return protocol_fees(abi.read_uint(log.data, 0, bits=24))


def read_key(log: Log) -> PoolKey:
    """Decode an Initialize, whose id must be that of its key."""
    check_form(log, topics=4, size=_INITIALIZE_BYTES)
    with naming(log):
        key = PoolKey(
            currency0=abi.read_address(abi.hex_bytes(log.topics[2]), 0),
            currency1=abi.read_address(abi.hex_bytes(log.topics[3]), 0),
            fee=abi.read_uint(log.data, 0, bits=24),
            tick_spacing=abi.read_int(log.data, 1, bits=_INT24_BITS),
            hooks=abi.read_address(log.data, 2),
        )
    if key.pool_id != log.topics[1]:
        raise malformed(log, f"{log.topics[1]} is not the id of its key, {key.pool_id}")
    return key
