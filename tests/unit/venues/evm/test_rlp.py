"""Reading RLP against the library that nodes' clients use."""

import pytest
import rlp as reference
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from venues.evm.words import rlp

strings = st.one_of(
    st.binary(max_size=3), st.binary(max_size=80), st.binary(min_size=250, max_size=300)
)


@given(st.lists(strings, max_size=12))
def test_a_list_is_read_as_it_was_written(items):
    assert rlp.decode_list(reference.encode(items)) == items


def test_an_empty_list_inside_counts_as_an_empty_string():
    assert rlp.decode_list(reference.encode([b"a", [], b"b"])) == [b"a", b"", b"b"]


@given(st.binary(max_size=60))
def test_what_the_reference_refuses_or_nests_is_refused(content):
    try:
        expected = reference.decode(content, strict=True)
    except reference.exceptions.DecodingError:
        expected = None
    is_flat = isinstance(expected, list) and all(isinstance(i, bytes) or not i for i in expected)

    if is_flat:
        assert rlp.decode_list(content) == [bytes(item) for item in expected]
    else:
        with pytest.raises(MalformedDataError):
            rlp.decode_list(content)


@given(st.integers(0, 2**256 - 1))
def test_a_number_is_read_as_it_was_written(number):
    (item,) = rlp.decode_list(reference.encode([number]))

    assert rlp.decode_number(item) == number


def test_a_number_with_a_leading_zero_is_refused():
    with pytest.raises(MalformedDataError, match="begin with zero"):
        rlp.decode_number(b"\0\1")
