"""Calldata of Uniswap's Universal Router: one permit and any number of single-pool V3 swaps.

Swaps are encoded with the sixth argument `minHopPriceX36` of routers from 2.1.1 on, as an empty
array: there it asks for no check, and 2.1.0 does not read it. Recipients are always the sender.

References
----------
@uniswap/universal-router 2.1.0, contracts/base/Dispatcher.sol, contracts/libraries/Commands.sol.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from venues.evm import abi
from venues.evm.permit2 import PermitSingle

EXECUTE: Final = bytes.fromhex("3593564c")  # execute(bytes,bytes[],uint256)
V3_SWAP_EXACT_IN: Final = 0x00
V3_SWAP_EXACT_OUT: Final = 0x01
SWEEP: Final = 0x04
PERMIT2_PERMIT: Final = 0x0A
_SENDER: Final = abi.word(1)  # the router reads address 1 as msg.sender
_PAYER_IS_USER: Final = abi.word(1)
_FEE_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Command:
    """One step of an execution: which, and its encoded arguments."""

    code: int
    argument: bytes


def permit(single: PermitSingle, signature: bytes) -> Command:
    """Grant the router an allowance in Permit2."""
    return Command(PERMIT2_PERMIT, abi.encode(single.encode(), abi.dynamic_bytes(signature)))


def swap_exact_in(
    *, token_in: str, token_out: str, fee_pips: int, amount_in: int, amount_out_min: int
) -> Command:
    """Pay exactly `amount_in`, or revert if that brings less than `amount_out_min`."""
    path = _path(token_in, token_out, fee_pips)
    return Command(V3_SWAP_EXACT_IN, _swap(path, amount_in, amount_out_min))


def swap_exact_out(
    *, token_in: str, token_out: str, fee_pips: int, amount_out: int, amount_in_max: int
) -> Command:
    """Receive exactly `amount_out`, or revert if that costs more than `amount_in_max`."""
    path = _path(token_out, token_in, fee_pips)  # from its end, as the router walks it
    return Command(V3_SWAP_EXACT_OUT, _swap(path, amount_out, amount_in_max))


def sweep(*, token: str, amount_min: int) -> Command:
    """Send the router's whole balance of a token to the sender; revert if it is too small."""
    return Command(SWEEP, abi.encode(abi.address(token), _SENDER, abi.word(amount_min)))


def execute(commands: Sequence[Command], *, deadline_s: int) -> bytes:
    """Return the calldata that does all commands, or none; reverts after the deadline."""
    return EXECUTE + abi.encode(
        abi.dynamic_bytes(bytes(command.code for command in commands)),
        abi.dynamic_array(*(abi.dynamic_bytes(command.argument) for command in commands)),
        abi.word(deadline_s),
    )


def _swap(path: bytes, amount: int, bound: int) -> bytes:
    return abi.encode(
        _SENDER,
        abi.word(amount),
        abi.word(bound),
        abi.dynamic_bytes(path),
        _PAYER_IS_USER,
        abi.dynamic_array(),
    )


def _path(first: str, second: str, fee_pips: int) -> bytes:
    fee = fee_pips.to_bytes(_FEE_BYTES, "big")
    return abi.address_bytes(first) + fee + abi.address_bytes(second)
