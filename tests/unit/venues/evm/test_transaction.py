"""Transactions written by us and read back, against eth-account."""

import pytest
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes
from hypothesis import given, settings
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from venues.evm.transactions.transaction import (
    Body,
    GasTerms,
    SignedTransaction,
    read_body,
    sign_body,
)
from venues.evm.words.key import SigningKey

KEY = SigningKey("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
OTHER = "0x" + "0a" * 20

bodies = st.builds(
    Body,
    chain_id=st.integers(1, 2**40),
    nonce=st.integers(0, 2**40),
    to=st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}"),
    value_wei=st.integers(0, 2**90),
    data=st.binary(max_size=300),
    gas=st.builds(
        GasTerms, st.integers(21_000, 2**24), st.integers(0, 2**60), st.integers(0, 2**60)
    ),
)


@settings(max_examples=50)
@given(bodies)
def test_a_transaction_is_read_back_as_it_was_signed(body):
    assert read_body(sign_body(KEY, body)) == body


@settings(max_examples=50)
@given(bodies)
def test_what_is_signed_recovers_to_the_signer_and_means_the_same_to_others(body):
    signed = sign_body(KEY, body)

    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()

    assert Account.recover_transaction(signed.raw).lower() == KEY.address
    assert (fields["nonce"], fields["value"]) == (body.nonce, body.value_wei)
    assert (fields["to"], fields["data"]) == (bytes.fromhex(body.to[2:]), body.data)
    assert fields["maxFeePerGas"] == body.gas.fee_max_wei
    assert fields["maxPriorityFeePerGas"] == body.gas.priority_fee_max_wei


def body(**changes):
    fields = {"chain_id": 1, "nonce": 7, "to": OTHER, "value_wei": 0, "data": b""}
    return Body(gas=GasTerms(21_000, 10, 1), **(fields | changes))


@pytest.mark.parametrize(
    ("changes", "is_cancel"),
    [
        ({"to": KEY.address}, True),
        ({"to": KEY.address, "data": b"\1"}, False),
        ({"to": OTHER}, False),
    ],
)
def test_only_a_bare_transfer_to_the_sender_cancels(changes, is_cancel):
    assert body(**changes).is_cancel(KEY.address.upper().replace("0X", "0x")) is is_cancel


def test_bytes_of_another_hash_are_refused():
    signed = sign_body(KEY, body())
    other = sign_body(KEY, body(nonce=8))

    with pytest.raises(MalformedDataError, match="not those of transaction"):
        read_body(SignedTransaction(raw=other.raw, hash=signed.hash))


def test_a_transaction_of_another_type_is_refused():
    legacy = Account.sign_transaction(
        {"nonce": 0, "to": bytes(20), "value": 0, "gas": 21_000, "gasPrice": 1, "chainId": 1},
        KEY.secret,
    )
    signed = SignedTransaction(f"0x{legacy.raw_transaction.hex()}", f"0x{legacy.hash.hex()}")

    with pytest.raises(MalformedDataError, match="must be of type 2"):
        read_body(signed)
