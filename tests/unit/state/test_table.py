"""A table is a mapping in the order of its keys, and every version of it stays as it was."""

from hypothesis import given
from hypothesis import strategies as st

from router.state.packed import Packed
from router.state.table import Table

STEPS = st.lists(
    st.tuples(st.sampled_from(("put", "without")), st.integers(0, 9), st.integers()), max_size=60
)


@given(STEPS)
def test_a_table_is_what_a_dictionary_would_be_and_keeps_every_version(steps):
    plain, table, versions = {}, Table(), []
    for step, key, value in steps:
        if step == "put":
            plain, table = {**plain, key: value}, table.put(key, value)
        else:
            plain, table = {k: v for k, v in plain.items() if k != key}, table.without(key)
        versions.append((plain, table))

    for before, kept in versions:
        assert list(kept.items()) == list(before.items())
        assert (list(kept.rows()), len(kept)) == (list(before.values()), len(before))
        assert kept == before
        assert all(key in kept for key in before)


@given(STEPS, STEPS)
def test_what_is_newer_are_the_rows_whose_keys_came_since(first, second):
    def worked(table, steps):
        for step, key, value in steps:
            table = table.put(key, value) if step == "put" else table.without(key)
        return table

    older = worked(Table(), first)
    table = worked(older, [(step, key + 100, value) for step, key, value in second])

    assert list(table.newer(older)) == [table[key] for key in table if key >= 100]
    assert table.following >= older.following


@given(STEPS)
def test_what_changed_are_the_rows_that_are_not_the_same_objects(steps):
    older = Table.of({key: [key] for key in range(5)})
    table = older
    for step, key, value in steps:
        table = table.put(key, [value]) if step == "put" else table.without(key)

    changed = {key for _, key in table.changed(older)}

    assert changed == {k for k in table if k not in older or table[k] is not older[k]}


def test_a_packed_row_is_read_once_and_when_it_is_looked_at():
    reads = []

    def read(data):
        reads.append(data)
        return data.decode()

    table = Table.of({"a": Packed(b"one", read), "b": Packed(b"two", read)})
    assert (len(table), "a" in table, reads) == (2, True, [])

    assert [table["a"], table["a"]] == ["one", "one"]
    assert reads == [b"one"]
    assert list(table.kept(["b", "a"])) == ["b", "a"]
    assert list(table.kept(["b", "a"]).rows()) == ["two", "one"]
    assert reads == [b"one", b"two"]
    assert repr(table) == "Table({'a': 'one', 'b': 'two'})"
