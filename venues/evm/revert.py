"""Why a call reverted, as a sentence. The bytes come from strangers: lengths are bounded.

Selectors are the first four bytes of the Keccak hash of the signatures written here; the tests
compute them again.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm import abi

TEXT_CHARACTERS_MAX: Final = 200
DATA_BYTES_MAX: Final = 4096
_NESTING_MAX: Final = 4
_ERROR: Final = bytes.fromhex("08c379a0")  # Error(string)
_PANIC: Final = bytes.fromhex("4e487b71")  # Panic(uint256)
_EXECUTION_FAILED: Final = bytes.fromhex("2c4029e9")  # ExecutionFailed(uint256,bytes)

# Solidity documentation, "Panic via assert and Error via require".
_PANICS: Final[Mapping[int, str]] = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "invalid enum value",
    0x22: "corrupt storage array",
    0x31: "pop of an empty array",
    0x32: "array index out of bounds",
    0x41: "out of memory",
    0x51: "call of an uninitialised function",
}

# Universal Router 2.1.0 and Permit2; arguments are not shown.
KNOWN_ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "39d35496": ("V3TooLittleReceived()", "a swap would pay less than its minimum"),
    "739dbe52": ("V3TooMuchRequested()", "a swap would cost more than its maximum"),
    "d4e0248e": ("V3InvalidAmountOut()", "a pool cannot give the whole output"),
    "316cf0eb": ("V3InvalidSwap()", "a pool has no liquidity at the price"),
    "32b13d91": ("V3InvalidCaller()", "a pool is not of the router's factory"),
    "5bf6f916": ("TransactionDeadlinePassed()", "the deadline has passed"),
    "d81b2f2e": ("AllowanceExpired(uint256)", "the Permit2 allowance has expired"),
    "f96fb071": ("InsufficientAllowance(uint256)", "the Permit2 allowance is too small"),
    "756688fe": ("InvalidNonce()", "the permit's nonce was used already"),
    "cd21db4f": ("SignatureExpired(uint256)", "the permit's signature has expired"),
    "815e1d64": ("InvalidSigner()", "the permit was signed by another key"),
    "8baa579f": ("InvalidSignature()", "the permit's signature is invalid"),
    "4be6321b": ("InvalidSignatureLength()", "the permit's signature has a wrong length"),
    "6a12f104": ("InsufficientETH()", "the router holds too little of the coin"),
    "675cae38": ("InsufficientToken()", "the router holds too little of a token"),
    "a3281672": ("BalanceTooLow()", "a balance is too low"),
    "ff633a38": ("LengthMismatch()", "commands and inputs differ in number"),
    "d76a1e9e": ("InvalidCommandType(uint256)", "the router does not know a command"),
    "6f5ffb7e": ("ContractLocked()", "the router is in use by another call"),
    "3b99b53d": ("SliceOutOfBounds()", "the router cannot read an input"),
}

# Reasons that tokens and pools give as text and that say little by themselves.
_TEXTS: Final[Mapping[str, str]] = {
    "TRANSFER_FROM_FAILED": "a token refused the transfer: balance or Permit2 allowance too small",
    "STF": "a token refused the transfer: balance or allowance too small",
    "SPL": "a price limit is on the wrong side of the pool's price",
    "AS": "a swap of nothing",
    "LOK": "the pool is not initialised, or in use by another call",
}


def explain(data: bytes) -> str:
    """Return why a call reverted, from the bytes it returned."""
    return _explain(data[:DATA_BYTES_MAX], _NESTING_MAX)


def _explain(data: bytes, depth: int) -> str:
    if not data:
        return "reverted without a reason"
    selector, arguments = data[: abi.SELECTOR_BYTES], data[abi.SELECTOR_BYTES :]
    known = KNOWN_ERRORS.get(selector.hex())
    if known is not None:
        signature, sentence = known
        return f"{sentence} ({signature.partition('(')[0]})"
    try:
        return _with_arguments(selector, arguments, depth)
    except MalformedDataError:
        return f"unreadable reason 0x{data[:36].hex()}"


def _with_arguments(selector: bytes, arguments: bytes, depth: int) -> str:
    if selector == _ERROR:
        return _text(abi.read_bytes(arguments, 0))
    if selector == _PANIC:
        code = abi.read_uint(arguments, 0)
        return f"panic: {_PANICS.get(code, f'code {code:#x}')}"
    if selector == _EXECUTION_FAILED and depth:
        index = abi.read_uint(arguments, 0)
        return f"command {index} failed: {_explain(abi.read_bytes(arguments, 1), depth - 1)}"
    return f"unknown error 0x{(selector + arguments)[:36].hex()}"


def _text(content: bytes) -> str:
    text = content.decode(errors="replace")[:TEXT_CHARACTERS_MAX]
    printable = "".join(character if character.isprintable() else "?" for character in text)
    meaning = _TEXTS.get(printable)
    return printable if meaning is None else f"{meaning} ({printable})"
