"""Nonces are used once, over restarts too, and stay near the present."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.error import ConfigError, NotSentError
from router.domain.units import TimestampNs
from venues.hyperliquid.clients.nonces import BLOCK, LAG_MS, FileMark, NonceSource

NOW_MS = 1_700_000_000_000


class SetClock:
    def __init__(self, now_ms=NOW_MS):
        self.now_ms = now_ms

    def now(self):
        return TimestampNs(self.now_ms * 1_000_000)

    async def sleep(self, duration):
        self.now_ms += duration // 1_000_000


class KeptMark:
    """A mark in memory that counts how often it was written."""

    def __init__(self):
        self.nonce = 0
        self.writes = 0

    def read(self):
        return self.nonce

    def write(self, nonce):
        self.nonce = nonce
        self.writes += 1


def test_nonces_of_one_millisecond_follow_each_other():
    source = NonceSource(SetClock())

    assert [source.next() for _ in range(3)] == [NOW_MS - LAG_MS + n for n in range(3)]


def test_nonces_follow_the_clock():
    clock = SetClock()
    source = NonceSource(clock)
    source.next()
    clock.now_ms += 5_000

    assert source.next() == NOW_MS + 5_000 - LAG_MS


def test_a_small_step_back_of_the_clock_does_not_matter_and_a_large_one_is_told():
    clock = SetClock()
    source = NonceSource(clock)
    first = source.next()
    clock.now_ms -= 30_000

    assert source.next() == first + 1
    clock.now_ms -= 60_000
    with pytest.raises(NotSentError, match="clock went back"):
        source.next()


def test_an_own_action_leaves_a_childs_nonce_alone():
    clock = SetClock()
    source = NonceSource(clock)
    source.claim(NOW_MS)
    source.claim(NOW_MS + 1)
    clock.now_ms += LAG_MS

    assert source.next() == NOW_MS + 2


def test_however_many_children_were_signed_none_that_counts_is_forgotten():
    clock = SetClock()
    source = NonceSource(clock)
    for ahead in range(BLOCK + 1):
        source.claim(NOW_MS + ahead)
    clock.now_ms += LAG_MS

    assert source.next() == NOW_MS + BLOCK + 1


def test_a_child_whose_nonce_is_taken_is_refused_before_it_is_signed():
    source = NonceSource(SetClock())
    taken = source.next()

    with pytest.raises(NotSentError, match="used"):
        source.claim(taken)


def test_the_same_child_may_be_signed_again():
    source = NonceSource(SetClock())

    assert source.claim(NOW_MS) is None
    assert source.claim(NOW_MS) is None


@pytest.mark.parametrize("nonce", [NOW_MS - 600_000, NOW_MS + 60_000])
def test_a_childs_nonce_far_from_the_present_is_refused(nonce):
    with pytest.raises(NotSentError, match="from now"):
        NonceSource(SetClock()).claim(nonce)


@pytest.mark.parametrize(
    ("nonce", "fits"),
    [
        (NOW_MS - 2 * 86_400_000, False),
        (NOW_MS - 2 * 86_400_000 + 1, True),
        (NOW_MS + 86_400_000 - 1, True),
        (NOW_MS + 86_400_000, False),
    ],
)
def test_the_venues_window_is_known(nonce, fits):
    source = NonceSource(SetClock())

    if fits:
        assert source.check_window(nonce) is None
        return
    with pytest.raises(NotSentError, match="window"):
        source.check_window(nonce)


def test_a_nonce_is_on_disk_before_it_is_used_and_most_cost_nothing():
    mark = KeptMark()
    source = NonceSource(SetClock(), mark)

    for _ in range(BLOCK + 1):
        assert source.next() <= mark.nonce
    assert mark.writes == 1
    source.next()
    assert mark.writes == 2


def test_a_restart_at_the_same_moment_uses_no_nonce_again():
    clock, mark = SetClock(), KeptMark()
    before = [NonceSource(clock, mark).next() for _ in range(5)]
    source = NonceSource(clock, mark)

    assert source.next() > max(before)
    for nonce in before:
        with pytest.raises(NotSentError, match="used"):
            source.claim(nonce)


def test_a_childs_nonce_is_not_used_again_after_a_restart():
    clock, mark = SetClock(), KeptMark()
    NonceSource(clock, mark).claim(NOW_MS + 50)

    assert NonceSource(clock, mark).next() > NOW_MS + 50


def test_a_file_keeps_the_mark(tmp_path):
    path = tmp_path / "agent.nonce"

    assert FileMark(path).read() == 0
    FileMark(path).write(NOW_MS)
    FileMark(path).write(NOW_MS + 1)

    assert FileMark(path).read() == NOW_MS + 1
    assert [p.name for p in tmp_path.iterdir()] == ["agent.nonce"]


@pytest.mark.parametrize("content", ["", "-1", "1e9", "12 34", "\x80"])
def test_a_file_that_holds_something_else_stops_the_start(tmp_path, content):
    path = tmp_path / "agent.nonce"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(ConfigError, match=r"agent\.nonce"):
        NonceSource(SetClock(), FileMark(path))


def test_without_its_file_no_nonce_is_handed_out(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    source = NonceSource(SetClock(), FileMark(folder / "agent.nonce"))
    folder.rmdir()
    folder.touch()

    with pytest.raises(NotSentError, match=r"agent\.nonce"):
        source.next()


def test_a_folder_that_is_not_there_yet_is_made_with_the_first_nonce(tmp_path):
    path = tmp_path / "missing" / "agent.nonce"

    nonce = NonceSource(SetClock(), FileMark(path)).next()

    assert FileMark(path).read() >= nonce


def test_a_start_right_after_an_end_waits_until_every_nonce_is_free():
    clock, mark = SetClock(), KeptMark()
    used = NonceSource(clock, mark).next()
    source = NonceSource(clock, mark)

    asyncio.run(source.wait_until_free())

    assert used < clock.now_ms <= NOW_MS + BLOCK + 1
    source.claim(clock.now_ms)  # as a child decided then would


def test_a_clock_that_went_back_far_stops_the_start():
    mark = KeptMark()
    mark.write(NOW_MS + 3_600_000)

    with pytest.raises(ConfigError, match="the clock went back"):
        asyncio.run(NonceSource(SetClock(), mark).wait_until_free())


def test_a_clock_that_goes_back_gives_no_childs_nonce_to_another_action():
    clock = SetClock()
    source = NonceSource(clock)
    for n in range(BLOCK + 1):
        source.claim(NOW_MS + n)
    clock.now_ms += 120_000
    source.claim(clock.now_ms)  # with this one those long passed are forgotten

    clock.now_ms = NOW_MS - 1

    with pytest.raises(NotSentError, match="the clock went back"):
        source.next()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 700)),
        st.tuples(st.just("back"), st.integers(0, 300)),
        st.tuples(st.just("own"), st.just(0)),
        st.tuples(st.just("child"), st.integers(0, 400)),  # so long before it is signed
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=60,
)


def sign_child(source, nonce, children):
    """Return the nonce if the child was signed with it; the engine gives each one of its own."""
    while nonce in children:
        nonce += 1
    children.add(nonce)
    try:
        source.claim(nonce)
    except NotSentError:
        return []
    return [nonce]


@given(steps)
def test_no_nonce_is_used_by_two_actions_whatever_happens(steps):
    clock, mark = SetClock(), KeptMark()
    source, children = NonceSource(clock, mark), set()
    own, claimed = [], []
    for what, ms in steps:
        match what:
            case "wait":
                clock.now_ms += ms
            case "back":
                clock.now_ms -= ms
            case "restart":
                source = NonceSource(clock, mark)
            case "own":
                own.append(source.next())
            case "child":
                claimed += sign_child(source, clock.now_ms - ms, children)

    assert own == sorted(set(own))
    assert not set(own) & set(claimed)


def test_marks_whose_names_differ_in_the_ending_only_leave_each_other_alone(tmp_path):
    other, mark = FileMark(tmp_path / "desk.new"), FileMark(tmp_path / "desk.agent")
    other.write(5)

    mark.write(9)

    assert (other.read(), mark.read()) == (5, 9)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["desk.agent", "desk.new"]
