import orjson
from hypothesis import given
from hypothesis import strategies as st

from router.gateway.http.nesting import is_too_deep

TREES = st.recursive(
    st.text(alphabet='a"\\{}[]', max_size=6) | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=30,
)


def depth(tree):
    if isinstance(tree, dict):
        return 1 + max((depth(each) for each in tree.values()), default=0)
    if isinstance(tree, list):
        return 1 + max((depth(each) for each in tree), default=0)
    return 0


@given(TREES, st.integers(0, 6))
def test_depth_is_what_a_parser_finds(tree, most):
    assert is_too_deep(orjson.dumps(tree), most) == (depth(tree) > most)


def test_a_bomb_is_told_before_it_is_read():
    assert is_too_deep(b"[" * 100_000)
