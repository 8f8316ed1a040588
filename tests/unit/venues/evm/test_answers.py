"""What nodes answer: reverts, refusals, heads and malformed objects."""

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError, SequenceGapError
from router.domain.market import BlockRef
from venues.evm import node, revert
from venues.evm.heads import REMEMBERED_MAX, HeadChain
from venues.evm.key import keccak256
from venues.evm.refusal import Refusal, classify

HASH = "0x" + "ab" * 32


def selector(signature):
    return keccak256(signature.encode())[:4]


def block(number, *, fork=0, parent_fork=None):
    parent_fork = fork if parent_fork is None else parent_fork
    return BlockRef(
        number, f"0x{fork:02x}{number:062x}", f"0x{parent_fork:02x}{number - 1:062x}", 0
    )


def test_every_known_error_is_filed_under_its_selector():
    for key, (signature, sentence) in revert.KNOWN_ERRORS.items():
        assert selector(signature).hex() == key
        assert sentence in revert.explain(bytes.fromhex(key) + bytes(32))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "reverted without a reason"),
        (selector("Error(string)") + encode(["string"], ["STF"]), "refused the transfer"),
        (selector("Error(string)") + encode(["string"], ["own words"]), "own words"),
        (selector("Panic(uint256)") + encode(["uint256"], [0x11]), "panic: arithmetic overflow"),
        (selector("Panic(uint256)") + encode(["uint256"], [0x99]), "panic: code 0x99"),
        (
            selector("ExecutionFailed(uint256,bytes)")
            + encode(["uint256", "bytes"], [2, selector("V3TooLittleReceived()")]),
            "command 2 failed: a swap would pay less than its minimum (V3TooLittleReceived)",
        ),
        (b"\x12\x34\x56\x78", "unknown error 0x12345678"),
        (selector("Error(string)") + b"\xff" * 64, "unreadable reason"),
    ],
)
def test_a_revert_becomes_a_sentence(data, sentence):
    assert sentence in revert.explain(data)


def test_a_hostile_reason_is_cut_and_made_printable():
    data = selector("Error(string)") + encode(["string"], ["\x1b[2J\n" + "A" * 3000])

    reason = revert.explain(data)

    assert len(reason) == revert.TEXT_CHARACTERS_MAX
    assert reason.isprintable()


def test_reasons_nested_without_end_are_cut():
    data = b""
    for _ in range(20):
        data = selector("ExecutionFailed(uint256,bytes)") + encode(["uint256", "bytes"], [0, data])

    assert revert.explain(data).count("failed") == 4


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("already known", Refusal.KNOWN),
        ("transaction already imported", Refusal.KNOWN),
        ("Known transaction: 0x12", Refusal.KNOWN),
        ("unknown transaction", Refusal.UNCLEAR),
        ("nonce too low: next nonce 5, tx nonce 4", Refusal.NONCE_USED),
        ("replacement transaction underpriced", Refusal.REFUSED),
        ("insufficient funds for gas * price + value", Refusal.REFUSED),
        ("max fee per gas less than block base fee", Refusal.REFUSED),
        ("internal error", Refusal.UNCLEAR),
    ],
)
def test_wordings_are_told_apart(message, refusal):
    assert classify(message) is refusal


def test_a_chain_of_heads_is_followed_and_repeats_are_known():
    chain = HeadChain(block(10))

    assert chain.advance(block(11))
    assert chain.advance(block(12))
    assert not chain.advance(block(11))
    assert not chain.advance(block(10))
    assert chain.head == block(12)


def test_heads_from_before_the_start_are_passed_over_until_the_first_new_one():
    chain = HeadChain(block(10))

    assert not chain.advance(block(9))
    assert not chain.advance(block(7))
    assert chain.advance(block(11))
    with pytest.raises(SequenceGapError, match="reorganised"):
        chain.advance(block(7))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (block(13), "heads are missing"),
        (block(11, fork=1), "reorganised"),
        (block(12, fork=1), "reorganised"),
        (block(12, fork=1, parent_fork=1), "reorganised"),
        (block(10, fork=1), "reorganised"),
    ],
)
def test_a_head_that_does_not_continue_the_chain_is_a_gap(head, reason):
    chain = HeadChain(block(10))
    chain.advance(block(11))

    with pytest.raises(SequenceGapError, match=reason):
        chain.advance(head)


def test_a_fork_at_the_parent_of_the_start_is_noticed():
    with pytest.raises(SequenceGapError, match="reorganised"):
        HeadChain(block(10)).advance(block(9, fork=1))


def test_the_memory_of_heads_is_bounded():
    chain = HeadChain(block(10))
    for number in range(11, 11 + 2 * REMEMBERED_MAX):
        assert chain.advance(block(number))

    assert not chain.advance(block(10 + REMEMBERED_MAX + 1))
    with pytest.raises(SequenceGapError):
        chain.advance(block(11))


@pytest.mark.parametrize("value", [None, [], "0x1", 7, {}, {"number": "0x1"}, {"number": 1}])
def test_what_is_not_a_header_is_refused(value):
    with pytest.raises(MalformedDataError):
        node.parse_header(value)


@pytest.mark.parametrize("value", [None, "", "12", "0x", "0xzz", 13, True])
def test_what_is_not_a_quantity_is_refused(value):
    with pytest.raises(MalformedDataError):
        node.parse_quantity(value)


def test_a_receipt_of_a_rollup_counts_its_data_fee():
    receipt = node.parse_receipt(
        {
            "transactionHash": HASH,
            "status": "0x1",
            "gasUsed": "0x64",
            "effectiveGasPrice": "0x3",
            "l1Fee": "0x7",
            "blockNumber": "0x5",
            "blockHash": HASH,
            "logs": [],
        }
    )

    assert receipt.gas_paid.atoms == 100 * 3 + 7
    assert node.parse_receipt(None) is None
