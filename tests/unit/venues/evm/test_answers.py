"""What nodes answer: reverts, refusals and malformed objects."""

import pytest
from eth_abi import encode

from router.domain.error import MalformedDataError
from venues.evm.words import node, revert
from venues.evm.words.key import keccak256

HASH = "0x" + "ab" * 32


def selector(signature):
    return keccak256(signature.encode())[:4]


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
