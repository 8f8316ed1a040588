"""The hand-written codec against eth-abi."""

import random

import pytest
from eth_abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from venues.evm import abi
from venues.evm.key import keccak256
from venues.evm.multicall import AGGREGATE3, ContractCall, decode_results, encode_calls

addresses = st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}")
uints = st.integers(0, 2**256 - 1)
ints = st.integers(-(2**255), 2**255 - 1)
blobs = st.binary(max_size=100)


@given(addresses, uints, ints, blobs, st.lists(blobs, max_size=4))
def test_a_mixed_tuple_is_encoded_as_eth_abi_does(address, uint, number, blob, array):
    ours = abi.encode(
        abi.address(address),
        abi.word(uint),
        abi.dynamic_bytes(blob),
        abi.word(number),
        abi.dynamic_array(*(abi.dynamic_bytes(each) for each in array)),
    )

    types = ["address", "uint256", "bytes", "int256", "bytes[]"]
    assert ours == encode(types, [address, uint, blob, number, array])


@given(addresses, uints, ints, blobs)
def test_what_eth_abi_encodes_is_read_back(address, uint, number, blob):
    data = encode(["address", "uint256", "int256", "bytes"], [address, uint, number, blob])

    assert abi.read_address(data, 0) == address
    assert abi.read_uint(data, 1) == uint
    assert abi.read_int(data, 2) == number
    assert abi.read_bytes(data, 3) == blob


@given(st.lists(st.tuples(addresses, blobs), max_size=8))
def test_a_multicall_is_encoded_as_eth_abi_does(calls):
    ours = encode_calls([ContractCall(target, data) for target, data in calls])

    tuples = [(target, False, data) for target, data in calls]
    assert ours == AGGREGATE3 + encode(["(address,bool,bytes)[]"], [tuples])


@given(st.lists(blobs, max_size=8))
def test_multicall_results_are_read_as_eth_abi_wrote_them(blobs):
    data = encode(["(bool,bytes)[]"], [[(True, blob) for blob in blobs]])

    assert decode_results(data, count=len(blobs)) == tuple(blobs)


def test_a_failed_or_missing_multicall_result_is_refused():
    data = encode(["(bool,bytes)[]"], [[(True, b"1"), (False, b"2")]])

    with pytest.raises(MalformedDataError, match="failed call"):
        decode_results(data, count=2)
    with pytest.raises(MalformedDataError, match="must return 3 results"):
        decode_results(data, count=3)


def test_mangled_multicall_results_are_refused_or_read_but_never_crash():
    rng = random.Random(3)
    whole = encode(["(bool,bytes)[]"], [[(True, bytes(range(40)))] * 5])
    refused = 0
    for _ in range(2000):
        mangled = bytearray(whole[: rng.randint(0, len(whole))])
        for _ in range(rng.randint(0, 3)):
            if mangled:
                mangled[rng.randrange(len(mangled))] = rng.randrange(256)
        try:
            abi.read_bytes_results(bytes(mangled))
        except MalformedDataError:
            refused += 1

    assert refused > 1000


@given(st.integers(2**24, 2**255 - 1))
def test_a_number_with_too_many_bits_is_refused(number):
    data = encode(["uint256"], [number])

    with pytest.raises(MalformedDataError, match="must fit 24 bits"):
        abi.read_uint(data, 0, bits=24)
    with pytest.raises(MalformedDataError, match="must fit 24 signed bits"):
        abi.read_int(data, 0, bits=24)


@pytest.mark.parametrize("text", ["", "0x", "0x12", "12" * 20, "0x" + "1" * 39, "0x" + "zz" * 20])
def test_what_is_not_an_address_is_refused(text):
    with pytest.raises(MalformedDataError):
        abi.address_bytes(text)


def test_short_data_is_refused():
    with pytest.raises(MalformedDataError, match="must have a word 1"):
        abi.read_uint(bytes(40), 1)
    with pytest.raises(MalformedDataError):
        abi.read_bytes(encode(["bytes"], [bytes(64)])[:-1], 0)


def test_the_selector_is_the_hash_of_the_signature():
    assert keccak256(b"aggregate3((address,bool,bytes)[])")[:4] == AGGREGATE3
    assert decode(["uint256"], abi.word(7)) == (7,)
