"""The states of a transaction: the whole table, and the rules on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.order import Replacement, TransactionState
from venues.evm.transactions import lifecycle
from venues.evm.transactions.lifecycle import (
    TRANSITIONS,
    Attempts,
    Look,
    Policy,
    Sight,
    State,
    Track,
)
from venues.evm.words.refusal import Refusal

DEADLINE_S = 1000
POLICY = Policy(replace_after_blocks=3, replacements_max=2, deadline_s=DEADLINE_S)


def attempts(count=1, *, bumps=0, is_cancel=False):
    return Attempts(count=count, bumps_count=bumps, is_cancel=is_cancel)


def look(number, *, at_s=500, now=None, policy=POLICY):
    return Look(number=number, timestamp_s=at_s, attempts=now or attempts(), policy=policy)


def track(state=State.SIGNED, **fields):
    return Track(state=state, attempts_count=fields.pop("count", 1), **fields)


def test_every_open_state_knows_what_every_sight_leads_to():
    ends = {State.CONFIRMED, State.REVERTED, State.CANCELED, State.NONCE_LOST}

    assert set(TRANSITIONS) == set(State) - ends
    assert all(set(row) == set(Sight) for row in TRANSITIONS.values())
    assert {state for state in State if state.is_final} == ends


def test_every_way_of_being_mined_ends_the_same_from_every_state():
    for row in TRANSITIONS.values():
        assert row[Sight.DEEP] is State.CONFIRMED
        assert row[Sight.DEEP_REVERTED] is State.REVERTED
        assert row[Sight.DEEP_CANCEL] is State.CANCELED
        assert row[Sight.TAKEN] is State.NONCE_LOST
        assert row[Sight.SHALLOW] is State.MINED


def test_every_word_of_the_house_for_progress_is_used():
    assert {state.progress for state in State} == {None, *TransactionState}


@pytest.mark.parametrize(
    ("before", "is_pooled", "after"),
    [
        (State.SIGNED, True, State.PENDING),
        (State.SIGNED, False, State.SIGNED),
        (State.PENDING, False, State.DROPPED),
        (State.DROPPED, True, State.PENDING),
        (State.REPLACED, False, State.REPLACED),
        (State.MINED, True, State.REORGED),
        (State.MINED, False, State.REORGED),
        (State.REORGED, True, State.PENDING),
    ],
)
def test_what_is_not_mined_is_in_a_pool_or_dropped_or_was_taken_back(before, is_pooled, after):
    step = lifecycle.unmined(track(before), look(10), is_pooled=is_pooled)

    assert (step.track.state, step.wanted, step.may_offer) == (after, None, True)


def test_an_attempt_that_stays_unmined_is_to_be_bumped_so_often_and_then_cancelled():
    wanted = []
    now, followed, bumps = attempts(), track(), 0
    for number in range(10, 30):
        followed = lifecycle.attempted(followed, now)
        step = lifecycle.unmined(followed, look(number, now=now), is_pooled=True)
        followed = step.track
        if step.wanted is not None:
            wanted.append((number, step.wanted))
            bumps += step.wanted is Replacement.BUMP
            is_cancel = step.wanted is Replacement.CANCEL
            now = attempts(now.count + 1, bumps=bumps, is_cancel=is_cancel)

    bump, cancel = Replacement.BUMP, Replacement.CANCEL
    assert wanted == [(13, bump), (17, bump), (21, cancel), (25, cancel), (29, cancel)]


def test_who_could_not_replace_it_is_not_asked_again_at_once():
    followed, asked = track(), []
    for number in range(10, 20):
        step = lifecycle.unmined(followed, look(number), is_pooled=True)
        followed = step.track
        asked += [number] if step.wanted else []

    assert asked == [13, 16, 19]
    assert followed.state is State.STUCK


def test_past_its_deadline_an_attempt_is_cancelled_and_not_sent_again():
    step = lifecycle.unmined(track(State.PENDING), look(10, at_s=DEADLINE_S + 1), is_pooled=False)

    assert (step.wanted, step.may_offer) == (Replacement.CANCEL, False)


def test_at_its_deadline_it_may_still_be_mined():
    step = lifecycle.unmined(track(State.PENDING), look(10, at_s=DEADLINE_S), is_pooled=True)

    assert (step.wanted, step.may_offer) == (None, True)


def test_a_cancellation_has_no_deadline():
    now = attempts(2, is_cancel=True)
    late = look(10, at_s=DEADLINE_S + 50, now=now)

    step = lifecycle.unmined(track(State.REPLACED, count=2), late, is_pooled=False)

    assert (step.track.state, step.wanted, step.may_offer) == (State.REPLACED, None, True)


def test_a_reorganisation_is_told_before_a_replacement_is_asked_for():
    mined = lifecycle.mined(track(), Sight.SHALLOW, block_number=10)
    late = look(12, at_s=DEADLINE_S + 1)

    first = lifecycle.unmined(mined, late, is_pooled=False)
    second = lifecycle.unmined(first.track, late, is_pooled=False)

    assert (first.track.state, first.wanted) == (State.REORGED, None)
    assert (second.track.state, second.wanted) == (State.STUCK, Replacement.CANCEL)


def test_a_node_that_has_not_reached_the_block_says_nothing_of_a_reorganisation():
    mined = lifecycle.mined(track(), Sight.SHALLOW, block_number=10)

    behind = lifecycle.unmined(mined, look(9), is_pooled=False)

    assert (behind.track, behind.may_offer) == (mined, False)


def test_an_older_attempt_may_be_mined_while_a_newer_one_is_signed():
    mined = lifecycle.mined(track(), Sight.SHALLOW, block_number=10)

    followed = lifecycle.attempted(mined, attempts(2, bumps=1))

    assert followed.state is State.MINED


@pytest.mark.parametrize(
    ("refusal", "wanted"),
    [
        (Refusal.UNDERPRICED, Replacement.BUMP),
        (Refusal.FEE_TOO_LOW, Replacement.BUMP),
        (Refusal.KNOWN, None),
        (Refusal.FULL, None),
        (Refusal.UNFUNDED, None),
        (Refusal.UNCLEAR, None),
    ],
)
def test_only_what_is_too_cheap_is_raised_at_once(refusal, wanted):
    step = lifecycle.unmined(track(State.PENDING), look(10), is_pooled=False)

    assert lifecycle.refused(step, refusal, look(10)).wanted is wanted


def test_a_cancellation_that_is_too_cheap_is_raised_as_one():
    now = look(10, now=attempts(2, is_cancel=True))
    step = lifecycle.unmined(track(State.REPLACED, count=2), now, is_pooled=False)

    raised = lifecycle.refused(step, Refusal.UNDERPRICED, now)

    assert (raised.track.state, raised.wanted) == (State.STUCK, Replacement.CANCEL)


sights = st.lists(
    st.tuples(
        st.sampled_from(["pooled", "absent", "shallow", "attempt"]),
        st.integers(0, 3),
        st.sampled_from(list(Refusal)),
    ),
    max_size=40,
)


@given(sights)
def test_no_history_leaves_the_table_and_none_is_asked_for_more_than_its_policy_allows(history):
    followed, now, number, at_s = track(), attempts(), 10, 900
    for kind, blocks, refusal in history:
        number, at_s = number + blocks, at_s + 12 * blocks
        followed = lifecycle.attempted(followed, now)
        if kind == "shallow":
            followed = lifecycle.mined(followed, Sight.SHALLOW, block_number=number)
            continue
        here = look(number, at_s=at_s, now=now)
        step = lifecycle.unmined(followed, here, is_pooled=kind == "pooled")
        if step.may_offer and kind == "absent":
            step = lifecycle.refused(step, refusal, here)
        followed = step.track
        if step.wanted is Replacement.BUMP:
            assert at_s <= DEADLINE_S
            assert not now.is_cancel
            now = attempts(now.count + 1, bumps=now.bumps_count + 1)
            assert now.bumps_count <= POLICY.replacements_max
        elif step.wanted is Replacement.CANCEL:
            now = attempts(now.count + 1, bumps=now.bumps_count, is_cancel=True)
