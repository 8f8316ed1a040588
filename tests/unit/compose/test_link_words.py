"""The words of the link: each is answered in one place, and its fields are read as they must be."""

import pytest

from router.cli import bust as verb
from router.compose.busting import bust
from router.compose.dry_run.desk_quotes import DeskQuotes
from router.compose.link import accounts, control, follow, groups, market, orders, quotes, records
from router.compose.link.desk import LinkDesk, told
from router.compose.link.fields import count, flag, place, some, strings, text, texts
from router.compose.link.linked import Linked
from router.domain.error import DiskError, OrderError, StaleDataError
from router.gateway.bust_request import parse_bust
from router.gateway.link import Code, LinkError
from tests.unit.compose.linked_floor import kept
from tests.unit.shell.floor import run

PARTS = (
    accounts,
    control,
    groups,
    market,
    orders,
    quotes,
    records,
)
_PROSE = """
submit cancel amend find order orders last_report report plan quote book basket cancel_basket
mass_cancel instruments algos venues positions accounts margin stress funding risk journal
status switches switch reload reconcile accept bust
"""
WORDS = set(_PROSE.split())


def test_each_word_is_answered_in_one_place():
    answered = [word for part in PARTS for word in part.ANSWERS]

    assert sorted(answered) == sorted(WORDS)
    assert set(follow.FOLLOWS) == {"reports", "risk", "book", "status"}


@pytest.mark.parametrize(
    ("read", "fields"),
    [
        (lambda f: text(f, "a"), {}),
        (lambda f: text(f, "a"), {"a": 1}),
        (lambda f: texts(f, "a"), {"a": ["x", 1]}),
        (lambda f: flag(f, "a"), {"a": "true"}),
        (lambda f: count(f, "a", 1, most=9), {"a": True}),
        (lambda f: count(f, "a", 1, most=9, least=1), {"a": 0}),
        (lambda f: strings(f, "a"), {"a": [1]}),
        (lambda f: some(f, "a"), {"a": []}),
        (lambda f: place(f, "a"), {"a": [1]}),
        (lambda f: place(f, "a"), {"a": [1, "2"]}),
    ],
)
def test_a_field_of_another_type_is_named(read, fields):
    with pytest.raises(LinkError) as refused:
        read(fields)

    assert (refused.value.code, refused.value.field) == (Code.INVALID, "a")


def test_a_field_that_is_left_out_has_its_default():
    assert count({}, "a", 7, most=9) == 7
    assert count({"a": "12"}, "a", 7, most=9) == 9
    assert (texts({}, "a"), flag({}, "a"), some({"b": "1"}, "a"), place({}, "a")) == (
        None,
        False,
        {},
        None,
    )


@pytest.mark.parametrize(
    ("error", "code", "field"),
    [
        (OrderError("side: must be buy or sell"), Code.INVALID, "side"),
        (OrderError("the journal is behind"), Code.INVALID, None),
        (StaleDataError("no book yet"), Code.STALE, None),
        (DiskError("full"), Code.DEGRADED, None),
    ],
)
def test_what_is_expected_in_operation_has_a_code(error, code, field):
    assert (told(error).code, told(error).field) == (code, field)


def test_a_desk_that_was_never_asked_for_a_quote_has_no_solver_to_stop(tmp_path):
    async def closed():
        async with kept(tmp_path) as desk:
            quotes = DeskQuotes(desk.desk.assembly, desk.desk.runtime)
            await quotes.close()
            linked = Linked(desk.desk)
            first, again = await linked.risk(), await linked.risk()
            return first.assessment.at <= again.assessment.at, LinkDesk(desk.desk).desk is desk.desk

    assert run(closed()) == (True, True)


def test_a_child_nobody_knows_is_said_to_be_unknown(tmp_path):
    words = {"child": "nobody", "fill": "f", "reason": "r", "by": "ann"}

    async def asked():
        async with kept(tmp_path) as desk:
            with pytest.raises(OrderError, match="child: 'nobody' is not known"):
                await bust(desk.desk, parse_bust(words))
        return True

    assert run(asked())


def test_words_that_cannot_be_are_refused_before_any_daemon_is_asked(tmp_path):
    with pytest.raises(OrderError, match="by: must be"):
        verb.run(
            tmp_path / "none.toml",
            child="c",
            fill="f",
            corrected={},
            reason="r",
            by="",
            as_json=False,
        )
