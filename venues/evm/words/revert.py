"""Why a call reverted, as a sentence. The bytes come from strangers: lengths are bounded.

Selectors are the first four bytes of the Keccak hash of the signatures written here; the tests
compute them again.
"""

from collections.abc import Mapping
from typing import Final

from router.domain.error import MalformedDataError
from venues.evm.words import abi

TEXT_CHARACTERS_MAX: Final = 200
DATA_BYTES_MAX: Final = 4096
_NESTING_MAX: Final = 4
_ERROR: Final = bytes.fromhex("08c379a0")  # Error(string)
_PANIC: Final = bytes.fromhex("4e487b71")  # Panic(uint256)
_EXECUTION_FAILED: Final = bytes.fromhex("2c4029e9")  # ExecutionFailed(uint256,bytes)
_WRAPPED: Final = bytes.fromhex("90bfb865")  # WrappedError(address,bytes4,bytes,bytes)

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

_TOO_LITTLE: Final = "a swap would pay less than its minimum"
_TOO_MUCH: Final = "a swap would cost more than its maximum"
_NOT_WHOLE: Final = "a pool cannot give the whole output"
_HOP_PRICE: Final = "a swap would be at a worse price than allowed"

# Universal Router to 2.1.1, Permit2, V4's PoolManager; arguments are not shown.
KNOWN_ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "39d35496": ("V3TooLittleReceived()", _TOO_LITTLE),
    "739dbe52": ("V3TooMuchRequested()", _TOO_MUCH),
    "d4e0248e": ("V3InvalidAmountOut()", _NOT_WHOLE),
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
    "38bbd576": ("InvalidEthSender()", "somebody sent the router coin it does not take"),
    "aaad13f7": ("InputLengthMismatch()", "V4 actions and parameters differ in number"),
    "5cda29d7": ("UnsupportedAction(uint256)", "the router does not know a V4 action"),
    "c4bd89a9": ("UnsafeCast()", "an amount is too large for Permit2"),
    "849eaf98": ("V2TooLittleReceived()", _TOO_LITTLE),
    "8ab0bc16": ("V2TooMuchRequested()", _TOO_MUCH),
    "ae52ad0c": ("V2InvalidPath()", "a V2 path has too few tokens"),
    "7b9c8916": ("InvalidReserves()", "a V2 pair is empty"),
    "8b063d73": ("V4TooLittleReceived(uint256,uint256)", _TOO_LITTLE),
    "12bacdd3": ("V4TooMuchRequested(uint256,uint256)", _TOO_MUCH),
    "3433bb58": ("V4ExactOutputUnfilled(uint256,uint256)", _NOT_WHOLE),
    "65d564a5": ("V2TooLittleReceivedPerHop(uint256,uint256,uint256)", _HOP_PRICE),
    "b429f374": ("V3TooLittleReceivedPerHop(uint256,uint256,uint256)", _HOP_PRICE),
    "382ec7a2": ("V3TooMuchRequestedPerHop(uint256,uint256,uint256)", _HOP_PRICE),
    "a9b7edf7": ("V4TooLittleReceivedPerHop(uint256,uint256,uint256)", _HOP_PRICE),
    "e6518043": ("V4TooMuchRequestedPerHop(uint256,uint256,uint256)", _HOP_PRICE),
    "4713c18b": ("V4TooLittleReceivedPerHopSingle(uint256,uint256)", _HOP_PRICE),
    "efc8d8eb": ("V4TooMuchRequestedPerHopSingle(uint256,uint256)", _HOP_PRICE),
    "5212cba1": ("CurrencyNotSettled()", "a V4 pool gave less than was taken, or kept a rest"),
    "4c085bf1": ("DeltaNotPositive(address)", "a V4 pool is owed what was to be taken"),
    "3351b260": ("DeltaNotNegative(address)", "a V4 pool owes what was to be paid"),
    "f4d678b8": ("InsufficientBalance()", "the router holds too little to wrap or unwrap"),
    "486aa307": ("PoolNotInitialized()", "a V4 pool does not exist or has no price"),
    "5090d6c6": ("AlreadyUnlocked()", "the V4 pools are in use by another call"),
    "54e3ca0d": ("ManagerLocked()", "the V4 pools were used outside a call of their own"),
    "be8b8507": ("SwapAmountCannotBeZero()", "a swap of nothing"),
    "7c9c6e8f": ("PriceLimitAlreadyExceeded(uint160,uint160)", "a V4 pool is at its last price"),
    "9e4d7cc7": ("PriceLimitOutOfBounds(uint160)", "a price limit is no price"),
    "96206246": (
        "InvalidFeeForExactOut()",
        "a V4 pool that keeps everything gives no exact output",
    ),
    "93dafdf1": ("SafeCastOverflow()", "an amount does not fit a V4 pool"),
    "a9e35b2f": ("HookCallFailed()", "a hook failed"),
    "1e048e1d": ("InvalidHookResponse()", "a hook answered what it may not"),
    "fa0b71d6": ("HookDeltaExceedsSwapAmount()", "a hook takes more than is swapped"),
    "f27f64e4": ("ERC20TransferFailed()", "a token refused the transfer out of the V4 pools"),
    "f4b3b1bc": ("NativeTransferFailed()", "the coin could not be sent out of the V4 pools"),
}

# Reasons that tokens and pools give as text and that say little by themselves.
_TEXTS: Final[Mapping[str, str]] = {
    "TRANSFER_FROM_FAILED": "a token refused the transfer: balance or Permit2 allowance too small",
    "STF": "a token refused the transfer: balance or allowance too small",
    "SPL": "a price limit is on the wrong side of the pool's price",
    "AS": "a swap of nothing",
    "LOK": "the pool is not initialised, or in use by another call",
    "TRANSFER_FAILED": "a token refused the transfer",
    "ETH_TRANSFER_FAILED": "the coin could not be sent",
    "Too little received": _TOO_LITTLE,
    "Too much requested": _TOO_MUCH,
    "Transaction too old": "the deadline has passed",
    "UniswapV2: K": "a V2 pair got too little for what it gave",
    "UniswapV2: INSUFFICIENT_LIQUIDITY": "a V2 pair cannot give the output",
    "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT": "a V2 pair would give nothing",
    "UniswapV2: INSUFFICIENT_INPUT_AMOUNT": "a V2 pair was paid nothing",
    "UniswapV2: TRANSFER_FAILED": "a token refused the transfer out of a V2 pair",
    "UniswapV2: LOCKED": "a V2 pair is in use by another call",
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
    if selector == _WRAPPED and depth:
        target = abi.read_address(arguments, 0)
        return f"{target} failed: {_explain(abi.read_bytes(arguments, 2), depth - 1)}"
    return f"unknown error 0x{(selector + arguments)[:36].hex()}"


def _text(content: bytes) -> str:
    text = content.decode(errors="replace")[:TEXT_CHARACTERS_MAX]
    printable = "".join(character if character.isprintable() else "?" for character in text)
    meaning = _TEXTS.get(printable)
    return printable if meaning is None else f"{meaning} ({printable})"
