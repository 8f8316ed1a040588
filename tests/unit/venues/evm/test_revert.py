"""Why transactions over several families revert, as sentences."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from venues.evm.words import revert

HOOK = "0x" + "77" * 20


def selector(signature):
    return keccak(text=signature)[:4]


def text(words):
    return selector("Error(string)") + encode(["string"], [words])


def wrapped(reason, target=HOOK):
    """Return V4's way to say that a contract it called reverted."""
    types = ["address", "bytes4", "bytes", "bytes"]
    signature = "WrappedError(address,bytes4,bytes,bytes)"
    return selector(signature) + encode(types, [target, b"\x12\x34\x56\x78", reason, b""])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            selector("V4TooLittleReceived(uint256,uint256)") + bytes(64),
            "a swap would pay less than its minimum (V4TooLittleReceived)",
        ),
        (
            selector("V4TooMuchRequested(uint256,uint256)") + bytes(64),
            "a swap would cost more than its maximum (V4TooMuchRequested)",
        ),
        (text("Too little received"), "pay less than its minimum (Too little received)"),
        (text("Too much requested"), "cost more than its maximum (Too much requested)"),
        (text("Transaction too old"), "the deadline has passed (Transaction too old)"),
        (text("UniswapV2: K"), "a V2 pair got too little for what it gave (UniswapV2: K)"),
        (wrapped(text("paused")), f"{HOOK} failed: paused"),
        (
            wrapped(wrapped(selector("HookCallFailed()"))),
            f"{HOOK} failed: {HOOK} failed: a hook failed (HookCallFailed)",
        ),
        (wrapped(b""), f"{HOOK} failed: reverted without a reason"),
        (wrapped(b"")[:40], "unreadable reason 0x90bfb865"),
    ],
)
def test_a_revert_becomes_a_sentence(data, sentence):
    assert sentence in revert.explain(data)


def test_reasons_wrapped_without_end_are_cut():
    data = b""
    for _ in range(10):
        data = wrapped(data)

    assert revert.explain(data).count("failed") == 4
