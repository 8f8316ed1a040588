"""The actions inside the Universal Router's V4_SWAP: swaps in one pool, paying, taking.

References
----------
@uniswap/v4-periphery, src/V4Router.sol and src/libraries/Actions.sol. Routers from 2.1.1 on have
`minHopPriceX36` before the hook data; zero asks for no check, because every swap has its own bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from venues.evm.spec import RouterVersion
from venues.evm.words import abi

SWAP_EXACT_IN_SINGLE: Final = 0x06
SWAP_EXACT_OUT_SINGLE: Final = 0x08
SETTLE: Final = 0x0B
TAKE: Final = 0x0E
OPEN_DELTA: Final = 0  # as an amount: all that is owed, or due
_NO_PRICE_PER_HOP: Final = abi.word(0)


@dataclass(frozen=True, slots=True)
class Action:
    """One step inside V4_SWAP: which, and its encoded arguments."""

    code: int
    argument: bytes


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What names a pool; the currencies ascend, and the chain's own coin is address zero."""

    currency0: str
    currency1: str
    fee_pips: int
    tick_spacing: int
    hooks: str

    def encode(self) -> bytes:
        """Return the five words of the struct."""
        return b"".join(
            (
                abi.address(self.currency0),
                abi.address(self.currency1),
                abi.word(self.fee_pips),
                abi.word(self.tick_spacing),
                abi.address(self.hooks),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSwap:
    """A swap in one pool: exactly how much of one side, and the bound of the other."""

    key: PoolKey
    zero_for_one: bool
    is_exact_in: bool
    exact_atoms: int
    bound_atoms: int


def swap(single: SingleSwap, *, version: RouterVersion) -> Action:
    """Swap, and owe and be owed; `OPEN_DELTA` as an exact input swaps all that was settled."""
    price = (_NO_PRICE_PER_HOP,) if version is RouterVersion.V2_1_1 else ()
    struct = abi.encode(
        single.key.encode(),
        abi.word(single.zero_for_one),
        abi.word(single.exact_atoms),
        abi.word(single.bound_atoms),
        *price,
        abi.dynamic_bytes(b""),  # hook data
    )
    code = SWAP_EXACT_IN_SINGLE if single.is_exact_in else SWAP_EXACT_OUT_SINGLE
    return Action(code, abi.encode(abi.Dynamic(struct)))


def settle(currency: str, *, amount: int, payer_is_user: bool) -> Action:
    """Pay the pools: so much, what is owed, or the router's whole balance."""
    words = (abi.address(currency), abi.word(amount), abi.word(payer_is_user))
    return Action(SETTLE, abi.encode(*words))


def take(currency: str, *, recipient: str, amount: int) -> Action:
    """Receive from the pools: so much, or what is due."""
    words = (abi.address(currency), abi.address(recipient), abi.word(amount))
    return Action(TAKE, abi.encode(*words))


def encode_actions(actions: Sequence[Action]) -> bytes:
    """Return V4_SWAP's argument; the router demands exactly this layout."""
    return abi.encode(
        abi.dynamic_bytes(bytes(action.code for action in actions)),
        abi.dynamic_array(*(abi.dynamic_bytes(action.argument) for action in actions)),
    )
