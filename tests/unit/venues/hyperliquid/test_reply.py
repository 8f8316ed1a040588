"""What an HTTP reply means: may the action have happened, or not."""

import pytest

from router.domain.error import InDoubtError, NotSentError, RejectedError, VenueError
from venues.hyperliquid import wire
from venues.hyperliquid.clients.reply import is_unsupported, no_answer, read_action, read_info
from venues.transport.error import AnswerError, NotDeliveredError, UnansweredError
from venues.transport.http import HttpReply


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, b"slow down", NotSentError),
        (400, b"", RejectedError),
        (422, b"Failed to deserialize", RejectedError),
        (408, b"", InDoubtError),
        (302, b"", InDoubtError),
        (500, b"", InDoubtError),
        (502, b"", InDoubtError),
        (522, b"", InDoubtError),  # of a proxy, and no standard status
        (200, b"<html>", InDoubtError),
        (200, b'{"status":"ok"}', InDoubtError),
    ],
)
def test_only_what_was_not_read_or_was_refused_is_out_of_doubt(status, body, error):
    with pytest.raises(VenueError) as caught:
        read_action(HttpReply(status, body), wire.read_answer)

    assert type(caught.value) is error


def test_a_readable_answer_to_an_action_is_read():
    body = b'{"status":"err","response":"no"}'

    assert read_action(HttpReply(200, body), wire.read_answer) == wire.RequestError("no")


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (NotDeliveredError("refused"), NotSentError),
        (UnansweredError("timeout"), InDoubtError),
        (AnswerError("garbage"), InDoubtError),
    ],
)
def test_only_what_never_left_was_not_sent(failure, error):
    assert type(no_answer(failure)) is error


@pytest.mark.parametrize(
    ("status", "body"), [(429, b""), (500, b""), (422, b""), (200, b"[]"), (200, b"")]
)
def test_an_unanswered_question_is_an_error_of_the_venue_and_of_no_action(status, body):
    with pytest.raises(VenueError) as caught:
        read_info(HttpReply(status, body), wire.read_fields, kind="meta")

    assert type(caught.value) is VenueError


def test_a_deployment_that_does_not_know_a_question_says_so():
    assert is_unsupported(HttpReply(422, b""))
    assert not is_unsupported(HttpReply(500, b""))
