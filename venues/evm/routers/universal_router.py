"""Calldata of Uniswap's Universal Router: its commands one by one, and the call that does them.

Refuses to know what the commands are for. What they pay goes to the sender or stays in the router.

Deployed versions differ: from 2.1.1 on a swap has a sixth argument `minHopPriceX36`, and earlier
ones do not. It is sent empty, which asks for no check, because every swap has its own bound.

References
----------
@uniswap/universal-router 2.1.0, contracts/base/Dispatcher.sol, contracts/libraries/Commands.sol,
and the same files of 2.1.1 as its repository has them, read November 2026.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from venues.evm.routers.v4_actions import Action, encode_actions
from venues.evm.spec import RouterVersion
from venues.evm.words import abi
from venues.evm.words.permit2 import PermitSingle

EXECUTE: Final = bytes.fromhex("3593564c")  # execute(bytes,bytes[],uint256)
V3_SWAP_EXACT_IN: Final = 0x00
V3_SWAP_EXACT_OUT: Final = 0x01
PERMIT2_TRANSFER_FROM: Final = 0x02
SWEEP: Final = 0x04
TRANSFER: Final = 0x05
V2_SWAP_EXACT_IN: Final = 0x08
V2_SWAP_EXACT_OUT: Final = 0x09
PERMIT2_PERMIT: Final = 0x0A
WRAP_ETH: Final = 0x0B
UNWRAP_WETH: Final = 0x0C
V4_SWAP: Final = 0x10
EXECUTE_SUB_PLAN: Final = 0x21
FLAG_ALLOW_REVERT: Final = 0x80

SENDER: Final = "0x" + "00" * 19 + "01"  # the router reads it as whoever called it
ROUTER: Final = "0x" + "00" * 19 + "02"  # and this as itself
WHOLE_BALANCE: Final = 1 << 255  # as an amount: all that the router has
_FEE_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Command:
    """One step of an execution: which, and its encoded arguments."""

    code: int
    argument: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How much a swap trades, who pays and who receives.

    Attributes
    ----------
    exact_atoms, bound_atoms : int
        Exact input and least output, or exact output and most input. An exact input that the
        router pays may be `WHOLE_BALANCE`.
    recipient : str
        `SENDER` or `ROUTER`.
    payer_is_user : bool
        Whether the sender pays, through Permit2; otherwise the router does.
    """

    is_exact_in: bool
    exact_atoms: int
    bound_atoms: int
    recipient: str = SENDER
    payer_is_user: bool = True


def permit(single: PermitSingle, signature: bytes) -> Command:
    """Grant the router an allowance in Permit2.

    It may fail alone: whoever sees the signature can hand it in first, which grants the same
    allowance and would otherwise make the whole call fail.
    """
    argument = abi.encode(single.encode(), abi.dynamic_bytes(signature))
    return Command(PERMIT2_PERMIT | FLAG_ALLOW_REVERT, argument)


def v3_swap(
    terms: Terms, *, tokens: Sequence[str], fees_pips: Sequence[int], version: RouterVersion
) -> Command:
    """Swap along V3 pools; tokens and the fees between them from the first paid to the last."""
    if terms.is_exact_in:
        path = _path(tokens, fees_pips)
        return Command(V3_SWAP_EXACT_IN, _swap(terms, abi.dynamic_bytes(path), version))
    path = _path(tokens[::-1], fees_pips[::-1])  # from its end, as the router walks it
    return Command(V3_SWAP_EXACT_OUT, _swap(terms, abi.dynamic_bytes(path), version))


def v2_swap(terms: Terms, *, tokens: Sequence[str], version: RouterVersion) -> Command:
    """Swap along V2 pairs; tokens from the first paid to the last received."""
    path = abi.dynamic_array(*(abi.address(token) for token in tokens))
    code = V2_SWAP_EXACT_IN if terms.is_exact_in else V2_SWAP_EXACT_OUT
    return Command(code, _swap(terms, path, version))


def v4_swap(actions: Sequence[Action]) -> Command:
    """Do actions in the V4 pools; at their end nothing may be owed or due."""
    return Command(V4_SWAP, encode_actions(actions))


def transfer_from(token: str, *, recipient: str, amount: int) -> Command:
    """Take tokens from the sender, through Permit2."""
    return Command(PERMIT2_TRANSFER_FROM, _payment(token, recipient, amount))


def transfer(token: str, *, recipient: str, amount: int) -> Command:
    """Send tokens that the router has."""
    return Command(TRANSFER, _payment(token, recipient, amount))


def sweep(token: str, *, amount_min: int) -> Command:
    """Send the router's whole balance of a token to the sender; revert if it is too small."""
    return Command(SWEEP, _payment(token, SENDER, amount_min))


def wrap(*, recipient: str, amount: int) -> Command:
    """Wrap coin that the router has, and send the tokens; wrapping nothing is no error."""
    return Command(WRAP_ETH, abi.encode(abi.address(recipient), abi.word(amount)))


def unwrap(*, recipient: str, amount_min: int) -> Command:
    """Unwrap all wrapped coin that the router has; revert if that is too little."""
    return Command(UNWRAP_WETH, abi.encode(abi.address(recipient), abi.word(amount_min)))


def sub_plan(commands: Sequence[Command], *, may_revert: bool) -> Command:
    """Do commands together; where they may revert, what comes after is done all the same."""
    code = EXECUTE_SUB_PLAN | FLAG_ALLOW_REVERT if may_revert else EXECUTE_SUB_PLAN
    return Command(code, abi.encode(*_parts(commands)))


def execute(commands: Sequence[Command], *, deadline_s: int) -> bytes:
    """Return the calldata that does all commands, or none; reverts after the deadline."""
    return EXECUTE + abi.encode(*_parts(commands), abi.word(deadline_s))


def _parts(commands: Sequence[Command]) -> tuple[abi.Dynamic, abi.Dynamic]:
    return (
        abi.dynamic_bytes(bytes(command.code for command in commands)),
        abi.dynamic_array(*(abi.dynamic_bytes(command.argument) for command in commands)),
    )


def _swap(terms: Terms, path: abi.Dynamic, version: RouterVersion) -> bytes:
    prices_per_hop = (abi.dynamic_array(),) if version is RouterVersion.V2_1_1 else ()
    return abi.encode(
        abi.address(terms.recipient),
        abi.word(terms.exact_atoms),
        abi.word(terms.bound_atoms),
        path,
        abi.word(terms.payer_is_user),
        *prices_per_hop,
    )


def _payment(token: str, recipient: str, amount: int) -> bytes:
    return abi.encode(abi.address(token), abi.address(recipient), abi.word(amount))


def _path(tokens: Sequence[str], fees_pips: Sequence[int]) -> bytes:
    first, *others = (abi.address_bytes(token) for token in tokens)
    hops = zip(fees_pips, others, strict=True)
    return first + b"".join(fee.to_bytes(_FEE_BYTES, "big") + token for fee, token in hops)
