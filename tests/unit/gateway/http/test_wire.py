import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.http.wire import encode

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


def numbers(data):
    if isinstance(data, dict):
        return [each for value in data.values() for each in numbers(value)]
    if isinstance(data, list):
        return [each for value in data for each in numbers(value)]
    return [data] if isinstance(data, int) and not isinstance(data, bool) else []


@given(TREES)
def test_no_number_is_larger_than_every_language_holds(data):
    assert all(abs(each) < 2**53 for each in numbers(orjson.loads(encode(data))))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53), "-9007199254740992"),
        (3 * 10**18, "3000000000000000000"),
        (10**40, "1" + "0" * 40),
        (True, True),
    ],
)
def test_what_is_larger_is_told_in_digits(number, told):
    assert orjson.loads(encode({"a": [number]})) == {"a": [told]}
