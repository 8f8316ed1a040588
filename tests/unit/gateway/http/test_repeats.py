import pytest

from router.gateway.http.problems import ProblemError
from router.gateway.http.repeats import Repeats, Reply

REPLY = Reply(200, b"{}")


def test_the_same_again_is_answered_from_memory():
    repeats = Repeats()

    assert repeats.begin("k", "r-1", digest=b"a") is None
    repeats.end("k", "r-1", REPLY, digest=b"a")

    assert repeats.begin("k", "r-1", digest=b"a") is REPLY


def test_another_request_of_the_name_is_refused():
    repeats = Repeats()
    repeats.begin("k", "r-1", digest=b"a")
    repeats.end("k", "r-1", REPLY, digest=b"a")

    with pytest.raises(ProblemError) as refused:
        repeats.begin("k", "r-1", digest=b"b")

    assert refused.value.code == "duplicate"


def test_the_same_at_the_same_time_waits():
    repeats = Repeats()
    repeats.begin("k", "r-1", digest=b"a")

    with pytest.raises(ProblemError) as refused:
        repeats.begin("k", "r-1", digest=b"a")

    assert refused.value.code == "pending"


def test_what_was_not_done_may_be_tried_again():
    repeats = Repeats()
    repeats.begin("k", "r-1", digest=b"a")
    repeats.end("k", "r-1", None, digest=b"a")

    assert repeats.begin("k", "r-1", digest=b"a") is None


def test_names_are_each_ones_own():
    repeats = Repeats()
    repeats.begin("k", "r-1", digest=b"a")

    assert repeats.begin("another", "r-1", digest=b"b") is None


def test_the_oldest_is_forgotten():
    repeats = Repeats(kept_max=2)
    for name in ("a", "b", "c"):
        repeats.begin("k", name, digest=b"x")
        repeats.end("k", name, REPLY, digest=b"x")

    assert repeats.begin("k", "c", digest=b"x") is REPLY
    assert repeats.begin("k", "a", digest=b"x") is None


def test_a_key_is_kept_for_one_request_and_may_be_given_back():
    repeats = Repeats()

    assert repeats.hold("k", "r-1", digest=b"a") is True
    assert repeats.hold("k", "r-1", digest=b"a") is False
    with pytest.raises(ProblemError) as refused:
        repeats.hold("k", "r-1", digest=b"b")
    assert refused.value.code == "duplicate"
    repeats.end("k", "r-1", None, digest=b"a")
    assert repeats.hold("k", "r-1", digest=b"b") is True


def test_long_answers_make_room_for_newer_ones():
    repeats = Repeats(bytes_max=10)
    for key in ("r-1", "r-2"):
        assert repeats.begin("k", key, digest=b"a") is None
        repeats.end("k", key, Reply(200, b"12345678"), digest=b"a")

    assert repeats.begin("k", "r-2", digest=b"a") == Reply(200, b"12345678")
    assert repeats.begin("k", "r-1", digest=b"a") is None


def test_an_answer_that_comes_after_its_key_was_forgotten_is_not_another_requests():
    repeats = Repeats(kept_max=1)
    repeats.begin("k", "r-1", digest=b"a")
    repeats.begin("k", "r-2", digest=b"x")  # r-1 is forgotten
    repeats.begin("k", "r-1", digest=b"b")

    repeats.end("k", "r-1", REPLY, digest=b"a")

    with pytest.raises(ProblemError) as refused:
        repeats.begin("k", "r-1", digest=b"b")
    assert refused.value.code == "pending"


def test_two_answers_of_one_key_take_the_room_of_one():
    repeats = Repeats(kept_max=2, bytes_max=10)
    repeats.begin("k", "r-1", digest=b"a")
    repeats.begin("k", "r-2", digest=b"a")
    repeats.begin("k", "r-3", digest=b"a")  # r-1 is forgotten
    repeats.begin("k", "r-1", digest=b"a")  # and r-2

    repeats.end("k", "r-1", Reply(200, b"12345678"), digest=b"a")
    repeats.end("k", "r-1", Reply(200, b"87654321"), digest=b"a")

    assert repeats.begin("k", "r-1", digest=b"a") == Reply(200, b"12345678")
