"""A table is a mapping in the order of its keys, and every version of it stays as it was."""

from unittest import mock

import pytest
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


@given(STEPS, STEPS, st.sampled_from((3, 8_192)))
def test_what_changed_are_the_rows_that_are_not_the_same_objects(first, second, remembered):
    def worked(table, steps):
        for step, key, value in steps:
            table = table.put(key, [value]) if step == "put" else table.without(key)
        return table

    with mock.patch("router.state.table._PUTS_MAX", remembered):
        older = worked(Table.of({key: [key] for key in range(5)}), first)
        table = worked(older, second)
        found = list(table.changed(older))

    assert sorted(found) == sorted(
        (table.place(k), k) for k in table if k not in older or table[k] is not older[k]
    )


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.booleans()), max_size=40),
    st.sampled_from((2, 8_192)),
)
def test_what_changed_is_the_same_between_any_two_tables_of_one_beginning(steps, remembered):
    with mock.patch("router.state.table._PUTS_MAX", remembered):
        tables = [Table.of({key: [key] for key in range(3)})]
        for number, key, is_put in steps:
            table = tables[number % len(tables)]
            tables.append(table.put(key, [number]) if is_put else table.without(key))

        for older in tables:
            for table in tables:
                assert sorted(table.changed(older)) == sorted(
                    (table.place(k), k) for k in table if k not in older or table[k] is not older[k]
                )


def test_what_changed_is_told_also_where_a_table_was_not_made_from_the_other():
    one, other = Table().put("a", [1]), Table().put("b", [2])

    assert list(other.changed(one)) == [(0, "b")]
    assert list(Table.of({"c": [3]}).changed(Table())) == [(0, "c")]


@pytest.mark.parametrize("rows", [100, 20_000])
def test_what_changed_is_found_without_a_look_at_the_other_rows(rows, monkeypatch):
    looks = []
    older = Table()
    for key in range(rows):
        older = older.put(key, [key])
    holds = Table.holds
    monkeypatch.setattr(Table, "holds", lambda *words: looks.append(words) or holds(*words))

    table = older.put(7, ["other"]).put(rows, ["new"]).put(7, ["another"])

    assert sorted(table.changed(older)) == [(7, 7), (rows, rows)]
    assert len(looks) == 2


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
