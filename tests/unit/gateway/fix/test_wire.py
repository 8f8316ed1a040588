import contextlib
import socket

from router.gateway.fix.wire import Wire

LONG = b"x" * 3_000_000


class Reader:
    """The other end: takes a little at each poll."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.ours.settimeout(0)
        self.theirs.settimeout(0)
        self.took = b""
        self.answers = True

    def poll(self):
        with contextlib.suppress(BlockingIOError):
            self.took += self.theirs.recv(8_192)
        return self.answers


def test_what_is_fed_is_read_to_the_last_byte_although_no_socket_holds_so_much():
    reader = Reader()
    wire = Wire(reader.ours, reader.poll)

    wire.feed(LONG)

    assert reader.took == LONG
    assert not wire.is_refused
    wire.close()
    reader.theirs.close()


def test_one_that_is_not_answered_once_is_refused_for_good():
    reader = Reader()
    wire = Wire(reader.ours, reader.poll)

    reader.answers = False
    wire.feed(b"one")
    reader.answers = True
    wire.feed(b"two")

    assert wire.is_refused
    wire.close()
    reader.theirs.close()


def test_what_was_written_is_taken_and_then_nothing_and_then_the_end():
    reader = Reader()
    wire = Wire(reader.ours, reader.poll)

    reader.theirs.send(b"told")

    assert (wire.take(), wire.take()) == (b"told", b"")
    reader.theirs.close()
    assert wire.take() is None
    reader.ours.close()
