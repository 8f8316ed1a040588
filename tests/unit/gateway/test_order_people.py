"""Whose order it is, that it is meant, and who looked at it."""

import pytest

from tests.unit.gateway.test_order_request import REQUEST, parsed, refusal


def test_without_a_word_it_is_the_default_strategys_and_nobodys():
    order = parsed()

    assert (order.strategy, order.by, order.confirmed_by) == ("default", "", "")
    assert not order.allow_similar
    assert not order.reduces_only


def test_strategy_and_people_are_read_as_they_are():
    order = parsed(strategy="calm", by="anna", confirmed_by="bert", allow_similar="true")

    assert (order.strategy, order.by, order.confirmed_by) == ("calm", "anna", "bert")
    assert order.allow_similar


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strategy": "deleverage"}, "strategy: deleverage is what the engine itself sends"),
        ({"strategy": ""}, "strategy: must be 1 to 64 letters"),
        ({"strategy": "a b"}, "strategy: must be 1 to 64 letters"),
        ({"allow_similar": "yes"}, "allow_similar: must be true or false, was 'yes'"),
        ({"by": "a\nb"}, "by: must be 1 to 64 letters"),
        ({"confirmed_by": "bert"}, "by: missing; say who sends"),
        ({"by": "anna", "confirmed_by": "anna"}, "confirmed_by: must be another person than by"),
        ({"reduces_only": "true"}, "reduces_only: unknown field"),
    ],
)
def test_what_cannot_be_is_named(fields, words):
    assert words in refusal({**REQUEST, **fields})
