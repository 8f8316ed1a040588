"""The hand-written codec against eth-abi."""

import random

import pytest
from eth_abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from venues.evm.words import abi
from venues.evm.words.key import keccak256
from venues.evm.words.multicall import (
    AGGREGATE3,
    CALLS_MAX,
    FAILED,
    FALLIBLE_MAX,
    ContractCall,
    decode_results,
    encode_calls,
    portions,
)

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


def calls_of(may_fail):
    return [ContractCall("0x" + "11" * 20, b"", may_fail=each) for each in may_fail]


@given(st.lists(st.tuples(addresses, st.booleans(), blobs), max_size=8))
def test_a_multicall_is_encoded_as_eth_abi_does(calls):
    ours = encode_calls(
        [ContractCall(target, data, may_fail=may_fail) for target, may_fail, data in calls]
    )

    assert ours == AGGREGATE3 + encode(["(address,bool,bytes)[]"], [calls])


@given(st.lists(blobs, max_size=8))
def test_multicall_results_are_read_as_eth_abi_wrote_them(blobs):
    data = encode(["(bool,bytes)[]"], [[(True, blob) for blob in blobs]])

    assert decode_results(data, calls_of([False] * len(blobs))) == tuple(blobs)


def test_a_failed_or_missing_multicall_result_is_refused():
    data = encode(["(bool,bytes)[]"], [[(True, b"1"), (False, b"2")]])

    with pytest.raises(MalformedDataError, match="failed call"):
        decode_results(data, calls_of([True, False]))
    with pytest.raises(MalformedDataError, match="must return 3 results"):
        decode_results(data, calls_of([True] * 3))


def test_a_call_that_may_fail_fails_alone():
    data = encode(["(bool,bytes)[]"], [[(True, b"1"), (False, b"the reason"), (True, b"3")]])

    assert decode_results(data, calls_of([False, True, True])) == (b"1", FAILED, b"3")


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 2 * CALLS_MAX))
def test_calls_that_may_fail_are_asked_a_few_at_a_time_and_apart_from_others(kinds, more):
    calls = calls_of([*kinds, *[False] * more])

    parts = list(portions(calls))

    assert [call for part in parts for call in part] == calls
    for part in parts:
        (may_fail,) = {call.may_fail for call in part}
        assert 0 < len(part) <= (FALLIBLE_MAX if may_fail else CALLS_MAX)


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
