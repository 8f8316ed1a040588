import pytest

from router.gateway.fix.resends import AT_ONCE, PIECE, Range, Resends

NEWEST = 3 * PIECE


def pieces(resends, *, newest=NEWEST):
    found = []
    while not resends.is_empty:
        name = resends.turn()
        piece = resends.piece(name, newest=newest)
        if piece is not None:
            found.append((name, piece.begin, piece.end))
    return found


def test_a_few_messages_are_sent_at_once_and_the_rest_in_pieces():
    resends = Resends()

    last = resends.ask("ems", Range(5, None), newest=NEWEST)

    assert last == 4 + AT_ONCE
    assert pieces(resends) == [
        ("ems", last + 1, last + PIECE),
        ("ems", last + PIECE + 1, last + 2 * PIECE),
        ("ems", last + 2 * PIECE + 1, NEWEST),
    ]


def test_a_range_ends_where_it_was_asked_to():
    resends = Resends()
    end = 5 + 2 * AT_ONCE

    last = resends.ask("ems", Range(5, end), newest=NEWEST)

    assert pieces(resends) == [("ems", last + 1, end)]


def test_who_asks_again_before_the_next_piece_is_sent_one_message_at_once():
    resends = Resends()
    resends.ask("ems", Range(5, None), newest=NEWEST)

    again = [resends.ask(name, Range(7, None), newest=NEWEST) for name in ("ems", "other")]
    resends.turn()
    later = resends.ask("ems", Range(7, None), newest=NEWEST)

    assert again == [7, 7]
    assert later == 6 + AT_ONCE


def test_what_was_sent_meanwhile_belongs_to_what_has_no_end():
    resends = Resends()

    resends.ask("ems", Range(5, NEWEST), newest=NEWEST)

    assert pieces(resends, newest=NEWEST + 7)[-1][2] == NEWEST + 7


@pytest.mark.parametrize(
    "asked",
    [
        Range(5, 5),
        Range(NEWEST, None),
        Range(NEWEST + 9, None),
        Range(9, 5),
        Range(0, 1),
        Range(3, 2 + AT_ONCE),
    ],
)
def test_what_is_a_few_messages_or_none_is_left_to_the_engine(asked):
    resends = Resends()

    assert resends.ask("ems", asked, newest=NEWEST) is None
    assert resends.is_empty


def test_from_nothing_on_is_from_the_first_on():
    assert Resends().ask("ems", Range(0, None), newest=NEWEST) == AT_ONCE


def test_who_asks_anew_is_no_longer_sent_what_it_asked_for():
    resends = Resends()
    resends.ask("ems", Range(5, None), newest=NEWEST)

    resends.ask("ems", Range(50, 60), newest=NEWEST)

    assert pieces(resends) == [("ems", 51, 60)]


def test_sessions_take_turns():
    resends = Resends()
    for name in ("one", "two"):
        resends.ask(name, Range(1, 2 * PIECE), newest=NEWEST)

    assert [name for name, _, _ in pieces(resends)] == ["one", "two"] * 2


def test_numbers_that_began_anew_end_it():
    resends = Resends()
    resends.ask("ems", Range(50, None), newest=NEWEST)

    assert resends.piece("ems", newest=3) is None
    assert resends.is_empty
